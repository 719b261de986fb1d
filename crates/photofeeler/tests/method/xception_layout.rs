//! `xception_layout.json`: features and gradients of the whole backbone against PyTorch's.

use std::collections::BTreeMap;

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    prelude::*,
    tensor::{DType, Gradients},
};
use papers_core::{
    nn::Statistics,
    testing::{assert_close, device, initialized, numbers, values},
};
use photofeeler::model::Xception;
use serde_json::Value;

use crate::common::{fixture, index};

/// Sums of 36 layers in single precision, in another order.
const SINGLE: f64 = 2e-3;
const DOUBLE: f64 = 1e-9;

/// Numbers from -0.5 to 0.5 that depend on their place and on how many there are.
fn pattern(count: usize) -> Vec<f64> {
    let mixed = |place: u64| (place.wrapping_mul(2_654_435_761) + count as u64 * 40_503) % (1 << 32);
    (0..count as u64)
        .map(|place| mixed(place) as f64 / f64::from(2.0_f32.powi(32)) - 0.5)
        .collect()
}

/// Sets every parameter by its name.
struct Patterned {
    precision: DType,
    path: Vec<String>,
}

impl ModuleMapper for Patterned {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, value, mapper) = param.consume();
        let shape = value.dims();
        let (factor, offset) = match self.path.last().map(String::as_str) {
            Some("scale" | "running_variance") => (0.5, 1.0),
            Some("shift") => (0.5, 0.0),
            Some("running_mean") => (0.2, 0.0),
            _ => ((12.0 / shape[1..].iter().product::<usize>() as f64).sqrt(), 0.0),
        };
        let numbers = pattern(shape.iter().product()).into_iter();
        let data = TensorData::new(
            numbers.map(|number| offset + factor * number).collect::<Vec<f64>>(),
            shape,
        );
        let is_tracked = value.is_require_grad();
        let value = Tensor::from_data(data, (&value.device(), self.precision)).set_require_grad(is_tracked);
        Param::from_mapped_value(id, value, mapper)
    }
}

fn network(device: &Device, precision: DType) -> Xception {
    let path = Vec::new();
    initialized(|| Xception::new(3, device)).map(&mut Patterned { precision, path })
}

fn pictures(fixture: &Value, device: &Device, precision: DType) -> Tensor<4> {
    let shape = [2, 3, index(&fixture["height"]), index(&fixture["width"])];
    let numbers = pattern(shape.iter().product()).into_iter().map(|number| 2.0 * number);
    let data = TensorData::new(numbers.collect::<Vec<f64>>(), shape);
    Tensor::<4>::from_data(data, (device, precision)).permute([0, 2, 3, 1])
}

fn every(features: Tensor<2>, fixture: &Value) -> Vec<f64> {
    values(features).into_iter().step_by(index(&fixture["step"])).collect()
}

#[test]
fn features_are_those_of_pytorch() {
    let fixture: Value = fixture("xception_layout.json");
    for (precision, tolerance) in [(DType::F64, DOUBLE), (DType::F32, SINGLE)] {
        let network = network(&device(), precision);
        for (statistics, key) in [
            (Statistics::Running, "running_features"),
            (Statistics::Batch, "batch_features"),
        ] {
            let features = network.forward(pictures(&fixture, &device(), precision), statistics);
            assert_close(&every(features, &fixture), &numbers(&fixture[key]), tolerance);
        }
    }
}

/// For each parameter, the sum of its gradient times the pattern of its shape.
struct Sums<'a> {
    gradients: &'a Gradients,
    path: Vec<String>,
    sums: BTreeMap<String, f64>,
}

impl ModuleVisitor for Sums<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad(self.gradients) {
            let gradient = values(gradient);
            let sum = gradient
                .iter()
                .zip(pattern(gradient.len()))
                .map(|(one, other)| one * other)
                .sum();
            self.sums.insert(self.path.join("."), sum);
        }
    }
}

#[test]
fn gradients_of_all_parameters_are_those_of_pytorch() {
    let fixture: Value = fixture("xception_layout.json");
    let tracked = device().autodiff();
    let network = network(&tracked, DType::F64);
    let features = network.forward(pictures(&fixture, &tracked, DType::F64), Statistics::Batch);
    let weights = TensorData::new(pattern(2 * 2048), [2, 2048]);
    let weights: Tensor<2> = Tensor::from_data(weights, (&tracked, DType::F64));
    let gradients = (features * weights).sum().backward();
    let mut found = Sums {
        gradients: &gradients,
        path: Vec::new(),
        sums: BTreeMap::new(),
    };
    network.visit(&mut found);
    let expected = fixture["gradients"].as_object().expect("gradients");
    assert_eq!(
        found.sums.keys().collect::<Vec<_>>(),
        expected
            .keys()
            .collect::<std::collections::BTreeSet<_>>()
            .into_iter()
            .collect::<Vec<_>>(),
        "every parameter and no other learns"
    );
    for (name, sum) in &found.sums {
        let expected = expected[name].as_f64().expect("a number");
        assert!(
            (sum - expected).abs() <= 1e-8 * expected.abs().max(1.0),
            "{name}: {sum} {expected}"
        );
    }
}
