//! The pictures that a network learns from and is measured by.

use std::sync::Arc;

use burn::prelude::*;
use papers_core::{
    Context, Error, Result,
    base::{catalogue::Split, images::ImageSet},
    data::{Augmentation, Sampler, Whitening, augmented, drawn, first, signed_pixels},
    random::Streams,
};

use crate::{
    config::DataConfig,
    detection::scene::{SceneConfig, single},
};

/// Two sets without a common picture.
#[derive(Debug, Clone)]
pub struct Pictures {
    /// What gradients are computed from; the thread that prepares batches shares it.
    pub train: Arc<ImageSet>,
    /// What the reported numbers are computed from.
    pub test: ImageSet,
    whitening: Option<Whitening>,
    canvas: Option<SceneConfig>,
}

/// The pictures of an update in the host's memory.
#[derive(Debug, Clone, PartialEq)]
pub struct HostBatch {
    /// `[batch, colors, height, width]`, in `[-1, 1]`.
    values: Vec<f32>,
    labels: Vec<i32>,
    shape: [usize; 3],
}

impl Pictures {
    /// Reads a data set.
    ///
    /// # Errors
    ///
    /// A set that is not on this machine or has too few pictures, or pictures that are too small for their augmentation.
    pub fn load(config: &DataConfig, context: &Context) -> Result<Self> {
        let train = context.data.images(&config.set, Split::Train)?;
        let train = drawn(train, "data.train", config.train, context.seed)?;
        let test = context.data.images(&config.set, Split::Test)?;
        let fits = config.augmentation.check(train.height, train.width);
        fits.map_err(|problem| Error::Usage(format!("`data.augmentation.pad`: {problem}")))?;
        let test = first(test, "data.test", config.test)?;
        let Some(canvas) = &config.canvas else {
            return Ok(Self::of(train, test, config));
        };
        if train.channels != 1 {
            return Err(Error::Usage("`data.canvas` is for gray pictures".to_owned()));
        }
        // What is measured on is the same in all runs.
        let streams = Streams::new(0);
        let all: Vec<usize> = (0..test.len()).collect();
        let placed = single(&test, &all, canvas, |place| streams.at("test canvas", 0, place as u64));
        Ok(Self {
            canvas: Some(*canvas),
            ..Self::of(train, placed, config)
        })
    }

    fn of(train: ImageSet, test: ImageSet, config: &DataConfig) -> Self {
        Self {
            whitening: config.whiten.then(|| Whitening::of(&[&train])),
            train: Arc::new(train),
            test,
            canvas: None,
        }
    }

    /// Colors, height and width of a picture.
    pub fn shape(&self) -> [usize; 3] {
        [self.test.channels, self.test.height, self.test.width]
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.train.classes
    }

    /// Test pictures as the network sees them.
    ///
    /// # Shapes
    ///
    /// - output: `[indices, colors, height, width]`
    ///
    /// # Panics
    ///
    /// If an index is outside the set.
    pub fn test(&self, indices: &[usize], device: &Device) -> Tensor<4> {
        self.whitened(signed_pixels(&self.test, indices, device))
    }

    /// A batch on a device, with its labels.
    ///
    /// # Shapes
    ///
    /// - output: `[batch, colors, height, width]` and `[batch]`
    pub fn upload(&self, batch: HostBatch, device: &Device) -> (Tensor<4>, Tensor<1, Int>) {
        let count = batch.labels.len();
        let [colors, height, width] = batch.shape;
        let values = TensorData::new(batch.values, [count, colors, height, width]);
        let images = self.whitened(Tensor::from_data(values, device));
        let labels = Tensor::from_data(TensorData::new(batch.labels, [count]), device);
        (images, labels)
    }

    fn whitened(&self, images: Tensor<4>) -> Tensor<4> {
        match &self.whitening {
            Some(whitening) => whitening.apply(images),
            None => images,
        }
    }
}

/// The pictures of every update, augmented: a function of the seed and the update's number alone.
#[derive(Debug, Clone)]
pub struct Batches {
    set: Arc<ImageSet>,
    sampler: Sampler,
    augmentation: Augmentation,
    canvas: Option<SceneConfig>,
    streams: Streams,
}

impl Batches {
    /// Batches of so many pictures.
    pub fn new(pictures: &Pictures, batch: usize, augmentation: Augmentation, streams: Streams) -> Self {
        Self {
            set: Arc::clone(&pictures.train),
            sampler: Sampler::new(streams, "shuffle", pictures.train.len(), batch),
            augmentation,
            canvas: pictures.canvas,
            streams,
        }
    }

    /// The pictures of update `step`.
    pub fn at(&mut self, step: u64) -> HostBatch {
        let indices = self.sampler.batch(step);
        let streams = &self.streams;
        let labels = indices.iter().map(|&index| i32::from(self.set.labels[index])).collect();
        let augment = |set: &ImageSet, indices: &[usize]| HostBatch {
            values: augmented(set, indices, &self.augmentation, streams, "augment", step),
            shape: [set.channels, set.height, set.width],
            labels,
        };
        match &self.canvas {
            None => augment(&self.set, indices),
            Some(canvas) => {
                let placed = single(&self.set, indices, canvas, |place| {
                    streams.at("canvas", step, place as u64)
                });
                augment(&placed, &(0..placed.len()).collect::<Vec<_>>())
            }
        }
    }
}
