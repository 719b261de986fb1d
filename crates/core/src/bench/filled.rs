//! Numbers that are the same in another language: from the index of an element alone, with exact arithmetic.

use burn::{
    module::{Module, ModuleMapper, Param},
    prelude::*,
};

use crate::random::Streams;

/// `(7919·i mod 1009) / 1009 - 1/2`.
pub fn number(index: usize) -> f64 {
    (index * 7919 % 1009) as f64 / 1009.0 - 0.5
}

/// Numbers in `±scale`, in the order of the elements.
///
/// # Shapes
///
/// - output: `shape`
pub fn tensor<const D: usize>(shape: [usize; D], scale: f64, device: &Device) -> Tensor<D> {
    let count = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|index| (2.0 * scale * number(index)) as f32).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// The same module with weights that depend on their shapes alone: in `±1/√(inputs of a unit)`, biases zero,
/// everything else as it is.
pub fn module<M: Module>(module: M) -> M {
    // Lazy weights are drawn before they are replaced, from a generator that is the whole process's.
    let device = module.devices().first().cloned().unwrap_or_default();
    let _seeded = Streams::new(0).seed_device("filled", 0, &device);
    module.map(&mut Fill { path: Vec::new() })
}

struct Fill {
    path: Vec<String>,
}

impl ModuleMapper for Fill {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.last().cloned().unwrap_or_default();
        parameter.map(|value| {
            let is_tracked = value.is_require_grad();
            let filled = match name.as_str() {
                "bias" => value.clone().inner().zeros_like(),
                "weight" => weight(&value.clone().inner()),
                _ => return value,
            };
            if value.is_autodiff() {
                filled.autodiff().set_require_grad(is_tracked)
            } else {
                filled
            }
        })
    }
}

/// Weights for the parameter `like`.
fn weight<const D: usize>(like: &Tensor<D>) -> Tensor<D> {
    let (dims, device) = (like.dims(), like.device());
    if D == 2 {
        // A matrix of Burn is `[inputs, outputs]`, one of PyTorch the other way round.
        let turned = tensor([dims[1], dims[0]], 1.0 / (dims[0] as f64).sqrt(), &device);
        return turned.transpose().reshape(dims);
    }
    let inputs: usize = dims[1..].iter().product();
    tensor(dims, 1.0 / (inputs as f64).sqrt(), &device)
}

#[cfg(test)]
mod tests {
    use burn::nn::LinearConfig;

    use super::*;
    use crate::testing::{assert_close, device, values};

    #[test]
    fn numbers_follow_from_their_index() {
        // 7919 = 7 · 1009 + 856.
        let expected = [-1.0, 2.0 * 856.0 / 1009.0 - 1.0];
        assert_close(&values(tensor([1, 2], 1.0, &device())), &expected, 1e-7);
    }

    #[test]
    fn weights_are_filled_by_output_and_still_learn() {
        let device = device().autodiff();
        let layer = module(LinearConfig::new(2, 3).init(&device));
        let scale = 2.0 / 2f64.sqrt();
        // The weight of output 1 from input 0 is the third number; Burn stores `[inputs, outputs]`.
        let weight = values(layer.weight.val().inner());
        assert_close(&weight[1..2], &[scale * number(2)], 1e-7);
        assert_close(&weight[3..4], &[scale * number(1)], 1e-7);
        let input = Tensor::<2>::ones([1, 2], &device);
        let gradients = layer.forward(input).sum().backward();
        let gradient = layer.weight.val().grad(&gradients).expect("tracked");
        assert_close(&values(gradient), &[1.0; 6], 0.0);
        assert_close(&values(layer.bias.expect("one").val().inner()), &[0.0; 3], 0.0);
    }
}
