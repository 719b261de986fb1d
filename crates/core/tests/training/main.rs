//! The loop, seen from a paper: what a run leaves behind, and what survives trouble.

mod toy;

use std::{fs, path::Path};

use papers_core::{
    Context, Error, Experiment as _, Result,
    base::{
        config,
        journal::{self, Event, scalar},
        lock::RunLock,
        progress::Mode,
        provenance::Provenance,
    },
    checkpoint::Store,
    testing,
    training::{self, Ending, Options, Summary},
};
use toy::{Config, Line, PRESET};

fn configured(sets: &[&str]) -> Config {
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    config::resolve(PRESET, None, &sets).expect("the preset is right")
}

fn context(seed: u64) -> Context {
    Context::new(testing::device(), seed)
}

fn options(out: &Path) -> Options {
    Options {
        out: out.to_owned(),
        resume: false,
        overwrite: false,
        mode: Mode::Quiet,
        provenance: Provenance::collect("toy", "0.0.0", "line", 0, "flex"),
    }
}

fn train(out: &Path, seed: u64, sets: &[&str]) -> Result<Summary> {
    training::run::<Line>(&configured(sets), &context(seed), &options(out))
}

fn resume(out: &Path, seed: u64, sets: &[&str]) -> Result<Summary> {
    let options = Options {
        resume: true,
        ..options(out)
    };
    training::run::<Line>(&configured(sets), &context(seed), &options)
}

fn weights(out: &Path) -> Vec<u8> {
    fs::read(out.join("weights/line.safetensors")).expect("exported weights")
}

fn warnings(out: &Path) -> usize {
    let records = journal::read(out).expect("a journal");
    records
        .iter()
        .filter(|record| matches!(record.event, Event::Warning { .. }))
        .count()
}

#[test]
fn a_run_leaves_everything_that_is_promised() {
    let folder = tempfile::tempdir().expect("a folder");
    let summary = train(folder.path(), 0, &[]).expect("a run");
    assert_eq!((summary.step, summary.ending), (40, Ending::Finished));
    for file in [
        "config.toml",
        "run.json",
        "journal.jsonl",
        "results.json",
        "report.html",
        "weights/line.safetensors",
    ] {
        assert!(folder.path().join(file).is_file(), "{file}");
    }
    assert!(training::is_finished(folder.path()));
    assert_eq!(
        training::finished(folder.path()).expect("its end").scalars,
        summary.scalars
    );
    assert!(summary.scalars[0].1 < 0.3, "{:?}", summary.scalars);
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let runs = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    for (folder, seed) in runs.iter().zip([0, 0, 1]) {
        train(folder.path(), seed, &[]).expect("a run");
    }
    let [first, second, other] = runs.each_ref().map(|folder| weights(folder.path()));
    assert_eq!(first, second);
    assert_ne!(first, other);
}

#[test]
fn twice_n_updates_are_n_and_a_restore_and_n() {
    testing::assert_resumes_exactly::<Line>(&configured(&[]), &context(0), 7).expect("both runs");
}

#[test]
fn a_longer_schedule_continues_a_finished_run_exactly() {
    let [short, long] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    train(short.path(), 0, &["schedule.steps=20"]).expect("the first half");
    resume(short.path(), 0, &[]).expect("the second half");
    train(long.path(), 0, &[]).expect("both halves");
    assert_eq!(weights(short.path()), weights(long.path()));
}

#[test]
fn what_goes_on_is_built_knowing_its_checkpoint() {
    let folder = tempfile::tempdir().expect("a folder");
    train(folder.path(), 0, &["schedule.steps=20"]).expect("a run");
    let sets = ["broken='begin'"];
    let restored = training::restore::<Line>(&configured(&sets), &context(0), folder.path());
    assert_eq!(restored.expect("the run").1, 20);
    assert_eq!(resume(folder.path(), 0, &sets).expect("the second half").step, 40);
    let fresh = tempfile::tempdir().expect("a folder");
    assert!(train(fresh.path(), 0, &sets).is_err(), "there is no checkpoint");
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_keeps_the_checkpoint_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = train(folder.path(), 3, &["poison=25"]).expect_err("the loss is NaN");
    let Error::Diverged {
        term,
        step,
        seed,
        checkpoint,
        ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!((term.as_str(), *step, *seed), ("loss", 25, Some(3)));
    assert!(error.to_string().contains("at step 25 with seed 3"), "{error}");
    assert!(
        checkpoint.as_ref().is_some_and(|path| path.ends_with("step-000000020")),
        "{checkpoint:?}"
    );
    assert_eq!(error.exit_code(), papers_core::base::cli::exit::DIVERGED);
    assert_eq!(Store::new(folder.path()).latest().expect("a checkpoint").0.step(), 20);
    assert!(!training::is_finished(folder.path()));
}

#[test]
fn a_damaged_checkpoint_is_passed_over_with_one_warning() {
    let [damaged, whole] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    train(damaged.path(), 0, &["schedule.steps=30"]).expect("a run");
    let newest = Store::new(damaged.path())
        .latest()
        .expect("a checkpoint")
        .0
        .folder()
        .join("line.burnpack");
    fs::write(newest, b"torn").expect("writable");
    resume(damaged.path(), 0, &[]).expect("from the one before");
    assert_eq!(warnings(damaged.path()), 1);
    train(whole.path(), 0, &[]).expect("a run");
    assert_eq!(weights(damaged.path()), weights(whole.path()));
}

#[test]
fn a_run_is_replaced_only_on_request() {
    let folder = tempfile::tempdir().expect("a folder");
    train(folder.path(), 0, &[]).expect("a run");
    let error = train(folder.path(), 1, &[]).expect_err("there is a run");
    assert!(matches!(error, Error::RunExists { finished: true, .. }), "{error}");
    let replaced = Options {
        overwrite: true,
        ..options(folder.path())
    };
    let before = weights(folder.path());
    training::run::<Line>(&configured(&[]), &context(1), &replaced).expect("replaced");
    assert_ne!(weights(folder.path()), before);
}

#[test]
fn a_second_writer_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let _lock = RunLock::acquire(folder.path()).expect("the first writer");
    let error = train(folder.path(), 0, &[]).expect_err("the folder is locked");
    assert_eq!(error.exit_code(), papers_core::base::cli::exit::LOCKED);
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
}

#[test]
fn training_stops_when_the_metric_stops_improving() {
    let folder = tempfile::tempdir().expect("a folder");
    let stop = r#"schedule.early_stop={ metric = "error", goal = "maximize", patience = 2 }"#;
    let summary = train(folder.path(), 0, &[stop]).expect("a run");
    assert_eq!((summary.step, summary.ending), (30, Ending::StoppedEarly));
}

#[test]
fn a_run_that_stopped_early_stays_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let stop = r#"schedule.early_stop={ metric = "error", goal = "maximize", patience = 2 }"#;
    train(folder.path(), 0, &[stop]).expect("a run");
    let before = weights(folder.path());
    // As if killed between the last checkpoint and the report.
    fs::remove_file(folder.path().join("results.json")).expect("finished");
    let summary = resume(folder.path(), 0, &[stop]).expect("resumed");
    assert_eq!((summary.step, summary.ending), (30, Ending::StoppedEarly));
    assert_eq!(weights(folder.path()), before);
}

#[test]
fn figures_that_cannot_be_drawn_cost_no_result() {
    let folder = tempfile::tempdir().expect("a folder");
    train(folder.path(), 0, &["broken=figures"]).expect("a run");
    assert!(training::is_finished(folder.path()));
    assert!(!weights(folder.path()).is_empty());
    assert_eq!(warnings(folder.path()), 1);
}

#[test]
fn an_evaluation_that_fails_costs_no_update() {
    let folder = tempfile::tempdir().expect("a folder");
    train(folder.path(), 0, &["broken=evaluate", "schedule.evaluate_every=7"]).expect_err("it fails");
    assert_eq!(Store::new(folder.path()).latest().expect("saved before").0.step(), 7);
}

#[test]
fn what_cannot_be_built_replaces_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    train(folder.path(), 0, &[]).expect("a run");
    let replaced = Options {
        overwrite: true,
        ..options(folder.path())
    };
    let broken = configured(&["broken=new"]);
    training::run::<Line>(&broken, &context(0), &replaced).expect_err("cannot be built");
    assert!(training::is_finished(folder.path()));
}

#[test]
fn the_best_checkpoint_outlives_newer_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let best = r#"schedule.best={ metric = "error", goal = "maximize" }"#;
    train(folder.path(), 0, &[best, "schedule.keep_last=1"]).expect("a run");
    let store = Store::new(folder.path());
    assert_eq!(store.steps().expect("checkpoints"), [10, 40]);
    let (line, step) = training::restore_best::<Line>(&configured(&[]), &context(0), folder.path()).expect("the best");
    let error = scalar(&line.evaluate().expect("metrics"), "error").expect("a number");
    let told: Vec<f64> = errors(folder.path());
    assert_eq!((step, error), (10, told.iter().copied().fold(0.0, f64::max)));
}

#[test]
fn a_run_that_chose_nothing_has_no_best() {
    let folder = tempfile::tempdir().expect("a folder");
    train(folder.path(), 0, &[]).expect("a run");
    let error = training::restore_best::<Line>(&configured(&[]), &context(0), folder.path());
    let message = error.err().expect("nothing was chosen").to_string();
    assert!(message.contains("schedule.best"), "{message}");
}

/// Errors of all evaluations.
fn errors(out: &Path) -> Vec<f64> {
    let records = journal::read(out).expect("a journal");
    let evaluations = records.into_iter().filter_map(|record| match record.event {
        Event::Evaluation { scalars, .. } => scalar(&scalars, "error"),
        _ => None,
    });
    evaluations.collect()
}

#[test]
fn a_metric_that_does_not_exist_is_named_with_those_that_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let best = r#"schedule.best={ metric = "accuracy", goal = "maximize" }"#;
    let error = train(folder.path(), 0, &[best])
        .expect_err("no such metric")
        .to_string();
    assert!(error.contains("`accuracy`") && error.contains("error"), "{error}");
}

/// Asks for the median of the last three evaluations.
const MEDIAN: &str = r#"schedule.median={ metric = "error", last = 3 }"#;

/// `error` and `error_median` of each evaluation in the journal.
fn evaluations(out: &Path) -> Vec<[f64; 2]> {
    let records = journal::read(out).expect("a journal");
    let evaluations = records.into_iter().filter_map(|record| match record.event {
        Event::Evaluation { scalars, .. } => Some(scalars),
        _ => None,
    });
    evaluations
        .map(|scalars| {
            let names: Vec<&str> = scalars.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["error", "error_median"]);
            [scalars[0].1, scalars[1].1]
        })
        .collect()
}

#[test]
fn the_median_of_the_last_evaluations_is_told_with_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let summary = train(folder.path(), 0, &[MEDIAN]).expect("a run");
    let told = evaluations(folder.path());
    let [errors, medians] = [0, 1].map(|column| told.iter().map(|pair| pair[column]).collect::<Vec<f64>>());
    assert_eq!(errors.len(), 4);
    let middle = |mut three: [f64; 3]| {
        three.sort_by(f64::total_cmp);
        three[1]
    };
    let expected = [
        errors[0],
        (errors[0] + errors[1]) / 2.0,
        middle([errors[0], errors[1], errors[2]]),
        middle([errors[1], errors[2], errors[3]]),
    ];
    testing::assert_close(&medians, &expected, 1e-15);
    assert_eq!(summary.scalars[1], ("error_median".to_owned(), medians[3]));
}

#[test]
fn the_median_of_a_resumed_run_is_that_of_a_whole_one() {
    let [resumed, whole] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    train(resumed.path(), 0, &[MEDIAN, "schedule.steps=20"]).expect("the first half");
    let second = resume(resumed.path(), 0, &[MEDIAN]).expect("the second half");
    let summary = train(whole.path(), 0, &[MEDIAN]).expect("both halves");
    assert_eq!(second.scalars, summary.scalars);
    assert_eq!(evaluations(resumed.path()), evaluations(whole.path()));
}

#[test]
fn an_evaluation_that_is_repeated_at_the_end_counts_once_in_the_median() {
    let folder = tempfile::tempdir().expect("a folder");
    let summary = train(folder.path(), 0, &[MEDIAN]).expect("a run");
    // As if killed between the last checkpoint and the report.
    fs::remove_file(folder.path().join("results.json")).expect("finished");
    let resumed = resume(folder.path(), 0, &[MEDIAN]).expect("resumed");
    assert_eq!(resumed.scalars, summary.scalars);
}

#[test]
fn a_median_of_a_metric_that_does_not_exist_is_refused_with_those_that_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let median = r#"schedule.median={ metric = "accuracy", last = 3 }"#;
    let error = train(folder.path(), 0, &[median])
        .expect_err("no such metric")
        .to_string();
    assert!(error.contains("`accuracy`") && error.contains("error"), "{error}");
}

#[test]
fn a_run_can_be_restored_for_evaluation() {
    let folder = tempfile::tempdir().expect("a folder");
    let summary = train(folder.path(), 0, &[]).expect("a run");
    let (line, step) = training::restore::<Line>(&configured(&[]), &context(0), folder.path()).expect("restored");
    assert_eq!(step, 40);
    assert_eq!(line.evaluate().expect("metrics"), summary.scalars);
}
