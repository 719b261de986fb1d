//! Guessed labels: the mean prediction over augmentations, made more certain (sections 3.1 and 3.2).

use burn::{prelude::*, tensor::activation::softmax};

use crate::StepError;

/// Its exponential is 0 in `f64`, and it is finite in `f16`.
const LEAST_EXPONENT: f64 = -1e4;

/// The mean of the probabilities, not of the logits, over augmentations (eq. 6).
///
/// # Shapes
///
/// - logits: for each augmentation `[batch, classes]`
/// - output: `[batch, classes]`
///
/// # Panics
///
/// If there is no augmentation.
pub fn mean_probabilities(logits: &[Tensor<2>]) -> Tensor<2> {
    let probabilities = logits.iter().map(|logits| softmax(logits.clone(), 1));
    let sum = probabilities.reduce(|sum, probabilities| sum + probabilities);
    let sum = sum.expect("a guess needs an augmentation");
    if logits.len() == 1 {
        return sum;
    }
    sum / logits.len() as f64
}

/// `p_i^(1/T) / Σ_j p_j^(1/T)` of each row (eq. 7): as it is at `T = 1`, one-hot as `T` tends to 0.
///
/// # Shapes
///
/// - probabilities, output: `[batch, classes]`
///
/// # Errors
///
/// [`StepError::Temperature`] if the temperature is not positive. Negative probabilities are not looked for;
/// [`check_targets`](crate::objective::check_targets) does.
pub fn sharpen(probabilities: Tensor<2>, temperature: f64) -> Result<Tensor<2>, StepError> {
    if !(temperature > 0.0 && temperature.is_finite()) {
        return Err(StepError::Temperature(temperature));
    }
    // A smaller one would be zero in `f32`; all it could change is a tie.
    let temperature = temperature.max(f64::from(f32::MIN_POSITIVE));
    // The powers underflow, and their logarithms overflow if they are divided before the largest is subtracted.
    let logarithms = probabilities.log();
    let largest = logarithms.clone().max_dim(1);
    let powers = (logarithms - largest) / temperature;
    Ok(softmax(powers.clamp_min(LEAST_EXPONENT), 1))
}

/// The guessed label of each example: [`sharpen`]ed [`mean_probabilities`]. It is a constant: no gradient goes through.
///
/// # Shapes
///
/// - logits: for each augmentation `[batch, classes]`
/// - output: `[batch, classes]`
///
/// # Errors
///
/// [`StepError::Temperature`] if the temperature is not positive.
///
/// # Panics
///
/// If there is no augmentation.
pub fn guess(logits: &[Tensor<2>], temperature: f64) -> Result<Tensor<2>, StepError> {
    let logits: Vec<Tensor<2>> = logits.iter().map(|logits| logits.clone().without_autodiff()).collect();
    sharpen(mean_probabilities(&logits), temperature)
}
