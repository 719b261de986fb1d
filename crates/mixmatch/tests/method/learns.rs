//! A small problem is learned from few labels, and not by variants that lack an idea.

#[path = "../../examples/moons/mod.rs"]
mod moons;
#[path = "../../examples/moons/network.rs"]
mod network;

use mixmatch::{
    Classifier, Learner, LearnerConfig, Method, Progress,
    method::{Mix, MixMatch, Supervised},
};
use papers_core::{nn::Statistics, random::Streams, testing::device};

use moons::Moons;
use network::Network;

/// Mean error on test points over three seeds, of weights, points and draws.
fn error(method: &Method) -> f64 {
    const STEPS: u64 = 1000;
    let device = device().autodiff();
    let error = |seed| {
        let streams = Streams::new(seed);
        let moons = Moons::new(6, streams, &device.clone().inner());
        let network = streams.initialize("network", &device, || Network::new(&device));
        let config = LearnerConfig {
            ema: 0.99,
            ..LearnerConfig::default()
        };
        let mut learner = Learner::new(network, &config).expect("settings");
        for step in 0..STEPS {
            let batch = moons.batch(step, method.augmentations());
            let progress = Progress { step, steps: STEPS };
            learner.step(method, &batch, &streams, progress).expect("a step");
        }
        let logits = learner
            .evaluation_model()
            .forward(moons.test.0.clone(), Statistics::Running);
        moons.error(logits).expect("a device")
    };
    (0..3).map(error).sum::<f64>() / 3.0
}

/// MixMatch for so few steps of so small a problem.
fn mix_match() -> MixMatch {
    MixMatch {
        alpha: 0.3,
        weight: 10.0,
        ramp_images: 24_000,
        ..MixMatch::default()
    }
}

#[test]
fn mix_match_makes_use_of_unlabeled_examples_but_not_without_sharpening_or_mixing() {
    let whole = error(&Method::MixMatch(mix_match()));
    let supervised = error(&Method::Supervised(Supervised::default()));
    assert!(
        whole < 0.06 && whole < supervised / 2.0,
        "{whole}, supervised {supervised}"
    );
    for (idea, without) in [
        (
            "sharpening",
            MixMatch {
                temperature: 1.0,
                ..mix_match()
            },
        ),
        (
            "mixing",
            MixMatch {
                mix: Mix::None,
                ..mix_match()
            },
        ),
    ] {
        let error = error(&Method::MixMatch(without));
        assert!(error > 2.0 * whole, "without {idea} {error}, with {whole}");
    }
}
