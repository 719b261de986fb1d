use burn::{prelude::*, tensor::activation::log_softmax};

/// What a policy may do, one distribution per row.
///
/// Actions are given as networks see them ([`Actions::append_features`](crate::actions::Actions::append_features)): the
/// drawn numbers, or one number per action of which one is 1.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "there are never many of them")]
pub enum ActionDistribution {
    /// Independent normal numbers.
    Gaussian {
        /// `[batch, size]`
        mean: Tensor<2>,
        /// Logarithm of the standard deviation, the same in every state: `[size]`
        log_std: Tensor<1>,
    },
    /// One of several actions.
    Categorical {
        /// Logarithms of the probabilities, up to a constant for each row: `[batch, actions]`
        logits: Tensor<2>,
    },
}

/// A direction in the space of what a policy puts out, or a gradient by it.
#[derive(Debug, Clone)]
pub struct OutputTangent {
    /// By the means or logits: `[batch, size]`
    pub outputs: Tensor<2>,
    /// By the logarithm of the standard deviation, where there is one: `[size]`. A gradient is summed over rows.
    pub log_std: Option<Tensor<1>>,
}

impl ActionDistribution {
    /// Logarithm of the probability, or its density, of an action in each row, in nats.
    ///
    /// # Shapes
    ///
    /// - actions: `[batch, size]`
    /// - output: `[batch]`
    pub fn log_probability(&self, actions: Tensor<2>) -> Tensor<1> {
        match self {
            Self::Gaussian { mean, log_std } => {
                let size = log_std.dims()[0] as f64;
                let deviation = (actions - mean.clone()) * log_std.clone().neg().exp().unsqueeze();
                let constant = log_std.clone().sum() + 0.5 * size * std::f64::consts::TAU.ln();
                (deviation.square().sum_dim(1).squeeze_dim::<1>(1) * 0.5 + constant).neg()
            }
            Self::Categorical { logits } => {
                let chosen = log_softmax(logits.clone(), 1) * actions;
                chosen.sum_dim(1).squeeze_dim(1)
            }
        }
    }

    /// Entropy of each row, in nats.
    ///
    /// # Shapes
    ///
    /// - output: `[batch]`
    pub fn entropy(&self) -> Tensor<1> {
        match self {
            Self::Gaussian { mean, log_std } => {
                let [batch, size] = mean.dims();
                let constant = 0.5 * size as f64 * (1.0 + std::f64::consts::TAU.ln());
                (log_std.clone().sum() + constant).expand([batch])
            }
            Self::Categorical { logits } => {
                let log_probability = log_softmax(logits.clone(), 1);
                let terms = log_probability.clone().exp() * log_probability;
                terms.sum_dim(1).squeeze_dim::<1>(1).neg()
            }
        }
    }

    /// `KL(self || other)` of each row, in nats.
    ///
    /// # Shapes
    ///
    /// - output: `[batch]`
    ///
    /// # Panics
    ///
    /// If the kinds differ.
    pub fn kl(&self, other: &Self) -> Tensor<1> {
        match (self, other) {
            (
                Self::Gaussian { mean, log_std },
                Self::Gaussian {
                    mean: other_mean,
                    log_std: other_log_std,
                },
            ) => {
                // log(σ'/σ) + (σ² + (µ - µ')²) / 2σ'² - 1/2, in a form that is exactly 0 where both are the same.
                let log_ratio = log_std.clone() - other_log_std.clone();
                let spread = (log_ratio.clone() * 2.0).exp() - log_ratio * 2.0 - 1.0;
                let distance = (mean.clone() - other_mean.clone()) * other_log_std.clone().neg().exp().unsqueeze();
                (distance.square().sum_dim(1).squeeze_dim::<1>(1) + spread.sum()) * 0.5
            }
            (Self::Categorical { logits }, Self::Categorical { logits: other }) => {
                let log_probability = log_softmax(logits.clone(), 1);
                let difference = log_probability.clone() - log_softmax(other.clone(), 1);
                (log_probability.exp() * difference).sum_dim(1).squeeze_dim(1)
            }
            _ => panic!("distributions of two kinds"),
        }
    }

    /// Multiplies a direction by the Fisher matrix of each row: the second derivative of [`kl`](Self::kl) by `other`,
    /// at `other = self`.
    pub fn fisher_product(&self, tangent: OutputTangent) -> OutputTangent {
        match self {
            Self::Gaussian { mean, log_std } => {
                let precision = (log_std.clone() * -2.0).exp();
                OutputTangent {
                    outputs: tangent.outputs * precision.unsqueeze(),
                    log_std: tangent.log_std.map(|log_std| log_std * (2 * mean.dims()[0]) as f64),
                }
            }
            Self::Categorical { logits } => {
                let probability = log_softmax(logits.clone(), 1).exp();
                let weighted = probability.clone() * tangent.outputs;
                let mean = weighted.clone().sum_dim(1);
                OutputTangent {
                    outputs: weighted - probability * mean,
                    log_std: None,
                }
            }
        }
    }

    /// Gradient of `Σ weight · log_probability(action)` by what the policy puts out.
    ///
    /// # Shapes
    ///
    /// - actions: `[batch, size]`
    /// - weights: `[batch]`
    pub fn score(&self, actions: Tensor<2>, weights: Tensor<1>) -> OutputTangent {
        let weights = weights.unsqueeze_dim::<2>(1);
        match self {
            Self::Gaussian { mean, log_std } => {
                let inverse = log_std.clone().neg().exp().unsqueeze::<2>();
                let deviation = (actions - mean.clone()) * inverse.clone();
                let by_log_std = (deviation.clone().square() - 1.0) * weights.clone();
                OutputTangent {
                    outputs: deviation * inverse * weights,
                    log_std: Some(by_log_std.sum_dim(0).squeeze_dim(0)),
                }
            }
            Self::Categorical { logits } => OutputTangent {
                outputs: (actions - log_softmax(logits.clone(), 1).exp()) * weights,
                log_std: None,
            },
        }
    }

    /// Gradient of the entropy's sum over rows by what the policy puts out.
    pub fn entropy_gradient(&self) -> OutputTangent {
        match self {
            Self::Gaussian { mean, log_std } => OutputTangent {
                outputs: mean.zeros_like(),
                log_std: Some(log_std.zeros_like() + mean.dims()[0] as f64),
            },
            Self::Categorical { logits } => {
                let log_probability = log_softmax(logits.clone(), 1);
                let probability = log_probability.clone().exp();
                let entropy = (probability.clone() * log_probability.clone()).sum_dim(1).neg();
                OutputTangent {
                    outputs: (probability * (log_probability + entropy)).neg(),
                    log_std: None,
                }
            }
        }
    }
}

impl OutputTangent {
    /// Adds `factor · other`.
    #[must_use]
    pub fn plus(self, other: Self, factor: f64) -> Self {
        let log_std = match (self.log_std, other.log_std) {
            (Some(own), Some(other)) => Some(own + other * factor),
            (own, other) => own.or(other.map(|other| other * factor)),
        };
        Self {
            outputs: self.outputs + other.outputs * factor,
            log_std,
        }
    }
}
