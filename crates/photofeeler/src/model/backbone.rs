//! From photos to embeddings.

use burn::{
    module::Module,
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::relu,
};
use papers_core::{
    base::config::{Checks, ConfigError},
    nn::{Convolution, Statistics},
};
use serde::{Deserialize, Serialize};

use super::{
    layers::{ConvolutionNorm, KEEP_SMALL, pooled},
    xception::{XCEPTION_FEATURES, XCEPTION_LEAST_SIDE, Xception},
};
use crate::data::Input;

/// Which backbone, and its sizes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum BackboneConfig {
    /// Convolutions 3×3 of stride 2 with batch normalization, for processors.
    Cnn {
        /// Channels of each layer.
        channels: Vec<usize>,
    },
    /// Xception, as in the paper.
    Xception,
    /// Dense layers, for numbers in place of pictures.
    Mlp {
        /// Units of each layer.
        hidden: Vec<usize>,
    },
}

impl BackboneConfig {
    /// Refuses sizes of nothing, and a backbone for something else than photos are; `has_features` says whether those are numbers.
    ///
    /// # Errors
    ///
    /// The setting that does not fit.
    pub fn validate(&self, has_features: bool) -> Result<(), ConfigError> {
        let checks = Checks::of("backbone");
        let (key, sizes) = match self {
            Self::Cnn { channels } => ("channels", channels.as_slice()),
            Self::Xception => ("kind", &[1][..]),
            Self::Mlp { hidden } => ("hidden", hidden.as_slice()),
        };
        checks.require(
            !sizes.is_empty() && !sizes.contains(&0),
            key,
            "needs layers, each with a unit",
        )?;
        let is_mlp = matches!(self, Self::Mlp { .. });
        checks.require(
            is_mlp == has_features,
            "kind",
            "is `mlp` for numbers in place of pictures, and cnn or xception for pictures",
        )
    }

    /// Length of an embedding.
    pub fn features(&self) -> usize {
        match self {
            Self::Cnn { channels: sizes } | Self::Mlp { hidden: sizes } => sizes.last().copied().unwrap_or(0),
            Self::Xception => XCEPTION_FEATURES,
        }
    }

    /// Rows and columns that pictures need at least.
    pub fn least_side(&self) -> usize {
        match self {
            Self::Xception => XCEPTION_LEAST_SIDE,
            _ => 1,
        }
    }

    /// Random weights, for pictures of so many channels or photos of so many numbers.
    pub fn init(&self, inputs: usize, device: &Device) -> Backbone {
        let pairs = |sizes: &[usize]| -> Vec<[usize; 2]> {
            let from = std::iter::once(inputs).chain(sizes.iter().copied());
            from.zip(sizes).map(|(input, &output)| [input, output]).collect()
        };
        match self {
            Self::Cnn { channels } => {
                let layer =
                    |pair| ConvolutionNorm::new(Convolution::new(pair, 3, device).with_stride(2), KEEP_SMALL, device);
                Backbone::Cnn(SmallCnn {
                    layers: pairs(channels).into_iter().map(layer).collect(),
                })
            }
            Self::Xception => Backbone::Xception(Xception::new(inputs, device)),
            Self::Mlp { hidden } => Backbone::Mlp(Mlp {
                layers: pairs(hidden)
                    .into_iter()
                    .map(|[input, output]| LinearConfig::new(input, output).init(device))
                    .collect(),
            }),
        }
    }
}

/// From photos to embeddings.
#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a network is made once, and its tensors are handles"
)]
pub enum Backbone {
    /// For processors.
    Cnn(SmallCnn),
    /// The paper's.
    Xception(Xception),
    /// For numbers.
    Mlp(Mlp),
}

/// Convolutions of stride 2, each with batch normalization and a rectifier; the mean over all pixels follows.
#[derive(Module, Debug)]
pub struct SmallCnn {
    /// 3×3.
    pub layers: Vec<ConvolutionNorm>,
}

/// Dense layers, each with a rectifier.
#[derive(Module, Debug)]
pub struct Mlp {
    /// In order.
    pub layers: Vec<Linear>,
}

impl Backbone {
    /// The embedding of each photo.
    ///
    /// # Shapes
    ///
    /// - output: `[batch, features]`
    ///
    /// # Panics
    ///
    /// If numbers come to a backbone for pictures, or pictures to one for numbers.
    pub fn forward(&self, input: Input, statistics: Statistics) -> Tensor<2> {
        match (self, input) {
            (Self::Cnn(cnn), Input::Pictures(pictures)) => {
                let layers = cnn.layers.iter();
                pooled(layers.fold(pictures, |hidden, layer| layer.forward_rectified(hidden, statistics)))
            }
            (Self::Xception(xception), Input::Pictures(pictures)) => xception.forward(pictures, statistics),
            (Self::Mlp(mlp), Input::Features(features)) => mlp
                .layers
                .iter()
                .fold(features, |hidden, layer| relu(layer.forward(hidden))),
            _ => panic!("the backbone is for what photos are; configurations are checked for it"),
        }
    }
}
