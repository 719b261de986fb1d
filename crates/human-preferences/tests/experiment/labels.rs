//! How many labels there are, and that agent, judge and reward model keep pace beside each other.

use human_preferences::{clip_frames, config::PreferenceConfig};
use papers_core::base::journal::{Scalars, scalar};

use crate::{
    common::{self, value},
    saved,
};

fn rounds(config: &PreferenceConfig) -> Vec<Scalars> {
    let mut experiment = common::begin(config, 3);
    common::advance(&mut experiment, 0, config.schedule.steps)
}

#[test]
fn all_labels_are_given_by_the_end_and_no_more() {
    for sets in [
        &[][..],
        &["labels.total=4"],
        &["labels.total=97", "labels.decay_steps=1e7"],
        &[
            "labels.total=31",
            "labels.schedule='stepwise'",
            "labels.decay_steps=200",
        ],
        &["labels.total=31", "labels.initial=1"],
        &["labels.total=31", "labels.initial=31"],
        &["labels.total=31", "ablation='no-online-queries'"],
        &["schedule.steps=1"],
    ] {
        let config = common::pendulum(sets);
        let labels: Vec<f64> = rounds(&config).iter().map(|scalars| value(scalars, "labels")).collect();
        let total = config.labels().total as f64;
        assert_eq!(labels.last(), Some(&total), "{sets:?}");
        assert!(labels.is_sorted(), "{sets:?}: {labels:?}");
        let initial = config.labels().over(config.total_steps()).initial() as f64;
        assert!(labels[0] >= initial, "{sets:?}: {labels:?}");
    }
}

#[test]
fn labels_that_a_small_pool_has_no_pairs_for_are_counted_and_made_up_for_by_later_rounds() {
    let missing = |sets: &[&str]| -> (Vec<f64>, Vec<Option<f64>>) {
        let measured = rounds(&common::pendulum(sets));
        let labels = measured.iter().map(|scalars| value(scalars, "labels"));
        let missing = measured.iter().map(|scalars| scalar(scalars, "labels_missing"));
        (labels.collect(), missing.collect())
    };
    let (_, none) = missing(&[]);
    assert_eq!(none, [None; 4]);
    // Four clips are six pairs: 20 labels are due at the start, six are given, and at most six more in each round.
    let (labels, late) = missing(&["labels.initial=20", "queries.pool=4"]);
    assert!(
        labels[0] <= 12.0 && late[0].is_some_and(|late| late >= 8.0),
        "{labels:?}, {late:?}"
    );
    assert_eq!((labels[3], late[3]), (23.0, None), "{labels:?}, {late:?}");
    // Two clips are one pair, and the run ends with one from before the first round and one of each.
    let (labels, late) = missing(&["queries.pool=2"]);
    assert_eq!((labels[3], late[3]), (5.0, Some(18.0)), "{labels:?}, {late:?}");
}

#[test]
fn a_run_that_ends_with_too_few_labels_says_so_in_its_numbers() {
    use papers_core::Experiment;
    let missing = |sets: &[&str]| {
        let mut experiment = common::begin(&common::pendulum(sets), 3);
        let before = experiment.evaluate().expect("an evaluation");
        assert_eq!(scalar(&before, "labels_missing"), None);
        common::advance(&mut experiment, 0, 4);
        let after = experiment.evaluate().expect("an evaluation");
        (value(&after, "labels"), scalar(&after, "labels_missing"))
    };
    assert_eq!(missing(&[]), (23.0, None));
    assert_eq!(missing(&["queries.pool=2"]), (5.0, Some(18.0)));
}

#[test]
fn answers_come_as_the_schedule_says() {
    let config = common::pendulum(&["labels.total=100", "queries.pool=400"]);
    let schedule = config.labels().over(config.total_steps());
    for (round, scalars) in rounds(&config).iter().enumerate() {
        let end = (round as u64 + 1) * config.steps_per_round();
        assert_eq!(value(scalars, "labels"), schedule.due(end) as f64, "round {round}");
    }
}

#[test]
fn the_first_labels_are_about_clips_of_the_untrained_agent() {
    let config = common::pendulum(&["labels.initial=10"]);
    let mut experiment = common::begin(&config, 3);
    common::advance(&mut experiment, 0, 1);
    let comparisons = saved::save(&experiment, 1).comparisons();
    assert!(comparisons.len() >= 10);
    // Lanes that act before the first round are in their first episodes.
    let episodes = |index: usize| [comparisons[index].first.episode, comparisons[index].second.episode];
    assert!((0..10).all(|index| episodes(index).iter().all(|&episode| episode < 12)));
}

#[test]
fn agent_oracle_and_reward_model_finish_beside_each_other() {
    for config in [
        common::pendulum(&["asynchronous=true"]),
        common::a2c(&["asynchronous=true"]),
        common::pendulum(&["asynchronous=true", "ablation='no-online-queries'"]),
        common::pendulum(&["asynchronous=true", "ablation='no-ensemble'"]),
    ] {
        let measured = rounds(&config);
        let schedule = config.labels().over(config.total_steps());
        for (round, scalars) in measured.iter().enumerate() {
            // The agent is never further ahead than a quarter of the labels that are due.
            let due = schedule.due((round as u64 + 1) * config.steps_per_round()) as f64;
            assert!(value(scalars, "labels") >= 0.75 * due, "round {round}");
            assert!(value(scalars, "labels") <= config.labels.total as f64, "round {round}");
            // Never a reward that was learned from nothing.
            assert!(value(scalars, "reward_version") >= 10.0, "round {round}");
        }
    }
}

#[test]
fn a_run_beside_an_oracle_tells_how_far_its_parts_are_behind_each_other() {
    let measured = rounds(&common::pendulum(&[
        "asynchronous=true",
        "schedule.steps=12",
        "labels.total=60",
        "labels.initial=8",
    ]));
    for (round, scalars) in measured.iter().enumerate() {
        let age = value(scalars, "reward_age");
        assert!((0.0..=round as f64).contains(&age), "round {round}: {age}");
        assert!(value(scalars, "clips_waiting") >= 0.0, "round {round}");
        assert_eq!(scalar(scalars, "pairs_waiting"), None, "an oracle lets nobody wait");
    }
    let variances: Vec<f64> = measured
        .iter()
        .filter_map(|scalars| scalar(scalars, "query_variance"))
        .collect();
    // That of a probability is a quarter at most.
    assert!(
        !variances.is_empty() && variances.iter().all(|variance| (0.0..=0.25).contains(variance)),
        "{variances:?}"
    );
}

#[test]
fn a_reward_model_that_was_fitted_meanwhile_reaches_the_agent() {
    let config = common::pendulum(&[
        "asynchronous=true",
        "schedule.steps=12",
        "labels.total=60",
        "labels.initial=8",
    ]);
    let versions: Vec<f64> = rounds(&config)
        .iter()
        .map(|scalars| value(scalars, "reward_version"))
        .collect();
    assert!(versions.is_sorted(), "{versions:?}");
    assert!(versions.first() < versions.last(), "{versions:?}");
}

#[test]
fn nothing_is_learned_from_a_reward_model_that_was_never_fitted() {
    for sets in [
        &["fitting.initial_minibatches=0"][..],
        &["fitting.initial_minibatches=0", "asynchronous=true"],
    ] {
        let measured = rounds(&common::pendulum(sets));
        let version = scalar(&measured[0], "reward_version").unwrap_or(1.0);
        assert!(version >= 1.0, "{sets:?}");
        assert!(scalar(&measured[0], "reward_loss").is_some(), "{sets:?}");
    }
}

#[test]
fn an_asynchronous_run_goes_on_from_a_checkpoint() {
    use papers_core::Experiment;
    let config = common::pendulum(&["asynchronous=true"]);
    let mut first = common::begin(&config, 3);
    common::advance(&mut first, 0, 2);
    let saved = saved::save(&first, 2);
    drop(first);
    let given = saved.counts().total() as f64;
    let mut second = common::begin(&config, 3);
    second.restore(&saved.reader).expect("a state");
    let measured = common::advance(&mut second, 2, 4);
    assert!(value(&measured[0], "labels") >= given);
    assert!(value(&measured[1], "labels") <= 23.0);
    assert!(value(&measured[1], "labels") >= 18.0);
}

#[test]
fn an_asynchronous_checkpoint_has_every_answer_that_it_counts() {
    let config = common::pendulum(&["asynchronous=true", "schedule.steps=12", "labels.total=200"]);
    let mut experiment = common::begin(&config, 3);
    for round in 0..config.schedule.steps {
        common::advance(&mut experiment, round, round + 1);
        let saved = saved::save(&experiment, round + 1);
        let learned = saved.comparisons().len() as u64;
        assert_eq!(learned, saved.counts().usable(), "round {round}");
    }
}

#[test]
fn clips_that_were_asked_about_can_be_drawn() {
    use human_preferences::{environment, labelling::LabellingState, rollout::RecordedClip};
    let mut experiment = common::begin(&common::pendulum(&[]), 3);
    common::advance(&mut experiment, 0, 1);
    let pool = saved::save(&experiment, 1).json("labelling")["pool"].clone();
    assert!(
        serde_json::from_value::<LabellingState>(serde_json::json!({
            "pool": pool,
            "counts": { "left": 0, "right": 0, "tie": 0, "cant_tell": 0 },
        }))
        .is_ok()
    );
    let environment = environment::make("pendulum", &Default::default()).expect("an environment");
    let candidate = &pool["candidates"][0];
    let clip = RecordedClip {
        clip: serde_json::from_value(candidate["clip"].clone()).expect("a clip"),
        record: serde_json::from_value(candidate["record"].clone()).expect("a record"),
    };
    assert_eq!(
        clip_frames::of_clip(environment.as_ref(), &clip)
            .expect("pictures")
            .len(),
        10
    );
}
