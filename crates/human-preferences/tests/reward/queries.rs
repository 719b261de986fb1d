//! Which pairs are asked about.

use std::{collections::BTreeSet, sync::Arc};

use burn::module::Module;
use human_preferences::{
    clip::Clip,
    queries::{ClipPool, Query, QueryConfig, Selection, ranking},
    reward_model::{RewardError, RewardPredictor},
    reward_network::{MlpReward, MlpRewardConfig},
};
use papers_core::testing;
use rand_chacha::ChaCha8Rng;

use crate::synthetic::{clip, clip_of, generator, network};

fn pool(clips: usize) -> ClipPool<usize> {
    let mut generator = generator(7);
    let mut pool = ClipPool::new(clips);
    for number in 0..clips {
        pool.push(clip(&mut generator), number);
    }
    pool
}

fn ensemble(names: [&str; 3]) -> RewardPredictor<MlpReward> {
    let members = names.map(|name| network(name, &MlpRewardConfig::default()).valid());
    RewardPredictor::new(members.into(), testing::device(), 1)
}

fn numbers(query: &Query<usize>) -> (usize, usize) {
    let (first, second) = (query.first.record, query.second.record);
    (first.min(second), first.max(second))
}

fn uniform(
    pool: &mut ClipPool<usize>,
    count: usize,
    generator: &mut ChaCha8Rng,
) -> Result<Vec<Query<usize>>, RewardError> {
    let config = QueryConfig {
        selection: Selection::Uniform,
        ..QueryConfig::default()
    };
    pool.choose::<MlpReward>(count, &config, None, generator)
}

#[test]
fn no_pair_is_asked_twice_and_none_of_a_clip_with_itself() {
    let mut pool = pool(8);
    let mut generator = generator(0);
    let mut asked = BTreeSet::new();
    // There are 8 · 7 / 2 pairs; the last ones are hard to draw.
    for _ in 0..4 {
        for query in uniform(&mut pool, 7, &mut generator).expect("pairs") {
            assert_ne!(query.first.record, query.second.record);
            assert!(asked.insert(numbers(&query)), "{:?} twice", numbers(&query));
        }
    }
    assert_eq!(asked.len(), 28);
    assert!(uniform(&mut pool, 7, &mut generator).expect("no pair").is_empty());
}

#[test]
fn clips_that_show_the_same_steps_are_no_pair() {
    let mut generator = generator(0);
    let template = clip_of(5, &mut generator);
    let mut pool = ClipPool::new(10);
    for start in [0, 3, 5] {
        let clip = Clip {
            start,
            ..template.as_ref().clone()
        };
        pool.push(Arc::new(clip), start);
    }
    let pairs = uniform(&mut pool, 9, &mut generator).expect("pairs");
    let pairs: Vec<_> = pairs.iter().map(numbers).collect();
    assert_eq!(pairs, [(0, 5)]);
}

#[test]
fn clips_of_two_lengths_are_no_pair() {
    let mut generator = generator(0);
    let mut pool = ClipPool::new(10);
    pool.push(clip_of(5, &mut generator), 0);
    pool.push(clip_of(6, &mut generator), 1);
    assert!(uniform(&mut pool, 1, &mut generator).expect("no pair").is_empty());
}

#[test]
fn a_pool_without_a_pair_gives_none() {
    for clips in 0..2 {
        let pairs = uniform(&mut pool(clips), 3, &mut generator(0)).expect("no pair");
        assert!(pairs.is_empty());
    }
}

#[test]
fn a_full_pool_forgets_its_oldest_clips() {
    let mut pool = pool(4);
    let mut generator = generator(1);
    uniform(&mut pool, 6, &mut generator).expect("pairs");
    pool.push(clip(&mut generator), 4);
    let held: Vec<usize> = pool.candidates().map(|candidate| candidate.record).collect();
    assert_eq!(held, [1, 2, 3, 4]);
    // All pairs of the older ones were asked; the new one makes three.
    let pairs: BTreeSet<_> = uniform(&mut pool, 6, &mut generator)
        .expect("pairs")
        .iter()
        .map(numbers)
        .collect();
    assert_eq!(pairs, BTreeSet::from([(1, 4), (2, 4), (3, 4)]));
}

#[test]
fn the_pairs_of_highest_variance_are_asked_about() {
    let predictor = ensemble(["a", "b", "c"]);
    let config = QueryConfig {
        // All pairs of the pool are drawn.
        factor: 9,
        ..QueryConfig::default()
    };
    let mut pool = pool(10);
    let all: Vec<Arc<Clip>> = pool.candidates().map(|candidate| Arc::clone(&candidate.clip)).collect();
    let chosen = pool
        .choose(5, &config, Some(&predictor), &mut generator(0))
        .expect("pairs");

    let mut known = Vec::new();
    for first in 0..all.len() {
        for second in first + 1..all.len() {
            let probabilities = predictor.preference(&all[first], &all[second]).expect("probabilities");
            let mean = probabilities.iter().sum::<f64>() / 3.0;
            let variance = probabilities.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 3.0;
            known.push(((first, second), variance));
        }
    }
    known.sort_by(|one, other| other.1.total_cmp(&one.1));
    let expected: Vec<(usize, usize)> = known[..5].iter().map(|(pair, _)| *pair).collect();
    let found: Vec<(usize, usize)> = chosen.iter().map(numbers).collect();
    assert_eq!(found, expected);
    for (query, (_, variance)) in chosen.iter().zip(&known) {
        // Probabilities of single precision.
        assert!((query.variance.expect("asked") - variance).abs() < 1e-6);
    }
}

#[test]
fn members_that_agree_choose_at_random() {
    let predictor = ensemble(["a", "a", "a"]);
    let choose = |index| {
        let mut pool = pool(40);
        let config = QueryConfig::default();
        let queries = pool
            .choose(5, &config, Some(&predictor), &mut generator(index))
            .expect("pairs");
        assert!(queries.iter().all(|query| query.variance == Some(0.0)));
        queries.iter().map(numbers).collect::<Vec<_>>()
    };
    // Those that happened to be drawn first.
    assert_ne!(choose(0), choose(1));
    assert_eq!(choose(0), choose(0));
    let mut pool = pool(40);
    let uniform = uniform(&mut pool, 5, &mut generator(0)).expect("pairs");
    assert_eq!(choose(0), uniform.iter().map(numbers).collect::<Vec<_>>());
}

#[test]
fn equal_variances_are_ranked_by_number() {
    assert_eq!(ranking(&[0.1, 0.2, 0.1, 0.2, 0.0]), [1, 3, 0, 2, 4]);
}

#[test]
fn a_pool_comes_back_as_it_was() {
    let mut pool = pool(10);
    let mut generator = generator(0);
    uniform(&mut pool, 5, &mut generator).expect("pairs");
    let text = serde_json::to_string(&pool).expect("a text");
    let mut back: ClipPool<usize> = serde_json::from_str(&text).expect("the pool");
    assert_eq!(back, pool);
    let next = |pool: &mut ClipPool<usize>| uniform(pool, 5, &mut generator.clone()).expect("pairs");
    assert_eq!(next(&mut back), next(&mut pool));
}
