use burn::{
    module::{Initializer, Module, Param},
    prelude::*,
    tensor::{
        module::{avg_pool2d, max_pool2d},
        ops::{AvgPoolOptions, MaxPoolOptions},
    },
};
use papers_core::nn::{Convolution, convolution::Geometry, leaky_relu, rectified_depthwise};
use serde::{Deserialize, Serialize};

/// What a node computes between its ReLU and its batch normalization (section 3.2, and the study of operations in
/// section 4.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Depthwise 3×3, directly followed by 1×1.
    #[default]
    Separable,
    /// Dense 3×3.
    Dense,
    /// The largest of 3×3 pixels, followed by 1×1.
    MaxPool,
    /// The mean of 3×3 pixels, followed by 1×1.
    AveragePool,
}

impl Operation {
    /// All operations, the paper's main one first.
    pub const ALL: [Self; 4] = [Self::Separable, Self::Dense, Self::MaxPool, Self::AveragePool];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Separable => "separable",
            Self::Dense => "dense",
            Self::MaxPool => "max-pool",
            Self::AveragePool => "average-pool",
        }
    }

    /// Weights from `input` to `output` channels: those that are applied before the number of channels changes, and those
    /// that change it. Each is used once per output pixel.
    pub fn weights(self, input: usize, output: usize) -> [usize; 2] {
        match self {
            Self::Separable => [SIDE * SIDE * input, input * output],
            Self::Dense => [0, SIDE * SIDE * input * output],
            Self::MaxPool | Self::AveragePool => [0, input * output],
        }
    }
}

/// Pixels along a side of what an operation sees.
const SIDE: usize = 3;

/// An operation with its weights. None of them has a bias, since a normalization follows.
#[derive(Module, Debug)]
pub struct Transform {
    /// `[channels in, 1, 3, 3]`, of a separable convolution.
    pub depthwise: Option<Param<Tensor<4>>>,
    /// To the channels of the stage: 1×1, or 3×3 if dense.
    pub mix: Convolution,
    /// Which one it is.
    #[module(skip)]
    pub operation: Operation,
    /// Of what sees 3×3 pixels: the step, and a border that keeps the size.
    #[module(skip)]
    pub geometry: Geometry,
}

impl Transform {
    pub(super) fn new(operation: Operation, channels: [usize; 2], stride: usize, device: &Device) -> Self {
        // Normal with variance 2 / (outputs of an input), as dense kernels are (He et al. 2015).
        let std = (2.0 / (SIDE * SIDE) as f64).sqrt();
        let normal = Initializer::Normal { mean: 0.0, std };
        let depthwise = (operation == Operation::Separable).then(|| normal.init([channels[0], 1, SIDE, SIDE], device));
        let mix = match operation {
            Operation::Dense => Convolution::new(channels, SIDE, device).with_stride(stride),
            _ => Convolution::new(channels, 1, device),
        };
        Self {
            depthwise,
            mix,
            operation,
            geometry: Geometry { stride, padding: 1 },
        }
    }

    /// ReLU and the operation, with the channels last.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, height, width, channels in]`
    /// - output: `[batch, height / stride, width / stride, channels out]`, rounded up
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        if let Some(depthwise) = &self.depthwise {
            let seen = rectified_depthwise(input, depthwise.val(), self.geometry);
            return self.mix.forward_last(seen);
        }
        let rectified = leaky_relu(input, 0.0);
        let seen = match self.operation {
            Operation::Separable | Operation::Dense => rectified,
            Operation::MaxPool | Operation::AveragePool => self.pool(rectified),
        };
        self.mix.forward_last(seen)
    }

    fn pool(&self, input: Tensor<4>) -> Tensor<4> {
        let Geometry { stride, padding } = self.geometry;
        let (stride, padding) = ([stride; 2], [padding; 2]);
        let input = input.permute([0, 3, 1, 2]);
        let pooled = match self.operation {
            Operation::MaxPool => {
                let options = MaxPoolOptions::new([SIDE; 2]).with_stride(stride).with_padding(padding);
                max_pool2d(input, options)
            }
            _ => {
                let options = AvgPoolOptions::new([SIDE; 2]).with_stride(stride).with_padding(padding);
                // A border has no pixels that could count.
                avg_pool2d(input, options.with_count_include_pad(false))
            }
        };
        pooled.permute([0, 2, 3, 1])
    }
}
