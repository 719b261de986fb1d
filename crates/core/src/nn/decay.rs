use burn::{
    module::{Module, ModuleMapper, Param},
    prelude::*,
};

/// Multiplies the kernels of a module in training by `factor`: the trainable parameters of rank 2 and more, which are
/// those of dense layers and convolutions. Biases, scales and shifts of norms, running statistics and frozen parameters
/// stay what they are.
///
/// With `factor = 1 - decay·rate` after an optimizer's update it is weight decay apart from the gradients.
pub fn decay_kernels<M: Module>(module: M, factor: f64) -> M {
    if factor == 1.0 {
        return module;
    }
    module.map(&mut Decay { factor })
}

struct Decay {
    factor: f64,
}

impl ModuleMapper for Decay {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if D < 2 || !param.is_require_grad() {
            return param;
        }
        param.map(|weight| {
            let strategy = weight.gradient_checkpointing_strategy().unwrap_or_default();
            let decayed = (weight.inner() * self.factor).autodiff();
            decayed.with_gradient_checkpointing_strategy(strategy).require_grad()
        })
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig, conv::Conv2d, conv::Conv2dConfig};

    use super::*;
    use crate::testing::{self, assert_close, values};

    #[derive(Module, Debug)]
    struct Network {
        convolution: Conv2d,
        norm: BatchNorm,
        layer: Linear,
        frozen: Param<Tensor<2>>,
    }

    fn ones<const D: usize>(param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|weight| (weight.inner() * 0.0 + 1.0).autodiff().require_grad())
    }

    #[test]
    fn only_kernels_shrink_and_they_stay_trainable() {
        let device = testing::device().autodiff();
        let mut network = testing::initialized(|| Network {
            convolution: Conv2dConfig::new([1, 1], [1, 1]).init(&device),
            norm: BatchNormConfig::new(1).init(&device),
            layer: LinearConfig::new(1, 1).init(&device),
            frozen: Param::from_tensor(Tensor::ones([1, 1], &device)).set_require_grad(false),
        });
        network.convolution.weight = ones(network.convolution.weight);
        network.convolution.bias = network.convolution.bias.map(ones);
        network.layer.weight = ones(network.layer.weight);
        network.layer.bias = network.layer.bias.map(ones);

        let network = decay_kernels(network, 0.5);
        let one = |tensor: Option<Param<Tensor<1>>>| values(tensor.expect("a bias").val())[0];
        assert_close(&values(network.convolution.weight.val()), &[0.5], 0.0);
        assert_close(&values(network.layer.weight.val()), &[0.5], 0.0);
        assert_eq!([one(network.convolution.bias), one(network.layer.bias)], [1.0, 1.0]);
        assert_close(&values(network.norm.gamma.val()), &[1.0], 0.0);
        assert_close(&values(network.norm.running_var.value()), &[1.0], 0.0);
        assert_close(&values(network.frozen.val()), &[1.0], 0.0);
        assert!(network.convolution.weight.is_require_grad() && network.layer.weight.is_require_grad());
    }
}
