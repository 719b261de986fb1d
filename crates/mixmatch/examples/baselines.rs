//! Every method of the paper on the same network and data: two moons of points, of which six have labels.
//!
//! ```sh
//! cargo run --release -p mixmatch --example baselines
//! ```

mod moons;
#[path = "moons/network.rs"]
mod network;

use burn::prelude::*;
use mixmatch::{
    Classifier, Learner, LearnerConfig, Method, Progress,
    method::{Ict, MeanTeacher, MixMatch, MixUp, PiModel, PseudoLabel, Supervised, Vat},
};
use papers_core::{nn::Statistics, random::Streams};

use moons::Moons;
use network::Network;

/// The paper's methods, with weights for this small problem where its own are for pictures.
fn methods() -> [Method; 8] {
    [
        Method::Supervised(Supervised::default()),
        Method::PiModel(PiModel::default()),
        Method::PseudoLabel(PseudoLabel::default()),
        Method::MixUp(MixUp::default()),
        Method::Vat(Vat {
            radius: 0.3,
            xi: 1e-3,
            ..Vat::default()
        }),
        Method::MeanTeacher(MeanTeacher {
            weight: 5.0,
            ..MeanTeacher::default()
        }),
        Method::Ict(Ict {
            weight: 20.0,
            ..Ict::default()
        }),
        Method::MixMatch(MixMatch {
            alpha: 0.3,
            weight: 10.0,
            ramp_images: 24_000,
            ..MixMatch::default()
        }),
    ]
}

/// Error on test points after training with `method`.
fn error(method: &Method, moons: &Moons, streams: &Streams) -> anyhow::Result<f64> {
    const STEPS: u64 = 1000;
    let device = Device::flex().autodiff();
    let network = streams.initialize("network", &device, || Network::new(&device));
    let config = LearnerConfig {
        ema: 0.99,
        ..LearnerConfig::default()
    };
    let mut learner = Learner::new(network, &config)?;
    for step in 0..STEPS {
        let batch = moons.batch(step, method.augmentations());
        learner.step(method, &batch, streams, Progress { step, steps: STEPS })?;
    }
    moons.error(
        learner
            .evaluation_model()
            .forward(moons.test.0.clone(), Statistics::Running),
    )
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> anyhow::Result<()> {
    let streams = Streams::new(0);
    let moons = Moons::new(6, streams, &Device::flex());
    for method in methods() {
        let error = error(&method, &moons, &streams)?;
        println!("{:<14} {:>5.1} % of test points wrong", method.title(), 100.0 * error);
    }
    Ok(())
}
