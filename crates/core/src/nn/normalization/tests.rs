use burn::tensor::{DType, s};

use super::*;
use crate::testing::{self, assert_close, device, tensor_f64, values};

const MODES: [Statistics; 3] = [Statistics::Update, Statistics::Batch, Statistics::Running];

/// With a mean and a spread that are not those of a normalized input.
fn random<const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<D> {
    testing::normal(seed, shape) * 1.5 + 0.3
}

/// A layer of two channels with all numbers different.
fn layer(device: &Device) -> BatchNorm {
    let vector = |values: [f64; 2]| tensor_f64(values.to_vec(), [2], device);
    BatchNorm {
        scale: Param::from_tensor(vector([1.5, -0.7])),
        shift: Param::from_tensor(vector([0.2, -0.4])),
        running_mean: RunningAverage::new(vector([0.1, -0.3])),
        running_variance: RunningAverage::new(vector([0.8, 2.0])),
        ..BatchNormConfig::new(2).with_keep(0.9).init(device)
    }
}

fn running(layer: &BatchNorm) -> [Vec<f64>; 2] {
    [&layer.running_mean, &layer.running_variance].map(|average| values(average.value()))
}

/// Channel 0 holds 0, 2 (mean 1, variance 1), channel 1 holds 4, 8 (mean 6, variance 4).
fn two_values(device: &Device) -> Tensor<4> {
    tensor_f64(vec![0.0, 4.0, 2.0, 8.0], [2, 2, 1, 1], device)
}

#[test]
fn a_batch_is_normalized_by_its_biased_variance() {
    let layer = layer(&device());
    let output = layer.forward(two_values(&device()), Statistics::Batch);
    let standard = [(1.001_f64).sqrt().recip(), 2.0 * (4.001_f64).sqrt().recip()];
    let expected = [
        0.2 - 1.5 * standard[0],
        -0.4 + 0.7 * standard[1],
        0.2 + 1.5 * standard[0],
        -0.4 - 0.7 * standard[1],
    ];
    assert_close(&values(output), &expected, 1e-14);
}

#[test]
fn only_an_update_changes_the_running_averages_and_takes_the_unbiased_variance() {
    for statistics in [Statistics::Batch, Statistics::Running] {
        let layer = layer(&device());
        let before = running(&layer);
        layer.forward(two_values(&device()), statistics);
        assert_eq!(running(&layer), before);
    }
    let layer = layer(&device());
    layer.forward(two_values(&device()), Statistics::Update);
    let [mean, variance] = running(&layer);
    // 0.9 · old + 0.1 · batch, the variances twice the biased ones.
    assert_close(&mean, &[0.09 + 0.1, -0.27 + 0.6], 1e-15);
    assert_close(&variance, &[0.72 + 0.2, 1.8 + 0.8], 1e-15);
}

#[test]
fn running_statistics_are_those_of_evaluation() {
    let layer = layer(&device());
    let output = layer.forward(two_values(&device()), Statistics::Running);
    let [zero, one] = [1.5 / 0.801_f64.sqrt(), -0.7 / 2.001_f64.sqrt()];
    let expected = [0.2 - 0.1 * zero, -0.4 + 4.3 * one, 0.2 + 1.9 * zero, -0.4 + 8.3 * one];
    assert_close(&values(output), &expected, 1e-14);
}

#[test]
fn a_tape_changes_no_value() {
    for statistics in MODES {
        let input = random(0, [3, 2, 2, 3]);
        let plain = layer(&device());
        let taped = layer(&device().autodiff());
        let expected = plain.forward(input.clone(), statistics);
        let found = taped.forward(input.autodiff(), statistics);
        assert_eq!(values(found), values(expected));
        assert_eq!(running(&taped), running(&plain));
    }
}

#[test]
fn gradients_match_finite_differences_in_every_mode() {
    let weights = random(1, [2, 2, 1, 3]);
    let point: Vec<f64> = values(random(0, [12 + 4]));
    for statistics in MODES {
        for slope in [1.0, 0.1] {
            testing::assert_gradient(&point, |point| {
                let input = point.clone().slice(s![0..12]).reshape([2, 1, 3, 2]);
                let mut layer = layer(&point.device());
                layer.scale = Param::initialized(layer.scale.id, point.clone().slice(s![12..14]));
                layer.shift = Param::initialized(layer.shift.id, point.slice(s![14..16]));
                let output = layer.forward_leaky(input, statistics, slope);
                output.permute([0, 3, 1, 2]) * weights.clone()
            });
        }
    }
}

#[test]
fn a_copy_has_averages_of_its_own() {
    let layer = layer(&device().autodiff());
    let (copy, before) = (layer.clone(), running(&layer));
    let evaluated = layer.valid();
    layer.forward(two_values(&device()), Statistics::Update);
    assert_eq!(running(&copy), before);
    assert_eq!(running(&evaluated), before);
    assert_ne!(running(&layer), before);
}

#[test]
fn running_averages_are_saved_but_never_trained() {
    let device = device().autodiff();
    let layer = layer(&device);
    layer.forward(two_values(&device), Statistics::Update);
    let loaded = BatchNormConfig::new(2)
        .init(&device)
        .load_record(layer.clone().into_record());
    // Records hold what the target's precision holds.
    for (loaded, saved) in running(&loaded).iter().zip(&running(&layer)) {
        assert_close(loaded, saved, 1e-6);
    }
    assert!(!loaded.running_mean.value().is_require_grad());
    let loaded = loaded.unfreeze().valid().train();
    assert!(!loaded.running_mean.value().is_autodiff());
    assert!(loaded.scale.val().is_require_grad());
}

#[test]
fn values_in_single_precision_are_close_to_those_in_double() {
    let input = random(0, [4, 2, 3, 3]) + 20.0;
    let layer = layer(&device());
    let exact = layer.forward(input.clone(), Statistics::Batch);
    let cast = |tensor: &Param<Tensor<1>>| Param::from_tensor(tensor.val().cast(DType::F32));
    let single = BatchNorm {
        scale: cast(&layer.scale),
        shift: cast(&layer.shift),
        ..layer
    };
    let found = single.forward(input.cast(DType::F32), Statistics::Batch);
    assert_close(&values(found), &values(exact), 1e-4);
}

/// Output and gradients by input and scale.
fn run(input: Tensor<4>, layer: &BatchNorm, statistics: Statistics) -> [Vec<f64>; 3] {
    let input = input.autodiff().require_grad();
    let output = layer.forward_leaky(input.clone(), statistics, 0.1);
    let gradients = output.clone().square().sum().backward();
    let by_scale = layer.scale.grad(&gradients).expect("tracked");
    [
        values(output),
        values(input.grad(&gradients).expect("tracked")),
        values(by_scale),
    ]
}

#[test]
fn loops_over_memory_agree_with_tensor_operations() {
    // There are no loops for half precision.
    let round = |tensor: Tensor<4>| tensor.cast(DType::F16).cast(DType::F64);
    let input = round(random(0, [2, 3, 3, 2]));
    for statistics in MODES {
        let exact = layer(&device().autodiff());
        let half = exact.clone().map(&mut Half);
        let by_loops = run(input.clone(), &exact, statistics);
        let by_operations = run(input.clone().cast(DType::F16), &half, statistics);
        for (loops, operations) in by_loops.iter().zip(&by_operations) {
            assert_close(operations, loops, 0.02);
        }
    }
}

struct Half;

impl burn::module::ModuleMapper for Half {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|tensor| {
            let tracked = tensor.is_require_grad();
            tensor.detach().cast(DType::F16).detach().set_require_grad(tracked)
        })
    }
}

#[test]
fn many_rows_and_channels_are_normalized_as_few_are() {
    // More than a part of rows, and channels that fill a block and leave some over.
    let input = random(0, [9, 8, 9, 21]);
    let layer = |device: &Device| {
        let mut layer = BatchNormConfig::new(21).init(device);
        layer.scale = Param::from_tensor(Tensor::ones([21], (device, DType::F64)));
        layer.shift = Param::from_tensor(Tensor::zeros([21], (device, DType::F64)));
        layer
    };
    let output = layer(&device()).forward_leaky(input.clone(), Statistics::Batch, 1.0);
    let rows = |tensor: Tensor<4>| tensor.reshape([648, 21]);
    let centered = rows(input.clone()) - rows(input.clone()).mean_dim(0);
    let deviation = (centered.clone().square().mean_dim(0) + 1e-3).sqrt();
    assert_close(&values(output), &values(centered / deviation), 1e-12);

    // A batch norm's output sums to zero whatever goes in, and so does the gradient.
    let weights = random(1, [9, 8, 9, 21]);
    let taped = input.autodiff().require_grad();
    let output = layer(&device().autodiff()).forward_leaky(taped.clone(), Statistics::Batch, 1.0);
    let gradients = (output * weights.autodiff()).sum().backward();
    let gradient = rows(taped.grad(&gradients).expect("tracked"));
    assert_close(&values(gradient.sum_dim(0)), &[0.0; 21], 1e-11);
}
