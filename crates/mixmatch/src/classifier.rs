use burn::{module::Module, prelude::*};
use papers_core::nn::{ConvNet13, Statistics, WideResNet};

/// A network that the methods can train: from inputs of rank `D` to classes.
///
/// Every pass of an algorithm says which statistics its batch normalization has to use, so that guesses never teach the
/// running averages anything; [`papers_core::nn::BatchNorm`] does what it is told. A network without batch
/// normalization ignores it.
///
/// Inputs are never on the tape themselves, and passes without gradients are made with [`Module::valid`]: there, and in
/// front of the first weights, Burn's own dropout and batch normalization are in inference mode.
pub trait Classifier<const D: usize>: Module {
    /// Logarithms of the probabilities of the classes, up to a constant for each row.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, ..]`
    /// - output: `[batch, classes]`
    fn forward(&self, input: Tensor<D>, statistics: Statistics) -> Tensor<2>;

    /// The fewest examples of a batch in training. Batch normalization learns nothing from a single one.
    fn smallest_batch(&self) -> usize {
        2
    }
}

impl Classifier<4> for WideResNet {
    fn forward(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<2> {
        Self::forward(self, input, statistics)
    }
}

impl Classifier<4> for ConvNet13 {
    fn forward(&self, input: Tensor<4>, statistics: Statistics) -> Tensor<2> {
        Self::forward(self, input, statistics)
    }
}
