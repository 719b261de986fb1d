use std::time::Instant;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{cli::Verb, random::Streams};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::environment::{
    self, Action, ActionSpace, Environment, EnvironmentError, EnvironmentOptions, NAMES, ale, mujoco,
};

pub(crate) const VERB: Verb = Verb { command, run };

/// Steps from a snapshot that have to be the same after going back to it.
const REPLAYED: usize = 50;
/// Seconds for which steps are counted.
const SECONDS: f64 = 0.3;

fn command() -> Command {
    let command = Command::new("env-check")
        .about("Check the environments, the optional simulators too, and measure their speed on one core")
        .long_about(
            "Check every environment: that the same seed gives the same episode, and that a snapshot gives the same future, bit \
             for bit. Steps a second are those of one core with random actions. Optional simulators that are not installed say \
             what to do. Equality with MuJoCo and Gymnasium, step by step, is what `cargo xtask test` checks.",
        );
    Arguments::augment_args(command)
}

#[derive(Debug, Args)]
struct Arguments {
    /// Only environments whose name contains this; can be given several times
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let names = NAMES.into_iter().chain(ale::names()).chain(mujoco::NAMES);
    let chosen =
        names.filter(|name| arguments.only.is_empty() || arguments.only.iter().any(|part| name.contains(part)));
    let mut has_failed = false;
    super::print(&format!(
        "{:<22} {:>14} {:>10} {:>14}  repeats",
        "environment", "observation", "actions", "steps/s"
    ))?;
    for name in chosen {
        match environment::make(name, &EnvironmentOptions::default()) {
            Ok(environment) => has_failed |= !report(name, environment)?,
            Err(error) => super::print(&format!("{name:<22} not usable: {error}"))?,
        }
    }
    anyhow::ensure!(!has_failed, "an environment does not repeat its own episodes");
    Ok(())
}

/// Prints one line; returns whether the environment repeats itself.
fn report(name: &str, mut environment: Box<dyn Environment>) -> anyhow::Result<bool> {
    let task = environment.task().clone();
    let repeats = repeats(environment.as_mut());
    let (verdict, is_good) = match repeats {
        Ok(true) => ("yes".to_owned(), true),
        Ok(false) => ("NO".to_owned(), false),
        Err(error) => (format!("NO: {error}"), false),
    };
    let speed = steps_per_second(environment.as_mut())?;
    let shape: Vec<String> = task.observation.shape.iter().map(usize::to_string).collect();
    let actions = match task.action {
        ActionSpace::Continuous { size, .. } => format!("{size} numbers"),
        ActionSpace::Discrete { actions } => format!("{actions} keys"),
    };
    super::print(&format!(
        "{name:<22} {:>14} {actions:>10} {speed:>14.0}  {verdict}",
        shape.join("×")
    ))?;
    Ok(is_good)
}

/// Whether the same actions after a snapshot lead to the same observations.
fn repeats(environment: &mut dyn Environment) -> Result<bool, EnvironmentError> {
    environment.reset(&mut Streams::new(0).at("env-check", 0, 0));
    let mut generator = Streams::new(0).at("env-check", 0, 1);
    for _ in 0..REPLAYED {
        step(environment, &mut generator)?;
    }
    let snapshot = environment.snapshot();
    let future = |environment: &mut dyn Environment| {
        let mut generator = Streams::new(0).at("env-check", 0, 2);
        let mut observed = Vec::new();
        let mut observation = vec![0.0; environment.task().observation.len()];
        for _ in 0..REPLAYED {
            step(environment, &mut generator)?;
            environment.observe(&mut observation);
            observed.extend(observation.iter().map(|value| value.to_bits()));
        }
        Ok(observed)
    };
    let first: Vec<u32> = future(environment)?;
    environment.restore(&snapshot)?;
    Ok(first == future(environment)?)
}

fn step(environment: &mut dyn Environment, generator: &mut ChaCha8Rng) -> Result<(), EnvironmentError> {
    match environment.task().action {
        ActionSpace::Discrete { actions } => environment.step(Action::Discrete(generator.random_range(0..actions))),
        ActionSpace::Continuous { size, low, high } => {
            let action: Vec<f64> = (0..size).map(|_| generator.random_range(low..=high)).collect();
            environment.step(Action::Continuous(&action))
        }
    }
    .map(|_| ())
}

fn steps_per_second(environment: &mut dyn Environment) -> Result<f64, EnvironmentError> {
    let mut generator = Streams::new(0).at("env-check", 0, 3);
    let episode = environment.task().episode_steps;
    let started = Instant::now();
    let mut steps = 0_usize;
    while started.elapsed().as_secs_f64() < SECONDS {
        if steps.is_multiple_of(episode) {
            environment.reset(&mut generator);
        }
        step(environment, &mut generator)?;
        steps += 1;
    }
    Ok(steps as f64 / started.elapsed().as_secs_f64())
}
