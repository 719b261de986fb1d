use std::path::PathBuf;

use burn::prelude::*;
use papers_core::{
    Error, Result,
    base::images::{ImageSet, Listing, Part, Picture},
    data::{Augmentation, Whitening, augmented, signed_pixels},
    random::Streams,
};
use rand::{Rng, RngExt};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::examples::{Examples, Pixels};
use crate::config::{Crop, DataConfig, FilesConfig};

/// Least and greatest width of a cut, in units of its height, and its least area (torchvision's defaults).
const SHAPES: [f64; 2] = [3.0 / 4.0, 4.0 / 3.0];
const LEAST_AREA: f64 = 0.08;
/// Cuts that are drawn before the middle is taken.
const TRIES: usize = 10;
/// Pictures on disk are brought to three colors; gray ones have all three alike.
const COLORS: usize = 3;

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
            (Pixels::Files(listing), Some(files)) => read(listing, indices, files.side, |place, picture| {
                let mut random = streams.at("augment", step, place as u64);
                let part = match files.crop {
                    Crop::Resized => random_part(picture.size(), &mut random),
                    Crop::Random => random_square(picture.size(), files, &mut random),
                };
                (part, files.flip && random.random_bool(0.5))
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
        let share = files.side as f64 / files.resize as f64;
        read(listing, indices, files.side, |_, picture| {
            (middle(picture.size(), share), false)
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
        Ok(picture.view(middle(picture.size(), 1.0), side as u32, COLORS))
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

/// Reads pictures by all cores, each cut by `cut` and perhaps mirrored.
fn read(
    listing: &Listing,
    indices: &[usize],
    side: usize,
    cut: impl Fn(usize, &Picture) -> (Part, bool) + Sync,
) -> Result<HostBatch> {
    let picture = |(place, &index): (usize, &usize)| -> Result<Vec<f32>> {
        let picture = listing.read(index)?;
        let (part, is_mirrored) = cut(place, &picture);
        Ok(planes(&picture.view(part, side as u32, COLORS), side, is_mirrored))
    };
    let pictures: Vec<Vec<f32>> = indices.par_iter().enumerate().map(picture).collect::<Result<_>>()?;
    Ok(HostBatch {
        values: pictures.concat(),
        shape: [indices.len(), COLORS, side, side],
    })
}

/// `[side, side, 3]` of bytes to `[3, side, side]` in `[-1, 1]`.
fn planes(pixels: &[u8], side: usize, is_mirrored: bool) -> Vec<f32> {
    let mut planes = Vec::with_capacity(pixels.len());
    for color in 0..COLORS {
        for row in 0..side {
            let pixel = |column: usize| f32::from(pixels[(row * side + column) * COLORS + color]) / 127.5 - 1.0;
            match is_mirrored {
                true => planes.extend((0..side).rev().map(pixel)),
                false => planes.extend((0..side).map(pixel)),
            }
        }
    }
    planes
}

/// A random part of a picture (Szegedy et al. 2015): its area is uniform from a least share to the whole, its shape
/// uniform on a logarithmic scale.
fn random_part([width, height]: [u32; 2], random: &mut impl Rng) -> Part {
    let whole = f64::from(width) * f64::from(height);
    for _ in 0..TRIES {
        let area = whole * random.random_range(LEAST_AREA..=1.0);
        let shape = random.random_range(SHAPES[0].ln()..=SHAPES[1].ln()).exp();
        let columns = (area * shape).sqrt().round() as u32;
        let rows = (area / shape).sqrt().round() as u32;
        if (1..=width).contains(&columns) && (1..=height).contains(&rows) {
            return Part {
                left: random.random_range(0..=width - columns),
                top: random.random_range(0..=height - rows),
                width: columns,
                height: rows,
            };
        }
    }
    middle([width, height], 1.0)
}

/// A random square of `side` pixels of the picture whose shorter side has `resize`.
fn random_square([width, height]: [u32; 2], files: &FilesConfig, random: &mut impl Rng) -> Part {
    let side = f64::from(width.min(height)) * files.side as f64 / files.resize as f64;
    let side = (side.round() as u32).clamp(1, width.min(height));
    Part {
        left: random.random_range(0..=width - side),
        top: random.random_range(0..=height - side),
        width: side,
        height: side,
    }
}

/// The square in the middle, of this share of the shorter side.
fn middle([width, height]: [u32; 2], share: f64) -> Part {
    let side = ((f64::from(width.min(height)) * share).round() as u32).max(1);
    Part {
        left: width.saturating_sub(side) / 2,
        top: height.saturating_sub(side) / 2,
        width: side,
        height: side,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_lie_within_their_picture() {
        let mut random = Streams::new(0).at("cuts", 0, 0);
        let files = FilesConfig {
            root: PathBuf::new(),
            labels: None,
            test_share: 0.5,
            side: 224,
            resize: 256,
            crop: Crop::Random,
            flip: true,
            skip_bad: false,
            check_counts: true,
        };
        for _ in 0..300 {
            let part = random_part([120, 90], &mut random);
            assert!(
                part.left + part.width <= 120 && part.top + part.height <= 90,
                "{part:?}"
            );
            let square = random_square([120, 96], &files, &mut random);
            assert_eq!((square.width, square.height), (84, 84), "7/8 of the shorter side");
            assert!(square.left + 84 <= 120 && square.top + 84 <= 96, "{square:?}");
        }
        assert_eq!(
            middle([300, 200], 0.875),
            Part {
                left: 62,
                top: 12,
                width: 175,
                height: 175
            }
        );
    }

    #[test]
    fn mirrors_turn_rows() {
        let pixels = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
        assert_eq!(planes(&pixels, 2, false)[..4], [1.0, -1.0, -1.0, 1.0]);
        assert_eq!(planes(&pixels, 2, true)[..4], [-1.0, 1.0, 1.0, -1.0]);
    }
}
