use std::sync::Arc;

use burn::prelude::*;
use papers_core::{
    base::images::ImageSet,
    data::{Augmentation, EndlessSampler, augmented},
    random::Streams,
};

use super::Pictures;
use crate::Batch;

/// The pictures of every update, augmented: a function of the seed and the update's number alone.
#[derive(Debug, Clone)]
pub struct Batches {
    labeled: Arc<ImageSet>,
    unlabeled: Arc<ImageSet>,
    labeled_order: EndlessSampler,
    /// None where the method needs no unlabeled pictures.
    unlabeled_order: Option<EndlessSampler>,
    augmentation: Augmentation,
    /// Augmentations of each unlabeled picture.
    num_augmentations: usize,
    streams: Streams,
}

/// The pictures of one update in the host's memory.
#[derive(Debug, Clone, PartialEq)]
pub struct HostBatch {
    /// `[batch, channels, height, width]`, in `[-1, 1]`.
    labeled: Vec<f32>,
    labels: Vec<u8>,
    /// One entry for each augmentation.
    unlabeled: Vec<Vec<f32>>,
    /// What the unlabeled pictures show, where it is known.
    hidden_labels: Vec<u8>,
    /// `[channels, height, width]`.
    shape: [usize; 3],
    classes: usize,
}

impl Batches {
    /// Batches of `batch` labeled and as many unlabeled pictures, each of the latter augmented `num_augmentations`
    /// times, 0 for none of them.
    pub fn new(
        pictures: &Pictures,
        batch: usize,
        num_augmentations: usize,
        augmentation: &Augmentation,
        streams: Streams,
    ) -> Self {
        let order = |name: &'static str, set: &ImageSet| EndlessSampler::new(streams, name, set.len(), batch);
        let needs_unlabeled = num_augmentations > 0;
        Self {
            labeled_order: order("labeled order", &pictures.labeled),
            unlabeled_order: needs_unlabeled.then(|| order("unlabeled order", &pictures.unlabeled)),
            labeled: Arc::clone(&pictures.labeled),
            unlabeled: Arc::clone(&pictures.unlabeled),
            augmentation: *augmentation,
            num_augmentations,
            streams,
        }
    }

    /// The pictures of update `step`.
    pub fn at(&mut self, step: u64) -> HostBatch {
        let set = &self.labeled;
        let augment = |set: &ImageSet, indices: &[usize], name: &str| {
            augmented(set, indices, &self.augmentation, &self.streams, name, step)
        };
        let indices = self.labeled_order.batch(step);
        let mut batch = HostBatch {
            labeled: augment(set, &indices, "augment labeled"),
            labels: indices.iter().map(|&index| set.labels[index]).collect(),
            unlabeled: Vec::new(),
            hidden_labels: Vec::new(),
            shape: [set.channels, set.height, set.width],
            classes: set.classes,
        };
        if let Some(order) = &mut self.unlabeled_order {
            let set = &self.unlabeled;
            let indices = order.batch(step);
            batch.unlabeled = (0..self.num_augmentations)
                .map(|number| augment(set, &indices, &format!("augment unlabeled {number}")))
                .collect();
            if set.is_labeled() {
                batch.hidden_labels = indices.iter().map(|&index| set.labels[index]).collect();
            }
        }
        batch
    }
}

impl HostBatch {
    /// What the unlabeled pictures show; empty where it is not known.
    pub fn hidden_labels(&self) -> &[u8] {
        &self.hidden_labels
    }

    /// The batch on a device, with one-hot targets; pictures as the network sees those of `pictures`.
    pub fn upload(self, pictures: &Pictures, device: &Device) -> Batch<4> {
        let rows = self.labels.len();
        let [channels, height, width] = self.shape;
        let upload = |values: Vec<f32>| {
            let shape = [rows, channels, height, width];
            pictures.whitened(Tensor::from_data(TensorData::new(values, shape), device))
        };
        let mut targets = vec![0.0_f32; rows * self.classes];
        for (row, &label) in self.labels.iter().enumerate() {
            targets[row * self.classes + usize::from(label)] = 1.0;
        }
        Batch {
            labeled: upload(self.labeled),
            targets: Tensor::from_data(TensorData::new(targets, [rows, self.classes]), device),
            unlabeled: self.unlabeled.into_iter().map(upload).collect(),
        }
    }
}
