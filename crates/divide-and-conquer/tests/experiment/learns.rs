//! A short run finds more than the pixels do, and one that learns nothing does not.

use divide_and_conquer::train::MetricLearning;
use papers_core::{Context, Experiment as _, base::journal::scalar, testing};

fn recall(sets: &[&str], updates: u64) -> (f64, f64) {
    let more = [
        "data.train_per_class=20",
        "data.test_per_class=8",
        "dimension=16",
        "model.conv_net.hidden=64",
        "model.conv_net.filters=8",
    ];
    let config = crate::common::digits(&[&more, sets].concat());
    let context = Context::new(testing::device(), 1);
    let mut run = MetricLearning::new(&config, &context).expect("embedded pictures");
    for step in 0..updates {
        run.step(step).expect("an update");
    }
    let scalars = run.evaluate().expect("numbers");
    let of = |name| scalar(&scalars, name).unwrap_or_else(|| panic!("{name}"));
    (of("recall_at_1"), of("pixel_recall_at_1"))
}

#[test]
fn a_divided_space_learns_unseen_pairs() {
    let sets = [
        "training.epoch_steps=50",
        "schedule.steps=300",
        "divide.learners=4",
        "batch.classes=10",
    ];
    let (learned, pixels) = recall(&sets, 300);
    assert!(learned > pixels + 0.03, "{learned} and {pixels}");
    let (untrained, _) = recall(&sets, 0);
    assert!(learned > untrained + 0.1, "{learned} and {untrained}");
}
