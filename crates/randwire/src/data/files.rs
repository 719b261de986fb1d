use std::{path::Path, sync::Arc};

use papers_core::{
    Error, Result,
    base::images::Listing,
    data::cuts::{self, COLORS, Cut},
    random::Streams,
};
use rand::RngExt;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};

use super::HostBatch;
use crate::config::FilesConfig;

/// Mean and deviation of the colors of ImageNet, in `[0, 1]`, as they are customarily used.
pub(super) const MEAN: [f64; 3] = [0.485, 0.456, 0.406];
pub(super) const DEVIATION: [f64; 3] = [0.229, 0.224, 0.225];

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
        self.batch(&self.train, indices, |place, size| {
            let random = &mut streams.at("augment", step, place as u64);
            Cut {
                part: cuts::random_part(size, self.config.least_area, random),
                is_mirrored: self.config.flip && random.random_bool(0.5),
            }
        })
    }

    /// The middle of test pictures.
    pub(super) fn plain(&self, indices: &[usize]) -> Result<HostBatch> {
        let share = self.config.side as f64 / self.config.resize as f64;
        self.batch(&self.test, indices, |_, size| cuts::middle(size, share).into())
    }

    fn batch(
        &self,
        listing: &Listing,
        indices: &[usize],
        cut: impl Fn(usize, [u32; 2]) -> Cut + Sync,
    ) -> Result<HostBatch> {
        let read =
            |(place, &index): (usize, &usize)| cuts::square(listing, index, self.config.side, |size| cut(place, size));
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
