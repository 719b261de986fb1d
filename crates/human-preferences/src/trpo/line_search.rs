use super::{conjugate_gradient::add, surrogate::Surrogate};
use crate::policy::{AgentError, TangentPolicy};

/// How far beyond the bound on the KL divergence a step may end.
const KL_SLACK: f64 = 1.5;
/// Share of the expected improvement that a step has to keep.
const KEPT: f64 = 0.1;

/// One step that was tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trial {
    /// Its length as a share of the full step.
    pub fraction: f64,
    /// By how much the surrogate would grow.
    pub improvement: f64,
    /// `KL(old || new)` in nats.
    pub kl: f64,
    /// Entropy of the policy in nats.
    pub entropy: f64,
}

/// What [`line_search`] found.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// All that was tried; the last one is the accepted one, if any was.
    pub trials: Vec<Trial>,
    /// The new parameters, if a step was accepted.
    pub parameters: Option<Vec<f64>>,
}

/// Whether a step is taken: its KL divergence is at most 1.5 · `max_kl`, the surrogate grows, and by at least a tenth of
/// what its gradient promises. Numbers that are none are never accepted.
pub fn is_accepted(kl: f64, improvement: f64, expected: f64, max_kl: f64) -> bool {
    kl <= KL_SLACK * max_kl && improvement > 0.0 && improvement / expected >= KEPT
}

/// Halves `step` until it is accepted, up to `backtracks` times. `expected` is what the full step promises.
///
/// # Errors
///
/// A device that cannot be read.
pub fn line_search<P: TangentPolicy>(
    surrogate: &Surrogate<P>,
    start: &[f64],
    step: &[f64],
    expected: f64,
    max_kl: f64,
    backtracks: usize,
) -> Result<Search, AgentError> {
    let mut trials = Vec::new();
    let mut fraction = 1.0;
    for _ in 0..=backtracks {
        let mut parameters = start.to_vec();
        add(&mut parameters, fraction, step);
        let found = surrogate.evaluate(&parameters)?;
        trials.push(Trial {
            fraction,
            improvement: found.improvement,
            kl: found.kl,
            entropy: found.entropy,
        });
        if is_accepted(found.kl, found.improvement, fraction * expected, max_kl) {
            return Ok(Search {
                trials,
                parameters: Some(parameters),
            });
        }
        fraction *= 0.5;
    }
    Ok(Search {
        trials,
        parameters: None,
    })
}
