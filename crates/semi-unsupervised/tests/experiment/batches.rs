//! The rows of every update.

use papers_core::{
    data::Prefetch,
    random::Streams,
    testing::{self, values},
};
use semi_unsupervised::{
    config::{DataConfig, Regime},
    data::{BatchSizes, Batches, DataSet},
};

use crate::data::{digits, load};

const SIZES: BatchSizes = BatchSizes {
    labeled: 16,
    unlabeled: 100,
};

fn batches(data: &DataSet, seed: u64) -> Batches {
    Batches::new(data, SIZES, Streams::new(seed)).expect("batches")
}

#[test]
fn an_update_has_the_same_rows_whenever_it_is_asked_for() {
    let data = load(&digits());
    let mut whole = batches(&data, 1);
    let all: Vec<_> = (0..20).map(|step| whole.at(step)).collect();
    let mut resumed = batches(&data, 1);
    for step in [17, 3, 19] {
        assert_eq!(resumed.at(step), all[step as usize]);
    }
    assert_ne!(batches(&data, 2).at(0), all[0]);
    assert_ne!(all[0], all[1]);
}

#[test]
fn batches_can_be_prepared_in_the_background() {
    let data = load(&digits());
    let (mut batches, mut ahead) = (batches(&data, 1), batches(&data, 1));
    let mut prefetch = Prefetch::new(2, move |step| Ok(ahead.at(step))).expect("a thread");
    for step in 0..5 {
        assert_eq!(prefetch.next(step).expect("a batch"), batches.at(step));
    }
}

#[test]
fn an_epoch_is_one_pass_over_the_rows_without_labels() {
    let data = load(&digits());
    let mut batches = batches(&data, 1);
    assert_eq!(batches.steps_per_epoch(), data.counts().unlabeled as u64 / 100);
    let mut seen = Vec::new();
    for step in 0..batches.steps_per_epoch() {
        seen.extend(batches.at(step).unlabeled.expect("rows").rows);
    }
    assert!(seen.iter().all(|row| data.labels.unlabeled.contains(row)));
    let count = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[test]
fn labeled_rows_come_with_their_classes_and_none_of_a_hidden_one() {
    let data = load(&digits());
    let batch = batches(&data, 1).at(0).labeled.expect("rows");
    assert_eq!((batch.rows.len(), batch.labels.len()), (16, 16));
    for (&row, &label) in batch.rows.iter().zip(&batch.labels) {
        assert!(data.labels.labeled.contains(&row) && data.train.labels[row] == Some(label));
        assert!(!data.hidden.contains(&label));
    }
}

#[test]
fn values_are_zeros_and_ones_around_the_pixels() {
    let data = load(&DataConfig {
        train: 400,
        fraction: 0.2,
        ..digits()
    });
    let mut batches = batches(&data, 1);
    let columns = data.values();
    let mut drawn = vec![0.0; data.train.len() * columns];
    let mut counts = vec![0.0_f64; data.train.len()];
    for step in 0..1200 {
        let batch = batches.at(step).unlabeled.expect("rows");
        for (&row, values) in batch.rows.iter().zip(batch.values.chunks_exact(columns)) {
            counts[row] += 1.0;
            for (sum, &value) in drawn[row * columns..].iter_mut().zip(values) {
                assert!(value == 0.0 || value == 1.0);
                *sum += f64::from(value);
            }
        }
    }
    let (mut difference, mut compared) = (0.0_f64, 0.0_f64);
    for &row in &data.labels.unlabeled {
        for (sum, &pixel) in drawn[row * columns..].iter().zip(data.train.row(row)) {
            let deviation = sum / counts[row] - f64::from(pixel);
            // Six deviations of a mean of some 300 draws.
            assert!(
                deviation.abs() < 6.0 * 0.5 / counts[row].sqrt(),
                "{deviation} {}",
                counts[row]
            );
            difference += deviation;
            compared += 1.0;
        }
    }
    assert!((difference / compared).abs() < 1e-3, "{}", difference / compared);
}

#[test]
fn values_that_are_no_probabilities_stay_as_they_are() {
    let data = load(&DataConfig {
        hidden: vec![0],
        fraction: 0.1,
        ..DataConfig::new("synthetic", Regime::SemiUnsupervised)
    });
    let batch = batches(&data, 1).at(0).unlabeled.expect("rows");
    assert_eq!(batch.values, data.train.gathered(&batch.rows));
}

#[test]
fn a_batch_on_the_device_has_one_hot_classes_of_all_clusters() {
    let data = load(&DataConfig { extra: 3, ..digits() });
    let host = batches(&data, 1).at(4);
    let labels = host.labeled.clone().expect("rows").labels;
    let batch = host.clone().upload(&testing::device());
    let [x, y] = batch.labeled.expect("rows");
    assert_eq!((x.dims(), y.dims()), ([16, data.values()], [16, 13]));
    for (row, &label) in values(y).chunks_exact(13).zip(&labels) {
        let expected: Vec<f64> = (0..13).map(|class| f64::from(u8::from(class == label))).collect();
        assert_eq!(row, expected);
    }
    assert_eq!(batch.unlabeled.expect("rows").dims(), [100, data.values()]);
}

#[test]
fn regimes_have_the_rows_that_they_learn_from() {
    let of = |regime| {
        let data = load(&DataConfig {
            regime,
            hidden: Vec::new(),
            ..digits()
        });
        let mut batches = batches(&data, 1);
        let batch = batches.at(0);
        (
            batch.labeled.is_some(),
            batch.unlabeled.is_some(),
            batches.steps_per_epoch(),
        )
    };
    assert_eq!(of(Regime::Unsupervised), (false, true, 14));
    let (labeled, unlabeled, steps) = of(Regime::Supervised);
    assert_eq!((labeled, unlabeled), (true, false));
    // About 70 labels in batches of 16.
    assert!((4..=5).contains(&steps), "{steps}");
}

#[test]
fn batches_larger_than_the_set_are_warned_of_once() {
    let data = load(&digits());
    let sizes = BatchSizes {
        labeled: 64,
        unlabeled: 5000,
    };
    let mut batches = Batches::new(&data, sizes, Streams::new(0)).expect("rows are recycled");
    assert_eq!(batches.warnings().len(), 2);
    assert!(
        batches.warnings()[0].contains("64 labeled rows"),
        "{:?}",
        batches.warnings()
    );
    let batch = batches.at(0);
    assert_eq!(batch.labeled.expect("rows").rows.len(), 64);
    assert_eq!(batch.unlabeled.expect("rows").rows.len(), data.counts().unlabeled);
    assert_eq!(batches.steps_per_epoch(), 1);
    assert!(self::batches(&data, 0).warnings().is_empty());
}

#[test]
fn batches_without_rows_are_refused() {
    let data = load(&digits());
    for (labeled, unlabeled, kind) in [(0, 10, "labeled"), (10, 0, "unlabeled")] {
        let error = Batches::new(&data, BatchSizes { labeled, unlabeled }, Streams::new(0)).expect_err("no rows");
        assert!(error.to_string().contains(&format!("no {kind} rows")), "{error}");
    }
}
