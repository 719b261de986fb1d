//! Velocity fields `f(t, z)` of flows, with their Jacobians along directions.
//!
//! Derivatives in `z` are forward-mode tangents, made of tensor operations like the field itself. So a loss that holds a
//! divergence is differentiated by one reverse pass, without second-order autodiff.

mod hyper;
mod perceptron;
mod planar;

pub use hyper::HyperNetwork;
pub use perceptron::TimePerceptron;
pub use planar::{Gate, Planar};

use burn::{
    module::{Module, ModuleDisplay},
    prelude::*,
};

/// A velocity field `f(t, z)` that knows its Jacobian along directions.
///
/// `D` is the dimension of a position.
pub trait VelocityField: Module + ModuleDisplay {
    /// `D`.
    fn dimension(&self) -> usize;

    /// `f(t, z)`.
    ///
    /// # Shapes
    ///
    /// - position, output: `[batch, D]`
    fn velocity(&self, time: f64, position: Tensor<2>) -> Tensor<2>;

    /// `f(t, z)`, and `∂f/∂z · v` for several directions `v` of each position.
    ///
    /// # Shapes
    ///
    /// - position, first output: `[batch, D]`
    /// - directions, second output: `[directions, batch, D]`
    fn push_forward(&self, time: f64, position: Tensor<2>, directions: Tensor<3>) -> (Tensor<2>, Tensor<3>);

    /// `f(t, z)` and its divergence `tr ∂f/∂z`, by the columns of the Jacobian where there is no closed form.
    ///
    /// # Shapes
    ///
    /// - position, first output: `[batch, D]`
    /// - second output: `[batch, 1]`
    fn with_divergence(&self, time: f64, position: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let axes = axes(&position);
        let (velocity, columns) = self.push_forward(time, position, axes.clone());
        (velocity, contract(columns, axes))
    }
}

/// The unit vectors as directions of each position: `[D, batch, D]`.
pub(super) fn axes(position: &Tensor<2>) -> Tensor<3> {
    let [batch, dimension] = position.dims();
    let identity = Tensor::<2>::eye(dimension, &position.device()).cast(position.dtype());
    let axes = identity
        .reshape([dimension, 1, dimension])
        .expand([dimension, batch, dimension]);
    on_the_tape_of(position, axes)
}

/// `Σ_k ⟨a_k, b_k⟩` over directions and components: `[batch, 1]`.
pub(super) fn contract(one: Tensor<3>, other: Tensor<3>) -> Tensor<2> {
    (one * other).sum_dim(2).sum_dim(0).squeeze_dim(0)
}

/// A constant that can be combined with `like`.
pub(super) fn on_the_tape_of<const A: usize, const B: usize>(like: &Tensor<A>, constant: Tensor<B>) -> Tensor<B> {
    if like.is_autodiff() {
        constant.autodiff()
    } else {
        constant.without_autodiff()
    }
}
