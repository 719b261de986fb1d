//! A network that embeds: any backbone, and an embedding layer cut into learners.

use burn::{
    module::{Initializer, Module, ModuleDisplay},
    nn::{Linear, LinearConfig},
    optim::GradientsParams,
    prelude::*,
};
use serde::{Deserialize, Serialize};

use crate::{
    MetricError, Part, Slices,
    slices::{normalize, normalize_slices},
};

/// What a forward pass is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To learn from: dropout is on.
    Train,
    /// To measure, or to divide by.
    Evaluate,
}

/// A network without its embedding layer. `D` is the rank of the inputs.
pub trait Backbone<const D: usize>: Module + ModuleDisplay {
    /// One row of features for each input.
    ///
    /// # Shapes
    ///
    /// - inputs: `[batch, ..]`
    /// - output: `[batch, features]`
    fn features(&self, inputs: Tensor<D>, mode: Mode) -> Tensor<2>;
}

/// What an optimizer does to other slices while one learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SliceUpdate {
    /// They have gradients of zero, so that momentum and decay still move them, as in the paper's program.
    #[default]
    Paper,
    /// They are left alone.
    Own,
}

/// Which vectors are compared in evaluation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvaluationNorm {
    /// The whole embedding is brought to length 1, as in the last phase of training.
    #[default]
    Full,
    /// Every slice is, as the released evaluation does it.
    Slice,
}

/// A backbone and an embedding layer, of which each slice of rows is a learner.
#[derive(Module, Debug)]
pub struct Embedder<B: Module + ModuleDisplay> {
    /// Makes features of inputs.
    pub backbone: B,
    /// The slices of the embedding layer in order.
    pub learners: Vec<Linear>,
}

impl<B: Module + ModuleDisplay> Embedder<B> {
    /// Adds an embedding layer to a backbone of so many features. The weights of each slice are Xavier normal by its own
    /// width, so that their size does not depend on how many slices there are.
    pub fn new(backbone: B, features: usize, slices: Slices, device: &Device) -> Self {
        let learner = |_| Linear {
            bias: Some(Initializer::Zeros.init([slices.width()], device)),
            ..LinearConfig::new(features, slices.width())
                .with_initializer(Initializer::XavierNormal { gain: 1.0 })
                .init(device)
        };
        Self {
            backbone,
            learners: (0..slices.learners()).map(learner).collect(),
        }
    }

    /// How the embedding is cut.
    ///
    /// # Panics
    ///
    /// If the slices were made unequal.
    pub fn slices(&self) -> Slices {
        let width = |learner: &Linear| learner.weight.lazy_shape().dims::<2>()[1];
        let dimension = self.learners.iter().map(width).sum();
        Slices::new(dimension, self.learners.len()).expect("equal slices")
    }

    /// The embedding of features, not brought to length 1.
    ///
    /// # Shapes
    ///
    /// - features: `[batch, features]`
    /// - output: `[batch, d]`, or `[batch, d / K]` of a slice
    ///
    /// # Panics
    ///
    /// If there is no such learner.
    pub fn embed(&self, features: Tensor<2>, part: Part) -> Tensor<2> {
        match part {
            Part::Slice(learner) => self.learners[learner].forward(features),
            Part::Whole => self.whole(features),
        }
    }

    /// Gives all learners but one the gradient that they have in the layer as a whole: exactly zero.
    pub(crate) fn add_zero_gradients(&self, gradients: &mut GradientsParams, learner: usize) {
        for (_, other) in self.learners.iter().enumerate().filter(|(index, _)| *index != learner) {
            gradients.register(other.weight.id, other.weight.val().inner().zeros_like());
            if let Some(bias) = &other.bias {
                gradients.register(bias.id, bias.val().inner().zeros_like());
            }
        }
    }

    fn whole(&self, features: Tensor<2>) -> Tensor<2> {
        let slices = self.learners.iter().map(|learner| learner.forward(features.clone()));
        let mut slices: Vec<Tensor<2>> = slices.collect();
        if slices.len() == 1 {
            slices.remove(0)
        } else {
            Tensor::cat(slices, 1)
        }
    }

    /// Features and embeddings of inputs, without dropout.
    ///
    /// # Shapes
    ///
    /// - inputs: `[batch, ..]`
    /// - output: `[batch, features]` and `[batch, d]`, neither of length 1
    pub fn forward<const D: usize>(&self, inputs: Tensor<D>) -> (Tensor<2>, Tensor<2>)
    where
        B: Backbone<D>,
    {
        let features = self.backbone.features(inputs, Mode::Evaluate);
        (features.clone(), self.whole(features))
    }

    /// The embeddings of inputs as they are compared.
    ///
    /// # Shapes
    ///
    /// - inputs: `[batch, ..]`
    /// - output: `[batch, d]`
    pub fn unit_embeddings<const D: usize>(&self, inputs: Tensor<D>, norm: EvaluationNorm) -> Tensor<2>
    where
        B: Backbone<D>,
    {
        let (_, embeddings) = self.forward(inputs);
        match norm {
            EvaluationNorm::Full => normalize(embeddings),
            EvaluationNorm::Slice => normalize_slices(embeddings, self.slices()),
        }
    }
}

/// Refuses a division that cannot be trained: `K` must divide `d`, and there must be as many examples.
///
/// # Errors
///
/// [`MetricError::Slices`], [`MetricError::Clusters`].
pub fn check_division(dimension: usize, learners: usize, examples: usize) -> Result<Slices, MetricError> {
    let slices = Slices::new(dimension, learners)?;
    if learners > examples {
        return Err(MetricError::Clusters {
            points: examples,
            clusters: learners,
        });
    }
    Ok(slices)
}
