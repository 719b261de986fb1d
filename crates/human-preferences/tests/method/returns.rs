//! Advantages and returns against an independent reference.

use human_preferences::{
    experience::End,
    returns::{Trajectory, normalize},
};
use papers_core::testing::{assert_close, fixture};
use serde::Deserialize;

/// What the fixture allows.
const TOLERANCE: f64 = 1e-10;

#[derive(Deserialize)]
struct File {
    schema: u32,
    gae: Vec<Advantage>,
    nstep: Vec<Return>,
}

#[derive(Deserialize)]
struct Advantage {
    gamma: f64,
    lam: f64,
    rewards: Vec<f64>,
    values: Vec<f64>,
    value_last: f64,
    terminated: Vec<bool>,
    truncated: Vec<bool>,
    value_at_truncation: Vec<f64>,
    advantages: Vec<f64>,
    returns: Vec<f64>,
    normalised_advantages: Option<Vec<f64>>,
}

#[derive(Deserialize)]
struct Return {
    gamma: f64,
    rewards: Vec<f64>,
    dones: Vec<bool>,
    bootstrap: f64,
    returns: Vec<f64>,
}

fn file() -> File {
    let file: File = fixture(env!("CARGO_MANIFEST_DIR"), "returns.json");
    assert_eq!(file.schema, 1);
    file
}

#[test]
fn advantages_and_their_returns_are_those_of_the_reference() {
    for case in file().gae {
        let end = |(&terminated, &truncated): (&bool, &bool)| match (terminated, truncated) {
            (true, _) => Some(End::Terminated),
            (false, true) => Some(End::Truncated),
            (false, false) => None,
        };
        let ends: Vec<Option<End>> = case.terminated.iter().zip(&case.truncated).map(end).collect();
        let values = case.value_at_truncation.iter().zip(&ends);
        let truncation_values: Vec<f64> = values
            .filter(|(_, end)| **end == Some(End::Truncated))
            .map(|(value, _)| *value)
            .collect();
        let trajectory = Trajectory {
            rewards: &case.rewards,
            ends: &ends,
            truncation_values: &truncation_values,
            last_value: case.value_last,
        };
        let mut found = trajectory.advantages(&case.values, case.gamma, case.lam);
        assert_close(&found.advantages, &case.advantages, TOLERANCE);
        assert_close(&found.returns, &case.returns, TOLERANCE);
        if let Some(expected) = case.normalised_advantages {
            normalize(&mut found.advantages);
            assert_close(&found.advantages, &expected, TOLERANCE);
        }
    }
}

#[test]
fn n_step_returns_are_those_of_the_reference() {
    for case in file().nstep {
        let ends: Vec<Option<End>> = case.dones.iter().map(|done| done.then_some(End::Terminated)).collect();
        let trajectory = Trajectory {
            rewards: &case.rewards,
            ends: &ends,
            truncation_values: &[],
            last_value: case.bootstrap,
        };
        assert_close(&trajectory.returns(case.gamma), &case.returns, TOLERANCE);
    }
}

#[test]
fn all_of_the_future_counts_where_lambda_is_one() {
    // Then an advantage is the n-step return less the value.
    let rewards = [1.0, -2.0, 0.5, 3.0, 0.1];
    let values = [0.3, 0.2, -1.0, 4.0, 2.0];
    let trajectory = Trajectory {
        rewards: &rewards,
        ends: &[None, Some(End::Truncated), None, Some(End::Terminated), None],
        truncation_values: &[7.0],
        last_value: -1.5,
    };
    let found = trajectory.advantages(&values, 0.9, 1.0);
    assert_close(&found.returns, &trajectory.returns(0.9), 1e-14);
}
