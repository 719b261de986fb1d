//! An agent that waits, and people who do not.

use std::path::Path;

use papers_core::{Context, base::config, testing};

use super::*;
use crate::{
    actions::Actions,
    config::{PRESETS, PreferenceConfig},
    environment,
    feedback::Synthetic,
    labelling::Judge,
    labels::LabelStore,
    reward_model::RewardNormalizer,
    rollout::{Lengths, Rollouts},
    train::{DATABASE, ensemble},
};

const EXACT: Synthetic = Synthetic {
    noise: 0.0,
    boltzmann: None,
};

const LENGTHS: Lengths = Lengths { episode: 20, clip: 5 };

/// A pendulum of which ten answers are wanted at first, so many clips of it, and who answers: people on a page whose
/// answers are in `people`, or else an oracle.
fn beside(count: usize, pool: usize, people: Option<&Path>) -> Beside {
    let pool = format!("queries.pool={pool}");
    let mut sets = vec!["labels.initial=10", pool.as_str()];
    if people.is_some() {
        sets.extend(["feedback.mode='human'", "feedback.server.port=0"]);
    }
    let config: PreferenceConfig = config::experiment(PRESETS, "pendulum", &sets).expect("settings that exist");
    let context = Context::new(testing::device(), 0);
    let environment = environment::make("pendulum", &Default::default()).expect("an environment");
    let task = environment.task();
    let schedule = config.labels().over(1000);
    let page = people.map(|folder| Page::open(&config, environment.as_ref(), LENGTHS, folder, &context));
    let page = page.transpose().expect("a page");
    let judge = match &page {
        Some(_) => Judge::Person,
        None => Judge::Synthetic(EXACT),
    };
    let mut labelling = Labelling::new(task, schedule, config.queries(), judge, context.streams);
    labelling.offer(clips(count));
    let learner = ensemble::learner(&config, task, &context).expect("networks");
    let normalizer = RewardNormalizer::new(3, &config.reward.normalization);
    let mut beside = Beside::new(labelling, learner, normalizer, page, [1, 1], &context);
    beside.patience = Duration::from_millis(300);
    beside
}

/// Clips of pendulums that are left to themselves, of which the first ones are always the same.
fn clips(count: usize) -> Vec<RecordedClip> {
    let environment = environment::make("pendulum", &Default::default()).expect("an environment");
    let context = Context::new(testing::device(), 0);
    let mut rollouts = Rollouts::new(environment.as_ref(), 1, LENGTHS, context.streams, "rollout");
    let rest = |_: &[f32], _: &mut [_]| -> Result<_, Error> {
        Ok(Actions::Continuous {
            size: 1,
            values: vec![0.0],
        })
    };
    let mut clips = rollouts.collect(400, 0, rest).expect("steps").clips;
    assert!(clips.len() >= count);
    clips.truncate(count);
    clips
}

#[test]
fn an_agent_that_waits_in_vain_is_told_which_queue_is_empty() {
    let error = beside(0, 4, None).begin(7).expect_err("no clips").to_string();
    assert!(
        error.contains("step 7") && error.contains("the initial labels"),
        "{error}"
    );
    assert!(
        error.contains("0 of 10 answers") && error.contains("0 clips to ask about"),
        "{error}"
    );
    assert!(
        error.contains("`queries.pool`") && error.contains("`labels.initial`"),
        "{error}"
    );
}

#[test]
fn a_pool_of_too_few_pairs_is_told_from_one_without_clips() {
    // Four clips are six pairs.
    let error = beside(4, 4, None).begin(0).expect_err("too few clips").to_string();
    assert!(
        error.contains("6 of 10 answers") && error.contains("4 clips to ask about"),
        "{error}"
    );
}

/// Waits until the threads have come so far.
fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Answers the next pair on the page, as a browser does; returns whether there was one.
fn answer_on_page(url: &str, id: &str) -> bool {
    let (page, token) = url.split_once("?token=").expect("an address with a token");
    let mut reply = ureq::get(format!("{page}api/next?labeller=ada&token={token}"))
        .call()
        .expect("a page");
    if reply.status() == 204 {
        return false;
    }
    let offer = reply.body_mut().read_to_string().expect("an offer");
    let offer: serde_json::Value = serde_json::from_str(&offer).expect("JSON");
    let body = format!(r#"{{"answer":"left","client_id":"{id}","labeller":"ada"}}"#);
    ureq::post(format!("{page}api/pairs/{}/answer?token={token}", offer["pair"]))
        .send(body)
        .expect("an answer that is taken");
    true
}

#[test]
fn people_get_pairs_and_are_counted_while_the_reward_model_is_fitted() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut beside = beside(20, 100, Some(folder.path()));
    let store = LabelStore::open(&folder.path().join(DATABASE), "pendulum").expect("the database");
    let url = beside.url.clone().expect("a page");
    let shared = Arc::clone(&beside.shared);
    let fit = pool::lock(&shared.taught);
    shared.may_ask.store(true, Ordering::Relaxed);
    beside.start().expect("threads");
    // Ten that are due, and eight that are kept ready.
    wait_until("pairs", || store.pairs().expect("a count") == 18);
    for answer in 1..=3 {
        assert!(answer_on_page(&url, &format!("id-{answer}")));
        wait_until("the count of an answer", || beside.answers().total() == answer);
    }
    assert_eq!(fit.learner.received(), 0);
    drop(fit);
    wait_until("comparisons", || pool::lock(&shared.taught).learner.received() == 3);
}

#[test]
fn the_page_is_looked_at_again_only_where_something_is_new() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut beside = beside(6, 100, Some(folder.path()));
    let mut page = beside.page.take().expect("a page");
    let url = page.url();
    let shared = Arc::clone(&beside.shared);
    let mut looks = |due| {
        let mut labelling = pool::lock(&shared.labelling);
        let mut looks = 0;
        while page.has_news(&labelling, due).expect("a look") {
            page.show::<AnyReward>(&mut labelling, due, None).expect("a look");
            looks += 1;
        }
        looks
    };
    // Six clips are fifteen pairs, which come by twos; the ninth look finds that there are no more.
    assert_eq!(looks(10), 9);
    assert_eq!(looks(10), 0);
    assert_eq!(looks(11), 1);
    assert!(answer_on_page(&url, "id-1"));
    assert_eq!(looks(11), 1);
    pool::lock(&shared.labelling).offer(clips(7).split_off(6));
    assert!(looks(11) > 1, "a clip that is new makes pairs that are new");
    assert_eq!(looks(11), 0);
}

#[test]
fn a_run_that_was_killed_asks_nobody_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    // Each time the run knows nothing of the pairs that it asked about before.
    let asked = |count, due| {
        let mut beside = beside(count, 100, Some(folder.path()));
        let mut page = beside.page.take().expect("a page");
        let mut labelling = pool::lock(&beside.shared.labelling);
        while page.has_news(&labelling, due).expect("a look") {
            page.show::<AnyReward>(&mut labelling, due, None).expect("a look");
        }
        let store = LabelStore::open(&folder.path().join(DATABASE), "pendulum").expect("the database");
        store.pairs().expect("a count")
    };
    assert_eq!(asked(6, 0), 8);
    assert_eq!(asked(6, 4), 12);
    // Six clips are fifteen pairs, and seven are 21.
    assert_eq!(asked(6, 20), 15);
    assert_eq!(asked(7, 20), 21);
}
