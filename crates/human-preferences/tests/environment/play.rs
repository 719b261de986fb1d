//! Random play of environments with discrete actions.

use human_preferences::environment::{Action, ActionSpace, Environment};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How many actions there are.
pub(crate) fn num_actions(environment: &dyn Environment) -> usize {
    match environment.task().action {
        ActionSpace::Discrete { actions } => actions,
        ActionSpace::Continuous { .. } => panic!("games have discrete actions"),
    }
}

pub(crate) fn observe(environment: &dyn Environment) -> Vec<f32> {
    let mut observation = vec![f32::NAN; environment.task().observation.len()];
    environment.observe(&mut observation);
    observation
}

/// Observations, rewards and signals of random play.
pub(crate) fn play(environment: &mut dyn Environment, steps: usize, seed: u64) -> Vec<(Vec<f32>, f64, Vec<f64>)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let actions = num_actions(environment);
    (0..steps)
        .map(|_| {
            let action = Action::Discrete(rng.random_range(0..actions));
            let outcome = environment.step(action).expect("a step");
            assert!(!outcome.terminated, "no game ends for the agent");
            let hidden = outcome.hidden;
            assert_eq!(hidden.signals.len(), environment.task().signals.len());
            (observe(environment), hidden.true_reward, hidden.signals)
        })
        .collect()
}
