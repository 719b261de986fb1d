//! The pictures that a network learns from and is measured by.

mod files;
mod memory;
mod resized;

use burn::prelude::*;
use papers_core::{
    Context, Result,
    base::images::ImageSet,
    data::{Sampler, Whitening},
    random::Streams,
};

use crate::config::DataConfig;

use files::Files;
use memory::Memory;
pub(crate) use resized::plane;

/// Two sets without a common picture: what gradients are computed from, and what the reported numbers are computed from.
#[derive(Debug, Clone)]
pub struct Pictures {
    source: Source,
    whitening: Option<Whitening>,
}

#[derive(Debug, Clone)]
enum Source {
    Memory(Memory),
    Files(Files),
}

/// Some pictures in the host's memory.
#[derive(Debug, Clone, PartialEq)]
pub struct HostBatch {
    /// `[batch, colors, height, width]`, in `[-1, 1]`.
    values: Vec<f32>,
    labels: Vec<i32>,
    shape: [usize; 3],
}

impl Pictures {
    /// Reads a data set, or finds the pictures of folders.
    ///
    /// # Errors
    ///
    /// A set that is not on this machine or has too few pictures, or pictures that are too small for their augmentation.
    pub fn load(config: &DataConfig, context: &Context) -> Result<Self> {
        match config.files.as_ref().filter(|_| config.set == DataConfig::FILES) {
            Some(files) => Ok(Self {
                source: Source::Files(Files::find(files, context.seed)?),
                whitening: Some(Whitening::of_colors(&files::MEAN, &files::DEVIATION)),
            }),
            None => {
                let memory = Memory::load(config, context)?;
                Ok(Self {
                    whitening: memory.whitening.clone(),
                    source: Source::Memory(memory),
                })
            }
        }
    }

    /// Colors, height and width of what the network sees.
    pub fn shape(&self) -> [usize; 3] {
        match &self.source {
            Source::Memory(memory) => memory.shape(),
            Source::Files(files) => files.shape(),
        }
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        match &self.source {
            Source::Memory(memory) => memory.train.classes,
            Source::Files(files) => files.train.class_names().len(),
        }
    }

    /// Number of test pictures.
    pub fn test_len(&self) -> usize {
        match &self.source {
            Source::Memory(memory) => memory.test.len(),
            Source::Files(files) => files.test.len(),
        }
    }

    /// Class of a test picture.
    ///
    /// # Panics
    ///
    /// If there is no such picture.
    pub fn test_label(&self, index: usize) -> usize {
        match &self.source {
            Source::Memory(memory) => usize::from(memory.test.labels[index]),
            Source::Files(files) => files.test.label(index),
        }
    }

    /// All test pictures, where they are in memory: as they are stored, and not as large as the network sees them.
    pub fn test_set(&self) -> Option<&ImageSet> {
        match &self.source {
            Source::Memory(memory) => Some(&memory.test),
            Source::Files(_) => None,
        }
    }

    /// Test pictures as the network sees them.
    ///
    /// # Shapes
    ///
    /// - output: `[indices, colors, height, width]`
    ///
    /// # Errors
    ///
    /// A file that cannot be read or decoded.
    ///
    /// # Panics
    ///
    /// If an index is outside the set.
    pub fn test(&self, indices: &[usize], device: &Device) -> Result<Tensor<4>> {
        match &self.source {
            Source::Memory(memory) => Ok(self.whitened(memory.plain(indices, device))),
            Source::Files(files) => Ok(self.upload(files.plain(indices)?, device).0),
        }
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

impl HostBatch {
    /// Classes of the pictures.
    pub fn labels(&self) -> &[i32] {
        &self.labels
    }
}

/// The pictures of every update, augmented: a function of the seed and the update's number alone.
#[derive(Debug, Clone)]
pub struct Batches {
    source: Source,
    sampler: Sampler,
    streams: Streams,
}

impl Batches {
    /// Batches of so many pictures.
    pub fn new(pictures: &Pictures, batch: usize, streams: Streams) -> Self {
        let length = match &pictures.source {
            Source::Memory(memory) => memory.train.len(),
            Source::Files(files) => files.train.len(),
        };
        Self {
            source: pictures.source.clone(),
            sampler: Sampler::new(streams, "shuffle", length, batch),
            streams,
        }
    }

    /// The pictures of update `step`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or decoded.
    pub fn at(&mut self, step: u64) -> Result<HostBatch> {
        let indices = self.sampler.batch(step);
        match &self.source {
            Source::Memory(memory) => Ok(memory.augmented(indices, &self.streams, step)),
            Source::Files(files) => files.augmented(indices, &self.streams, step),
        }
    }
}
