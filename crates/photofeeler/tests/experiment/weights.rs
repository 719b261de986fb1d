//! Weights of one run that another one begins with.

use papers_core::{
    Context, Experiment as _,
    base::{progress::Mode, provenance::Provenance},
    port, testing, training,
};
use photofeeler::{model::load_backbone, train::Photofeeler};

use crate::common::portraits;

#[test]
fn a_run_begins_with_the_backbone_that_another_one_has_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = training::Options {
        out: folder.path().to_owned(),
        resume: false,
        overwrite: false,
        mode: Mode::Quiet,
        provenance: Provenance::collect("photofeeler", "0", "test", 7, "flex"),
    };
    let context = Context::new(testing::device(), 7);
    let config = portraits(&[]);
    training::run::<Photofeeler>(&config, &context, &options).expect("a run");
    let (first, _) = training::restore::<Photofeeler>(&config, &context, folder.path()).expect("a run");

    let file = folder.path().join("weights/base.safetensors");
    let weights = format!("phase_1.weights='{}'", file.display());
    // Of another seed, so that nothing else is the same.
    let other = Context::new(testing::device(), 8);
    let new = |sets: &[&str]| Photofeeler::new(&portraits(sets), &other).expect("a run");
    let bytes = |run: &Photofeeler| {
        let base = run.model().base;
        [
            port::to_bytes(&base.backbone).expect("a record"),
            port::to_bytes(&base.head).expect("a record"),
        ]
    };
    let (started, random) = (new(&[&weights]), new(&[]));
    // Values alone: parameters of another run have the same names and ids.
    assert_eq!(bytes(&started)[0], bytes(&first)[0], "what was learned, statistics too");
    assert_ne!(bytes(&random)[0], bytes(&first)[0]);
    assert_eq!(bytes(&started)[1], bytes(&random)[1], "the head is new");
    let mut started = started;
    started.train().expect("both phases");
    assert_ne!(bytes(&started)[0], bytes(&first)[0], "it goes on learning");

    let wider = portraits(&[&weights, "backbone={kind='cnn',channels=[4,9]}"]);
    let Err(error) = Photofeeler::new(&wider, &other) else {
        panic!("accepted");
    };
    assert!(error.to_string().contains("base.safetensors"), "{error}");
    load_backbone(first.model().base.backbone, &folder.path().join("none")).expect_err("no file");
}
