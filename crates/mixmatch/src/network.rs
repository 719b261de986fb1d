//! The paper's networks as one type.

use burn::{module::Module, prelude::*};
use papers_core::nn::{ConvNet13, Statistics, WideResNet};

use crate::Classifier;

/// One of the paper's networks.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a run, or two")]
pub enum Network {
    /// Wide residual network (section 4.1).
    WideResNet(WideResNet),
    /// The 13-layer convolutional network of the appendix.
    ConvNet13(ConvNet13),
}

impl Classifier<4> for Network {
    fn forward(&self, images: Tensor<4>, statistics: Statistics) -> Tensor<2> {
        match self {
            Self::WideResNet(network) => network.forward(images, statistics),
            Self::ConvNet13(network) => network.forward(images, statistics),
        }
    }
}
