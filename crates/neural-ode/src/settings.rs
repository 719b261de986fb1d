//! Settings that the experiments share: how an equation is solved, and how weights are updated.

use burn::optim::{ModuleOptimizer, RmsPropConfig, SgdConfig, momentum::MomentumConfig};
use papers_core::{
    base::config::{Checks, ConfigError},
    optim::Adam,
};
use serde::{Deserialize, Serialize};

use crate::{GradientMode, Method, Solver};

/// A solver by name, with its accuracy: the step counts for methods with a fixed step, the tolerances for the others, so
/// that one setting changes the method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SolverConfig {
    /// Name of the method.
    pub method: Method,
    /// Counts for methods with a fixed step, unused by the others; 0 for steps from each requested time to the next.
    #[serde(default)]
    pub step_size: f64,
    /// Relative tolerance. Counts for adaptive methods, unused by those with a fixed step.
    #[serde(default = "relative_tolerance")]
    pub rtol: f64,
    /// Absolute tolerance. Counts for adaptive methods, unused by those with a fixed step.
    #[serde(default = "absolute_tolerance")]
    pub atol: f64,
    /// Where gradients come from.
    #[serde(default)]
    pub gradient: GradientMode,
}

/// The library's for `f32`.
fn relative_tolerance() -> f64 {
    1e-3
}

/// The library's for `f32`.
fn absolute_tolerance() -> f64 {
    1e-6
}

impl SolverConfig {
    /// The solver.
    pub fn init(&self) -> Solver {
        let solver = Solver::new(self.method).gradient(self.gradient);
        if self.method.is_adaptive() {
            solver.tolerances(self.rtol, self.atol)
        } else if self.step_size > 0.0 {
            solver.step_size(self.step_size)
        } else {
            solver
        }
    }

    /// Checks the table `solver` of a configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming the key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("solver");
        let problem = format_args!("must be positive, or 0 for none, not {}", self.step_size);
        let holds = self.step_size >= 0.0 && self.step_size.is_finite();
        checks.require(holds, "step_size", problem)?;
        checks.positive("rtol", self.rtol)?;
        checks.positive("atol", self.atol)
    }
}

/// A rule of learning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Which rule.
    #[serde(default)]
    pub kind: OptimizerKind,
    /// Its rate in the beginning.
    pub learning_rate: f64,
    /// Of `sgd` and `rmsprop`.
    #[serde(default)]
    pub momentum: f64,
    /// Parts of the run, in `(0, 1)`, after which the rate is multiplied by `drop_factor`.
    #[serde(default)]
    pub drops: Vec<f64>,
    /// See `drops`.
    #[serde(default = "drop_factor")]
    pub drop_factor: f64,
}

/// The boundaries of the release of ODE-Net each divide the rate by ten.
fn drop_factor() -> f64 {
    0.1
}

/// Names of the rules of learning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OptimizerKind {
    /// Adam.
    #[default]
    Adam,
    /// Stochastic gradient descent with momentum.
    Sgd,
    /// RMSprop with momentum, as planar normalizing flows were published.
    Rmsprop,
}

impl OptimizerConfig {
    /// The optimizer, in its first state.
    pub fn init(&self) -> ModuleOptimizer {
        match self.kind {
            OptimizerKind::Adam => Adam::as_burn().init(),
            OptimizerKind::Sgd => {
                // Burn dampens by 0.1 unless told otherwise; the release does not.
                let momentum = MomentumConfig::new().with_momentum(self.momentum).with_dampening(0.0);
                SgdConfig::new().with_momentum(Some(momentum)).init()
            }
            OptimizerKind::Rmsprop => RmsPropConfig::new().with_momentum(self.momentum as f32).init(),
        }
    }

    /// The rate of update `step` out of `steps`.
    pub fn rate(&self, step: u64, steps: u64) -> f64 {
        let is_passed = |part: &&f64| step as f64 >= **part * steps as f64;
        let passed = self.drops.iter().filter(is_passed).count();
        self.learning_rate * self.drop_factor.powi(passed as i32)
    }

    /// Checks the table `optimizer` of a configuration.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming the key.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("optimizer");
        checks.positive("learning_rate", self.learning_rate)?;
        checks.positive("drop_factor", self.drop_factor)?;
        checks.share_below_one("momentum", self.momentum)?;
        let is_used = self.kind != OptimizerKind::Adam || self.momentum == 0.0;
        checks.require(is_used, "momentum", "is for `sgd` and `rmsprop`; Adam has its own")?;
        self.drops.iter().try_for_each(|&part| {
            let problem = format_args!("must be in (0, 1), not {part}");
            checks.require(part > 0.0 && part < 1.0, "drops", problem)
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::prelude::*;
    use papers_core::testing;

    use super::*;

    #[test]
    fn the_method_changes_by_one_setting() {
        let initial = Tensor::<1>::ones([1], &testing::device());
        for method in Method::ALL {
            let config = SolverConfig {
                method,
                step_size: 0.25,
                rtol: 1e-3,
                atol: 1e-4,
                gradient: GradientMode::Checkpointed,
            };
            assert!(config.validate().is_ok());
            let solution = config
                .init()
                .solve(&|_: f64, y: Tensor<1>| -y, initial.clone(), &[0.0, 1.0]);
            assert!(solution.is_ok(), "{method}: {solution:?}");
        }
    }
}
