//! Which comparisons a member learns from.

use human_preferences::reward_model::{Bootstrap, RewardConfig};
use papers_core::random::Streams;

use crate::synthetic::{BOTH, comparison, generator, learner};

#[test]
fn a_share_of_one_over_e_is_held_out() {
    let mut bootstrap = Bootstrap::default();
    let mut generator = Streams::new(1).at("bootstrap", 0, 0);
    let n = 20_000;
    (0..n).for_each(|_| bootstrap.draw(&mut generator));
    // Standard errors are 0.0034 and 0.0071.
    let held_out = bootstrap.held_out().len() as f64 / f64::from(n);
    assert!((held_out - 0.368).abs() < 0.01, "{held_out}");
    let drawn = bootstrap.training().len() as f64 / f64::from(n);
    assert!((drawn - 1.0).abs() < 0.03, "{drawn}");
}

#[test]
fn training_data_and_held_out_data_share_nothing() {
    let bootstrap = Bootstrap::of_counts(vec![2, 0, 1, 0, 3]);
    assert_eq!(bootstrap.training(), [0, 0, 2, 4, 4, 4]);
    assert_eq!(bootstrap.held_out(), [1, 3]);
}

#[test]
fn the_draws_of_a_comparison_are_those_of_the_seed() {
    let add = |count: usize| {
        let mut learner = learner(RewardConfig::default());
        let mut generator = generator(0);
        for _ in 0..count {
            learner.add(comparison(&BOTH, &mut generator)).expect("a comparison");
        }
        learner.fit(1).expect("a fit")
    };
    assert_eq!(add(12), add(12));
}
