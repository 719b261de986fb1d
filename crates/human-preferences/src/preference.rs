//! From predicted rewards to the probability of a preference (section 2.2.3, equation 1), and its loss.
//!
//! The predicted reward of a clip is the sum over its steps. An answer is assumed to be random in a share of cases,
//! by default 10 %, which enters the likelihood: `P' = (1 - ε) P + ε / 2`.

use burn::{prelude::*, tensor::activation};

/// The share of answers that are assumed to be given at random (section 2.2.3).
pub const ERROR_SHARE: f64 = 0.1;

/// Probability that the first clip is preferred, if answers are never random; `difference` is the first clip's predicted
/// reward less the second's.
pub fn probability(difference: f64) -> f64 {
    if difference >= 0.0 {
        1.0 / (1.0 + (-difference).exp())
    } else {
        let exponential = difference.exp();
        exponential / (1.0 + exponential)
    }
}

/// Probability that the first clip is preferred, if a share of answers is random.
pub fn mixed_probability(difference: f64, error_share: f64) -> f64 {
    (1.0 - error_share) * probability(difference) + error_share / 2.0
}

/// Cross-entropy of an answer's distribution over the two clips, in nats.
///
/// Finite for any finite difference, without random answers, too.
pub fn loss(difference: f64, preference: [f64; 2], error_share: f64) -> f64 {
    let [first, second] = [difference, -difference].map(|difference| log_probability(difference, error_share));
    -(weighted(preference[0], first) + weighted(preference[1], second))
}

/// Derivative of [`loss`] by the difference.
pub fn loss_derivative(difference: f64, preference: [f64; 2], error_share: f64) -> f64 {
    preference[1] * log_probability_derivative(-difference, error_share)
        - preference[0] * log_probability_derivative(difference, error_share)
}

/// `ln P'`; with ε = 0 that is `-ln(1 + exp(-difference))`, which does not become `ln 0`.
fn log_probability(difference: f64, error_share: f64) -> f64 {
    if error_share == 0.0 {
        return difference.min(0.0) - (-difference.abs()).exp().ln_1p();
    }
    mixed_probability(difference, error_share).ln()
}

/// `d ln P' / d difference = (1 - ε) P (1 - P) / P'`, from which P is canceled: it may be 0.
fn log_probability_derivative(difference: f64, error_share: f64) -> f64 {
    let other = probability(-difference);
    if error_share == 0.0 {
        return other;
    }
    (1.0 - error_share) * other / (1.0 - error_share + error_share / 2.0 / probability(difference))
}

/// A term without weight is none, also where its logarithm is infinite.
fn weighted(weight: f64, value: f64) -> f64 {
    if weight == 0.0 { 0.0 } else { weight * value }
}

/// [`loss`] of each pair of a batch.
///
/// # Shapes
///
/// - `difference`: `[pairs]`, predicted reward of the first clip less that of the second
/// - `preference`: `[pairs, 2]`
/// - output: `[pairs]`, nats
pub fn losses(difference: Tensor<1>, preference: Tensor<2>, error_share: f64) -> Tensor<1> {
    let [pairs, _] = preference.dims();
    let log = |difference: Tensor<1>| {
        if error_share == 0.0 {
            activation::log_sigmoid(difference)
        } else {
            (activation::sigmoid(difference) * (1.0 - error_share) + error_share / 2.0).log()
        }
    };
    let weight = |clip| preference.clone().slice([0..pairs, clip..clip + 1]).reshape([pairs]);
    -(log(difference.clone()) * weight(0) + log(-difference) * weight(1))
}
