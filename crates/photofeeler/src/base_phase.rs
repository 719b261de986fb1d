//! Phase 1 as a run goes through it: batches, looks at the validation photos, the best weights.

use burn::{module::Module as _, prelude::*};
use papers_core::{
    Result,
    base::{
        journal::Scalars,
        metrics::{mean, pearson_correlation},
    },
    checkpoint,
    data::Sampler,
    random::Streams,
};
use rand::RngExt;

use crate::{
    config::{BasePhaseConfig, Choose},
    data::RatedPhotos,
    learner::{BaseBatch, BaseLearner, Chosen},
    model::{Base, OutputKind, VoterInput},
    prepared::Prepared,
};

/// A base network that learns.
#[derive(Debug)]
pub(crate) struct BasePhase {
    learner: BaseLearner,
    output: OutputKind,
    photos: Vec<usize>,
    sampler: Option<Sampler>,
    chosen: Chosen,
    best: Base,
}

impl BasePhase {
    pub(crate) fn new(base: Base, output: OutputKind) -> Self {
        Self {
            best: base.clone().valid(),
            learner: BaseLearner::new(base, output),
            output,
            photos: Vec::new(),
            sampler: None,
            chosen: Chosen::default(),
        }
    }

    /// On these photos.
    pub(crate) fn on(mut self, photos: Vec<usize>, streams: &Streams, config: &BasePhaseConfig) -> Self {
        if !photos.is_empty() {
            self.sampler = Some(Sampler::new(*streams, "phase 1", photos.len(), config.batch));
        }
        self.photos = photos;
        self
    }

    /// The best weights so far, plain.
    pub(crate) fn best(&self) -> &Base {
        &self.best
    }

    /// Update number `age`.
    pub(crate) fn step(
        &mut self,
        age: u64,
        data: &RatedPhotos,
        prepared: &Prepared,
        config: &BasePhaseConfig,
        streams: &Streams,
        device: &Device,
    ) -> Result<Scalars> {
        let Some(sampler) = &mut self.sampler else {
            return Err(papers_core::Error::usage("no photo is left to learn from"));
        };
        let photos: Vec<usize> = sampler.batch(age).iter().map(|&place| self.photos[place]).collect();
        let mut random = streams.at("flips", age, 0);
        let flips: Vec<bool> = photos.iter().map(|_| config.flips && random.random::<bool>()).collect();
        let targets: Vec<f32> = photos
            .iter()
            .flat_map(|&photo| prepared.target(self.output, photo))
            .map(|value| value as f32)
            .collect();
        let shape = [photos.len(), self.output.units()];
        let batch = BaseBatch {
            photos: data.inputs.batch(&photos, &flips, device)?,
            targets: Tensor::from_data(TensorData::new(targets, shape), device),
        };
        let loss = self.learner.step(batch, age, config)?;
        let mut measured = vec![("base_loss".to_owned(), loss)];
        let every = match config.validate_every {
            0 => (self.photos.len() / config.batch).max(1) as u64,
            every => every,
        };
        if (age + 1).is_multiple_of(every) || age + 1 == config.steps {
            measured.extend(self.look(age + 1, data, prepared, config, device)?);
        }
        Ok(measured)
    }

    /// Measures the weights with the validation photos and keeps them if they are the best.
    fn look(
        &mut self,
        step: u64,
        data: &RatedPhotos,
        prepared: &Prepared,
        config: &BasePhaseConfig,
        device: &Device,
    ) -> Result<Scalars> {
        let base = self.learner.base().clone().valid();
        let photos = &prepared.validation;
        if photos.is_empty() {
            self.chosen.offer(step, Choose::Last, 0.0, None);
            self.best = base;
            return Ok(Scalars::new());
        }
        let outputs = base.outputs(&data.inputs, photos, VoterInput::Temporary, device)?;
        let loss = |place: usize| {
            let target = prepared.target(self.output, photos[place]);
            self.output.host_loss(&outputs.shares(place), &target)
        };
        let loss = mean(&(0..photos.len()).map(loss).collect::<Vec<_>>());
        let pearson = pearson_correlation(&outputs.scores(), &prepared.label_scores(photos));
        if self.chosen.offer(step, config.choose, loss, pearson) {
            self.best = base;
        }
        let mut measured = vec![("base_validation_loss".to_owned(), loss)];
        measured.extend(pearson.map(|pearson| ("base_validation_pearson".to_owned(), pearson)));
        Ok(measured)
    }

    pub(crate) fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.json("base-chosen", &self.chosen)?;
        checkpoint.module("base-best", &self.best)?;
        self.learner.save(checkpoint)
    }

    pub(crate) fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.chosen = checkpoint.json("base-chosen")?;
        self.best = checkpoint.module("base-best", self.best.clone())?;
        self.learner.restore(checkpoint)
    }
}
