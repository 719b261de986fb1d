//! Data of the examples: points on two half circles.

use std::f32::consts::PI;

use burn::prelude::*;
use mixmatch::Batch;
use papers_core::random::Streams;

/// Few labeled points, many unlabeled ones, and points to test with, whose moons are one-hot: `[points, 2]` each.
pub(crate) struct Moons {
    labeled: (Tensor<2>, Tensor<2>),
    unlabeled: Tensor<2>,
    pub(crate) test: (Tensor<2>, Tensor<2>),
    streams: Streams,
    device: Device,
}

impl Moons {
    /// Examples of a batch.
    const BATCH: usize = 48;
    /// Length of the noise that is in the points, and of the one that augments them.
    const NOISE: f64 = 0.1;

    pub(crate) fn new(labels: usize, streams: Streams, device: &Device) -> Self {
        let points = |name, count| {
            let (points, moons) = half_circles(count, device);
            let noise = streams.normal(name, 0, [count, 2], device) * Self::NOISE;
            (points + noise, moons)
        };
        Self {
            labeled: points("labeled", labels),
            unlabeled: points("unlabeled", 600).0,
            test: points("test", 1000),
            streams,
            device: device.clone(),
        }
    }

    /// The batch of an update: random points, each moved a little in a random direction as often as asked for.
    pub(crate) fn batch(&self, step: u64, augmentations: usize) -> Batch<2> {
        let noise = |name: &str| self.streams.normal(name, step, [Self::BATCH, 2], &self.device) * Self::NOISE;
        let rows = |name, count: usize| -> Tensor<1, Int> {
            let draws: Tensor<1> = self.streams.uniform(name, step, [Self::BATCH], &self.device);
            (draws * count as f64).int()
        };
        let (points, moons) = &self.labeled;
        let chosen = rows("choose labeled", points.dims()[0]);
        let unlabeled = self.unlabeled.clone();
        let unlabeled = unlabeled
            .clone()
            .select(0, rows("choose unlabeled", unlabeled.dims()[0]));
        let augmented = |index| unlabeled.clone() + noise(&format!("augment unlabeled {index}"));
        Batch {
            labeled: points.clone().select(0, chosen.clone()) + noise("augment labeled"),
            targets: moons.clone().select(0, chosen),
            unlabeled: (0..augmentations).map(augmented).collect(),
        }
    }

    /// Part of the test points that are given to the wrong moon.
    pub(crate) fn error(&self, logits: Tensor<2>) -> anyhow::Result<f64> {
        let truth = self.test.1.clone().argmax(1);
        let wrong = logits.argmax(1).not_equal(truth).float().mean();
        Ok(f64::from(wrong.try_into_scalar::<f32>()?))
    }
}

fn half_circles(count: usize, device: &Device) -> (Tensor<2>, Tensor<2>) {
    let point = |index: usize| {
        let angle = PI * (index / 2) as f32 / (count / 2 - 1) as f32;
        let (x, y) = (angle.cos(), angle.sin());
        if index.is_multiple_of(2) {
            [x, y]
        } else {
            [1.0 - x, 0.5 - y]
        }
    };
    let moon = |index: usize| {
        if index.is_multiple_of(2) {
            [1.0, 0.0]
        } else {
            [0.0, 1.0]
        }
    };
    let tensor = |numbers: Vec<f32>| Tensor::from_data(TensorData::new(numbers, [count, 2]), device);
    (
        tensor((0..count).flat_map(point).collect()),
        tensor((0..count).flat_map(moon).collect()),
    )
}
