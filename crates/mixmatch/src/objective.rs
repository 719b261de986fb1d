//! The terms of all losses, one number for each row; the caller takes the mean.

use burn::{
    prelude::*,
    tensor::activation::{log_softmax, softmax},
};

use crate::StepError;

/// How far the sum of a row of targets may be from 1: the rounding of `f32` after MixUp, and labels with few digits.
const SUM_TOLERANCE: f64 = 1e-3;

/// `H(p, f(x)) = -Σ_i p_i log f(x)_i` for targets that may be soft, in nats (eq. 3).
///
/// # Shapes
///
/// - logits, targets: `[batch, classes]`
/// - output: `[batch]`
pub fn cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    sum_of_rows(log_softmax(logits, 1) * targets).neg()
}

/// The squared distance of probabilities from their targets, divided by the number of classes (eq. 4). Unlike the
/// cross-entropy it is bounded, so a confident wrong guess does little harm. The softmax has its gradient.
///
/// # Shapes
///
/// - logits, targets: `[batch, classes]`
/// - output: `[batch]`
pub fn brier(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let difference = softmax(logits, 1) - targets;
    difference.square().mean_dim(1).squeeze_dim(1)
}

/// `H(p) = -Σ_i p_i log p_i` of a prediction, in nats.
///
/// # Shapes
///
/// - logits: `[batch, classes]`
/// - output: `[batch]`
pub fn entropy(logits: Tensor<2>) -> Tensor<1> {
    let logarithms = log_softmax(logits, 1);
    sum_of_rows(logarithms.clone().exp() * logarithms).neg()
}

/// `KL(p || q) = Σ_i p_i (log p_i - log q_i)` of two predictions, in nats.
///
/// # Shapes
///
/// - p, q: logits, `[batch, classes]`
/// - output: `[batch]`
pub fn kl(p: Tensor<2>, q: Tensor<2>) -> Tensor<1> {
    let logarithms = log_softmax(p, 1);
    sum_of_rows(logarithms.clone().exp() * (logarithms - log_softmax(q, 1)))
}

/// The cross-entropy to a prediction's own likeliest class where that has a probability above `threshold`, 0 elsewhere.
///
/// Its mean is over all rows, also over those that are 0. (In the released program the mask is multiplied in another
/// shape, which gives the product of two means instead.)
///
/// # Shapes
///
/// - logits: `[batch, classes]`
/// - output: `[batch]`
pub fn pseudo_label(logits: Tensor<2>, threshold: f64) -> Tensor<1> {
    let mask = confident(logits.clone(), threshold);
    let logarithms = log_softmax(logits, 1);
    let class = logarithms.clone().without_autodiff().argmax(1);
    let likeliest: Tensor<1> = logarithms.gather(1, class).squeeze_dim(1);
    likeliest.neg() * mask
}

/// 1 where the likeliest class has a probability above `threshold`, 0 elsewhere. A constant.
///
/// # Shapes
///
/// - logits: `[batch, classes]`
/// - output: `[batch]`
pub fn confident(logits: Tensor<2>, threshold: f64) -> Tensor<1> {
    let probabilities = softmax(logits.without_autodiff(), 1);
    let dtype = probabilities.dtype();
    let largest: Tensor<1> = probabilities.max_dim(1).squeeze_dim(1);
    largest.greater_elem(threshold).float().cast(dtype)
}

/// Refuses rows that are no distributions. Reads the device once.
///
/// [`Learner::step`](crate::Learner::step) does this to its targets in builds with debug assertions only.
///
/// # Shapes
///
/// - targets: `[batch, classes]`
///
/// # Errors
///
/// [`StepError::NegativeProbability`] and [`StepError::NotNormalized`], naming the first such row.
pub fn check_targets(targets: &Tensor<2>) -> Result<(), StepError> {
    let classes = targets.dims()[1].max(1);
    let data = targets.clone().try_into_data();
    let values: Vec<f64> = data
        .map_err(|error| StepError::Device(error.to_string()))?
        .iter()
        .collect();
    for (row, values) in values.chunks(classes).enumerate() {
        // Written so that NaN fails.
        if let Some(&value) = values.iter().find(|&&value| !(value >= 0.0)) {
            return Err(StepError::NegativeProbability { row, value });
        }
        let sum: f64 = values.iter().sum();
        if (sum - 1.0).abs() > SUM_TOLERANCE {
            return Err(StepError::NotNormalized { row, sum });
        }
    }
    Ok(())
}

/// `[rows, columns] -> [rows]`.
fn sum_of_rows(values: Tensor<2>) -> Tensor<1> {
    values.sum_dim(1).squeeze_dim(1)
}
