use std::{path::Path, sync::Arc};

use papers_core::{
    Error, Result,
    base::images::{Listing, Part, Picture},
    random::Streams,
};
use rand::{Rng, RngExt};
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::HostBatch;
use crate::config::FilesConfig;

/// Mean and deviation of the colors of ImageNet, in `[0, 1]`, as they are customarily used.
pub(super) const MEAN: [f64; 3] = [0.485, 0.456, 0.406];
pub(super) const DEVIATION: [f64; 3] = [0.229, 0.224, 0.225];

/// Least and greatest width of a cut, in units of its height.
const SHAPES: [f64; 2] = [3.0 / 4.0, 4.0 / 3.0];
/// Cuts that are drawn before the middle is taken.
const TRIES: usize = 10;
const COLORS: usize = 3;

/// Pictures that are read when they are needed. No more than a batch of them is in memory, besides those that are prepared.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) train: Arc<Listing>,
    pub(super) test: Listing,
    config: FilesConfig,
}

impl Files {
    pub(super) fn find(config: &FilesConfig, seed: u64) -> Result<Self> {
        let found = |path: &Path, labels: Option<&Path>, classes: Option<&[String]>| {
            Listing::new(path, labels, classes).map_err(Error::from)
        };
        let train = found(&config.train, config.labels.as_deref(), None)?;
        let (train, test) = match &config.test {
            Some(path) => {
                let test = found(path, config.test_labels.as_deref(), Some(train.class_names()))?;
                (train, test)
            }
            None => held_out(&train, config.held_out, seed)?,
        };
        Ok(Self {
            train: Arc::new(train),
            test,
            config: config.clone(),
        })
    }

    pub(super) fn shape(&self) -> [usize; 3] {
        [COLORS, self.config.side, self.config.side]
    }

    /// Training pictures, each cut and perhaps mirrored at random, read by all cores.
    pub(super) fn augmented(&self, indices: &[usize], streams: &Streams, step: u64) -> Result<HostBatch> {
        let random = |place: usize| streams.at("augment", step, place as u64);
        self.batch(&self.train, indices, |place, picture| {
            let mut random = random(place);
            let part = random_part(picture.size(), self.config.least_area, &mut random);
            (part, self.config.flip && random.random_bool(0.5))
        })
    }

    /// The middle of test pictures.
    pub(super) fn plain(&self, indices: &[usize]) -> Result<HostBatch> {
        let share = self.config.side as f64 / self.config.resize as f64;
        self.batch(&self.test, indices, |_, picture| (middle(picture.size(), share), false))
    }

    fn batch(
        &self,
        listing: &Listing,
        indices: &[usize],
        cut: impl Fn(usize, &Picture) -> (Part, bool) + Sync,
    ) -> Result<HostBatch> {
        let side = self.config.side;
        let read = |(place, &index): (usize, &usize)| {
            let picture = listing.read(index)?;
            let (part, is_mirrored) = cut(place, &picture);
            Ok(planes(&picture.view(part, side as u32, COLORS), side, is_mirrored))
        };
        let pictures: Vec<Vec<f32>> = indices.par_iter().enumerate().map(read).collect::<Result<_>>()?;
        Ok(HostBatch {
            values: pictures.concat(),
            labels: indices.iter().map(|&index| listing.label(index) as i32).collect(),
            shape: self.shape(),
        })
    }
}

/// Some pictures to test on, and the others.
fn held_out(listing: &Listing, count: usize, seed: u64) -> Result<(Listing, Listing)> {
    if count >= listing.len() {
        let there = listing.len();
        return Err(Error::Usage(format!(
            "`data.files.held_out`: {count} pictures to test on leave none of {there} to learn from"
        )));
    }
    let order = Streams::new(seed).permutation("held out", 0, listing.len());
    let (test, train) = order.split_at(count);
    Ok((listing.subset(train), listing.subset(test)))
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

/// A random part of a picture (Szegedy et al. 2015): its area is uniform from a least share to the whole, its shape uniform
/// on a logarithmic scale.
fn random_part([width, height]: [u32; 2], least_area: f64, random: &mut impl Rng) -> Part {
    let whole = f64::from(width) * f64::from(height);
    for _ in 0..TRIES {
        let area = whole * random.random_range(least_area..=1.0);
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

/// The square in the middle, of this share of the shorter side.
fn middle([width, height]: [u32; 2], share: f64) -> Part {
    let side = ((f64::from(width.min(height)) * share).round() as u32).max(1);
    Part {
        left: (width.saturating_sub(side)) / 2,
        top: (height.saturating_sub(side)) / 2,
        width: side,
        height: side,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_wide_and_of_tall_pictures() {
        let part = |left, top, side| Part {
            left,
            top,
            width: side,
            height: side,
        };
        assert_eq!(middle([300, 200], 0.875), part(62, 12, 175));
        assert_eq!(middle([10, 30], 1.0), part(0, 10, 10));
        assert_eq!(middle([1, 1], 0.5), part(0, 0, 1));
    }

    #[test]
    fn random_parts_lie_within_and_have_the_asked_for_shapes() {
        let mut random = Streams::new(0).at("parts", 0, 0);
        let mut areas = Vec::new();
        for _ in 0..500 {
            let part = random_part([120, 90], 0.2, &mut random);
            assert!(
                part.left + part.width <= 120 && part.top + part.height <= 90,
                "{part:?}"
            );
            let shape = f64::from(part.width) / f64::from(part.height);
            assert!((0.7..1.4).contains(&shape), "{part:?}");
            areas.push(f64::from(part.width * part.height) / (120.0 * 90.0));
        }
        assert!(areas.iter().all(|&area| area > 0.19));
        assert!(areas.iter().any(|&area| area < 0.3) && areas.iter().any(|&area| area > 0.7));
        // Too long for any shape: the middle.
        assert_eq!(random_part([1000, 1], 0.9, &mut random), middle([1000, 1], 1.0));
    }

    #[test]
    fn colors_come_first_and_mirrors_turn_rows() {
        let pixels = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
        let plain = planes(&pixels, 2, false);
        assert_eq!(plain[..4], [1.0, -1.0, -1.0, 1.0]);
        assert_eq!(planes(&pixels, 2, true)[..4], [-1.0, 1.0, 1.0, -1.0]);
    }
}
