//! Backbones: a small one for small pictures, and ResNet-50.

mod conv_net;
mod import;
mod resnet;

pub use conv_net::ConvNet;
pub use import::{ImportError, import};
pub use resnet::{Bottleneck, ResNet};

use burn::{module::Module, prelude::*};
use papers_core::{Error, Result};

use crate::{
    Backbone, Mode,
    config::{ModelConfig, ModelKind},
};

/// One of the backbones of this crate.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of it in a run, or two")]
pub enum Network {
    /// For small pictures.
    ConvNet(ConvNet),
    /// The paper's.
    ResNet(ResNet),
}

impl Network {
    /// The network of a configuration for pictures of `[colors, height, width]`, and how many features it makes. Weights
    /// of a file come later, with [`pretrained`](Self::pretrained).
    pub fn new(config: &ModelConfig, shape: [usize; 3], device: &Device) -> (Self, usize) {
        match config.kind {
            ModelKind::ConvNet => {
                let network = ConvNet::new(&config.conv_net, shape, device);
                (Self::ConvNet(network), config.conv_net.hidden)
            }
            ModelKind::ResNet50 => {
                let network = ResNet::new(&config.resnet, shape[0], device);
                let features = network.features_of();
                (Self::ResNet(network), features)
            }
        }
    }

    /// The same with the weights of the file that the configuration names.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or lacks a weight.
    pub fn pretrained(self, config: &ModelConfig) -> Result<Self> {
        match (self, &config.resnet.weights) {
            (Self::ResNet(network), Some(path)) => {
                let network = import(network, path).map_err(Error::usage)?;
                Ok(Self::ResNet(network))
            }
            (network, _) => Ok(network),
        }
    }
}

impl Backbone<4> for Network {
    fn features(&self, inputs: Tensor<4>, mode: Mode) -> Tensor<2> {
        match self {
            Self::ConvNet(network) => network.features(inputs, mode),
            Self::ResNet(network) => network.features(inputs, mode),
        }
    }
}
