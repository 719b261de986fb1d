//! What makes no sense is refused before anything is trained, with a message that says what to do.

use burn::tensor::{Tensor, TensorData};
use mixmatch::{config::MixMatchConfig, train::SemiSupervised};
use papers_core::{Context, Experiment, base::cli::exit, port, testing};

fn refused(sets: &[&str]) -> String {
    crate::common::try_digits(sets).expect_err(&sets.join(" ")).to_string()
}

fn cannot_begin(sets: &[&str]) -> String {
    let config = crate::common::digits(sets);
    match SemiSupervised::new(&config, &Context::new(testing::device(), 0)) {
        Ok(_) => panic!("{sets:?} is accepted"),
        Err(error) => error.to_string(),
    }
}

fn begin(sets: &[&str]) -> SemiSupervised {
    let config: MixMatchConfig = crate::common::digits(sets);
    SemiSupervised::new(&config, &Context::new(testing::device(), 0)).expect("embedded data")
}

fn weights(experiment: &SemiSupervised) -> Vec<u8> {
    port::to_bytes(experiment.learner().model()).expect("a record")
}

#[test]
fn settings_out_of_their_range_are_named() {
    for (set, key) in [
        ("mix_match.temperature=0.0", "mix_match.temperature"),
        ("mix_match.temperature=-1.0", "mix_match.temperature"),
        ("mix_match.temperature=nan", "mix_match.temperature"),
        ("mix_match.alpha=0.0", "mix_match.alpha"),
        ("mix_match.alpha=-0.5", "mix_match.alpha"),
        ("mix_match.alpha=nan", "mix_match.alpha"),
        ("mix_match.augmentations=0", "mix_match.augmentations"),
        ("mix_match.weight=-1.0", "mix_match.weight"),
        ("mix_match.weight=inf", "mix_match.weight"),
        ("learner.ema=1.5", "learner.ema"),
        ("learner.ema=-0.1", "learner.ema"),
        ("learner.ema=nan", "learner.ema"),
        ("learner.learning_rate=0.0", "learner.learning_rate"),
        ("learner.weight_decay=nan", "learner.weight_decay"),
        ("model.keep=1.0", "model.keep"),
        ("model.scales=0", "model.scales"),
        ("batch=1", "batch"),
        ("data.pool=0", "data.pool"),
        ("data.fold=11", "data.fold"),
    ] {
        let error = refused(&[set]);
        assert!(error.contains(&format!("`{key}`")), "{set}: {error}");
    }
}

#[test]
fn an_alpha_of_zero_is_told_what_to_write_instead() {
    assert!(refused(&["mix_match.alpha=0.0"]).contains("mix"));
}

#[test]
fn a_single_picture_has_no_batch_statistics() {
    assert!(refused(&["batch=1"]).contains("batch statistics"));
}

#[test]
fn labels_that_cannot_be_drawn_are_refused() {
    assert!(cannot_begin(&["data.labels=5000"]).contains("5000"));
    // Classes without a label are a warning, unless they must not be.
    assert!(!begin(&["data.labels=4"]).pictures().warnings.is_empty());
    assert!(cannot_begin(&["data.labels=4", "data.strict=true"]).contains("label"));
}

#[test]
fn uneven_labels_are_warned_of_with_their_counts() {
    let experiment = begin(&["data.labels=25"]);
    let warnings = &experiment.pictures().warnings;
    assert!(warnings.iter().any(|warning| warning.contains('3')), "{warnings:?}");
    assert!(begin(&["data.labels=20"]).pictures().warnings.is_empty());
}

#[test]
fn methods_that_need_unlabeled_pictures_say_so() {
    let error = cannot_begin(&["data.labels=0"]);
    assert!(
        error.contains("no unlabeled pictures") && error.contains("supervised"),
        "{error}"
    );
    begin(&["data.labels=0", "method='supervised'"]);
    assert!(cannot_begin(&["data.validation=1437"]).contains("validation"));
}

#[test]
fn pictures_that_are_too_small_are_refused() {
    assert!(cannot_begin(&["data.augmentation.pad=8"]).contains("data.augmentation"));
    assert!(cannot_begin(&["model.scales=5"]).contains("model"));
    assert!(cannot_begin(&["data.pool=3"]).contains('3'));
}

#[test]
fn a_batch_smaller_than_the_number_of_pieces_is_legal() {
    // Four batches of two: pieces of the exchange are empty.
    let mut experiment = begin(&["batch=2", "mix_match.augmentations=3"]);
    let scalars = experiment.step(0).expect("an update");
    assert!(scalars.iter().all(|(_, value)| value.is_finite()), "{scalars:?}");
}

#[test]
fn streams_of_other_lengths_than_the_batch_give_full_batches() {
    // Twelve labels do not divide into batches of eight, and are cycled through.
    let mut experiment = begin(&["data.labels=12"]);
    for step in 0..3 {
        experiment.step(step).expect("an update");
    }
}

#[test]
fn losses_that_are_not_finite_stop_the_run_before_weights_change() {
    let mut experiment = begin(&["learner.learning_rate=1e30", "learner.weight_decay=0.0"]);
    let broken = (0..20).find_map(|step| {
        let before = weights(&experiment);
        let error = experiment.step(step).err()?;
        Some((before, weights(&experiment), error))
    });
    let (before, after, error) = broken.expect("such a rate leaves the finite numbers");
    assert!(before == after, "weights changed");
    assert_eq!(error.exit_code(), exit::DIVERGED);
    let text = error.to_string();
    assert!(text.contains("loss_x ") && text.contains("loss_u "), "{text}");
}

#[test]
fn targets_that_are_no_probabilities_are_refused() {
    let device = testing::device();
    let targets = |rows: [[f32; 2]; 1]| Tensor::<2>::from_data(TensorData::from(rows), &device);
    assert!(mixmatch::objective::check_targets(&targets([[0.3, 0.7]])).is_ok());
    assert!(mixmatch::objective::check_targets(&targets([[0.3, 0.6]])).is_err());
    assert!(mixmatch::objective::check_targets(&targets([[-0.3, 1.3]])).is_err());
}

#[test]
fn a_split_of_other_pictures_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("split.json");
    std::fs::write(
        &file,
        r#"{"labeled":[0,99999],"unlabeled":[1],"validation":[],"seed":0}"#,
    )
    .expect("a file");
    let error = cannot_begin(&[&format!("data.split_file='{}'", file.display())]);
    assert!(error.contains("99999"), "{error}");
    let missing = cannot_begin(&["data.split_file='no-such-file.json'"]);
    assert!(missing.contains("no-such-file.json"), "{missing}");
}
