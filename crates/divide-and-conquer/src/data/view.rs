use std::path::PathBuf;

use burn::prelude::*;
use papers_core::{
    Error, Result,
    base::images::{ImageSet, Listing},
    data::{
        Augmentation, Whitening, augmented,
        cuts::{self, COLORS, Cut},
        signed_pixels,
    },
    random::Streams,
};
use rand::RngExt;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::examples::{Examples, Pixels};
use crate::config::{Crop, DataConfig, FilesConfig};

/// Least area of a random part (torchvision's default).
const LEAST_AREA: f64 = 0.08;

/// How the network sees pictures.
#[derive(Debug, Clone)]
pub struct View {
    whitening: Whitening,
    augmentation: Augmentation,
    files: Option<FilesConfig>,
}

/// Some pictures in the host's memory.
#[derive(Debug, Clone, PartialEq)]
pub struct HostBatch {
    /// `[batch, colors, height, width]`, in `[-1, 1]`.
    values: Vec<f32>,
    shape: [usize; 4],
}

impl View {
    pub(super) fn new(config: &DataConfig, train: &Examples) -> Result<Self> {
        let colors = train.set().map_or(COLORS, |set| set.channels);
        let [mean, deviation] = [&config.mean, &config.deviation].map(|values| DataConfig::for_colors(values, colors));
        if mean.len() != colors || deviation.len() != colors {
            let message = format!("`data.mean` and `data.deviation`: the pictures have {colors} colors");
            return Err(Error::Usage(message));
        }
        if let Some(set) = train.set() {
            let fits = config.augmentation.check(set.height, set.width);
            fits.map_err(|problem| Error::Usage(format!("`data.augmentation.pad`: {problem}")))?;
        }
        Ok(Self {
            whitening: Whitening::of_colors(&mean, &deviation),
            augmentation: config.augmentation,
            files: config.files.clone(),
        })
    }

    /// For pictures of any size that are cut as those of a run are: `index` and `query` see folders this way.
    pub(crate) fn of_folder(config: &DataConfig, shape: [usize; 3]) -> Self {
        let side = shape[1].max(shape[2]);
        let [mean, deviation] =
            [&config.mean, &config.deviation].map(|values| DataConfig::for_colors(values, shape[0]));
        let files = config.files.clone().unwrap_or(FilesConfig {
            root: PathBuf::new(),
            labels: None,
            test_share: 0.5,
            side,
            resize: side,
            crop: Crop::Resized,
            flip: false,
            skip_bad: false,
            check_counts: false,
        });
        Self {
            whitening: Whitening::of_colors(&mean, &deviation),
            augmentation: Augmentation::default(),
            files: Some(files),
        }
    }

    /// Colors, height and width of what the network sees.
    pub fn shape(&self, examples: &Examples) -> [usize; 3] {
        match (&examples.pixels, &self.files) {
            (Pixels::Memory(set), _) => [set.channels, set.height, set.width],
            (Pixels::Files(_), files) => {
                let side = files.as_ref().map_or(0, |files| files.side);
                [COLORS, side, side]
            }
        }
    }

    /// Training pictures: cut, moved or mirrored at random, by the streams of the step.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or decoded.
    pub fn augmented(&self, examples: &Examples, indices: &[usize], streams: &Streams, step: u64) -> Result<HostBatch> {
        match (&examples.pixels, &self.files) {
            (Pixels::Memory(set), _) => Ok(HostBatch {
                values: augmented(set, indices, &self.augmentation, streams, "augment", step),
                shape: [indices.len(), set.channels, set.height, set.width],
            }),
            (Pixels::Files(listing), Some(files)) => read(listing, indices, files.side, |place, size| {
                let random = &mut streams.at("augment", step, place as u64);
                Cut {
                    part: match files.crop {
                        Crop::Resized => cuts::random_part(size, LEAST_AREA, random),
                        Crop::Random => cuts::random_square(size, share(files), random),
                    },
                    is_mirrored: files.flip && random.random_bool(0.5),
                }
            }),
            (Pixels::Files(_), None) => Err(no_size()),
        }
    }

    /// Pictures as they are measured: the middle of those on disk.
    ///
    /// # Shapes
    ///
    /// - output: `[indices, colors, height, width]`
    ///
    /// # Errors
    ///
    /// A file that cannot be read or decoded.
    pub fn plain(&self, examples: &Examples, indices: &[usize], device: &Device) -> Result<Tensor<4>> {
        match (&examples.pixels, &self.files) {
            (Pixels::Memory(set), _) => Ok(self.whitening.apply(signed_pixels(set, indices, device))),
            (Pixels::Files(listing), _) => Ok(self.upload(self.middles(listing, indices)?, device)),
        }
    }

    /// The middles of pictures on disk.
    pub(crate) fn middles(&self, listing: &Listing, indices: &[usize]) -> Result<HostBatch> {
        let files = self.files.as_ref().ok_or_else(no_size)?;
        read(listing, indices, files.side, |_, size| {
            cuts::middle(size, share(files)).into()
        })
    }

    /// A batch on a device.
    ///
    /// # Shapes
    ///
    /// - output: `[batch, colors, height, width]`
    pub fn upload(&self, batch: HostBatch, device: &Device) -> Tensor<4> {
        self.whitening
            .apply(Tensor::from_data(TensorData::new(batch.values, batch.shape), device))
    }

    /// Small pictures to look at, `side` pixels a side where they are on disk.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or decoded.
    pub fn thumbnails(&self, examples: &Examples, indices: &[usize], side: usize) -> Result<ImageSet> {
        match &examples.pixels {
            Pixels::Memory(set) => Ok(set.subset(set.name.clone(), indices)),
            Pixels::Files(listing) => thumbnails(listing, indices, side),
        }
    }
}

/// The middles of pictures on disk, to look at.
pub(crate) fn thumbnails(listing: &Listing, indices: &[usize], side: usize) -> Result<ImageSet> {
    let picture = |&index: &usize| -> Result<Vec<u8>> {
        let picture = listing.read(index)?;
        Ok(picture.view(cuts::middle(picture.size(), 1.0), side as u32, COLORS))
    };
    let pictures: Vec<Vec<u8>> = indices.par_iter().map(picture).collect::<Result<_>>()?;
    Ok(ImageSet {
        name: "pictures".to_owned(),
        images: pictures.concat(),
        labels: Vec::new(),
        height: side,
        width: side,
        channels: COLORS,
        maximum: u8::MAX,
        classes: 0,
        class_names: Vec::new(),
    })
}

fn no_size() -> Error {
    Error::Usage("`data.files` says in what size pictures on disk are read, and is missing".to_owned())
}

/// Share of the shorter side that the network sees.
fn share(files: &FilesConfig) -> f64 {
    files.side as f64 / files.resize as f64
}

/// Reads pictures by all cores, each cut by `cut`, which gets its place and its width and height.
fn read(
    listing: &Listing,
    indices: &[usize],
    side: usize,
    cut: impl Fn(usize, [u32; 2]) -> Cut + Sync,
) -> Result<HostBatch> {
    let picture = |(place, &index): (usize, &usize)| cuts::square(listing, index, side, |size| cut(place, size));
    let pictures: Vec<Vec<f32>> = indices.par_iter().enumerate().map(picture).collect::<Result<_>>()?;
    Ok(HostBatch {
        values: pictures.concat(),
        shape: [indices.len(), COLORS, side, side],
    })
}
