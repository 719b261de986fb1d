//! The Wide ResNet against numbers computed with another library in double precision, its sizes, and what its modes do.

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    optim::{AdamConfig, GradientsParams},
    prelude::*,
    tensor::{DType, activation::log_softmax, s},
};
use papers_core::{
    nn::{
        BatchNorm, BatchNormConfig, Convolution, RunningAverage, Statistics, WideResNet, WideResNetConfig,
        convolution::Geometry, wide_resnet::ResidualUnit,
    },
    testing::{assert_close, assert_gradient, device, fixture, initialized, nested, numbers, tensor_f64, values},
};
use serde::Deserialize;
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

/// A parameter or running statistic by its name in the fixture.
type State = BTreeMap<String, Value>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forward {
    bn_eps: f64,
    bn_momentum_tf: f64,
    leaky_slope: f64,
    /// In words.
    #[serde(rename = "padding")]
    _padding: String,
    blocks: Vec<Block>,
    net: Net,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    name: String,
    c_in: usize,
    c_out: usize,
    stride: usize,
    activate_before_residual: bool,
    state: State,
    input: Value,
    eval: Value,
    train: Value,
    after: State,
    /// In words.
    #[serde(rename = "var_note")]
    _var_note: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Net {
    scales: usize,
    filters: usize,
    repeat: usize,
    classes: usize,
    in_channels: usize,
    state: State,
    input: Value,
    logits_eval: Value,
    logits_train: Value,
    targets: Vec<i64>,
    loss_train: f64,
    grad_input: Value,
    grad_fc: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sizes {
    /// In words.
    #[serde(rename = "rule")]
    _rule: String,
    cases: Vec<Size>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Size {
    filters: usize,
    scales: usize,
    repeat: usize,
    depth: usize,
    classes: usize,
    in_channels: usize,
    no_conv_bias: usize,
    conv_bias: usize,
}

/// Builds modules from the part of a state whose names begin with a prefix.
struct Loader<'a> {
    file: &'a Forward,
    state: &'a State,
    prefix: String,
    device: &'a Device,
}

impl Loader<'_> {
    fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        nested(&self.state[&format!("{}{name}", self.prefix)], self.device)
    }

    fn norm(&self, name: &str) -> BatchNorm {
        let vector = |part: &str| self.tensor::<1>(&format!("{name}.{part}"));
        BatchNorm {
            scale: Param::from_tensor(vector("weight")),
            shift: Param::from_tensor(vector("bias")),
            running_mean: RunningAverage::new(vector("running_mean")),
            running_variance: RunningAverage::new(vector("running_var")),
            epsilon: self.file.bn_eps,
            keep: self.file.bn_momentum_tf,
        }
    }

    fn convolution(&self, name: &str, stride: usize) -> Convolution {
        let weight = self.tensor::<4>(&format!("{name}.weight"));
        let padding = weight.dims()[2] / 2;
        Convolution {
            weight: Param::from_tensor(weight),
            bias: None,
            geometry: Geometry { stride, padding },
        }
    }

    fn unit(&self, stride: usize, activates_shortcut: bool) -> ResidualUnit {
        let has_shortcut = self.state.contains_key(&format!("{}short.weight", self.prefix));
        ResidualUnit {
            norms: ["bn1", "bn2"].map(|name| self.norm(name)).into(),
            convolutions: vec![self.convolution("conv1", stride), self.convolution("conv2", 1)],
            shortcut: has_shortcut.then(|| self.convolution("short", stride)),
            activates_shortcut,
        }
    }
}

fn unit(file: &Forward, block: &Block, device: &Device) -> ResidualUnit {
    let prefix = String::new();
    let state = &block.state;
    let loader = Loader {
        file,
        state,
        prefix,
        device,
    };
    let unit = loader.unit(block.stride, block.activate_before_residual);
    let [output, input, ..] = unit.convolutions[0].weight.dims();
    assert_eq!([input, output], [block.c_in, block.c_out], "{}", block.name);
    unit
}

/// The file's network: what it has no weights for keeps the configuration's structure.
fn net(file: &Forward, device: &Device) -> WideResNet {
    let net = &file.net;
    let config = WideResNetConfig::new(net.in_channels, net.classes)
        .with_filters(net.filters)
        .with_scales(net.scales)
        .with_repeat(net.repeat);
    let structure = initialized(|| config.init(device));
    let loader = |prefix: String| Loader {
        file,
        state: &net.state,
        prefix,
        device,
    };
    let units = structure.units.iter().enumerate().map(|(index, unit)| {
        let stride = unit.convolutions[0].geometry.stride;
        let loaded = loader(format!("blocks.{index}.")).unit(stride, unit.activates_shortcut);
        assert_eq!(loaded.shortcut.is_some(), unit.shortcut.is_some());
        assert_eq!(loaded.convolutions[0].weight.dims(), unit.convolutions[0].weight.dims());
        loaded
    });
    let loader = loader(String::new());
    let mut dense = structure.dense.clone();
    dense.weight = Param::from_tensor(loader.tensor::<2>("fc.weight").transpose());
    dense.bias = Some(Param::from_tensor(loader.tensor("fc.bias")));
    WideResNet {
        stem: loader.convolution("conv0", 1),
        units: units.collect(),
        norm: loader.norm("bn"),
        dense,
    }
}

#[test]
fn configured_networks_have_the_constants_of_the_reference() {
    let file: Forward = fixture(env!("CARGO_MANIFEST_DIR"), "wrn_forward.json");
    let norm = WideResNetConfig::new(1, 2).init(&device()).norm;
    assert_eq!([norm.epsilon, norm.keep], [file.bn_eps, file.bn_momentum_tf]);
    let negative = tensor_f64(vec![-1.0], [1], &device());
    let slope = papers_core::nn::leaky_relu(negative, file.leaky_slope);
    assert_close(&values(slope), &[-file.leaky_slope], TOLERANCE);
}

#[test]
fn residual_units_have_the_reference_values_and_running_statistics() {
    let file: Forward = fixture(env!("CARGO_MANIFEST_DIR"), "wrn_forward.json");
    assert!(!file.blocks.is_empty());
    for block in &file.blocks {
        for device in [device(), device().autodiff()] {
            let unit = unit(&file, block, &device);
            let output = |statistics| values(unit.forward(nested(&block.input, &device), statistics));
            assert_close(&output(Statistics::Running), &numbers(&block.eval), TOLERANCE);
            assert_close(&output(Statistics::Batch), &numbers(&block.train), TOLERANCE);
            assert_close(&output(Statistics::Update), &numbers(&block.train), TOLERANCE);
            for (name, expected) in &block.after {
                let (norm, statistic) = name.split_once('.').expect("bn<i>.<statistic>");
                let norm = match norm {
                    "bn1" => &unit.norms[0],
                    "bn2" => &unit.norms[1],
                    other => panic!("a normalization {other}"),
                };
                let average = match statistic {
                    "running_mean" => &norm.running_mean,
                    "running_var" => &norm.running_variance,
                    other => panic!("a statistic {other}"),
                };
                assert_close(&values(average.value()), &numbers(expected), TOLERANCE);
            }
        }
    }
}

#[test]
fn the_network_has_the_reference_logits_loss_and_gradients() {
    let file: Forward = fixture(env!("CARGO_MANIFEST_DIR"), "wrn_forward.json");
    let device = device().autodiff();
    let net = net(&file, &device);
    let expected = &file.net;
    let input = nested::<4>(&expected.input, &device).require_grad();
    let logits = |statistics| net.forward(input.clone(), statistics);
    assert_close(
        &values(logits(Statistics::Running)),
        &numbers(&expected.logits_eval),
        TOLERANCE,
    );
    let trained = logits(Statistics::Batch);
    assert_close(&values(trained.clone()), &numbers(&expected.logits_train), TOLERANCE);

    let targets = Tensor::<1, Int>::from_data(expected.targets.as_slice(), &device);
    let targets = targets.one_hot::<2>(expected.classes).float().cast(DType::F64);
    let loss = -(log_softmax(trained, 1) * targets).sum() / expected.targets.len() as f64;
    assert_close(&values(loss.clone()), &[expected.loss_train], TOLERANCE);
    let gradients = loss.backward();
    let by_input = input.grad(&gradients).expect("tracked");
    assert_close(&values(by_input), &numbers(&expected.grad_input), TOLERANCE);
    let by_dense = net.dense.weight.grad(&gradients).expect("tracked").transpose();
    assert_close(&values(by_dense), &numbers(&expected.grad_fc), TOLERANCE);
}

/// Numbers that a gradient reaches.
fn count_tracked<M: Module>(module: &M) -> usize {
    struct Count(usize);
    impl ModuleVisitor for Count {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if param.is_require_grad() {
                self.0 += param.lazy_shape().num_elements();
            }
        }
    }
    let mut count = Count(0);
    module.visit(&mut count);
    count.0
}

#[test]
fn networks_have_the_papers_numbers_of_parameters() {
    let file: Sizes = fixture(env!("CARGO_MANIFEST_DIR"), "wrn_params.json");
    assert!(!file.cases.is_empty());
    for case in &file.cases {
        let config = WideResNetConfig::new(case.in_channels, case.classes)
            .with_filters(case.filters)
            .with_scales(case.scales)
            .with_repeat(case.repeat);
        let device = device().autodiff();
        let net = initialized(|| config.clone().init(&device));
        // Depth as wide residual networks are named: two layers per unit and four.
        assert_eq!(2 * net.units.len() + 4, case.depth);
        assert_eq!(count_tracked(&net), case.no_conv_bias);
        assert_eq!(
            count_tracked(&initialized(|| config.with_conv_bias(true).init(&device))),
            case.conv_bias
        );
    }
}

/// Replaces every number of a module by one of a fixed sequence, in double precision.
struct Fixed(f64);

impl ModuleMapper for Fixed {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let device = param.device();
        let shape = param.dims();
        // Scales and running variances have to stay positive.
        let (center, spread) = if D == 1 { (0.7, 0.4) } else { (0.0, 0.5) };
        let count = shape.iter().product();
        let numbers = (0..count).map(|_| {
            self.0 += 1.0;
            center + spread * (self.0 * self.0).sin()
        });
        let numbers = tensor_f64(numbers.collect(), shape, &device);
        param.map(|old| numbers.set_require_grad(old.is_require_grad()))
    }
}

fn tiny(device: &Device) -> WideResNet {
    let config = WideResNetConfig::new(1, 2)
        .with_filters(2)
        .with_scales(2)
        .with_repeat(1);
    initialized(|| config.init(device)).map(&mut Fixed(0.0))
}

fn pictures(device: &Device) -> Tensor<4> {
    let numbers = (0..2 * 16).map(|index| (f64::from(index) * 1.7).sin());
    tensor_f64(numbers.collect(), [2, 1, 4, 4], device)
}

/// All running statistics, in one list.
fn running(net: &WideResNet) -> Vec<f64> {
    let norms = net.units.iter().flat_map(|unit| &unit.norms).chain([&net.norm]);
    let averages = norms.flat_map(|norm| [&norm.running_mean, &norm.running_variance]);
    averages.flat_map(|average| values(average.value())).collect()
}

#[test]
fn gradients_of_the_network_match_finite_differences() {
    let picture = values(pictures(&device()));
    let kernel = values(tiny(&device()).units[0].convolutions[0].weight.val());
    let strided = values(tiny(&device()).units[1].convolutions[0].weight.val());
    let point = [picture.clone(), kernel.clone(), strided].concat();
    for statistics in [Statistics::Batch, Statistics::Running] {
        assert_gradient(&point, |point| {
            let mut net = tiny(&point.device());
            let split = [picture.len(), picture.len() + kernel.len()];
            let images = point.clone().slice(s![0..split[0]]).reshape([2, 1, 4, 4]);
            let parts = [split[0]..split[1], split[1]..point.dims()[0]];
            for (unit, part) in net.units.iter_mut().zip(parts) {
                let weight = &mut unit.convolutions[0].weight;
                let shape = weight.dims();
                *weight = Param::initialized(weight.id, point.clone().slice(s![part]).reshape(shape));
            }
            net.forward(images, statistics).square()
        });
    }
}

#[test]
fn only_updates_move_the_running_statistics_and_only_evaluation_uses_them() {
    let device = device().autodiff();
    let net = tiny(&device);
    let before = running(&net);
    let batch = values(net.forward(pictures(&device), Statistics::Batch));
    let evaluated = values(net.forward(pictures(&device), Statistics::Running));
    assert_eq!(running(&net), before);
    let updated = values(net.forward(pictures(&device), Statistics::Update));
    assert_eq!(updated, batch);
    let after = running(&net);
    assert!(after.iter().zip(&before).all(|(after, before)| after != before));
    assert_eq!(values(net.forward(pictures(&device), Statistics::Batch)), batch);
    assert_ne!(values(net.forward(pictures(&device), Statistics::Running)), evaluated);
}

#[test]
fn an_update_moves_the_running_statistics_by_one_minus_keep() {
    let norm = BatchNormConfig::new(1).with_keep(0.75).init(&device());
    // Mean 4, unbiased variance 8.
    let input = Tensor::from_floats([[[[2.0]]], [[[6.0]]]], &device());
    norm.forward(input, Statistics::Update);
    assert_close(&values(norm.running_mean.value()), &[1.0], TOLERANCE);
    assert_close(&values(norm.running_variance.value()), &[0.75 + 2.0], TOLERANCE);
}

#[test]
fn guesses_on_the_plain_device_are_those_of_training() {
    let device = device().autodiff();
    let net = tiny(&device);
    let plain = net.valid();
    let before = running(&plain);
    let guesses = plain.forward(pictures(&device.clone().inner()), Statistics::Batch);
    assert!(!guesses.is_autodiff());
    assert_eq!(running(&plain), before);
    let trained = net.forward(pictures(&device), Statistics::Update);
    assert_eq!(values(guesses), values(trained));
}

#[test]
fn optimizers_pass_running_statistics_by() {
    let device = device().autodiff();
    let net = tiny(&device);
    let loss = net.forward(pictures(&device), Statistics::Update).square().sum();
    let (weights, after) = (values(net.stem.weight.val()), running(&net));
    let gradients = GradientsParams::from_grads(loss.backward(), &net);
    let net = AdamConfig::new().init().step(0.1, net, gradients);
    assert_eq!(running(&net), after);
    assert_ne!(values(net.stem.weight.val()), weights);
}
