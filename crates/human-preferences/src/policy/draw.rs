//! Drawing actions on the host, each environment from a generator of its own.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::{ActionDistribution, AgentError};
use crate::actions::Actions;

/// An [`ActionDistribution`] on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct HostDistribution {
    /// Means or logits: `[batch, size]`
    pub outputs: Vec<f32>,
    /// What they are the means or logits of.
    pub kind: ActionKind,
}

/// What kind of actions a policy draws.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionKind {
    /// Numbers; logarithm of the standard deviation of each.
    Continuous(Vec<f32>),
    /// One of so many.
    Discrete(usize),
}

impl ActionKind {
    /// Numbers of one action where a network sees it.
    pub fn size(&self) -> usize {
        match self {
            Self::Continuous(log_std) => log_std.len(),
            Self::Discrete(actions) => *actions,
        }
    }
}

impl ActionDistribution {
    /// Reads the distributions from the device.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn into_host(self) -> Result<HostDistribution, AgentError> {
        Ok(match self {
            Self::Gaussian { mean, log_std } => HostDistribution {
                outputs: mean.try_into_vec_as()?,
                kind: ActionKind::Continuous(log_std.try_into_vec_as()?),
            },
            Self::Categorical { logits } => {
                let kind = ActionKind::Discrete(logits.dims()[1]);
                HostDistribution {
                    outputs: logits.try_into_vec_as()?,
                    kind,
                }
            }
        })
    }
}

impl HostDistribution {
    /// Draws an action for each row from the generator of the same number. Continuous actions take one normal number
    /// per dimension, discrete ones a uniform number in all.
    ///
    /// # Errors
    ///
    /// As many generators as rows are needed; outputs that are not finite.
    pub fn draw(&self, generators: &mut [ChaCha8Rng]) -> Result<Actions, AgentError> {
        let rows = self.check()?;
        if generators.len() != rows {
            return Err(AgentError::Lengths {
                what: "generators",
                expected: rows,
                found: generators.len(),
            });
        }
        let rows = self.outputs.chunks_exact(self.kind.size()).zip(generators);
        Ok(match &self.kind {
            ActionKind::Continuous(log_std) => {
                let stds: Vec<f32> = log_std.iter().map(|log_std| log_std.exp()).collect();
                let draw = |(means, generator): (&[f32], &mut ChaCha8Rng)| {
                    let drawn = means.iter().zip(&stds).map(|(mean, std)| {
                        let noise: f32 = StandardNormal.sample(generator);
                        mean + std * noise
                    });
                    drawn.collect::<Vec<_>>()
                };
                Actions::Continuous {
                    size: log_std.len(),
                    values: rows.flat_map(draw).collect(),
                }
            }
            ActionKind::Discrete(actions) => Actions::Discrete {
                actions: *actions,
                chosen: rows.map(|(logits, generator)| draw_one(logits, generator)).collect(),
            },
        })
    }

    /// The most likely action of each row: the mean, or the first of those with the largest logit.
    ///
    /// # Errors
    ///
    /// Outputs that are not finite.
    pub fn best(&self) -> Result<Actions, AgentError> {
        self.check()?;
        let best = |logits: &[f32]| {
            let better = |best: usize, index: usize| if logits[index] > logits[best] { index } else { best };
            (0..logits.len()).fold(0, better) as u32
        };
        Ok(match &self.kind {
            ActionKind::Continuous(log_std) => Actions::Continuous {
                size: log_std.len(),
                values: self.outputs.clone(),
            },
            ActionKind::Discrete(actions) => Actions::Discrete {
                actions: *actions,
                chosen: self.outputs.chunks_exact(*actions).map(best).collect(),
            },
        })
    }

    /// The number of rows.
    fn check(&self) -> Result<usize, AgentError> {
        let log_std: &[f32] = match &self.kind {
            ActionKind::Continuous(log_std) => log_std,
            ActionKind::Discrete(_) => &[],
        };
        match self.outputs.iter().chain(log_std).find(|value| !value.is_finite()) {
            Some(&value) => Err(AgentError::Diverged {
                term: "output of the policy",
                value: f64::from(value),
            }),
            None => Ok(self.outputs.len() / self.kind.size().max(1)),
        }
    }
}

/// Inverts the distribution function at one uniform number.
fn draw_one(logits: &[f32], generator: &mut ChaCha8Rng) -> u32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |logit: &f32| f64::from(logit - largest).exp();
    let mut left = generator.random::<f64>() * logits.iter().map(weight).sum::<f64>();
    for (index, logit) in logits.iter().enumerate() {
        left -= weight(logit);
        if left < 0.0 {
            return index as u32;
        }
    }
    // Rounding may leave a last crumb: it belongs to the last action that can be drawn at all.
    logits.iter().rposition(|logit| weight(logit) > 0.0).unwrap_or(0) as u32
}
