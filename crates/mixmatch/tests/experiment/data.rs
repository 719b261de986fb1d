//! Augmentation, label splits and the numbers of tables against `augment.json`, `splits.json` and `evaluation.json`.
//! Every case of a file is run.

use papers_core::{
    base::{images::ImageSet, metrics},
    data::{Augmentation, LabelSplit, LabelSplitConfig, Placement, augmented, signed_pixels},
    random::Streams,
    testing::{self, assert_close, values},
};
use serde::{Deserialize, de::DeserializeOwned};

/// Of numbers in double precision.
const EXACT: f64 = 1e-9;
/// Of bytes as single precision numbers around one.
const SINGLE: f64 = 1e-6;

fn fixture<T: DeserializeOwned>(name: &str) -> T {
    testing::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

#[derive(Deserialize)]
struct AugmentFile {
    cases: Vec<View>,
    scale: Scale,
    bad: Vec<BadView>,
}

/// Pictures are `[channels][height][width]`.
#[derive(Deserialize)]
struct View {
    image: Vec<Vec<Vec<f64>>>,
    pad: usize,
    flip: bool,
    offset_y: usize,
    offset_x: usize,
    expect: Vec<Vec<Vec<f64>>>,
}

#[derive(Deserialize)]
struct Scale {
    bytes: Vec<u8>,
    expect: Vec<f64>,
}

#[derive(Deserialize)]
struct BadView {
    height: usize,
    width: Option<usize>,
    pad: usize,
}

#[test]
fn views_are_flipped_padded_and_cut() {
    let file: AugmentFile = fixture("augment.json");
    assert!(!file.cases.is_empty());
    for case in file.cases {
        let [channels, height, width] = [case.image.len(), case.image[0].len(), case.image[0][0].len()];
        // Pictures of a set are `[height, width, channels]`.
        let picture: Vec<f64> = (0..height * width * channels)
            .map(|index| {
                let (pixel, channel) = (index / channels, index % channels);
                case.image[channel][pixel / width][pixel % width]
            })
            .collect();
        let augmentation = Augmentation {
            flip: case.flip,
            pad: case.pad,
        };
        augmentation.check(height, width).expect("a picture that can be padded");
        let placement = Placement {
            flip: case.flip,
            offset_y: case.offset_y,
            offset_x: case.offset_x,
        };
        let mut view = vec![f64::NAN; picture.len()];
        let shape = [height, width, channels];
        augmentation.place(placement, &picture, shape, |value| value, &mut view);
        assert_close(&view, &case.expect.concat().concat(), EXACT);
    }
}

#[test]
fn pictures_that_cannot_be_reflected_are_refused() {
    let file: AugmentFile = fixture("augment.json");
    assert!(!file.bad.is_empty());
    for case in file.bad {
        let augmentation = Augmentation {
            flip: false,
            pad: case.pad,
        };
        augmentation
            .check(case.height, case.width.unwrap_or(case.height))
            .expect_err("too much padding");
    }
}

#[test]
fn bytes_are_scaled_to_the_interval_from_minus_one_to_one() {
    let Scale { bytes, expect } = fixture::<AugmentFile>("augment.json").scale;
    let set = ImageSet {
        name: "bytes/train".to_owned(),
        labels: vec![0; bytes.len()],
        images: bytes,
        height: 1,
        width: 1,
        channels: 1,
        maximum: 255,
        classes: 1,
        class_names: vec!["byte".to_owned()],
    };
    let all: Vec<usize> = (0..set.len()).collect();
    let plain = values(signed_pixels(&set, &all, &testing::device()));
    assert_close(&plain, &expect, SINGLE);
    let flipped = Augmentation { flip: true, pad: 0 };
    let views = augmented(&set, &all, &flipped, &Streams::new(0), "bytes", 0);
    let views: Vec<f64> = views.into_iter().map(f64::from).collect();
    assert_close(&views, &expect, SINGLE);
}

#[derive(Deserialize)]
struct SplitsFile {
    cases: Vec<Split>,
    bad: Vec<BadSplit>,
}

#[derive(Deserialize)]
struct Split {
    name: String,
    class_counts: Vec<usize>,
    size: usize,
    labels_per_class: Vec<usize>,
    first_20_classes: Vec<u8>,
}

#[derive(Deserialize)]
struct BadSplit {
    class_counts: Vec<usize>,
    size: usize,
}

/// Classes of a set with so many examples of each.
fn truth(class_counts: &[usize]) -> Vec<u8> {
    let of_class = |(class, &count): (usize, &usize)| vec![u8::try_from(class).expect("few classes"); count];
    class_counts.iter().enumerate().flat_map(of_class).collect()
}

fn config(labels: usize) -> LabelSplitConfig {
    LabelSplitConfig {
        labels,
        validation: 1,
        include_labeled: false,
        strict: true,
    }
}

#[test]
fn labels_are_dealt_out_by_the_greedy_rule() {
    let file: SplitsFile = fixture("splits.json");
    assert!(!file.cases.is_empty());
    for case in file.cases {
        let (truth, classes) = (truth(&case.class_counts), case.class_counts.len());
        let (split, _) = LabelSplit::draw(&truth, classes, &config(case.size), 1).expect(&case.name);
        let counts = split.labels_per_class(&truth, classes);
        assert_eq!(counts, case.labels_per_class, "{} {}", case.name, case.size);
        let first = split.labeled.iter().take(20).map(|&index| truth[index]);
        assert_eq!(first.collect::<Vec<u8>>(), case.first_20_classes, "{}", case.name);
        let others = split.unlabeled.len() + split.validation.len();
        assert_eq!(others, truth.len() - case.size, "{}", case.name);
    }
}

#[test]
fn splits_that_cannot_be_drawn_are_refused() {
    let file: SplitsFile = fixture("splits.json");
    assert!(!file.bad.is_empty());
    for case in file.bad {
        let truth = truth(&case.class_counts);
        LabelSplit::draw(&truth, case.class_counts.len(), &config(case.size), 1).expect_err("no such split");
    }
}

#[derive(Deserialize)]
struct EvaluationFile {
    checkpoints: Vec<f64>,
    median_last_20: f64,
    median_last_10: f64,
    last: f64,
    short: Short,
    folds: Folds,
}

#[derive(Deserialize)]
struct Short {
    checkpoints: Vec<f64>,
    median: f64,
}

#[derive(Deserialize)]
struct Folds {
    errors: Vec<f64>,
    mean: f64,
    std_population: f64,
    std_sample: f64,
}

#[test]
fn the_reported_error_is_the_median_of_the_last_evaluations() {
    let file: EvaluationFile = fixture("evaluation.json");
    let medians = [20, 10, 1].map(|count| metrics::median_of_last(&file.checkpoints, count));
    assert_close(&medians, &[file.median_last_20, file.median_last_10, file.last], EXACT);
    let short = metrics::median_of_last(&file.short.checkpoints, 20);
    assert_close(&[short], &[file.short.median], EXACT);
}

#[test]
fn a_cell_of_a_table_is_mean_and_deviation_over_the_splits() {
    let Folds {
        errors,
        mean,
        std_population,
        std_sample,
    } = fixture::<EvaluationFile>("evaluation.json").folds;
    let found = [
        metrics::mean(&errors),
        metrics::population_deviation(&errors),
        metrics::sample_deviation(&errors),
    ];
    assert_close(&found, &[mean, std_population, std_sample], EXACT);
}
