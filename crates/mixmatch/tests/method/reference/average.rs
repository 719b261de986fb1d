use burn::{
    module::{Module, Param},
    optim::GradientsParams,
    prelude::*,
};
use mixmatch::{Learner, LearnerConfig};
use papers_core::{nn::WeightAverage, testing::values};
use serde::Deserialize;

use super::{BOTH, Precision, Rows, fixture};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "rule")]
    _rule: String,
    cases: Vec<Case>,
    adam_ema_decay: Vec<Trace>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    decay: f64,
    weights: Rows,
    ema: Rows,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Trace {
    lr: f64,
    wd: f64,
    decay_factor: f64,
    ema_decay: f64,
    beta1: f64,
    beta2: f64,
    eps: f64,
    kernel0: Rows,
    bias0: Vec<f64>,
    grads: Vec<Gradients>,
    after: Vec<After>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Gradients {
    kernel: Rows,
    bias: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    kernel: Rows,
    bias: Vec<f64>,
    ema_kernel: Rows,
    ema_bias: Vec<f64>,
}

#[derive(Module, Debug)]
struct Layer {
    kernel: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

impl Layer {
    fn new(precision: Precision, kernel: &Rows, bias: &[f64]) -> Self {
        Self {
            kernel: Param::from_tensor(precision.matrix(kernel).autodiff()),
            bias: Param::from_tensor(vector(precision, bias).autodiff()),
        }
    }
}

fn vector(precision: Precision, numbers: &[f64]) -> Tensor<1> {
    precision.tensor(numbers.to_vec(), [numbers.len()])
}

#[test]
fn averages_are_the_reference_ones() {
    let file: File = fixture("ema.json");
    assert!(!file.cases.is_empty());
    for case in file.cases {
        for precision in BOTH {
            let layer = |bias: &Vec<f64>| Layer::new(precision, &vec![vec![0.0]], bias);
            let mut average = WeightAverage::new(&layer(&case.weights[0]), case.decay);
            assert_eq!(case.weights.len(), case.ema.len() + 1);
            for (weights, expected) in case.weights[1..].iter().zip(&case.ema) {
                let mut present = layer(weights);
                // The same parameter with another value.
                present.bias.id = average.weights().bias.id;
                average.update(&present);
                precision.assert_numbers("average", &values(average.weights().bias.val()), expected);
            }
        }
    }
}

#[test]
fn updates_are_adam_then_average_then_decay_of_kernels() {
    let file: File = fixture("ema.json");
    assert!(!file.adam_ema_decay.is_empty());
    for trace in file.adam_ema_decay {
        let config = LearnerConfig {
            learning_rate: trace.lr,
            weight_decay: trace.wd,
            ema: trace.ema_decay,
        };
        assert!((config.kernel_factor() - trace.decay_factor).abs() < 1e-15);
        // They are not settings here.
        assert_eq!([trace.beta1, trace.beta2, trace.eps], [0.9, 0.999, 1e-8]);
        assert_eq!(trace.grads.len(), trace.after.len());
        for precision in BOTH {
            let layer = Layer::new(precision, &trace.kernel0, &trace.bias0);
            let mut learner = Learner::new(layer, &config).expect("settings");
            for (gradients, after) in trace.grads.iter().zip(&trace.after) {
                let mut found = GradientsParams::new();
                found.register(learner.model().kernel.id, precision.matrix(&gradients.kernel));
                found.register(learner.model().bias.id, vector(precision, &gradients.bias));
                learner.update(found);
                let (model, average) = (learner.model(), learner.average().weights());
                precision.assert_rows("kernel", model.kernel.val(), &after.kernel);
                precision.assert_numbers("bias", &values(model.bias.val()), &after.bias);
                precision.assert_rows("average of the kernel", average.kernel.val(), &after.ema_kernel);
                precision.assert_numbers("average of the bias", &values(average.bias.val()), &after.ema_bias);
            }
        }
    }
}
