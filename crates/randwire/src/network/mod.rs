//! Networks whose stages are wired by random graphs (section 3, table 1).

mod config;
mod cost;
mod node;
mod operation;
mod stage;
mod wiring;

pub(crate) use config::classifier;
pub use config::{NetworkConfig, StageConfig};
pub use cost::{Cost, StageCost};
pub use node::Node;
pub use operation::{Operation, Transform};
pub use stage::{Removal, Stage};
pub(crate) use wiring::Wiring;

use burn::{
    module::{Module, ModuleMapper, Param},
    nn::Linear,
    prelude::*,
};
use papers_core::nn::{BatchNorm, BatchNormConfig, Convolution, Statistics, dropout, leaky_relu};

/// What the running averages keep of themselves in an update: the customary momentum of 0.1.
const KEEP: f64 = 0.9;
/// Added to variances.
const EPSILON: f64 = 1e-5;

pub(crate) fn normalization(channels: usize, device: &Device) -> BatchNorm {
    BatchNormConfig::new(channels)
        .with_epsilon(EPSILON)
        .with_keep(KEEP)
        .init(device)
}

/// A convolution without bias, and batch normalization.
#[derive(Module, Debug)]
pub struct Unit {
    /// Without bias.
    pub convolution: Convolution,
    /// After it.
    pub norm: BatchNorm,
}

impl Unit {
    pub(crate) fn new(channels: [usize; 2], side: usize, stride: usize, device: &Device) -> Self {
        Self {
            convolution: Convolution::new(channels, side, device).with_stride(stride),
            norm: normalization(channels[1], device),
        }
    }

    /// Applies it with the channels last; a slope of 0 adds a ReLU at the end, one of 1 nothing.
    pub(crate) fn forward(&self, input: Tensor<4>, statistics: Statistics, slope: f64) -> Tensor<4> {
        self.norm
            .forward_leaky(self.convolution.forward_last(input), statistics, slope)
    }
}

/// A stage of a network.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "there are few of them, and a module is no box")]
pub enum Block {
    /// ReLU, dense 3×3 convolution with stride 2, batch normalization: conv2 of the small regime.
    Dense(Unit),
    /// Wired by a graph.
    Wired(Stage),
}

impl Block {
    /// The graph of a wired stage.
    pub fn graph(&self) -> Option<&crate::graph::Graph> {
        match self {
            Self::Dense(_) => None,
            Self::Wired(stage) => Some(&stage.graph),
        }
    }
}

/// A part that is left out for a while: of which stage, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Damage {
    /// The stage.
    pub stage: usize,
    /// Its part.
    pub removal: Removal,
}

/// How a network is applied.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    /// Whose statistics normalize.
    pub statistics: Statistics,
    /// What is left out.
    pub damage: Option<Damage>,
}

impl Mode {
    /// As in evaluation.
    pub const EVALUATION: Self = Self {
        statistics: Statistics::Running,
        damage: None,
    };
    /// As in training.
    pub const TRAINING: Self = Self {
        statistics: Statistics::Update,
        damage: None,
    };
}

/// A randomly wired network without a head: what a detector begins with.
#[derive(Module, Debug)]
pub struct Backbone {
    /// conv1: 3×3 and batch normalization, no ReLU.
    pub stem: Unit,
    /// conv2 to conv5, or as many stages as there are.
    pub stages: Vec<Block>,
    /// The stem and the first stages, so many of them together, stay what they are: see [`Self::frozen`].
    #[module(skip)]
    pub fixed: usize,
}

impl Backbone {
    /// The output of each stage, which the next one begins with a ReLU of.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, colors, height, width]`
    /// - outputs: `[batch, height, width, channels]`, each half as high and wide as the one before, rounded up
    pub fn forward(&self, images: Tensor<4>, mode: Mode) -> Vec<Tensor<4>> {
        let statistics = |part: usize| match part < self.fixed {
            true => Statistics::Running,
            false => mode.statistics,
        };
        let mut hidden = self.stem.forward(images.permute([0, 2, 3, 1]), statistics(0), 1.0);
        let mut outputs = Vec::with_capacity(self.stages.len());
        for (number, stage) in self.stages.iter().enumerate() {
            let removed = mode.damage.filter(|damage| damage.stage == number);
            let statistics = statistics(number + 1);
            hidden = match stage {
                Block::Dense(unit) => unit.forward(leaky_relu(hidden, 0.0), statistics, 1.0),
                Block::Wired(stage) => stage.forward(hidden, statistics, removed.map(|damage| damage.removal)),
            };
            outputs.push(hidden.clone());
        }
        outputs
    }

    /// All edges that edge drop chooses from: those whose target has another input.
    pub fn droppable_edges(&self) -> Vec<Damage> {
        let stages = self.stages.iter().enumerate();
        let graphs = stages.filter_map(|(number, stage)| Some((number, stage.graph()?)));
        let edges = graphs.flat_map(|(stage, graph)| {
            let edges = graph.droppable_edges().into_iter();
            edges.map(move |edge| Damage {
                stage,
                removal: Removal::Edge(edge),
            })
        });
        edges.collect()
    }

    /// The same with all scales and shifts of its normalizations fixed. Normalized by running statistics, they are then part
    /// of the convolutions.
    #[must_use]
    pub fn with_frozen_norms(self) -> Self {
        self.map(&mut FreezeNorms::default())
    }

    /// The same with the stem and the first stages, `parts` of them together, fixed: their weights are not trained, and their
    /// running statistics normalize in training, too, and are not taught.
    #[must_use]
    pub fn frozen(self, parts: usize) -> Self {
        let stages = self.stages.into_iter().enumerate();
        let stages = stages.map(|(number, stage)| if number + 1 < parts { stage.no_grad() } else { stage });
        Self {
            stages: stages.collect(),
            stem: if parts > 0 { self.stem.no_grad() } else { self.stem },
            fixed: parts,
        }
    }
}

/// A randomly wired network with its classifier.
#[derive(Module, Debug)]
pub struct RandWire {
    /// Stem and stages.
    pub backbone: Backbone,
    /// ReLU, 1×1, batch normalization in front of the mean over all pixels.
    pub head: Unit,
    /// From the mean to the classes.
    pub classifier: Linear,
    /// Whether another ReLU comes before the mean.
    #[module(skip)]
    pub head_relu: bool,
}

impl RandWire {
    /// One logit per class; where the classifier's weights are on a tape, a random `share` of the means is dropped.
    ///
    /// # Shapes
    ///
    /// - images: `[batch, colors, height, width]`
    /// - output: `[batch, classes]`
    pub fn forward(&self, images: Tensor<4>, mode: Mode, share: f64) -> Tensor<2> {
        let features = self.backbone.forward(images, mode).pop();
        let last = features.expect("a network has a stage");
        let slope = if self.head_relu { 0.0 } else { 1.0 };
        let head = self.head.forward(leaky_relu(last, 0.0), mode.statistics, slope);
        let [batch, height, width, channels] = head.dims();
        let means: Tensor<2> = head
            .reshape([batch, height * width, channels])
            .mean_dim(1)
            .squeeze_dim(1);
        self.classifier.forward(dropout(means, share))
    }
}

/// Fixes what is in a batch normalization.
#[derive(Default)]
struct FreezeNorms {
    /// Types of the modules around a parameter.
    around: Vec<String>,
}

impl ModuleMapper for FreezeNorms {
    fn enter_module(&mut self, _: &str, container: &str) {
        self.around.push(container.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.around.pop();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let is_norm = self.around.iter().any(|container| container.contains("BatchNorm"));
        if is_norm {
            parameter.set_require_grad(false)
        } else {
            parameter
        }
    }
}
