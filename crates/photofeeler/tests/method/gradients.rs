//! Gradients against central differences.

use burn::{prelude::*, tensor::s};
use papers_core::testing::{assert_gradient, device, initialized, tensor_f64};
use photofeeler::{
    model::VoterModelConfig,
    objective::{cross_entropy, divergence, earth_movers, squared_error},
};

fn target(device: &Device) -> Tensor<2> {
    let shares = [0.1, 0.0, 0.2, 0.1, 0.25, 0.0, 0.05, 0.3, 0.0, 0.0];
    tensor_f64(shares.to_vec(), [1, 10], device)
}

#[test]
fn losses_have_the_gradients_of_differences() {
    let point = [0.3, -1.2, 0.4, 0.0, 2.0, -0.3, 0.7, 0.1, -0.8, 0.6];
    for loss in [divergence, cross_entropy, earth_movers] {
        assert_gradient(&point, |logits| {
            let target = target(&logits.device());
            loss(logits.reshape([1, 10]), target)
        });
    }
    assert_gradient(&[0.4, 0.9], |scores| {
        let target = tensor_f64(vec![0.1, 0.7], [2, 1], &scores.device());
        squared_error(scores.reshape([2, 1]), target)
    });
}

#[test]
fn what_voters_say_has_the_gradient_of_differences_by_photo_and_by_voter() {
    // Ten shares and three numbers of a voter.
    let point: Vec<f64> = (0..13).map(|place| f64::from(place * 5 % 11) / 10.0 - 0.45).collect();
    assert_gradient(&point, |point| {
        let plain = device();
        let double = initialized(|| VoterModelConfig::new(4, 10, 3, vec![6, 5]).init(&plain));
        let double = burn::module::Module::map(double, &mut InDouble);
        let point = point.reshape([1, 13]);
        let (inputs, embedding) = (point.clone().slice(s![.., ..10]), point.slice(s![.., 10..]));
        let logits = double.of_embeddings(inputs, embedding);
        let target = target(&logits.device());
        cross_entropy(logits, target)
    });
}

/// Weights that depend on their place alone, in double precision.
struct InDouble;

impl burn::module::ModuleMapper for InDouble {
    fn map_float<const D: usize>(&mut self, param: burn::module::Param<Tensor<D>>) -> burn::module::Param<Tensor<D>> {
        let (id, value, mapper) = param.consume();
        let shape = value.dims();
        let count: usize = shape.iter().product();
        // Statistics are of length ten; deviations must not be 0.
        let values = (0..count).map(|place| {
            if D == 1 {
                0.6
            } else {
                ((place * 7919) % 101) as f64 / 101.0 - 0.5
            }
        });
        let value = tensor_f64(values.collect(), shape, &value.device());
        burn::module::Param::from_mapped_value(id, value, mapper)
    }
}
