//! Everyone who can judge clips does so in a whole run: an oracle, one that errs, scripts, the reward model of an earlier
//! run, and nobody.

use std::path::Path;

use human_preferences::{
    config::PreferenceConfig, labelling::LabellingState, reward_model::Comparison, train::PreferenceLearning,
};
use papers_core::{
    Context, Error, Experiment,
    base::{
        cli::exit,
        journal::{Scalars, scalar},
    },
    testing,
};

use crate::{
    common::{self, value},
    repeats,
    saved::{self, Saved},
};

/// All rounds of a small run, what it evaluates to, and its state.
fn run(config: &PreferenceConfig) -> (Scalars, Saved) {
    let rounds = config.schedule.steps;
    let mut experiment = common::begin(config, 3);
    common::advance(&mut experiment, 0, rounds);
    let evaluation = experiment.evaluate().expect("an evaluation");
    (evaluation, saved::save(&experiment, rounds))
}

/// Whether the answer is that of the larger true return; none for a tie.
fn is_right(comparison: &Comparison) -> Option<bool> {
    let [first, second] = comparison.true_returns.expect("the oracle knows");
    let prefers_first = match comparison.preference {
        [1.0, 0.0] => true,
        [0.0, 1.0] => false,
        _ => return None,
    };
    (first != second).then_some(prefers_first == (first > second))
}

fn share_of_right(sets: &[&str]) -> f64 {
    let config = common::pendulum(&[&["labels.total=300", "queries.pool=400"], sets].concat());
    let comparisons = run(&config).1.comparisons();
    let decided: Vec<bool> = comparisons.iter().filter_map(is_right).collect();
    assert!(decided.len() > 250, "{}", decided.len());
    decided.iter().filter(|right| **right).count() as f64 / decided.len() as f64
}

#[test]
fn an_oracle_errs_as_often_as_it_is_told_to() {
    assert_eq!(share_of_right(&[]), 1.0);
    assert_eq!(share_of_right(&["feedback.noise=1.0"]), 0.0);
    // Four standard errors of a share of 300.
    let noisy = share_of_right(&["feedback.noise=0.2"]);
    assert!((noisy - 0.8).abs() < 0.093, "{noisy}");
}

#[test]
fn a_boltzmann_oracle_is_surer_the_colder_it_is() {
    let share = |beta: &str| share_of_right(&[&format!("feedback.boltzmann={beta}")]);
    let [hot, warm, cold] = ["0.001", "1.0", "1000.0"].map(share);
    assert!((hot - 0.5).abs() < 0.12, "{hot}");
    assert!(hot < warm && warm < cold, "{hot}, {warm}, {cold}");
    assert!(cold > 0.97, "{cold}");
}

#[test]
fn scripts_teach_without_any_true_return() {
    for (environment, script) in [
        ("hopper", "backflip"),
        ("hopper", "frontflip"),
        ("hopper", "tumble"),
        ("half-cheetah", "one-leg"),
        ("drive", "pace"),
    ] {
        let network = match environment {
            "drive" => "reward.network={ kind = 'grid' }",
            _ => "reward.network={ kind = 'mlp' }",
        };
        let config = common::a2c(&[
            &format!("environment.name='{environment}'"),
            "feedback.mode='scripted'",
            &format!("feedback.script='{script}'"),
            "environment.episode_steps=40",
            network,
        ]);
        let (evaluation, saved) = run(&config);
        assert_eq!(value(&evaluation, "labels"), 23.0, "{script}");
        let comparisons = saved.comparisons();
        assert!(
            comparisons.iter().all(|comparison| comparison.true_returns.is_none()),
            "{script}"
        );
        let decided = comparisons.iter().any(|comparison| comparison.preference[0] != 0.5);
        assert!(decided, "{script} never prefers anything");
    }
}

#[test]
fn a_frozen_reward_model_asks_nobody_and_stays_what_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    repeats::train(&common::pendulum(&[]), 3, folder.path()).expect("a run to take the reward of");
    let frozen = |sets: &[&str]| {
        let run = format!("feedback.run='{}'", folder.path().display());
        let mode = ["feedback.mode='frozen'", run.as_str()];
        common::pendulum(&[&mode, sets].concat())
    };
    let mut experiment = common::begin(&frozen(&[]), 9);
    let rounds = common::advance(&mut experiment, 0, 2);
    assert!(
        rounds
            .iter()
            .all(|scalars| scalar(scalars, "labels").is_none() && scalar(scalars, "reward_loss").is_none())
    );
    let evaluation = experiment.evaluate().expect("an evaluation");
    assert_eq!(scalar(&evaluation, "labels"), None);
    assert!(scalar(&evaluation, "correlation").is_some());
    let parts = saved::save(&experiment, 2).digests();
    assert!(!parts.keys().any(|name| name.starts_with("reward-")), "{parts:?}");
    testing::assert_resumes_exactly::<PreferenceLearning>(&frozen(&[]), &Context::new(testing::device(), 3), 1)
        .expect("rounds on a CPU");
}

fn cannot_freeze(folder: &Path, sets: &[&str]) -> Error {
    let run = format!("feedback.run='{}'", folder.display());
    let config = common::pendulum(&[&["feedback.mode='frozen'", run.as_str()], sets].concat());
    PreferenceLearning::new(&config, &Context::new(testing::device(), 0)).expect_err("no such reward")
}

#[test]
fn a_frozen_reward_model_has_to_be_of_the_same_environment() {
    let folder = tempfile::tempdir().expect("a folder");
    repeats::train(&common::pendulum(&["schedule.steps=1"]), 3, folder.path()).expect("a run");
    let error = cannot_freeze(folder.path(), &["environment.name='hopper'"]);
    assert_eq!(error.exit_code(), exit::USAGE);
    let text = error.to_string();
    assert!(text.contains("`pendulum`") && text.contains("`hopper`"), "{text}");
    let error = cannot_freeze(folder.path(), &["environment.options.view='pixels'"]);
    assert_eq!(error.exit_code(), exit::USAGE);
}

#[test]
fn a_run_without_a_reward_model_cannot_be_frozen() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = cannot_freeze(&folder.path().join("nowhere"), &[]);
    assert!(missing.to_string().contains("nowhere"), "{missing}");
    let baseline = common::pendulum(&["schedule.steps=1", "feedback.mode='none'"]);
    repeats::train(&baseline, 3, folder.path()).expect("a run");
    let error = cannot_freeze(folder.path(), &[]).to_string();
    assert!(error.contains("reward"), "{error}");
}

#[test]
fn a_run_that_has_not_begun_cannot_be_frozen() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = papers_core::base::config::to_toml(&common::pendulum(&[])).expect("a configuration");
    std::fs::write(folder.path().join("config.toml"), config).expect("a file");
    assert!(matches!(cannot_freeze(folder.path(), &[]), Error::NoCheckpoint { .. }));
}

#[test]
fn the_baseline_is_given_the_true_reward_in_either_scale() {
    let agent = |sets: &[&str]| {
        let (evaluation, saved) = run(&common::pendulum(&[&["feedback.mode='none'"], sets].concat()));
        for absent in ["labels", "correlation", "return_predicted"] {
            assert_eq!(scalar(&evaluation, absent), None);
        }
        saved.digests_of("policy")
    };
    assert_ne!(agent(&[]), agent(&["feedback.true_reward='clipped'"]));
}

#[test]
fn no_return_is_predicted_before_there_is_a_scale_for_it() {
    let mut experiment = common::begin(&common::pendulum(&[]), 3);
    let before = experiment.evaluate().expect("an evaluation");
    assert_eq!(scalar(&before, "return_predicted"), None);
    assert!(scalar(&before, "return_true").is_some());
    common::advance(&mut experiment, 0, 1);
    let after = experiment.evaluate().expect("an evaluation");
    assert!(scalar(&after, "return_predicted").is_some());
}

#[test]
fn an_oracle_to_which_all_is_alike_teaches_nothing_and_says_no_nonsense() {
    // In eight steps no pole falls, so that every step is worth 1.
    let config = common::pendulum(&[
        "environment.name='cartpole-fixed'",
        "environment.episode_steps=8",
        "environment.clip_steps=4",
        "rollout.steps=8",
    ]);
    let (evaluation, saved) = run(&config);
    let counts = saved.counts();
    assert!(counts.says_nothing() && counts.tie == 23, "{counts:?}");
    assert_eq!(scalar(&evaluation, "correlation"), None);
    assert!(evaluation.iter().all(|(_, value)| value.is_finite()), "{evaluation:?}");
}

#[test]
fn the_state_of_the_labelling_can_be_read_back() {
    let (_, saved) = run(&common::pendulum(&[]));
    let state: LabellingState = saved.reader.json("labelling").expect("a state");
    let text = serde_json::to_value(&state).expect("the same state");
    assert_eq!(text, saved.json("labelling"));
}
