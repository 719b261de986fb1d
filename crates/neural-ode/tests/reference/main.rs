//! The solvers give the numbers of independent reference files.
//!
//! Every test reads all its input from the file and runs every case, so another file of the same schema can take the
//! place of each.

mod adaptive;
mod adjoint;
mod bad_inputs;
mod batched;
mod cnf;
mod controller;
mod events;
mod fixed_step;
mod latent_ode;
mod laws;
mod ode_net;
mod planar_flow;
mod poisson;
mod problems;
mod single_step;
mod whole;

use papers_core::testing;
use serde::de::DeserializeOwned;

pub(crate) fn fixture<T: DeserializeOwned>(name: &str) -> T {
    testing::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

/// Collects what is wrong over all cases of a file, to show it at once.
#[derive(Default)]
pub(crate) struct Report {
    cases: usize,
    failures: Vec<String>,
}

impl Report {
    pub(crate) fn case(&mut self, name: &str, problems: Vec<String>) {
        self.cases += 1;
        let problems = problems.into_iter().map(|problem| format!("{name}: {problem}"));
        self.failures.extend(problems);
    }

    #[track_caller]
    pub(crate) fn finish(self) {
        assert!(self.cases > 0, "the file has no cases");
        let failures = self.failures.join("\n");
        assert!(failures.is_empty(), "of {} cases:\n{failures}", self.cases);
    }
}

/// What is wrong with numbers that should be within `tolerance`, relative to `max(1, |expected|)`.
pub(crate) fn differences(what: &str, actual: &[f64], expected: &[f64], tolerance: f64) -> Option<String> {
    if actual.len() != expected.len() {
        return Some(format!("{what}: {} values instead of {}", actual.len(), expected.len()));
    }
    let mut pairs = actual.iter().zip(expected).enumerate();
    let is_off = |actual: f64, expected: f64| {
        let error = (actual - expected).abs() / expected.abs().max(1.0);
        // NaN is off.
        error.is_nan() || error > tolerance
    };
    let (index, (actual, expected)) = pairs.find(|(_, (actual, expected))| is_off(**actual, **expected))?;
    Some(format!("{what}[{index}]: {actual} is not {expected}"))
}

pub(crate) fn mismatch<T: PartialEq + std::fmt::Debug>(what: &str, actual: T, expected: T) -> Option<String> {
    (actual != expected).then(|| format!("{what}: {actual:?} is not {expected:?}"))
}
