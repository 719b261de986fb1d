//! The classifiers of the paper's section 3: one stem, one head, and in between an ODE, residual blocks or nothing.

use burn::{
    module::Module,
    nn::{Linear, LinearConfig},
    prelude::*,
};
use serde::{Deserialize, Serialize};

use papers_core::nn::{Convolution, GroupNorm, convolution::Geometry};

use super::layers::{IDENTITY, RELU, ResidualBlock, TimeConvolution, biased, group_norm};
use crate::{Dynamics, Failure, Solution, Solver};

/// Time over which the ODE is solved (the release; the paper leaves it open).
pub(super) const TIMES: [f64; 2] = [0.0, 1.0];
/// Pictures with fewer rows or columns are halved once, not twice, and keep their border in the first layer.
const SMALL: usize = 16;

/// How a picture becomes the state of the ODE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StemKind {
    /// Convolutions with stride 2, the release's default.
    Conv,
    /// Residual blocks with stride 2, what the paper describes.
    Res,
}

/// What stands between stem and head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trunk {
    /// An ODE.
    Ode,
    /// So many residual blocks; 6 in the paper's ResNet.
    Blocks(usize),
}

/// Sizes of a classifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassifierConfig {
    /// Channels of the pictures.
    pub colors: usize,
    /// Rows and columns of the pictures.
    pub side: usize,
    /// Classes.
    pub classes: usize,
    /// Channels of all layers; 64 in the paper.
    pub width: usize,
    /// The stem.
    pub stem: StemKind,
    /// The middle.
    pub trunk: Trunk,
}

impl ClassifierConfig {
    /// A classifier with random weights.
    pub fn init(&self, device: &Device) -> Classifier {
        let blocks = match self.trunk {
            Trunk::Ode => 0,
            Trunk::Blocks(blocks) => blocks,
        };
        Classifier {
            stem: Stem::new(self, device),
            dynamics: (self.trunk == Trunk::Ode).then(|| OdeFunction::new(self.width, device)),
            blocks: (0..blocks).map(|_| ResidualBlock::new(self.width, device)).collect(),
            head: Head {
                norm: group_norm(self.width, device),
                linear: LinearConfig::new(self.width, self.classes).init(device),
            },
        }
    }
}

/// A classifier of pictures.
#[derive(Module, Debug)]
pub struct Classifier {
    /// From pictures to states.
    pub stem: Stem,
    /// The right-hand side of the ODE, if there is one.
    pub dynamics: Option<OdeFunction>,
    /// Residual blocks, if there are any.
    pub blocks: Vec<ResidualBlock>,
    /// From states to classes.
    pub head: Head,
}

/// What a classifier says about a batch.
#[derive(Debug, Clone)]
pub struct Prediction {
    /// Logarithms of probabilities, up to a constant: `[batch, classes]`.
    pub logits: Tensor<2>,
    /// The solution of the ODE, if there is one: `[batch, rows, rows, width]` at each time.
    pub solution: Option<Solution<Tensor<4>>>,
}

impl Classifier {
    /// Classifies a batch; `solver` solves the ODE, if there is one, over `t` from 0 to 1, and decides where gradients
    /// come from.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, colors, side, side]`, values in `[0, 1]`
    ///
    /// # Errors
    ///
    /// What the solver reports.
    pub fn forward(&self, images: Tensor<4>, solver: &Solver) -> Result<Prediction, Failure<Tensor<4>>> {
        let mut state = self.stem.forward(images);
        let mut solution = None;
        if let Some(dynamics) = &self.dynamics {
            let solved = solver.solve_module(dynamics, state, &TIMES)?;
            state = solved.last().clone();
            solution = Some(solved);
        }
        for block in &self.blocks {
            state = block.forward(state);
        }
        Ok(Prediction {
            logits: self.head.forward(state),
            solution,
        })
    }
}

/// Brings a picture to the size on which the ODE acts.
///
/// As in the release: a 3x3 convolution without padding, then two halvings, from 28 to 26 to 13 to 6 (`conv`) or 7
/// (`res`) rows. Pictures below 16 pixels, such as the 8x8 digits, keep their border and are halved once, from 8 to 4.
#[derive(Module, Debug)]
pub struct Stem {
    /// 3x3, from colors to channels.
    pub first: Convolution,
    /// In front of each of `halvings`.
    pub norms: Vec<GroupNorm>,
    /// 4x4 with stride 2, in the `conv` stem.
    pub halvings: Vec<Convolution>,
    /// Residual blocks with stride 2, in the `res` stem.
    pub blocks: Vec<ResidualBlock>,
}

impl Stem {
    fn new(config: &ClassifierConfig, device: &Device) -> Self {
        let width = config.width;
        let (padding, count) = if config.side < SMALL { (1, 1) } else { (0, 2) };
        let convolutions = if config.stem == StemKind::Conv { count } else { 0 };
        let halving = |_| biased([width; 2], 4, Geometry { stride: 2, padding: 1 }, device);
        Self {
            first: biased([config.colors, width], 3, Geometry { stride: 1, padding }, device),
            norms: (0..convolutions).map(|_| group_norm(width, device)).collect(),
            halvings: (0..convolutions).map(halving).collect(),
            blocks: (convolutions..count)
                .map(|_| ResidualBlock::halving(width, device))
                .collect(),
        }
    }

    /// Applies the stem.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, colors, side, side]`
    /// - output: `[batch, rows, rows, width]`
    pub fn forward(&self, images: Tensor<4>) -> Tensor<4> {
        let mut state = self.first.forward_last(images.permute([0, 2, 3, 1]));
        for (norm, halving) in self.norms.iter().zip(&self.halvings) {
            state = halving.forward_last(norm.forward_leaky(state, RELU));
        }
        for block in &self.blocks {
            state = block.forward(state);
        }
        state
    }
}

/// The dynamics of ODE-Net: normalization and ReLU in front of each of two convolutions that see the time, and a last
/// normalization.
#[derive(Module, Debug)]
pub struct OdeFunction {
    /// In front of the first and second convolution, and at the end.
    pub norms: Vec<GroupNorm>,
    /// See the time.
    pub convolutions: Vec<TimeConvolution>,
}

impl OdeFunction {
    /// Dynamics with random weights.
    pub fn new(channels: usize, device: &Device) -> Self {
        Self {
            norms: (0..3).map(|_| group_norm(channels, device)).collect(),
            convolutions: (0..2).map(|_| TimeConvolution::new(channels, device)).collect(),
        }
    }
}

impl Dynamics<Tensor<4>> for OdeFunction {
    /// # Shapes
    ///
    /// - state, output: `[batch, height, width, channels]`
    fn evaluate(&self, time: f64, state: Tensor<4>) -> Tensor<4> {
        let hidden = self.norms[0].forward_leaky(state, RELU);
        let hidden = self.convolutions[0].forward(time, hidden);
        let hidden = self.norms[1].forward_leaky(hidden, RELU);
        let hidden = self.convolutions[1].forward(time, hidden);
        self.norms[2].forward_leaky(hidden, IDENTITY)
    }
}

/// Averages a normalized state over its pixels and classifies the average.
#[derive(Module, Debug)]
pub struct Head {
    /// In front, with ReLU.
    pub norm: GroupNorm,
    /// From channels to classes.
    pub linear: Linear,
}

impl Head {
    /// Applies the head.
    ///
    /// # Shapes
    ///
    /// - state: `[batch, height, width, channels]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, state: Tensor<4>) -> Tensor<2> {
        let [batch, height, width, channels] = state.dims();
        let active = self.norm.forward_leaky(state, RELU);
        let average = active
            .reshape([batch, height * width, channels])
            .mean_dim(1)
            .squeeze_dim(1);
        self.linear.forward(average)
    }
}
