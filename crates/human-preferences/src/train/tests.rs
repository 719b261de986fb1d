//! Runs in an environment that fails in ways that no environment of the program does on demand.

use papers_core::{
    base::{cli::exit, config, journal::scalar},
    testing,
};

use super::*;
use crate::{
    config::PRESETS,
    environment::{Action, EnvironmentError, Outcome},
    frame::Frame,
};

/// What happens in the last step.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The simulator is gone.
    Gone,
    /// The true reward is no number.
    EarnsNoNumber,
}

/// A pendulum in which something goes wrong in one step of each episode.
#[derive(Debug, Clone)]
struct Faulty {
    pendulum: Box<dyn Environment>,
    fault: Fault,
    step: u64,
    at: u64,
}

impl Environment for Faulty {
    fn task(&self) -> &Task {
        self.pendulum.task()
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) {
        self.pendulum.reset(rng);
        self.step = 0;
    }

    fn observe(&self, observation: &mut [f32]) {
        self.pendulum.observe(observation);
    }

    fn step(&mut self, action: Action<'_>) -> Result<Outcome, EnvironmentError> {
        let mut outcome = self.pendulum.step(action)?;
        if self.step == self.at {
            match self.fault {
                Fault::Gone => {
                    return Err(EnvironmentError::Simulator {
                        simulator: "the pendulum",
                        problem: "it ended".to_owned(),
                        remedy: "start it".to_owned(),
                    });
                }
                Fault::EarnsNoNumber => outcome.hidden.true_reward = f64::NAN,
            }
        }
        self.step += 1;
        Ok(outcome)
    }

    fn snapshot(&self) -> Vec<u8> {
        self.pendulum.snapshot()
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), EnvironmentError> {
        self.pendulum.restore(snapshot)
    }

    fn render(&self) -> Frame {
        self.pendulum.render()
    }

    fn boxed_clone(&self) -> Box<dyn Environment> {
        Box::new(self.clone())
    }
}

/// A small run of which every episode has a fault in step `at`.
fn faulty(fault: Fault, at: u64) -> PreferenceLearning {
    let sets = [
        "environment.episode_steps=60",
        "environment.clip_steps=10",
        "rollout.environments=4",
        "rollout.steps=35",
        "labels.total=23",
        "fitting.initial_minibatches=1",
        "fitting.minibatches=1",
        "schedule.steps=4",
    ];
    let config = config::experiment(PRESETS, "pendulum", &sets).expect("settings that exist");
    let context = Context::new(testing::device(), 3);
    let mut run = PreferenceLearning::new(&config, &context).expect("a run");
    let environment = Faulty {
        pendulum: run.environment.boxed_clone(),
        fault,
        step: 0,
        at,
    };
    run.rollouts = Rollouts::new(&environment, 4, run.lengths, context.streams, "rollout");
    run
}

#[test]
fn a_simulator_that_ends_while_the_run_goes_on_is_no_mistake_of_usage() {
    let error = faulty(Fault::Gone, 20).step(0).expect_err("it is gone");
    assert_eq!(error.exit_code(), exit::FAILED);
    let text = error.to_string();
    assert!(text.contains("step 0") && text.contains("it ended"), "{text}");
}

#[test]
fn clips_that_cannot_be_learned_from_are_counted_and_the_run_goes_on() {
    // Four episodes are in their 36th step or later after a batch, and one clip of each has the step.
    let scalars = faulty(Fault::EarnsNoNumber, 20).step(0).expect("a round");
    let count = scalar(&scalars, "clips_rejected").expect("a count");
    assert!((4.0..=12.0).contains(&count), "{count}");
}
