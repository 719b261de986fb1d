//! A run that was stopped and resumed equals one that was not, byte for byte: weights, moments, what the loss learns, and
//! which learner has which pictures.

use divide_and_conquer::train::MetricLearning;
use papers_core::{Context, testing};

#[test]
fn runs_resume_exactly_in_every_phase() {
    // Updates 0 to 3 warm up, 4 and 8 begin with a division, 12 to 15 teach the whole embedding from clusters.
    for (updates, sets) in [
        (3, &[][..]),
        (5, &["divide.recluster_every=2"]),
        (6, &["divide.recluster_every=1"]),
        (7, &["loss.kind='margin'", "loss.margin.learn_beta=true"]),
        (6, &["loss.kind='proxy-nca'"]),
        (3, &["loss.kind='contrastive'", "divide.learners=1"]),
        (5, &["divide.clusters='random'", "data.augmentation={flip=false,pad=1}"]),
    ] {
        let config = crate::common::digits(sets);
        testing::assert_resumes_exactly::<MetricLearning>(&config, &Context::new(testing::device(), 3), updates)
            .unwrap_or_else(|error| panic!("{sets:?}: {error}"));
    }
}
