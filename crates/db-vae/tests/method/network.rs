//! Encoder and decoder beside PyTorch's layers in double precision (fixture and the script that wrote it lie beside each other).

use burn::{module::Param, nn::Linear, prelude::*};
use db_vae::model::{DbVae, NetworkConfig};
use papers_core::{
    nn::{RunningAverage, Statistics},
    testing::{assert_close, device, fixture, nested, numbers as flat, values},
};
use serde::Deserialize;
use serde_json::Value;

const TOLERANCE: f64 = 1e-9;

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// Channels, height, width.
    size: [usize; 3],
    config: NetworkConfig,
    pictures: Value,
    latents: Value,
    encoded_by: Value,
    decoded_by: Value,
    weights: Value,
    expected: Expected,
}

#[derive(Deserialize)]
struct Expected {
    encoded_batch_statistics: Value,
    encoded_running_statistics: Value,
    decoded: Value,
    gradients: serde_json::Map<String, Value>,
}

impl Case {
    fn all() -> Vec<Self> {
        let file: File = fixture(env!("CARGO_MANIFEST_DIR"), "network.json");
        file.cases
    }

    fn parameter<const D: usize>(&self, key: &str) -> Param<Tensor<D>> {
        Param::from_tensor(nested::<D>(&self.weights[key], &device().autodiff()).require_grad())
    }

    fn fill(&self, layers: &mut [Linear], key: &str) {
        for (number, layer) in layers.iter_mut().enumerate() {
            layer.weight = self.parameter(&format!("{key}.{number}.weight"));
            layer.bias = Some(self.parameter(&format!("{key}.{number}.bias")));
        }
    }

    fn network(&self) -> DbVae {
        let [channels, height, width] = self.size;
        self.config.validate(height, width).expect("sizes that fit");
        let mut network = self.config.init([channels, height, width], &device().autodiff());
        for (number, layer) in network.encoder.convolutions.iter_mut().enumerate() {
            let key = |part: &str| format!("encoder.{part}");
            layer.convolution.weight = self.parameter(&key(&format!("convolutions.{number}.weight")));
            layer.convolution.bias = Some(self.parameter(&key(&format!("convolutions.{number}.bias"))));
            if let Some(norm) = &mut layer.norm {
                let of = |part: &str| key(&format!("norms.{number}.{part}"));
                norm.scale = self.parameter(&of("gamma"));
                norm.shift = self.parameter(&of("beta"));
                norm.running_mean = RunningAverage::new(nested(&self.weights[of("mean")], &device()));
                norm.running_variance = RunningAverage::new(nested(&self.weights[of("variance")], &device()));
            }
        }
        self.fill(&mut network.encoder.hidden, "encoder.hidden");
        self.fill(std::slice::from_mut(&mut network.encoder.head), "encoder.head");
        self.fill(&mut network.decoder.hidden, "decoder.hidden");
        for (number, layer) in network.decoder.convolutions.iter_mut().enumerate() {
            layer.weight = self.parameter(&format!("decoder.convolutions.{number}.weight"));
            layer.bias = self.parameter(&format!("decoder.convolutions.{number}.bias"));
        }
        network
    }

    fn pictures(&self) -> Tensor<4> {
        nested(&self.pictures, &device().autodiff())
    }

    /// All outputs of the encoder side by side.
    fn encoded(&self, network: &DbVae, statistics: Statistics) -> Tensor<2> {
        let encoded = network.encode(self.pictures(), statistics);
        Tensor::cat(
            vec![encoded.logits, encoded.posterior.mean, encoded.posterior.log_variance],
            1,
        )
    }

    fn decoded(&self, network: &DbVae) -> Tensor<4> {
        network.decode(nested(&self.latents, &device().autodiff()))
    }
}

#[test]
fn encoder_and_decoder_say_what_other_layers_say() {
    for case in Case::all() {
        let network = case.network();
        // Running statistics first: a batch changes them.
        for (statistics, expected) in [
            (Statistics::Running, &case.expected.encoded_running_statistics),
            (Statistics::Update, &case.expected.encoded_batch_statistics),
        ] {
            let encoded = values(case.encoded(&network, statistics));
            assert_close(&encoded, &flat(expected), TOLERANCE);
        }
        let decoded = case.decoded(&network);
        let [channels, height, width] = case.size;
        assert_eq!(decoded.dims()[1..], [height, width, channels], "{}", case.name);
        assert_close(&values(decoded), &flat(&case.expected.decoded), TOLERANCE);
    }
}

#[test]
fn and_so_are_all_gradients() {
    for case in Case::all() {
        let network = case.network();
        let encoded = case.encoded(&network, Statistics::Update);
        let decoded = case.decoded(&network);
        let factors = |list: &Value| nested::<1>(&Value::from(flat(list)), &device().autodiff());
        let loss = (encoded.flatten::<1>(0, 1) * factors(&case.encoded_by)).sum()
            + (decoded.flatten::<1>(0, 3) * factors(&case.decoded_by)).sum();
        let gradients = loss.backward();
        let mut compared = 0;
        let mut compare = |key: String, gradient: Option<Vec<f64>>| {
            let gradient = gradient.unwrap_or_else(|| panic!("{}: {key} has a gradient", case.name));
            assert_close(&gradient, &flat(&case.expected.gradients[&key]), TOLERANCE);
            compared += 1;
        };
        let of_dense = |layer: &Linear| {
            let bias = layer.bias.as_ref().expect("a bias");
            [
                layer.weight.val().grad(&gradients).map(values),
                bias.val().grad(&gradients).map(values),
            ]
        };
        for (number, layer) in network.encoder.convolutions.iter().enumerate() {
            let convolution = &layer.convolution;
            let bias = convolution.bias.as_ref().expect("a bias");
            compare(
                format!("encoder.convolutions.{number}.weight"),
                convolution.weight.val().grad(&gradients).map(values),
            );
            compare(
                format!("encoder.convolutions.{number}.bias"),
                bias.val().grad(&gradients).map(values),
            );
            if let Some(norm) = &layer.norm {
                compare(
                    format!("encoder.norms.{number}.gamma"),
                    norm.scale.val().grad(&gradients).map(values),
                );
                compare(
                    format!("encoder.norms.{number}.beta"),
                    norm.shift.val().grad(&gradients).map(values),
                );
            }
        }
        let heads = std::slice::from_ref(&network.encoder.head);
        for (part, layers) in [
            ("encoder.hidden", network.encoder.hidden.as_slice()),
            ("encoder.head", heads),
            ("decoder.hidden", network.decoder.hidden.as_slice()),
        ] {
            for (number, layer) in layers.iter().enumerate() {
                let [weight, bias] = of_dense(layer);
                compare(format!("{part}.{number}.weight"), weight);
                compare(format!("{part}.{number}.bias"), bias);
            }
        }
        for (number, layer) in network.decoder.convolutions.iter().enumerate() {
            let key = |part: &str| format!("decoder.convolutions.{number}.{part}");
            compare(key("weight"), layer.weight.val().grad(&gradients).map(values));
            compare(key("bias"), layer.bias.val().grad(&gradients).map(values));
        }
        assert_eq!(compared, case.expected.gradients.len(), "{}", case.name);
    }
}
