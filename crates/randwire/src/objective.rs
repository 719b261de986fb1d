//! Cross-entropy with label smoothing (section 4; Szegedy et al. 2016).

use burn::{prelude::*, tensor::activation::log_softmax};

/// The mean cross-entropy to `(1 - smoothing) · one-hot + smoothing / K` over all K classes.
///
/// # Shapes
///
/// - logits: `[batch, classes]`
/// - targets: `[batch]`
/// - output: `[1]`
pub fn smoothed_cross_entropy(logits: Tensor<2>, targets: Tensor<1, Int>, smoothing: f64) -> Tensor<1> {
    let log = log_softmax(logits, 1);
    let right = log.clone().gather(1, targets.unsqueeze_dim(1)).mean();
    if smoothing == 0.0 {
        return -right;
    }
    // Σ log p / K over all classes, and the mean over the batch, in one.
    let all = log.mean();
    -(right * (1.0 - smoothing) + all * smoothing)
}
