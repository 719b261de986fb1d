//! Building blocks of networks that papers share, and what training does to their weights.

mod average;
mod decay;
pub mod dropout;
mod trainable;

pub use average::WeightAverage;
pub use decay::decay_kernels;
pub use dropout::dropout;
pub use trainable::trainable_parameters;

pub mod activation;
mod bernoulli;
pub mod conv_net;
pub mod convolution;
mod depthwise;
mod gated_sum;
pub mod group_norm;
#[cfg(feature = "flex")]
pub(crate) mod host;
#[cfg(feature = "flex")]
mod lanes;
pub mod normalization;
#[cfg(feature = "flex")]
mod rows;
pub mod running;
mod weighted_sum;
pub mod wide_resnet;

pub use activation::leaky_relu;
pub(crate) use bernoulli::{bernoulli_rows, softplus};
pub use conv_net::{ConvNet13, ConvNet13Config};
pub use convolution::Convolution;
pub use depthwise::rectified_depthwise;
pub use gated_sum::gated_sum;
pub use group_norm::GroupNorm;
pub use normalization::{BatchNorm, BatchNormConfig};
pub use running::RunningAverage;
pub use weighted_sum::weighted_sum;
pub use wide_resnet::{WideResNet, WideResNetConfig};

/// Which statistics normalize a batch, and whether the running averages learn from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Statistics {
    /// The batch's own; the running averages are updated with them.
    Update,
    /// The batch's own; the running averages stay what they are.
    Batch,
    /// The running averages, as in evaluation.
    Running,
}
