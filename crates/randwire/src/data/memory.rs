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

/// What all test pictures on canvas may take.
const MOST_BYTES: usize = 2 << 30;

/// Pictures that are in memory, as they are stored: larger ones are made batch by batch, since a whole set of them may not
/// fit. The thread that prepares batches shares those of training.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    pub(super) train: Arc<ImageSet>,
    /// On canvas, where there is one.
    pub(super) test: ImageSet,
    /// Height and width of what the network sees, where they are not those of the pictures.
    side: Option<usize>,
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
        let side = (config.side > 0).then_some(config.side);
        let [height, width] = side.map_or([train.height, train.width], |side| [side; 2]);
        let fits = config.augmentation.check(height, width);
        fits.map_err(|problem| Error::Usage(format!("`data.augmentation.pad`: {problem}")))?;
        Ok(Self {
            whitening,
            side,
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
        let [height, width] = self.side.map_or([self.test.height, self.test.width], |side| [side; 2]);
        [self.test.channels, height, width]
    }

    pub(super) fn augmented(&self, indices: &[usize], streams: &Streams, step: u64) -> HostBatch {
        let made = match (&self.canvas, self.side) {
            (None, None) => None,
            (None, Some(side)) => Some(resized(&self.train, indices, side)),
            (Some(canvas), _) => Some(single(&self.train, indices, canvas, |place| {
                streams.at("canvas", step, place as u64)
            })),
        };
        let (set, indices) = match &made {
            None => (&*self.train, indices.to_vec()),
            Some(made) => (made, all(made)),
        };
        HostBatch {
            values: augmented(set, &indices, &self.augmentation, streams, "augment", step),
            shape: [set.channels, set.height, set.width],
            labels: indices.iter().map(|&index| i32::from(set.labels[index])).collect(),
        }
    }

    pub(super) fn plain(&self, indices: &[usize], device: &Device) -> Tensor<4> {
        match self.side {
            None => signed_pixels(&self.test, indices, device),
            Some(side) => {
                let large = resized(&self.test, indices, side);
                signed_pixels(&large, &all(&large), device)
            }
        }
    }
}

fn all(set: &ImageSet) -> Vec<usize> {
    (0..set.len()).collect()
}

/// Test pictures on canvas, the same in all runs.
fn on_canvas(test: &ImageSet, canvas: &SceneConfig) -> Result<ImageSet> {
    if test.channels != 1 {
        return Err(Error::Usage("`data.canvas` is for gray pictures".to_owned()));
    }
    let (pictures, side) = (test.len(), canvas.side);
    let bytes = pictures * side * side;
    if bytes > MOST_BYTES {
        return Err(Error::Usage(format!(
            "`data.canvas.side`: {pictures} test pictures of {side}×{side} take {bytes} bytes, more than {MOST_BYTES}; let \
             `data.test` be less"
        )));
    }
    let streams = Streams::new(0);
    Ok(single(test, &all(test), canvas, |place| {
        streams.at("test canvas", 0, place as u64)
    }))
}
