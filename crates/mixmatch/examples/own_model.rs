//! MixMatch with a network and data of one's own: two moons of points, of which six have labels.
//!
//! ```sh
//! cargo run --release -p mixmatch --example own_model
//! ```

mod moons;

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::relu,
};
use mixmatch::{Classifier, Learner, LearnerConfig, Method, Progress, method::MixMatch};
use papers_core::{nn::Statistics, random::Streams};

use moons::Moons;

/// Any Burn module that gives logits.
#[derive(Module, Debug)]
struct Network {
    first: Linear,
    second: Linear,
    last: Linear,
}

impl Classifier<2> for Network {
    fn forward(&self, input: Tensor<2>, _: Statistics) -> Tensor<2> {
        let hidden = relu(self.first.forward(input));
        self.last.forward(relu(self.second.forward(hidden)))
    }
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> anyhow::Result<()> {
    const STEPS: u64 = 1000;
    let streams = Streams::new(0);
    let (plain, device) = (Device::flex(), Device::flex().autodiff());
    let moons = Moons::new(6, streams, &plain);
    let network = streams.initialize("network", &device, || Network {
        first: LinearConfig::new(2, 32).init(&device),
        second: LinearConfig::new(32, 32).init(&device),
        last: LinearConfig::new(32, 2).init(&device),
    });
    let method = Method::MixMatch(MixMatch {
        weight: 10.0,
        ramp_images: 24_000, // half of the run
        ..MixMatch::default()
    });
    let config = LearnerConfig {
        ema: 0.99, // the paper's 0.999 is for long runs
        ..LearnerConfig::default()
    };
    let mut learner = Learner::new(network, &config)?;
    for step in 0..STEPS {
        let batch = moons.batch(step, method.augmentations());
        learner.step(&method, &batch, &streams, Progress { step, steps: STEPS })?;
    }
    let logits = learner
        .evaluation_model()
        .forward(moons.test.0.clone(), Statistics::Running);
    println!(
        "{}: {:.1} % of test points wrong",
        method.title(),
        100.0 * moons.error(logits)?
    );
    Ok(())
}
