//! What is minimized: distances of distributions over the bins, and of scores.

use burn::{prelude::*, tensor::activation::log_softmax};

use crate::votes::{BINS, center};

/// `KL(p ‖ q)` of each photo in nats, with `0 · log 0 = 0` (phase 1).
///
/// # Shapes
///
/// - logits: `[batch, bins]`, of `q`
/// - target: `[batch, bins]`, `p`, rows that sum to 1
/// - output: `[batch]`
pub fn divergence(logits: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    // What is 0 has a finite logarithm then, and 0 of it is 0.
    let own = (target.clone() * target.clone().clamp_min(1e-30).log()).sum_dim(1);
    own.squeeze_dim(1) + cross_entropy(logits, target)
}

/// `-Σ p log q` of each row in nats; of one-hot targets that of classes, and of votes (phase 2).
///
/// # Shapes
///
/// - logits, target: `[batch, bins]`
/// - output: `[batch]`
pub fn cross_entropy(logits: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    -(log_softmax(logits, 1) * target).sum_dim(1).squeeze_dim(1)
}

/// `√(mean over bins of (CDF_q - CDF_p)²)` of each row: the earth mover's distance with r = 2 (Talebi and Milanfar 2018).
///
/// # Shapes
///
/// - logits, target: `[batch, bins]`
/// - output: `[batch]`
pub fn earth_movers(logits: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    let difference = (log_softmax(logits, 1).exp() - target).cumsum(1);
    // The root has no slope at 0.
    (difference.square().mean_dim(1) + 1e-20).sqrt().squeeze_dim(1)
}

/// Squared difference of scores of each row.
///
/// # Shapes
///
/// - predicted, target: `[batch, 1]`
/// - output: `[batch]`
pub fn squared_error(predicted: Tensor<2>, target: Tensor<2>) -> Tensor<1> {
    (predicted - target).square().squeeze_dim(1)
}

/// Mean of the distributions that logits stand for, in `[0.05, 0.95]`.
///
/// # Shapes
///
/// - logits: `[batch, bins]`
/// - output: `[batch]`
pub fn expected_scores(logits: Tensor<2>) -> Tensor<1> {
    let shares = log_softmax(logits, 1).exp();
    let centers: Vec<f64> = (0..BINS).map(center).collect();
    let data = TensorData::new(centers, [1, BINS]);
    let centers: Tensor<2> = Tensor::from_data(data, (&shares.device(), shares.dtype()));
    (shares * centers).sum_dim(1).squeeze_dim(1)
}
