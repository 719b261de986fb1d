//! A run that was stopped and resumed equals one that was not, byte for byte.

use papers_core::{Context, checkpoint, testing};
use randwire::train::Classify;

use crate::common::digits;

#[test]
fn runs_resume_exactly() {
    for sets in [
        &["training.edge_drop=1.0", "training.dropout=0.2"] as &[&str],
        &["model='resnet'", "data.whiten=true"],
        &["network.operation='dense'"],
    ] {
        testing::assert_resumes_exactly::<Classify>(&digits(sets), &Context::new(testing::device(), 3), 2)
            .unwrap_or_else(|error| panic!("{sets:?}: {error}"));
    }
}

#[test]
fn a_run_with_other_graphs_is_not_gone_on_with() {
    use papers_core::Experiment as _;

    let folder = tempfile::tempdir().expect("a folder");
    let context = Context::new(testing::device(), 3);
    let run = Classify::new(&digits(&[]), &context).expect("a network");
    let state = checkpoint::LoopState::default();
    let store = checkpoint::Store::new(folder.path());
    let saved = store
        .save(0, Default::default(), &state, |writer| run.save(writer))
        .expect("a checkpoint");
    let mut other = Classify::new(&digits(&["network.seed=9"]), &context).expect("a network");
    let reader = checkpoint::Reader::open(&saved).expect("a checkpoint");
    let message = other.restore(&reader).expect_err("other wires").to_string();
    assert!(message.contains("other graphs"), "{message}");
    let mut same = Classify::new(&digits(&["network.seed=3"]), &context).expect("a network");
    same.restore(&reader).expect("the run's own seed, written out");
}
