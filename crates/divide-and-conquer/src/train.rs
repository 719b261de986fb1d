//! Learning an embedding: divisions, turns, and what it is measured by.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use burn::prelude::*;
use papers_core::{
    Context, Error, Experiment, Result,
    base::{self, figure::Figure, journal::Scalars},
    checkpoint,
    data::Prefetch,
    nn::dropout,
    random::Streams,
};

use crate::{
    Course, Embedder, Rows, Trainer, Turn, check_division,
    config::{MetricConfig, ModelKind},
    course::{ClusterOn, Division},
    data::{Examples, HostBatch, Pictures},
    error::at_step,
    evaluate, figures,
    loss::Loss,
    network::Network,
};

/// Batches that are prepared while others are learned from.
const PREFETCHED: u64 = 4;

/// What an update learns, and its pictures.
type Prepared = (Turn, HostBatch);

/// A network that learns to embed pictures.
pub struct MetricLearning {
    config: MetricConfig,
    trainer: Trainer<Network, Loss>,
    course: Course,
    pictures: Arc<Pictures>,
    /// Made anew with each division, since batches depend on it.
    batches: Option<Prefetch<Prepared>>,
    streams: Streams,
    /// The plain device.
    device: Device,
    times: Times,
    /// Updates that were learned from.
    updates: u64,
    /// Recall@k of the pixels, once it was measured.
    floor: OnceLock<f64>,
}

/// Since the last start.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Times {
    pub(crate) dividing: Duration,
    pub(crate) all: Duration,
}

impl Experiment for MetricLearning {
    type Config = MetricConfig;

    fn new(config: &MetricConfig, context: &Context) -> Result<Self> {
        let pictures = Arc::new(Pictures::load(&config.data, context)?);
        let examples = &pictures.train;
        let slices = check_division(config.dimension, config.divide.learners, examples.len())?;
        let lone = examples.lone_classes();
        if lone > 0 {
            log::warn!("{lone} training classes have one picture each, which has no positive and is left out");
        }
        let epoch_steps = match config.training.epoch_steps {
            0 => (examples.len() / config.batch.size()).max(1) as u64,
            steps => steps,
        };
        let labels = examples.labels().to_vec();
        let course = Course::new(&config.divide, epoch_steps, labels, config.batch, context.streams)?;
        if let Some(problem) = course.timetable().never_within(config.schedule.steps) {
            log::warn!("{problem}");
        }
        let device = context.device.clone().autodiff();
        let shape = pictures.shape();
        let classes = examples.class_names().len();
        let model = context.streams.initialize("model", &device, || {
            let (network, features) = Network::new(&config.model, shape, &device);
            Embedder::new(network, features, slices, &device)
        });
        if config.model.kind == ModelKind::ResNet50 && config.model.resnet.weights.is_none() && context.saved.is_none()
        {
            log::warn!(
                "ResNet-50 begins with random weights: the paper's begins with ImageNet's, `--set \
                 model.resnet.weights='resnet50.safetensors'`"
            );
        }
        // A run that goes on has its own weights.
        let model = match &context.saved {
            Some(_) => model,
            None => Embedder {
                backbone: model.backbone.pretrained(&config.model)?,
                ..model
            },
        };
        let loss = context
            .streams
            .initialize("loss", &device, || config.loss.init(slices, classes, &device));
        let trainer = Trainer::new(model, loss, &config.optimizer, config.divide.slice_update);
        Ok(Self {
            trainer: trainer.map_err(base::Error::from)?,
            course,
            pictures,
            batches: None,
            streams: context.streams,
            device: context.device.clone(),
            times: Times::default(),
            updates: 0,
            floor: OnceLock::new(),
            config: config.clone(),
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        let started = Instant::now();
        if self.course.divides_at(step) {
            self.divide(step).map_err(|error| at_step(error, step))?;
            self.times.dividing += started.elapsed();
        }
        if self.batches.is_none() {
            self.batches = Some(self.prepared()?);
        }
        let batches = self.batches.as_mut().expect("made just now");
        let (turn, batch) = batches.next(step)?;
        let inputs = self.pictures.view.upload(batch, &self.device);
        let all = self.pictures.train.labels();
        let labels: Vec<usize> = turn.indices.iter().map(|&index| all[index]).collect();
        let factor = self.config.optimizer.factor(step, self.config.schedule.steps);
        let random = &mut self.streams.at("mine", step, 0);
        let seed = self.streams.number("device", step);
        let report = dropout::seeded(seed, || self.trainer.step(inputs, &labels, &turn, factor, random));
        let report = report.map_err(|error| at_step(error, step))?;
        self.times.all += started.elapsed();
        self.updates = step + 1;
        Ok(vec![
            ("loss".to_owned(), report.loss),
            ("terms".to_owned(), report.terms as f64),
            ("no_negatives".to_owned(), f64::from(u8::from(report.no_negatives))),
        ])
    }

    fn evaluate(&self) -> Result<Scalars> {
        self.measure().map_err(|error| at_step(error, self.updates))
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        figures::all(self)
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        self.trainer.save(checkpoint)?;
        checkpoint.json("division", &self.course.division())?;
        // For commands that need the network and no data.
        checkpoint.json("shape", &self.pictures.shape())
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.trainer.restore(checkpoint)?;
        self.updates = checkpoint.step();
        if let Some(division) = checkpoint.json::<Option<Division>>("division")? {
            if division.assignment.len() != self.pictures.train.len() {
                return Err(Error::Usage(format!(
                    "the run was begun with {} training pictures, and now there are {}",
                    division.assignment.len(),
                    self.pictures.train.len()
                )));
            }
            self.course.adopt(division)?;
        }
        self.batches = None;
        Ok(())
    }
}

impl MetricLearning {
    /// All numbers of the benchmarks, and of the last division.
    fn measure(&self) -> Result<Scalars> {
        let model = self.trainer.evaluation_model();
        let (view, settings) = (&self.pictures.view, &self.config.evaluation);
        let mut scalars = Scalars::new();
        for test in &self.pictures.tests {
            let prefix = if test.name.is_empty() {
                String::new()
            } else {
                format!("{}_", test.name)
            };
            scalars.extend(evaluate::scalars(&model, view, test, settings, &prefix, &self.device)?);
        }
        if let Some(floor) = self.floor()? {
            scalars.push((format!("pixel_recall_at_{}", self.config.evaluation.ks[0]), floor));
        }
        if let Some(validation) = &self.pictures.validation {
            scalars.extend(evaluate::scalars(
                &model,
                view,
                validation,
                settings,
                "validation_",
                &self.device,
            )?);
        }
        if let Some(last) = self.course.division().and_then(Division::last) {
            scalars.extend(
                last.agreement
                    .map(|agreement| ("cluster_stability".to_owned(), agreement)),
            );
            scalars.push(("cluster_class_nmi".to_owned(), last.class_agreement));
            scalars.push(("suspended".to_owned(), last.suspended.len() as f64));
        }
        Ok(scalars)
    }

    /// Divides the training pictures by what the network makes of them, as they are measured.
    fn divide(&mut self, step: u64) -> Result<()> {
        let model = self.trainer.evaluation_model();
        let (view, batch) = (&self.pictures.view, self.config.evaluation.batch);
        let kept = self.config.divide.cluster_on;
        let points = evaluate::points(&model, view, &self.pictures.train, kept, batch, &self.device)?;
        // Without a direction a picture goes where the others are not: training does not end with it.
        let points = points.normalized_or_zero("points to divide")?;
        let record = self.course.divide(&points, step, &self.device)?;
        if !record.suspended.is_empty() {
            let suspended: Vec<String> = record.suspended.iter().map(usize::to_string).collect();
            log::warn!(
                "update {step}: learners {} have no two classes in their clusters and are suspended until the next division",
                suspended.join(", ")
            );
        }
        self.batches = None;
        Ok(())
    }

    /// Prepares turns with the division as it is now.
    fn prepared(&self) -> Result<Prefetch<Prepared>> {
        let (course, pictures, streams) = (self.course.clone(), Arc::clone(&self.pictures), self.streams);
        Prefetch::new(PREFETCHED, move |step| {
            let turn = course.turn(step);
            let batch = pictures
                .view
                .augmented(&pictures.train, &turn.indices, &streams, step)?;
            Ok((turn, batch))
        })
    }

    /// What the run was made of.
    pub fn config(&self) -> &MetricConfig {
        &self.config
    }

    /// The network and the loss that learn.
    pub fn trainer(&self) -> &Trainer<Network, Loss> {
        &self.trainer
    }

    /// Which learner learns what.
    pub fn course(&self) -> &Course {
        &self.course
    }

    /// What is learned from and measured by.
    pub fn pictures(&self) -> &Pictures {
        &self.pictures
    }

    /// The device of evaluation.
    pub fn device(&self) -> &Device {
        &self.device
    }

    pub(crate) fn times(&self) -> Times {
        self.times
    }

    /// Recall@k of the pixels of the first benchmark, where pictures are in memory.
    pub(crate) fn floor(&self) -> Result<Option<f64>> {
        let test = &self.pictures.tests[0];
        if test.queries.set().is_none() || test.gallery.is_some() {
            return Ok(None);
        }
        if let Some(&floor) = self.floor.get() {
            return Ok(Some(floor));
        }
        let k = self.config.evaluation.ks[0];
        let floor = evaluate::pixel_recall(&self.pictures.view, test, k, &self.device)?;
        Ok(Some(*self.floor.get_or_init(|| floor)))
    }

    /// Embeddings of pictures, not brought to length 1.
    pub(crate) fn embeddings(&self, examples: &Examples) -> Result<Rows> {
        let model = self.trainer.evaluation_model();
        let batch = self.config.evaluation.batch;
        let view = &self.pictures.view;
        evaluate::points(&model, view, examples, ClusterOn::Embedding, batch, &self.device)
    }
}

impl fmt::Debug for MetricLearning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricLearning")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
