//! The rows of every update.

use std::sync::Arc;

use burn::prelude::*;
use papers_core::{
    Error, Result,
    data::{EndlessSampler, Sampler},
    random::Streams,
};
use serde::{Deserialize, Serialize};

use super::{
    DataSet,
    rows::{Rows, binarize},
};

/// Rows of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchSizes {
    /// With labels.
    pub labeled: usize,
    /// Without.
    pub unlabeled: usize,
}

/// The rows of every update, with zeros and ones drawn where values are their probabilities: a function of the seed and
/// the update's number alone.
#[derive(Debug, Clone)]
pub struct Batches {
    rows: Arc<Rows>,
    labeled: Option<(Arc<[usize]>, EndlessSampler)>,
    unlabeled: Option<(Arc<[usize]>, Sampler)>,
    steps_per_epoch: u64,
    binarize: bool,
    clusters: usize,
    streams: Streams,
    warnings: Vec<String>,
}

/// The rows of one update in the host's memory.
#[derive(Debug, Clone, PartialEq)]
pub struct HostBatch {
    /// Rows with labels, where the regime has some.
    pub labeled: Option<HostRows>,
    /// Rows without, where the regime has some.
    pub unlabeled: Option<HostRows>,
    /// Number of clusters, extra ones included.
    clusters: usize,
}

/// Some training rows.
#[derive(Debug, Clone, PartialEq)]
pub struct HostRows {
    /// `[rows, values]`
    pub values: Vec<f32>,
    /// Numbers of the training rows.
    pub rows: Vec<usize>,
    /// Their classes; empty for rows whose labels are not looked at.
    pub labels: Vec<usize>,
}

/// The rows of one update on a device.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Rows with labels, `[labeled, values]`, and their classes, one-hot, `[labeled, clusters]`.
    pub labeled: Option<[Tensor<2>; 2]>,
    /// Rows without, `[unlabeled, values]`.
    pub unlabeled: Option<Tensor<2>>,
}

impl Batches {
    /// Batches of a set. Rows with labels come in an endless stream, so that a batch may be larger than their number; those
    /// without come once in each epoch, except for a rest that is no full batch.
    ///
    /// # Errors
    ///
    /// [`Error::Usage`] for a batch without rows of a kind that the regime has.
    pub fn new(data: &DataSet, sizes: BatchSizes, streams: Streams) -> Result<Self> {
        let mut warnings = Vec::new();
        let mut order = |kind: &str, rows: &[usize], batch: usize, then: &str| -> Result<Option<Arc<[usize]>>> {
            if rows.is_empty() {
                return Ok(None);
            }
            if batch == 0 {
                let regime = data.regime.name();
                return Err(Error::Usage(format!(
                    "a batch has no {kind} rows, and `{regime}` learning needs some; ask for at least 1"
                )));
            }
            if batch > rows.len() {
                let there = rows.len();
                warnings.push(format!(
                    "a batch of {batch} {kind} rows is more than there are, {there}: {then}"
                ));
            }
            Ok(Some(Arc::from(rows)))
        };
        let labels = &data.labels;
        let labeled = order(
            "labeled",
            &labels.labeled,
            sizes.labeled,
            "they come several times in each",
        )?;
        let unlabeled = order("unlabeled", &labels.unlabeled, sizes.unlabeled, "each is all of them")?;
        let steps_per_epoch = match (&unlabeled, &labeled) {
            (Some(rows), _) => rows.len() / sizes.unlabeled.min(rows.len()),
            (None, Some(rows)) => rows.len().div_ceil(sizes.labeled),
            (None, None) => return Err(Error::Usage("there are no training rows".to_owned())),
        };
        Ok(Self {
            rows: Arc::clone(&data.train),
            labeled: labeled.map(|rows| {
                let sampler = EndlessSampler::new(streams, "labeled order", rows.len(), sizes.labeled);
                (rows, sampler)
            }),
            unlabeled: unlabeled.map(|rows| {
                let sampler = Sampler::new(streams, "unlabeled order", rows.len(), sizes.unlabeled);
                (rows, sampler)
            }),
            steps_per_epoch: steps_per_epoch as u64,
            binarize: data.binarize,
            clusters: data.clusters(),
            streams,
            warnings,
        })
    }

    /// What is odd about the sizes, for the user; to be said once.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Updates of an epoch: of one pass over the rows without labels or, where there are none, over those with labels.
    pub fn steps_per_epoch(&self) -> u64 {
        self.steps_per_epoch
    }

    /// The rows of update `step`.
    pub fn at(&mut self, step: u64) -> HostBatch {
        let labeled = self.labeled.as_mut().map(|(rows, sampler)| {
            let batch = sampler.batch(step);
            batch.iter().map(|&place| rows[place]).collect::<Vec<usize>>()
        });
        let unlabeled = self.unlabeled.as_mut().map(|(rows, sampler)| {
            let batch = sampler.batch(step);
            batch.iter().map(|&place| rows[place]).collect::<Vec<usize>>()
        });
        HostBatch {
            labeled: labeled.map(|rows| HostRows {
                labels: rows.iter().filter_map(|&row| self.rows.labels[row]).collect(),
                ..self.drawn(rows, "binarize labeled", step)
            }),
            unlabeled: unlabeled.map(|rows| self.drawn(rows, "binarize unlabeled", step)),
            clusters: self.clusters,
        }
    }

    fn drawn(&self, rows: Vec<usize>, stream: &str, step: u64) -> HostRows {
        let mut values = self.rows.gathered(&rows);
        if self.binarize {
            binarize(&mut values, &self.streams, stream, step);
        }
        HostRows {
            values,
            rows,
            labels: Vec::new(),
        }
    }
}

impl HostBatch {
    /// The batch on a device, with one-hot classes.
    pub fn upload(self, device: &Device) -> Batch {
        let clusters = self.clusters;
        Batch {
            labeled: self.labeled.map(|labeled| {
                let count = labeled.rows.len();
                let mut classes = vec![0.0; count * clusters];
                for (row, &class) in labeled.labels.iter().enumerate() {
                    classes[row * clusters + class] = 1.0;
                }
                [labeled.values, classes].map(|values| upload(values, count, device))
            }),
            unlabeled: self.unlabeled.map(|unlabeled| {
                let count = unlabeled.rows.len();
                upload(unlabeled.values, count, device)
            }),
        }
    }
}

/// Rows on a device, `[rows, columns]`.
pub(crate) fn upload(values: Vec<f32>, rows: usize, device: &Device) -> Tensor<2> {
    let columns = values.len() / rows.max(1);
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}
