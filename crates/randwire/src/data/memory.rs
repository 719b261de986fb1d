use std::sync::Arc;

use burn::prelude::*;
use papers_core::{
    Context, Error, Result,
    base::{catalogue::Split, images::ImageSet},
    data::{Augmentation, Whitening, augmented, drawn, first, signed_pixels},
    random::Streams,
};

use super::{HostBatch, resized::resized};
use crate::{
    config::DataConfig,
    detection::scene::{SceneConfig, single},
};

/// Pictures that are in memory. The thread that prepares batches shares those of training.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    pub(super) train: Arc<ImageSet>,
    pub(super) test: ImageSet,
    pub(super) whitening: Option<Whitening>,
    augmentation: Augmentation,
    canvas: Option<SceneConfig>,
}

impl Memory {
    pub(super) fn load(config: &DataConfig, context: &Context) -> Result<Self> {
        let train = context.data.images(&config.set, Split::Train)?;
        let train = drawn(train, "data.train", config.train, context.seed)?;
        let test = first(context.data.images(&config.set, Split::Test)?, "data.test", config.test)?;
        // The same numbers at every size.
        let whitening = config.whiten.then(|| Whitening::of(&[&train]));
        let [train, test] = match config.side {
            0 => [train, test],
            side => [&train, &test].map(|set| resized(set, side)),
        };
        let fits = config.augmentation.check(train.height, train.width);
        fits.map_err(|problem| Error::Usage(format!("`data.augmentation.pad`: {problem}")))?;
        Ok(Self {
            whitening,
            test: match &config.canvas {
                Some(canvas) => on_canvas(&test, canvas)?,
                None => test,
            },
            train: Arc::new(train),
            augmentation: config.augmentation,
            canvas: config.canvas,
        })
    }

    pub(super) fn shape(&self) -> [usize; 3] {
        [self.test.channels, self.test.height, self.test.width]
    }

    pub(super) fn augmented(&self, indices: &[usize], streams: &Streams, step: u64) -> HostBatch {
        let labels = indices
            .iter()
            .map(|&index| i32::from(self.train.labels[index]))
            .collect();
        let augment = |set: &ImageSet, indices: &[usize]| HostBatch {
            values: augmented(set, indices, &self.augmentation, streams, "augment", step),
            shape: [set.channels, set.height, set.width],
            labels,
        };
        match &self.canvas {
            None => augment(&self.train, indices),
            Some(canvas) => {
                let placed = single(&self.train, indices, canvas, |place| {
                    streams.at("canvas", step, place as u64)
                });
                augment(&placed, &(0..placed.len()).collect::<Vec<_>>())
            }
        }
    }

    pub(super) fn plain(&self, indices: &[usize], device: &Device) -> Tensor<4> {
        signed_pixels(&self.test, indices, device)
    }
}

/// Test pictures on canvas, the same in all runs.
fn on_canvas(test: &ImageSet, canvas: &SceneConfig) -> Result<ImageSet> {
    if test.channels != 1 {
        return Err(Error::Usage("`data.canvas` is for gray pictures".to_owned()));
    }
    let streams = Streams::new(0);
    let all: Vec<usize> = (0..test.len()).collect();
    Ok(single(test, &all, canvas, |place| {
        streams.at("test canvas", 0, place as u64)
    }))
}
