//! Which learner learns what, and when: phases, divisions, and batches from clusters.

mod division;
mod timetable;

pub use division::{Division, DivisionRecord};
pub use timetable::{Phase, Timetable};

use std::sync::Arc;

use burn::prelude::Device;
use papers_core::{
    base::config::{Checks, ConfigError},
    random::Streams,
};
use serde::{Deserialize, Serialize};

use crate::{
    MetricError, Part, Rows, SliceUpdate,
    batch_sampler::{BatchSampler, BatchShape},
};

/// How the data is divided and conquered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DivideConfig {
    /// Number of clusters and learners, `K`; 1 divides nothing and is the plain baseline.
    pub learners: usize,
    /// Epochs between two divisions, `T`.
    pub recluster_every: u64,
    /// Epochs before the first division, in which the whole embedding learns from all data: in place of a pretrained
    /// network, whose clusters mean something.
    pub warm_up: u64,
    /// Epoch from which on slices do not learn by themselves any more.
    pub slices_until: u64,
    /// Epoch from which on batches come from all data again: the final fine-tuning.
    pub clusters_until: u64,
    /// What is clustered.
    pub cluster_on: ClusterOn,
    /// How clusters are found.
    pub clusters: Clusters,
    /// Whether batches come from clusters; if not, learners have slices and all of the data (ablation).
    pub data: bool,
    /// Whether learners have slices; if not, every one of them teaches the whole embedding (ablation).
    pub slices: bool,
    /// Whether new clusters go to the learners that held most of them; if not, by their number (ablation).
    pub matching: bool,
    /// Starts of k-means.
    pub restarts: usize,
    /// Iterations of each, at most.
    pub iterations: usize,
    /// What the optimizer does to other slices while one learns.
    pub slice_update: SliceUpdate,
}

impl Default for DivideConfig {
    /// The paper's: 8 learners, division every 2 epochs, fine-tuning from epoch 190.
    fn default() -> Self {
        Self {
            learners: 8,
            recluster_every: 2,
            warm_up: 0,
            slices_until: 190,
            clusters_until: 190,
            cluster_on: ClusterOn::Embedding,
            clusters: Clusters::KMeans,
            data: true,
            slices: true,
            matching: true,
            restarts: 5,
            iterations: 100,
            slice_update: SliceUpdate::Paper,
        }
    }
}

/// What is clustered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterOn {
    /// Embeddings of length 1, as the paper says.
    Embedding,
    /// Features of length 1, as the released program does it.
    Features,
}

/// How clusters are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Clusters {
    /// By k-means.
    KMeans,
    /// At random and equally large: the control.
    Random,
}

impl DivideConfig {
    /// Refuses settings that make no sense.
    ///
    /// # Errors
    ///
    /// The setting below `divide`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        /// Of starts of k-means and of iterations; far more than help.
        const MOST: usize = 10_000;
        let checks = Checks::of("divide");
        checks.at_least(1, "learners", self.learners)?;
        checks.at_least(1, "recluster_every", self.recluster_every)?;
        for (key, value) in [("restarts", self.restarts), ("iterations", self.iterations)] {
            checks.at_least(1, key, value)?;
            checks.at_most(MOST, key, value)?;
        }
        checks.require(
            self.slices_until <= self.clusters_until,
            "slices_until",
            format_args!(
                "must be at most `clusters_until`, {}, not {}",
                self.clusters_until, self.slices_until
            ),
        )?;
        checks.require(
            self.learners == 1 || self.warm_up < self.clusters_until,
            "warm_up",
            format_args!(
                "must be below `clusters_until`, {}, not {}: nothing would be divided",
                self.clusters_until, self.warm_up
            ),
        )?;
        let problem = "must be true, or `slices` must: without both nothing is divided";
        checks.require(self.data || self.slices, "data", problem)?;
        let is_used = self.slices || self.slice_update == SliceUpdate::default();
        let problem = "is for `slices = true` only";
        checks.require(is_used, "slice_update", problem)
    }
}

/// What one update learns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The part of the embedding.
    pub part: Part,
    /// The learner whose turn it is, where there are clusters.
    pub learner: Option<usize>,
    /// Examples of the batch.
    pub indices: Vec<usize>,
    /// Classes of the learner's cluster, where batches come from it.
    pub classes: Option<Arc<Vec<usize>>>,
}

/// The whole plan of a training: a function of the seed, the step and the last division alone.
#[derive(Debug, Clone)]
pub struct Course {
    config: DivideConfig,
    timetable: Timetable,
    labels: Arc<Vec<usize>>,
    shape: BatchShape,
    streams: Streams,
    all: Arc<BatchSampler>,
    division: Option<Division>,
    /// Batches of each learner that is not suspended, with its number and its classes.
    active: Vec<Active>,
}

#[derive(Debug, Clone)]
struct Active {
    learner: usize,
    sampler: Arc<BatchSampler>,
    classes: Arc<Vec<usize>>,
}

impl Course {
    /// A course over examples with these classes.
    ///
    /// # Errors
    ///
    /// [`MetricError::Setting`] of what [`DivideConfig::validate`] refuses, of an epoch without an update and of an empty
    /// batch; [`MetricError::Classes`] if fewer than two classes have two examples, [`MetricError::Clusters`] if there are fewer
    /// examples than clusters.
    pub fn new(
        config: &DivideConfig,
        epoch_steps: u64,
        labels: Vec<usize>,
        shape: BatchShape,
        streams: Streams,
    ) -> Result<Self, MetricError> {
        config
            .validate()
            .map_err(|error| MetricError::Setting(error.to_string()))?;
        for (count, problem) in [
            (epoch_steps, "an epoch must have an update"),
            (shape.size() as u64, "a batch must have an example"),
        ] {
            if count == 0 {
                return Err(MetricError::Setting(problem.to_owned()));
            }
        }
        let everything: Vec<usize> = (0..labels.len()).collect();
        let all = BatchSampler::new(&everything, &labels, shape);
        if !all.is_usable() {
            let found = all.classes().len();
            return Err(MetricError::Classes { found });
        }
        if config.learners > labels.len() {
            let (points, clusters) = (labels.len(), config.learners);
            return Err(MetricError::Clusters { points, clusters });
        }
        Ok(Self {
            timetable: Timetable::new(config, epoch_steps),
            config: config.clone(),
            labels: Arc::new(labels),
            all: Arc::new(all),
            division: None,
            active: Vec::new(),
            shape,
            streams,
        })
    }

    /// Classes of all examples.
    pub fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// When what happens.
    pub fn timetable(&self) -> &Timetable {
        &self.timetable
    }

    /// The last division.
    pub fn division(&self) -> Option<&Division> {
        self.division.as_ref()
    }

    /// Whether the data is divided before this step. Never with one learner.
    pub fn divides_at(&self, step: u64) -> bool {
        self.timetable.divides_at(step)
    }

    /// Divides the data by points of length 1, one for each example; what was found is the last record of the division.
    ///
    /// # Errors
    ///
    /// Points that are not finite or not as many as examples; those of [`KMeans::run`](crate::clustering::KMeans::run). The
    /// division before stays then.
    pub fn divide(&mut self, points: &Rows, step: u64, device: &Device) -> Result<&DivisionRecord, MetricError> {
        let division = Division::next(
            self.division.as_ref(),
            &self.config,
            points,
            &self.labels,
            self.shape,
            &self.streams,
            step,
            device,
        )?;
        self.adopt(division)?;
        Ok(self
            .division
            .as_ref()
            .and_then(Division::last)
            .expect("one was made just now"))
    }

    /// Goes on with a division that was saved.
    ///
    /// # Errors
    ///
    /// [`MetricError::Labels`] if it is of another number of examples, [`MetricError::UnknownLearner`].
    pub fn adopt(&mut self, division: Division) -> Result<(), MetricError> {
        let (labels, rows) = (self.labels.len(), division.assignment.len());
        if labels != rows {
            return Err(MetricError::Labels { labels, rows });
        }
        let learners = self.config.learners;
        if let Some(&learner) = division.assignment.iter().find(|&&learner| learner >= learners) {
            return Err(MetricError::UnknownLearner { learner, learners });
        }
        self.active = (0..self.config.learners)
            .filter_map(|learner| {
                let sampler = BatchSampler::new(&division.members(learner), &self.labels, self.shape);
                sampler.is_usable().then(|| Active {
                    learner,
                    classes: Arc::new(sampler.classes().to_vec()),
                    sampler: Arc::new(sampler),
                })
            })
            .collect();
        self.division = Some(division);
        Ok(())
    }

    /// What the update of this step learns.
    pub fn turn(&self, step: u64) -> Turn {
        let phase = self.timetable.phase(step);
        if self.config.learners == 1 || matches!(phase, Phase::WarmUp | Phase::Whole) || self.division.is_none() {
            return self.turn_of_all(step, Part::Whole, None);
        }
        let has_slices = phase == Phase::Slices && self.config.slices;
        let part = |learner: usize| if has_slices { Part::Slice(learner) } else { Part::Whole };
        if !self.config.data {
            let learner = (step % self.config.learners as u64) as usize;
            return self.turn_of_all(step, part(learner), Some(learner));
        }
        // All suspended: a round on all data.
        if self.active.is_empty() {
            return self.turn_of_all(step, Part::Whole, None);
        }
        let active = &self.active[(step % self.active.len() as u64) as usize];
        Turn {
            part: part(active.learner),
            learner: Some(active.learner),
            indices: active.sampler.batch(&self.streams, "batch", step),
            classes: Some(Arc::clone(&active.classes)),
        }
    }

    fn turn_of_all(&self, step: u64, part: Part, learner: Option<usize>) -> Turn {
        Turn {
            part,
            learner,
            indices: self.all.batch(&self.streams, "batch", step),
            classes: None,
        }
    }
}
