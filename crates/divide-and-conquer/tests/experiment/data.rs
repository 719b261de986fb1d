//! Pictures: pairs, halves of classes, what is drawn, and what must not be in common.

use std::collections::BTreeSet;

use divide_and_conquer::{config::MetricConfig, data::Pictures, train::MetricLearning};
use papers_core::{Context, Experiment as _, base::catalogue::Split, testing};

fn context(seed: u64) -> Context {
    Context::new(testing::device(), seed)
}

fn load(config: &MetricConfig, seed: u64) -> Pictures {
    Pictures::load(&config.data, &context(seed)).expect("embedded pictures")
}

#[test]
fn pairs_are_split_by_parity_and_made_of_different_digits() {
    let pictures = load(&crate::common::digits(&[]), 0);
    let (train, test) = (&pictures.train, &pictures.tests[0].queries);
    assert_eq!((train.len(), train.class_names().len()), (300, 50));
    assert_eq!((test.len(), test.class_names().len()), (150, 50));
    for (examples, parity) in [(train, 0), (test, 1)] {
        let [left, right] = [0, 1].map(|side| &examples.causes()[side].values);
        for index in 0..examples.len() {
            assert_eq!((left[index] + right[index]) % 2, parity);
            let name = format!("{}/{}", left[index], right[index]);
            assert_eq!(examples.class_names()[examples.labels()[index]], name);
        }
    }
    // Every half is one of the right source's pictures.
    let halves = |examples: &divide_and_conquer::data::Examples| -> BTreeSet<Vec<u8>> {
        let set = examples.set().expect("in memory");
        assert_eq!((set.height, set.width), (8, 16));
        let half = |index: usize, side: usize| -> Vec<u8> {
            set.image(index)
                .chunks(16)
                .flat_map(|row| row[8 * side..8 * side + 8].to_vec())
                .collect()
        };
        (0..set.len())
            .flat_map(|index| [half(index, 0), half(index, 1)])
            .collect()
    };
    let source = |split| -> BTreeSet<Vec<u8>> {
        let set = context(0).data.images("uci-digits", split).expect("embedded");
        (0..set.len()).map(|index| set.image(index).to_vec()).collect()
    };
    let (of_train, of_test) = (halves(train), halves(test));
    assert!(of_train.is_subset(&source(Split::Train)) && of_test.is_subset(&source(Split::Test)));
    assert!(of_train.is_disjoint(&of_test), "no digit is in both");
}

#[test]
fn what_is_drawn_follows_from_the_seed() {
    let images = |seed, sets: &[&str]| {
        load(&crate::common::digits(sets), seed)
            .train
            .set()
            .expect("in memory")
            .images
            .clone()
    };
    assert_eq!(images(1, &[]), images(1, &[]));
    assert_ne!(images(1, &[]), images(2, &[]));
    assert_eq!(images(1, &["data.seed=5"]), images(2, &["data.seed=5"]));
}

#[test]
fn halves_of_classes_are_disjoint() {
    let config = crate::common::digits(&["data.kind='classes'", "data.set='uci-digits'"]);
    let pictures = load(&config, 0);
    let names = |examples: &divide_and_conquer::data::Examples| examples.class_names().to_vec();
    assert_eq!(names(&pictures.train), ["0", "1", "2", "3", "4"]);
    assert_eq!(names(&pictures.tests[0].queries), ["5", "6", "7", "8", "9"]);
    assert_eq!((pictures.train.len(), pictures.tests[0].queries.len()), (30, 15));
    let labels: BTreeSet<usize> = pictures.tests[0].queries.labels().iter().copied().collect();
    assert_eq!(labels, (0..5).collect(), "numbered from 0");
    let error = Pictures::load(
        &crate::common::digits(&[
            "data.kind='classes'",
            "data.set='uci-digits'",
            "data.train_per_class=5000",
        ])
        .data,
        &context(0),
    )
    .expect_err("there are not so many");
    assert!(error.to_string().contains("`data.train_per_class`: 5000"), "{error}");
}

#[test]
fn validation_classes_are_none_of_the_others() {
    let pictures = load(&crate::common::digits(&["data.validation_classes=10"]), 0);
    let held_out = &pictures.validation.expect("held out").queries;
    assert_eq!(
        (pictures.train.class_names().len(), held_out.class_names().len()),
        (40, 10)
    );
    let learned: BTreeSet<&String> = pictures.train.class_names().iter().collect();
    assert!(held_out.class_names().iter().all(|name| !learned.contains(name)));
    assert_eq!((pictures.train.len(), held_out.len()), (240, 60));
    let error = Pictures::load(
        &crate::common::digits(&["data.validation_classes=49"]).data,
        &context(0),
    );
    assert!(
        error
            .expect_err("one class is left")
            .to_string()
            .contains("`data.validation_classes`")
    );
}

#[test]
fn an_evaluation_has_the_numbers_of_the_tables() {
    let config = crate::common::digits(&["data.validation_classes=10"]);
    let run = MetricLearning::new(&config, &context(0)).expect("embedded pictures");
    let scalars = run.evaluate().expect("numbers");
    let names: Vec<&str> = scalars.iter().map(|(name, _)| name.as_str()).collect();
    for name in [
        "recall_at_1",
        "recall_at_8",
        "map_at_r",
        "recall_at_1_other_norm",
        "nmi",
        "pixel_recall_at_1",
        "validation_recall_at_1",
    ] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(
        scalars.iter().all(|(_, value)| (0.0..=1.0).contains(value)),
        "{scalars:?}"
    );
}
