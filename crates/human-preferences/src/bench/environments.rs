//! Steps of one environment with random actions, on one core.

use papers_core::{bench::Case, random::Streams};
use rand::RngExt;

use crate::environment::{self, Action, ActionSpace, Environment, EnvironmentOptions};

/// Steps that are timed at once.
const STEPS: usize = 1000;
/// Steps of an episode, in Gymnasium, too.
const EPISODE: usize = 200;

pub(super) fn cases() -> Vec<Case> {
    let game = |name, environment: &'static str| Case::new(name, "step", move || steps(environment));
    let case = |name, environment| game(name, environment).target(1.0);
    vec![
        case("environment/pendulum", "pendulum"),
        case("environment/cartpole", "cartpole-fixed"),
        case("environment/hopper", "hopper"),
        case("environment/half-cheetah", "half-cheetah"),
        case("environment/walker2d", "walker2d"),
        case("environment/inverted-pendulum", "inverted-pendulum"),
        case("environment/double-pendulum", "double-pendulum"),
        // Games of our own, which there is nothing to compare with.
        game("environment/moving-dot", "moving-dot"),
        game("environment/pong", "pong"),
        game("environment/breakout", "breakout"),
        game("environment/drive", "drive"),
    ]
}

fn steps(name: &str) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let mut environment = environment::make(name, &EnvironmentOptions::default())?;
    let mut generator = Streams::new(0).at("bench", 0, 0);
    let draws: Vec<f64> = (0..STEPS).map(|_| generator.random_range(-1.0..1.0)).collect();
    let mut observation = vec![0.0; environment.task().observation.len()];
    Ok(move || {
        for step in 0..STEPS {
            if step % EPISODE == 0 {
                environment.reset(&mut generator);
            }
            act(environment.as_mut(), &draws, step)?;
            environment.observe(&mut observation);
        }
        Ok(STEPS)
    })
}

fn act(environment: &mut dyn Environment, draws: &[f64], step: usize) -> anyhow::Result<()> {
    match environment.task().action {
        ActionSpace::Discrete { .. } => environment.step(Action::Discrete(usize::from(draws[step] > 0.0))),
        ActionSpace::Continuous { size, .. } => {
            let mut action = [0.0; 8];
            for (index, value) in action[..size].iter_mut().enumerate() {
                *value = draws[(step * size + index) % draws.len()];
            }
            environment.step(Action::Continuous(&action[..size]))
        }
    }?;
    Ok(())
}
