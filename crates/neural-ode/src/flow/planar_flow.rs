//! The baseline: a planar normalizing flow (Rezende and Mohamed 2015), layer after layer.

use burn::{
    module::{Module, Param},
    prelude::*,
    tensor::{Distribution, activation::log_sigmoid},
};
use papers_core::{Result, vjp};

use crate::activation::tanh;

/// Layers `z ← z + û tanh(w·z + b)`, with `û = u + (softplus(w·u) - 1 - w·u) w/|w|²`, so that each can be inverted.
#[derive(Module, Debug)]
pub struct PlanarFlow {
    /// `w` of each layer, `[layers, D]`.
    pub weight: Param<Tensor<2>>,
    /// `u` of each layer, `[layers, D]`.
    pub direction: Param<Tensor<2>>,
    /// `b` of each layer, `[layers, 1]`.
    pub bias: Param<Tensor<2>>,
}

/// `w·u` at which `w·û = 0`: `softplus(x) = 1`.
fn identity_product() -> f64 {
    (std::f64::consts::E - 1.0).ln()
}

/// `1 + (1 - tanh²) w·û` is positive; single precision must not make zero of it.
const LEAST_STRETCH: f64 = 1e-6;

/// Halvings of an interval of at most a few units: to the last bits of `f64`.
const HALVINGS: usize = 60;

impl PlanarFlow {
    /// Layers close to the identity: `u` along `w`, of the length at which `û = 0`, and some noise. Layers with `u = 0`
    /// would each shrink the plane by a third, all of them to a line.
    #[expect(
        clippy::disallowed_methods,
        reason = "first weights: whoever builds the module seeds the device"
    )]
    pub fn new(dimension: usize, layers: usize, device: &Device) -> Self {
        let normal = |shape: [usize; 2], deviation: f64| {
            Tensor::<2>::random(shape, Distribution::Normal(0.0, deviation), device)
        };
        let weight = normal([layers, dimension], 1.0);
        let squared = weight.clone().square().sum_dim(1).clamp_min(1e-2);
        let direction = weight.clone() / squared * identity_product() + normal([layers, dimension], 0.1);
        Self {
            weight: Param::from_tensor(weight),
            direction: Param::from_tensor(direction),
            bias: Param::from_tensor(normal([layers, 1], 1.0)),
        }
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.weight.dims()[0]
    }

    /// `û` of each layer: `[layers, D]`.
    pub fn invertible_direction(&self) -> Tensor<2> {
        let (weight, direction) = (self.weight.val(), self.direction.val());
        let product = (weight.clone() * direction.clone()).sum_dim(1);
        let squared = weight.clone().square().sum_dim(1);
        // softplus(x) = -log sigmoid(-x), which does not overflow.
        let shift = -log_sigmoid(-product.clone()) - 1.0 - product;
        direction + weight * (shift / squared)
    }

    /// Positions after all layers, and `log |det|` of the Jacobian.
    ///
    /// # Shapes
    ///
    /// - position, first output: `[batch, D]`
    /// - second output: `[batch, 1]`
    pub fn forward(&self, position: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let dimension = position.dims()[1];
        let inputs = [
            position,
            self.weight.val(),
            self.invertible_direction(),
            self.bias.val(),
        ];
        let both = vjp::function(inputs, |[position, weight, direction, bias]| {
            let layers = Layers {
                weight,
                direction,
                bias,
            };
            let (position, log_determinant, passed) = layers.forward(position);
            let pullback = move |gradient: Tensor<2>| {
                let of_position = gradient.clone().narrow(1, 0, dimension);
                layers.backward(of_position, gradient.narrow(1, dimension, 1), passed)
            };
            (Tensor::cat(vec![position, log_determinant], 1), pullback)
        });
        (both.clone().narrow(1, 0, dimension), both.narrow(1, dimension, 1))
    }

    /// Positions before all layers, and `log |det|` of the way forward, by halving an interval in each layer on the host:
    /// layers have no inverse in closed form. Without gradients.
    ///
    /// # Shapes
    ///
    /// - position, first output: `[batch, D]`
    /// - second output: `[batch, 1]`
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn inverse(&self, position: Tensor<2>) -> Result<(Tensor<2>, Tensor<2>)> {
        let layers = self.on_host()?;
        let like = position.without_autodiff();
        let [batch, dimension] = like.dims();
        let mut values: Vec<f64> = like.clone().try_into_vec_as()?;
        let rows = values.chunks_mut(dimension);
        let log_determinants: Vec<f64> = rows.map(|row| layers.inverse(0..self.layers(), row)).collect();
        let tensor = |values: Vec<f64>, width: usize| {
            Tensor::from_data(TensorData::new(values, [batch, width]), (&like.device(), like.dtype()))
        };
        Ok((tensor(values, dimension), tensor(log_determinants, 1)))
    }

    /// Its numbers on the host, to run layers backwards.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn on_host(&self) -> Result<HostLayers> {
        let rows = |tensor: Tensor<2>| -> Result<Vec<Vec<f64>>> {
            let width = tensor.dims()[1];
            let values: Vec<f64> = tensor.without_autodiff().try_into_vec_as()?;
            Ok(values.chunks(width).map(<[f64]>::to_vec).collect())
        };
        Ok(HostLayers {
            weight: rows(self.weight.val())?,
            direction: rows(self.invertible_direction())?,
            bias: rows(self.bias.val())?.concat(),
        })
    }
}

/// Plain tensors of all layers, with the pass forward and its derivative as one node of a tape: a node for every product
/// of every layer would cost more than the products.
struct Layers {
    weight: Tensor<2>,
    /// `û`.
    direction: Tensor<2>,
    bias: Tensor<2>,
}

/// What the way back of a layer needs of the way forward.
struct Passed {
    /// Position before it: `[batch, D]`.
    position: Tensor<2>,
    /// `tanh(w·z + b)`: `[batch, 1]`.
    hidden: Tensor<2>,
    /// `1 + (1 - tanh²) w·û`: `[batch, 1]`.
    stretch: Tensor<2>,
}

impl Layers {
    fn layer(&self, index: usize) -> [Tensor<2>; 3] {
        let row = |tensor: &Tensor<2>| tensor.clone().narrow(0, index, 1);
        [row(&self.weight), row(&self.direction), row(&self.bias)]
    }

    /// `w·û` of each layer.
    fn products(&self) -> Tensor<2> {
        (self.weight.clone() * self.direction.clone()).sum_dim(1)
    }

    fn forward(&self, mut position: Tensor<2>) -> (Tensor<2>, Tensor<2>, Vec<Passed>) {
        let products = self.products();
        let mut passed = Vec::with_capacity(self.weight.dims()[0]);
        let mut stretches = Vec::with_capacity(passed.capacity());
        for index in 0..self.weight.dims()[0] {
            let [weight, direction, bias] = self.layer(index);
            let hidden = tanh(position.clone().matmul(weight.transpose()) + bias);
            let slope = hidden.clone().square() * -1.0 + 1.0;
            let stretch = (slope * products.clone().narrow(0, index, 1) + 1.0).clamp_min(LEAST_STRETCH);
            let next = position.clone() + hidden.clone() * direction;
            stretches.push(stretch.clone());
            passed.push(Passed {
                position,
                hidden,
                stretch,
            });
            position = next;
        }
        let log_determinant = Tensor::cat(stretches, 1).log().sum_dim(1);
        (position, log_determinant, passed)
    }

    /// Gradients with respect to the position, `w`, `û` and `b`.
    fn backward(&self, of_position: Tensor<2>, of_determinant: Tensor<2>, passed: Vec<Passed>) -> [Tensor<2>; 4] {
        let products = self.products();
        let mut of_position = of_position;
        let (mut of_weight, mut of_direction, mut of_bias) = (Vec::new(), Vec::new(), Vec::new());
        for (index, layer) in passed.into_iter().enumerate().rev() {
            let [weight, direction, _] = self.layer(index);
            let Passed {
                position,
                hidden,
                stretch,
            } = layer;
            let product = products.clone().narrow(0, index, 1);
            let slope = hidden.clone().square() * -1.0 + 1.0;
            let of_stretch = of_determinant.clone() / stretch;
            let of_product = (of_stretch.clone() * slope.clone()).sum_dim(0);
            let of_hidden = of_position.clone().matmul(direction.clone().transpose());
            let of_input = slope * (of_hidden - hidden.clone() * of_stretch * product * 2.0);
            of_weight.push(of_input.clone().transpose().matmul(position) + of_product.clone() * direction);
            of_direction.push(hidden.transpose().matmul(of_position.clone()) + of_product * weight.clone());
            of_bias.push(of_input.clone().sum_dim(0));
            of_position = of_position + of_input.matmul(weight);
        }
        let rows = |mut rows: Vec<Tensor<2>>| {
            rows.reverse();
            Tensor::cat(rows, 0)
        };
        [of_position, rows(of_weight), rows(of_direction), rows(of_bias)]
    }
}

/// The layers on the host, in `f64`.
#[derive(Debug, Clone)]
pub struct HostLayers {
    weight: Vec<Vec<f64>>,
    direction: Vec<Vec<f64>>,
    bias: Vec<f64>,
}

impl HostLayers {
    /// Runs the layers of `range` on a position; returns `log |det|`.
    pub fn forward(&self, range: std::ops::Range<usize>, position: &mut [f64]) -> f64 {
        range.map(|layer| self.layer_forward(layer, position)).sum()
    }

    /// Runs the layers of `range` backwards on a position, from the last to the first; returns `log |det|` of the way
    /// forward.
    pub fn inverse(&self, range: std::ops::Range<usize>, position: &mut [f64]) -> f64 {
        range.rev().map(|layer| self.layer_inverse(layer, position)).sum()
    }

    fn layer_forward(&self, layer: usize, position: &mut [f64]) -> f64 {
        let (weight, direction) = (&self.weight[layer], &self.direction[layer]);
        let hidden = (dot(weight, position) + self.bias[layer]).tanh();
        for (value, step) in position.iter_mut().zip(direction) {
            *value += step * hidden;
        }
        (1.0 + (1.0 - hidden * hidden) * dot(weight, direction)).ln()
    }

    /// Along `w` the layer is a growing function, `α + w·û tanh(α + b)`, whose argument lies within `|w·û|`.
    fn layer_inverse(&self, layer: usize, position: &mut [f64]) -> f64 {
        let (weight, direction, bias) = (&self.weight[layer], &self.direction[layer], self.bias[layer]);
        let (target, product) = (dot(weight, position), dot(weight, direction));
        let (mut low, mut high) = (target - product.abs(), target + product.abs());
        for _ in 0..HALVINGS {
            let middle = low.midpoint(high);
            if middle + product * (middle + bias).tanh() < target {
                low = middle;
            } else {
                high = middle;
            }
        }
        let hidden = (low.midpoint(high) + bias).tanh();
        for (value, step) in position.iter_mut().zip(direction) {
            *value -= step * hidden;
        }
        (1.0 + (1.0 - hidden * hidden) * product).ln()
    }
}

fn dot(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
