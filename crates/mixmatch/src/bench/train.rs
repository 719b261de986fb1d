//! Updates and inference on made-up pictures: the paper's network, and that of the small experiments.

use burn::prelude::*;
use papers_core::{
    bench::{Case, filled},
    device,
    nn::{Statistics, WideResNetConfig},
    random::Streams,
};

use crate::{
    Batch, Learner, LearnerConfig, Method, Progress,
    method::{MixMatch, Supervised},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("wrn-28-2/mixmatch-step", "step", || wide().updates(mix_match())),
        Case::new("wrn-28-2/supervised-step", "step", || wide().updates(supervised())),
        Case::new("wrn-28-2/inference", "batch", || wide().predictions()),
        Case::new("digits/mixmatch-step", "step", || digits().updates(mix_match())),
    ]
}

/// So small that weights stay what they are.
const LEARNING_RATE: f64 = 1e-9;
const CLASSES: usize = 10;

/// A network, and the pictures that it is given.
struct Problem {
    network: WideResNetConfig,
    batch: usize,
    side: usize,
}

/// The paper's network and batches for pictures like CIFAR-10's.
fn wide() -> Problem {
    Problem {
        network: WideResNetConfig::new(3, CLASSES),
        batch: 64,
        side: 32,
    }
}

/// Those of the experiments on small digits.
fn digits() -> Problem {
    Problem {
        network: WideResNetConfig::new(1, CLASSES)
            .with_filters(16)
            .with_scales(2)
            .with_repeat(1),
        batch: 32,
        side: 8,
    }
}

/// With its full weight at once.
fn mix_match() -> Method {
    Method::MixMatch(MixMatch {
        ramp_images: 0,
        ..MixMatch::default()
    })
}

fn supervised() -> Method {
    Method::Supervised(Supervised::default())
}

impl Problem {
    fn updates(self, method: Method) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
        let plain = device::resolve(device::default_backend()?)?;
        let model = filled::module(self.network.init(&plain.clone().autodiff()));
        let config = LearnerConfig {
            learning_rate: LEARNING_RATE,
            ..LearnerConfig::default()
        };
        let mut learner = Learner::new(model, &config)?;
        let batch = Batch {
            labeled: self.pictures(1.0, &plain),
            targets: self.targets(&plain),
            unlabeled: [0.9, 0.8][..method.augmentations()]
                .iter()
                .map(|&scale| self.pictures(scale, &plain))
                .collect(),
        };
        let streams = Streams::new(0);
        let mut progress = Progress {
            step: 0,
            steps: 1 << 20,
        };
        Ok(move || {
            learner.step(&method, &batch, &streams, progress)?;
            progress.step += 1;
            plain.sync()?;
            Ok(1)
        })
    }

    fn predictions(self) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
        let plain = device::resolve(device::default_backend()?)?;
        let model = filled::module(self.network.init(&plain));
        let images = self.pictures(1.0, &plain);
        Ok(move || {
            std::hint::black_box(model.forward(images.clone(), Statistics::Running).argmax(1));
            plain.sync()?;
            Ok(1)
        })
    }

    fn pictures(&self, scale: f64, device: &Device) -> Tensor<4> {
        filled::tensor([self.batch, self.network.colors, self.side, self.side], scale, device)
    }

    fn targets(&self, device: &Device) -> Tensor<2> {
        let labels: Vec<i32> = (0..self.batch).map(|index| (index % CLASSES) as i32).collect();
        Tensor::<1, Int>::from_data(TensorData::new(labels, [self.batch]), device)
            .one_hot(CLASSES)
            .float()
    }
}
