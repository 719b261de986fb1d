//! Each of the paper's six ablations changes what its name says.

use human_preferences::{
    config::Ablation,
    queries::Selection,
    reward_model::{Comparison, Objective},
};
use papers_core::base::journal::{Scalars, scalar};

use crate::{
    common::{self, value},
    saved::{self, Saved},
};

/// The numbers of the second round, and the state after it.
fn run(sets: &[&str]) -> (Scalars, Saved) {
    let mut experiment = common::begin(&common::pendulum(sets), 3);
    let scalars = common::advance(&mut experiment, 0, 2).pop().expect("two rounds");
    (scalars, saved::save(&experiment, 2))
}

fn members(saved: &Saved) -> usize {
    saved.json("reward")["counts"].as_array().map_or(0, Vec::len)
}

#[test]
fn every_ablation_has_the_name_of_its_flag() {
    for ablation in Ablation::ALL {
        let config = common::pendulum(&[&format!("ablation='{}'", ablation.name())]);
        assert_eq!(config.ablation, ablation);
    }
}

#[test]
fn without_ablation_members_disagree_and_are_asked() {
    let (scalars, saved) = run(&[]);
    assert!(value(&scalars, "query_variance") > 0.0);
    assert_eq!(members(&saved), 3);
    assert!(value(&scalars, "labels") < 23.0);
}

#[test]
fn random_queries_do_not_ask_the_ensemble() {
    let (scalars, saved) = run(&["ablation='random-queries'"]);
    assert_eq!(scalar(&scalars, "query_variance"), None);
    assert_eq!(members(&saved), 3);
    let [chosen, by_setting] = ["ablation='random-queries'", "queries.selection='uniform'"].map(|set| run(&[set]).1);
    assert_eq!(chosen.digests(), by_setting.digests());
    assert_ne!(chosen.digests(), run(&[]).1.digests());
}

#[test]
fn no_ensemble_is_one_network_and_random_queries() {
    let (scalars, saved) = run(&["ablation='no-ensemble'"]);
    assert_eq!(members(&saved), 1);
    assert_eq!(scalar(&scalars, "query_variance"), None);
    let config = common::pendulum(&["ablation='no-ensemble'"]);
    assert_eq!(config.queries().selection, Selection::Uniform);
}

#[test]
fn no_online_queries_ask_for_all_labels_at_the_start() {
    let mut experiment = common::begin(&common::pendulum(&["ablation='no-online-queries'"]), 3);
    let rounds = common::advance(&mut experiment, 0, 3);
    assert!(rounds.iter().all(|scalars| value(scalars, "labels") == 23.0));
    // All of them are about clips of the untrained agent, whose episodes are those of the first rounds.
    let comparisons = |rounds| {
        let mut experiment = common::begin(&common::pendulum(&["ablation='no-online-queries'"]), 3);
        common::advance(&mut experiment, 0, rounds);
        saved::save(&experiment, rounds).comparisons()
    };
    assert_eq!(comparisons(1), comparisons(3));
}

#[test]
fn no_regularization_leaves_weights_unpunished() {
    let weights = |sets: &[&str]| run(sets).1.digests_of("reward-");
    let (weak, strong) = ("reward.l2.initial=1e-6", "reward.l2.initial=0.1");
    assert_ne!(weights(&[weak]), weights(&[strong]));
    let off = "ablation='no-regularization'";
    assert_eq!(weights(&[off, weak]), weights(&[off, strong]));
    assert_eq!(value(&run(&[off, strong]).0, "reward_l2"), 0.0);
}

#[test]
fn no_segments_compare_single_steps() {
    let (_, saved) = run(&["ablation='no-segments'"]);
    let comparisons = saved.comparisons();
    assert!(!comparisons.is_empty());
    let is_single = |comparison: &Comparison| comparison.first.steps() == 1 && comparison.second.steps() == 1;
    assert!(comparisons.iter().all(is_single));
    let usual = run(&[]).1.comparisons();
    assert!(usual.iter().all(|comparison| comparison.first.steps() == 10));
}

#[test]
fn target_learns_from_returns_and_not_from_answers() {
    let (_, right) = run(&["ablation='target'", "queries.selection='uniform'"]);
    let (_, wrong) = run(&["ablation='target'", "queries.selection='uniform'", "feedback.noise=1.0"]);
    // Every answer is turned around, and nothing of the reward model changes.
    let preferences = |saved: &Saved| -> Vec<[f64; 2]> {
        let comparisons = saved.comparisons().into_iter();
        comparisons.map(|comparison| comparison.preference).collect()
    };
    let turned = preferences(&wrong).into_iter().map(|[first, second]| [second, first]);
    assert_eq!(preferences(&right), turned.collect::<Vec<_>>());
    assert!(preferences(&right).contains(&[1.0, 0.0]));
    assert_eq!(right.digests_of("reward-"), wrong.digests_of("reward-"));
    // Where answers are learned from, it does.
    let usual = |sets: &[&str]| {
        run(&[&["queries.selection='uniform'"], sets].concat())
            .1
            .digests_of("reward-")
    };
    assert_ne!(usual(&[]), usual(&["feedback.noise=1.0"]));
    assert_eq!(
        common::pendulum(&["ablation='target'"]).reward().objective,
        Objective::Return
    );
}

#[test]
fn target_needs_an_oracle_that_knows_returns() {
    for mode in [
        &["feedback.mode='scripted'", "feedback.script='pace'"][..],
        &["feedback.mode='human'"],
        &["feedback.mode='replay'", "feedback.file='answers.jsonl'"],
    ] {
        let error = common::try_pendulum(&[mode, &["ablation='target'"]].concat());
        let error = error.expect_err("no returns").to_string();
        assert!(
            error.contains("`reward.objective`") && error.contains("synthetic"),
            "{error}"
        );
    }
}
