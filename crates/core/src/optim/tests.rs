use burn::{
    grad_clipping::GradientClippingConfig,
    module::Param,
    nn::{Linear, LinearConfig},
    optim::{AdamConfig, GradientsParams},
    tensor::DType,
};

use super::*;
use crate::{random::Streams, testing};

/// A layer after so many updates, with gradients of very different sizes.
fn trained(mut optimizer: ModuleOptimizer, updates: u64, dtype: DType) -> Vec<f64> {
    let device = testing::device().autodiff();
    let streams = Streams::new(5);
    let layer = LinearConfig::new(300, 70);
    let layer = streams.initialize("layer", &device, || layer.init(&device));
    let mut layer = Linear {
        weight: Param::from_tensor(Tensor::from_inner(layer.weight.val().inner().cast(dtype))),
        bias: None,
    };
    for step in 0..updates {
        layer = update(&mut optimizer, layer, step);
    }
    testing::values(layer.weight.val())
}

fn update(optimizer: &mut ModuleOptimizer, layer: Linear, step: u64) -> Linear {
    let device = layer.weight.device();
    let x: Tensor<2> = Streams::new(6)
        .normal("x", step, [8, 300], &device)
        .cast(layer.weight.val().dtype());
    let loss = (layer.forward(x).powi_scalar(3) * 10.0_f32.powi(step as i32 % 5 - 2)).sum();
    let gradients = GradientsParams::from_grads(loss.backward(), &layer);
    optimizer.step(1e-2, layer, gradients)
}

#[test]
fn weights_are_those_of_burn_to_the_bit() {
    for clip in [None, Some(0.5)] {
        let adam = Adam {
            clip: clip.map(f64::from),
            ..Adam::as_burn()
        };
        let burns = AdamConfig::new().with_epsilon(1e-8);
        let burns = burns.with_grad_clipping(clip.map(GradientClippingConfig::Value));
        for dtype in [DType::F32, DType::F64] {
            let (ours, theirs) = (trained(adam.init(), 12, dtype), trained(burns.init(), 12, dtype));
            assert_eq!(ours, theirs, "{clip:?} {dtype:?}");
        }
    }
}

/// The algorithm as it is written down in the paper.
#[test]
fn updates_are_those_of_the_paper() {
    let device = testing::device();
    let gradients = [3.0, -1e-3, 0.5, 40.0, 0.0];
    let (mut weight, mut mean, mut square) = (0.7, 0.0, 0.0);
    let mut ours = tensor(0.7, &device);
    let mut state = None;
    for (step, gradient) in gradients.into_iter().enumerate() {
        mean = 0.9 * mean + 0.1 * gradient;
        square = 0.999 * square + 0.001 * gradient * gradient;
        let of = |value: f64, beta: f64| value / (1.0 - beta.powi(step as i32 + 1));
        weight -= 0.01 * of(mean, 0.9) / (of(square, 0.999).sqrt() + 1e-8);
        (ours, state) = Adam::default().step(0.01, ours, tensor(gradient, &device), state);
        testing::assert_close(&testing::values(ours.clone()), &[weight], 1e-12);
    }
}

fn tensor(value: f64, device: &Device) -> Tensor<1> {
    testing::tensor_f64(vec![value], [1], device)
}

#[test]
fn a_bound_changes_what_is_learned() {
    let bounded = Adam {
        clip: Some(0.5),
        ..Adam::default()
    };
    let (bounded, free) = (
        trained(bounded.init(), 12, DType::F32),
        trained(Adam::default().init(), 12, DType::F32),
    );
    assert_ne!(bounded, free);
}

/// One weight of 2 and a gradient of 0.5: `g = 0.5 + 0.1 · 2`, and the first step is `rate · g / (|g| + ε)`.
#[test]
fn decay_is_added_to_the_gradient() {
    let device = testing::device();
    let adam = Adam {
        weight_decay: 0.1,
        epsilon: 0.7,
        ..Adam::default()
    };
    let (weight, state) = adam.step(0.01, tensor(2.0, &device), tensor(0.5, &device), None);
    testing::assert_close(&testing::values(weight), &[2.0 - 0.01 * 0.7 / 1.4], 1e-12);
    testing::assert_close(&testing::values(state.expect("moments").mean), &[0.07], 1e-12);
}

#[test]
fn moments_go_on_from_a_record() {
    let device = testing::device().autodiff();
    let layer =
        || -> Linear { Streams::new(5).initialize("layer", &device, || LinearConfig::new(300, 7).init(&device)) };
    let run = |breaks: bool| {
        let mut optimizer = Adam::default().init();
        let mut layer = layer();
        for step in 0..6 {
            layer = update(&mut optimizer, layer, step);
            if breaks && step == 2 {
                let bytes = optimizer.to_record().into_bytes().expect("a record");
                optimizer = Adam::default().init().from_bytes(bytes).expect("the same optimizer");
            }
        }
        testing::values(layer.weight.val())
    };
    assert_eq!(run(true), run(false));
}
