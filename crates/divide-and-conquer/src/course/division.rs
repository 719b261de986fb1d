use burn::prelude::Device;
use papers_core::random::Streams;
use serde::{Deserialize, Serialize};

use super::{Clusters, DivideConfig};
use crate::{
    MetricError, Rows,
    batch_sampler::{BatchSampler, BatchShape},
    clustering::KMeans,
    matching::{learners_of, overlap},
    retrieval::agreement,
};

/// Which learner has which examples, and how it came to that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Division {
    /// The learner of each example, by the example's number.
    pub assignment: Vec<usize>,
    /// All divisions so far.
    pub records: Vec<DivisionRecord>,
}

/// What a division found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DivisionRecord {
    /// The update that it came before.
    pub step: u64,
    /// Examples of each learner.
    pub sizes: Vec<usize>,
    /// Classes of each learner with two examples or more.
    pub classes: Vec<usize>,
    /// Sum of squared distances to the centroids; none of random clusters.
    pub objective: Option<f64>,
    /// Normalized mutual information with the division before.
    pub agreement: Option<f64>,
    /// Share of the examples that stayed with their learner.
    pub kept: Option<f64>,
    /// Normalized mutual information with the classes.
    pub class_agreement: f64,
    /// Learners without two classes to tell apart, which have a break until the next division.
    pub suspended: Vec<usize>,
}

impl Division {
    /// The examples of a learner.
    pub fn members(&self, learner: usize) -> Vec<usize> {
        let places = self.assignment.iter().enumerate();
        places
            .filter(|&(_, &of)| of == learner)
            .map(|(index, _)| index)
            .collect()
    }

    /// What the last division found.
    pub fn last(&self) -> Option<&DivisionRecord> {
        self.records.last()
    }

    /// Divides anew. Clusters go to the learners that held most of them.
    #[expect(clippy::too_many_arguments, reason = "all of it is what a division depends on")]
    pub(super) fn next(
        before: Option<&Self>,
        config: &DivideConfig,
        points: &Rows,
        labels: &[usize],
        shape: BatchShape,
        streams: &Streams,
        step: u64,
        device: &Device,
    ) -> Result<Self, MetricError> {
        if points.len() != labels.len() {
            let (rows, labels) = (points.len(), labels.len());
            return Err(MetricError::Labels { labels, rows });
        }
        let (clusters, objective) = clusters(config, points, streams, step, device)?;
        let assignment = match before {
            Some(before) if config.matching => {
                let learners = learners_of(&overlap(&clusters, &before.assignment, config.learners));
                clusters.iter().map(|&cluster| learners[cluster]).collect()
            }
            _ => clusters,
        };
        let mut division = Self {
            records: Vec::new(),
            assignment,
        };
        let samplers: Vec<BatchSampler> = (0..config.learners)
            .map(|learner| BatchSampler::new(&division.members(learner), labels, shape))
            .collect();
        let stayed = |before: &Self| {
            let pairs = before.assignment.iter().zip(&division.assignment);
            pairs.filter(|(old, new)| old == new).count() as f64 / labels.len() as f64
        };
        let record = DivisionRecord {
            step,
            sizes: (0..config.learners)
                .map(|learner| division.members(learner).len())
                .collect(),
            classes: samplers.iter().map(|sampler| sampler.classes().len()).collect(),
            objective,
            agreement: before.map(|before| agreement(&division.assignment, &before.assignment)),
            kept: before.map(stayed),
            class_agreement: agreement(&division.assignment, labels),
            suspended: (0..config.learners)
                .filter(|&learner| !samplers[learner].is_usable())
                .collect(),
        };
        division.records = before.map_or_else(Vec::new, |before| before.records.clone());
        division.records.push(record);
        Ok(division)
    }
}

fn clusters(
    config: &DivideConfig,
    points: &Rows,
    streams: &Streams,
    step: u64,
    device: &Device,
) -> Result<(Vec<usize>, Option<f64>), MetricError> {
    match config.clusters {
        Clusters::KMeans => {
            let means = KMeans {
                clusters: config.learners,
                restarts: config.restarts,
                iterations: config.iterations,
            };
            let found = means.run(points, streams, "divide", step, device)?;
            Ok((found.assignment, Some(found.objective)))
        }
        Clusters::Random => {
            points.check_finite("points to divide")?;
            let mut clusters = vec![0; points.len()];
            for (place, index) in streams
                .permutation("divide", step, points.len())
                .into_iter()
                .enumerate()
            {
                clusters[index] = place % config.learners;
            }
            Ok((clusters, None))
        }
    }
}
