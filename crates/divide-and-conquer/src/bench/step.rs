//! Updates on made-up pictures: a slice of the small network, and of ResNet-50.

use burn::prelude::*;
use papers_core::{
    bench::{Case, filled},
    device,
    random::Streams,
};

use crate::{
    Embedder, OptimizerConfig, Part, SliceUpdate, Slices, Trainer, Turn,
    config::{ModelConfig, ModelKind, ResNetConfig},
    loss::{LossConfig, LossKind},
    network::Network,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("dg-100-s/triplet-step", "step", || DG_100_S.updates()).target(1.0),
        Case::new("dg-100-l/margin-step", "step", || DG_100_L.updates()).target(1.0),
        Case::new("resnet-50/margin-step", "step", || RESNET_50.updates()).target(1.0),
    ]
}

/// So small that weights stay what they are.
const RATE: f64 = 1e-9;

/// A network and its batch: `images` of each of `classes`.
struct Problem {
    model: ModelKind,
    loss: LossKind,
    classes: usize,
    images: usize,
    /// Colors, height and width.
    shape: [usize; 3],
    dimension: usize,
    learners: usize,
}

/// 14×28 pixels, 5 classes of 4, K = 8.
const DG_100_S: Problem = Problem {
    model: ModelKind::ConvNet,
    loss: LossKind::Triplet,
    classes: 5,
    images: 4,
    shape: [1, 14, 28],
    dimension: 64,
    learners: 8,
};

/// The same pictures, 20 classes of 4, K = 4.
const DG_100_L: Problem = Problem {
    model: ModelKind::ConvNet,
    loss: LossKind::Margin,
    classes: 20,
    images: 4,
    shape: [1, 14, 28],
    dimension: 64,
    learners: 4,
};

/// The paper's network with a tenth of its batch, at 128×128 pixels.
const RESNET_50: Problem = Problem {
    model: ModelKind::ResNet50,
    loss: LossKind::Margin,
    classes: 2,
    images: 4,
    shape: [3, 128, 128],
    dimension: 128,
    learners: 8,
};

impl Problem {
    fn updates(&'static self) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
        let plain = device::resolve(device::default_backend()?)?;
        let device = plain.clone().autodiff();
        let slices = Slices::new(self.dimension, self.learners)?;
        let model = ModelConfig {
            kind: self.model,
            resnet: ResNetConfig {
                dropout: 0.0,
                ..ResNetConfig::default()
            },
            ..ModelConfig::default()
        };
        let (network, features) = Network::new(&model, self.shape, &device);
        let embedder = filled::module(Embedder::new(network, features, slices, &device));
        let loss = LossConfig {
            kind: self.loss,
            ..LossConfig::default()
        };
        let loss = loss.init(slices, self.classes, &device);
        let optimizer = OptimizerConfig {
            learning_rate: RATE,
            ..OptimizerConfig::default()
        };
        let mut trainer = Trainer::new(embedder, loss, &optimizer, SliceUpdate::Paper)?;
        let batch = self.classes * self.images;
        let labels: Vec<usize> = (0..batch).map(|index| index / self.images).collect();
        let [colors, height, width] = self.shape;
        let images: Tensor<4> = filled::tensor([batch, colors, height, width], 1.0, &plain);
        let turn = Turn {
            part: Part::Slice(1),
            learner: Some(1),
            indices: Vec::new(),
            classes: None,
        };
        let streams = Streams::new(0);
        let mut step = 0;
        Ok(move || {
            trainer.step(images.clone(), &labels, &turn, 1.0, &mut streams.at("mine", step, 0))?;
            step += 1;
            plain.sync()?;
            Ok(1)
        })
    }
}
