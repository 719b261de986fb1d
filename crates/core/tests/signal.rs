//! A signal reaches every run of its process, so this test stands alone in its binary.

#[path = "training/toy.rs"]
mod toy;

use std::{fs, path::Path};

use papers_core::{
    Context,
    base::{config, progress::Mode, provenance::Provenance},
    checkpoint::Store,
    testing,
    training::{self, Ending, Options, Summary},
};
use toy::{Config, Line, PRESET};

fn train(out: &Path, resume: bool, sets: &[String]) -> Summary {
    let config: Config = config::resolve(PRESET, None, sets).expect("the preset is right");
    let options = Options {
        out: out.to_owned(),
        resume,
        overwrite: false,
        mode: Mode::Quiet,
        provenance: Provenance::collect("toy", "0.0.0", "line", 0, "flex"),
    };
    training::run::<Line>(&config, &Context::new(testing::device(), 0), &options).expect("a run")
}

#[test]
fn a_signal_saves_within_one_update_and_the_resumed_run_ends_the_same() {
    let [stopped, whole] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let summary = train(stopped.path(), false, &["signal=13".to_owned()]);
    assert_eq!((summary.step, summary.ending), (14, Ending::Interrupted));
    assert_eq!(Store::new(stopped.path()).latest().expect("saved").0.step(), 14);
    train(stopped.path(), true, &[]);
    train(whole.path(), false, &[]);
    let weights = |run: &Path| fs::read(run.join("weights/line.safetensors")).expect("exported weights");
    assert_eq!(weights(stopped.path()), weights(whole.path()));
}
