//! CartPole and Pendulum against Gymnasium.

use human_preferences::environment::{
    Action, Environment,
    classic::{self, CartPole, Pendulum},
};
use serde_json::Value;

use crate::fixture::{assert_near, part, read};

#[test]
fn every_step_of_cartpole_is_that_of_gymnasium() {
    let runs: Vec<Value> = part(&read("env_cartpole"), "runs");
    assert!(!runs.is_empty());
    for run in &runs {
        let mut pole = CartPole::new(true);
        pole.set_state(part(run, "start"));
        let (actions, steps): (Vec<usize>, Vec<Value>) = (part(run, "actions"), part(run, "steps"));
        assert_eq!(actions.len(), steps.len());
        for (action, step) in actions.into_iter().zip(&steps) {
            let outcome = pole.step(Action::Discrete(action)).expect("a step");
            assert_near(&pole.state(), &part::<Vec<f64>>(step, "state"), 1e-12, "state");
            assert_near(&[outcome.hidden.true_reward], &[part(step, "reward")], 1e-12, "reward");
            assert_eq!(outcome.terminated, part::<bool>(step, "terminated"));
        }
    }
}

#[test]
fn every_step_of_the_pendulum_is_that_of_gymnasium() {
    let runs: Vec<Value> = part(&read("env_pendulum"), "runs");
    assert!(!runs.is_empty());
    for run in &runs {
        let mut pendulum = Pendulum::new(true);
        pendulum.set_state(part(run, "start"));
        let (actions, steps): (Vec<Value>, Vec<Value>) = (part(run, "actions"), part(run, "steps"));
        assert_eq!(actions.len(), steps.len());
        for (action, step) in actions.iter().zip(&steps) {
            let torque = action.as_f64().or_else(|| action[0].as_f64()).expect("a torque");
            let outcome = pendulum.step(Action::Continuous(&[torque])).expect("a step");
            assert_near(&pendulum.state(), &part::<Vec<f64>>(step, "state"), 1e-10, "state");
            assert_near(&[outcome.hidden.true_reward], &[part(step, "reward")], 1e-10, "reward");
            assert!(!outcome.terminated);
        }
    }
}

#[test]
fn cartpole_for_preferences_tells_by_its_reward_whether_the_pole_is_up_and_never_ends() {
    let mut pole = CartPole::new(false);
    let mut rewards = Vec::new();
    for _ in 0..pole.task().episode_steps {
        let outcome = pole.step(Action::Discrete(1)).expect("a step");
        assert!(!outcome.terminated);
        rewards.push(outcome.hidden.true_reward);
        let [x, v, _, omega] = pole.state();
        assert!(x.abs() <= 3.0 && v.abs() <= 6.0 && omega.abs() <= 12.0);
    }
    assert_eq!(rewards.first(), Some(&1.0));
    assert_eq!(rewards.last(), Some(&0.0));
    assert_eq!(pole.state()[0], 3.0);
}

#[test]
fn the_pendulum_for_preferences_charges_no_torque() {
    let reward = |torque: f64, gym: bool| {
        let mut pendulum = Pendulum::new(gym);
        pendulum.set_state([1.0, 2.0]);
        let outcome = pendulum.step(Action::Continuous(&[torque])).expect("a step");
        outcome.hidden.true_reward
    };
    assert_eq!(reward(0.0, false), -1.4);
    assert_eq!(reward(2.0, false), -1.4);
    assert_eq!(reward(2.0, true), -1.404);
}

#[test]
fn each_is_made_by_its_name() {
    let name = |name, gym| classic::make(name, gym).map(|environment| environment.task().name);
    assert_eq!(name("cartpole-fixed", false), Some("cartpole-fixed"));
    assert_eq!(name("cartpole-fixed", true), Some("cartpole"));
    assert_eq!(name("cartpole", false), Some("cartpole"));
    assert_eq!(name("pendulum", true), Some("pendulum"));
    assert_eq!(name("acrobot", false), None);
}
