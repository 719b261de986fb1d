//! Phase 2 as a run goes through it: votes above a frozen base network, looks at the validation votes, the best weights.

use burn::{module::Module as _, optim::ModuleOptimizer, prelude::*, tensor::s};
use papers_core::{Error, Result, base::journal::Scalars, checkpoint, data::Sampler, optim::Adam};

use crate::{
    cache::OutputCache,
    config::{Choose, PhotofeelerConfig},
    data::RatedPhotos,
    learner::{Chosen, JointBatch, VoteRow, VoterBatch, VoterLearner, mean_cross_entropy},
    model::{Base, VoterModel, VoterModelConfig},
    train::Photofeeler,
};

/// Validation votes that are looked at together.
const TOGETHER: usize = 8192;

/// A voter model that learns.
#[derive(Debug)]
pub(crate) struct VoterPhase {
    learner: VoterLearner,
    /// Photos to learn from, then those to choose by.
    photos: Vec<usize>,
    /// Place of the first photo to choose by.
    first: usize,
    /// Their numbers by the frozen base network, `[photos, inputs]`.
    inputs: Tensor<2>,
    rows: Vec<VoteRow>,
    /// Votes to choose by; places of photos are among those to choose by.
    validation: Vec<VoteRow>,
    sampler: Sampler,
    chosen: Chosen,
    best: VoterModel,
    joint: Option<Joint>,
}

/// A base network that learns beside the voters.
struct Joint {
    base: Base,
    optimizer: ModuleOptimizer,
    best: Base,
}

impl std::fmt::Debug for Joint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Joint").finish_non_exhaustive()
    }
}

impl VoterPhase {
    /// Above a base network, which every photo passes once.
    pub(crate) fn new(run: &Photofeeler, base: &Base, out_of_fold: &[f32], cache: &OutputCache) -> Result<Self> {
        let (config, prepared, data) = (run.config(), run.prepared(), run.data());
        let photos = [prepared.train.as_slice(), &prepared.validation].concat();
        let outputs = cache.outputs(base, &data.inputs, &photos, config.phase_2.input, run.device())?;
        let (mut values, width) = config.phase_2.input.of(&outputs);
        values[..out_of_fold.len()].copy_from_slice(out_of_fold);
        let tracked = run.device().clone().autodiff();
        let sizes = VoterModelConfig::new(
            data.voters.len(),
            width,
            config.phase_2.embedding,
            config.phase_2.hidden.clone(),
        );
        let voters = run.streams().initialize("voters", &tracked, || sizes.init(&tracked));
        voters.standardize_by(&values[..prepared.train.len() * width], width);
        let rows = prepared.rows(data, config, &prepared.train);
        let first = prepared.train.len();
        // Nobody has learned anything of a voter without votes to learn from: what their random embedding says chooses nothing.
        let mut validation = prepared.rows(data, config, &prepared.validation);
        validation.retain(|row| prepared.tables.voters[row.voter].count > 0);
        if rows.is_empty() {
            return Err(Error::usage("no vote is left to learn from"));
        }
        let joint = config.phase_2.joint.then(|| Joint {
            best: base.clone(),
            base: base.clone().train(),
            optimizer: Adam::as_burn().init(),
        });
        Ok(Self {
            best: voters.clone().valid(),
            learner: VoterLearner::new(voters, config.phase_2.rate),
            inputs: Tensor::from_data(TensorData::new(values, [photos.len(), width]), run.device()),
            sampler: Sampler::new(*run.streams(), "phase 2", rows.len(), config.phase_2.batch),
            photos,
            first,
            rows,
            validation,
            chosen: Chosen::default(),
            joint,
        })
    }

    /// The best weights so far, plain.
    pub(crate) fn best(&self) -> &VoterModel {
        &self.best
    }

    /// The base network that belongs to them, if it learns.
    pub(crate) fn best_base(&self) -> Option<&Base> {
        self.joint.as_ref().map(|joint| &joint.best)
    }

    /// Update number `age`.
    pub(crate) fn step(
        &mut self,
        age: u64,
        data: &RatedPhotos,
        config: &PhotofeelerConfig,
        device: &Device,
    ) -> Result<Scalars> {
        let rows: Vec<VoteRow> = self.sampler.batch(age).iter().map(|&place| self.rows[place]).collect();
        let loss = match &mut self.joint {
            None => self.learner.step(&self.inputs, VoterBatch::new(rows.iter(), device))?,
            Some(joint) => step_joint(&mut self.learner, joint, rows, &self.photos, data, config, device)?,
        };
        let mut measured = vec![("voter_loss".to_owned(), loss)];
        let every = match config.phase_2.validate_every {
            0 => (self.rows.len() / config.phase_2.batch).max(1) as u64,
            every => every,
        };
        let last = config.schedule.steps - config.base_steps();
        if (age + 1).is_multiple_of(every) || age + 1 == last {
            measured.extend(self.look(age + 1, data, config, device)?);
        }
        Ok(measured)
    }

    fn look(&mut self, step: u64, data: &RatedPhotos, config: &PhotofeelerConfig, device: &Device) -> Result<Scalars> {
        let voters = self.learner.voters().clone().valid();
        let base = self.joint.as_ref().map(|joint| joint.base.clone().valid());
        let has_none = self.validation.is_empty();
        let inputs = match (&base, has_none) {
            (Some(base), false) => {
                let photos = &self.photos[self.first..];
                let outputs = base.outputs(&data.inputs, photos, config.phase_2.input, device)?;
                let (values, width) = config.phase_2.input.of(&outputs);
                Tensor::from_data(TensorData::new(values, [photos.len(), width]), device)
            }
            (None, false) => self.inputs.clone().slice(s![self.first.., ..]),
            (_, true) => self.inputs.clone(),
        };
        let mut loss = 0.0;
        for rows in self.validation.chunks(TOGETHER) {
            let batch = VoterBatch::new(rows.iter(), device);
            let logits = voters.forward(inputs.clone().select(0, batch.photos), batch.voters);
            let part = mean_cross_entropy(logits, batch.bins).try_into_scalar::<f32>()?;
            loss += f64::from(part) * rows.len() as f64 / self.validation.len() as f64;
        }
        let by = if has_none || config.phase_1.choose == Choose::Last {
            Choose::Last
        } else {
            Choose::Loss
        };
        if self.chosen.offer(step, by, loss, None) {
            self.best = voters;
            if let (Some(joint), Some(base)) = (&mut self.joint, base) {
                joint.best = base;
            }
        }
        Ok(match has_none {
            true => Scalars::new(),
            false => vec![("voter_validation_loss".to_owned(), loss)],
        })
    }

    pub(crate) fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.json("voters-chosen", &self.chosen)?;
        checkpoint.module("voters", &self.best)?;
        if let Some(joint) = &self.joint {
            checkpoint.module("base-learning", &joint.base.clone().valid())?;
            checkpoint.optimizer("base-optimizer", &joint.optimizer)?;
        }
        self.learner.save(checkpoint)
    }

    /// The base network of the checkpoint is that of the best weights already.
    pub(crate) fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.chosen = checkpoint.json("voters-chosen")?;
        self.best = checkpoint.module("voters", self.best.clone())?;
        if let Some(joint) = &mut self.joint {
            joint.base = checkpoint.module("base-learning", joint.base.clone())?;
            joint.optimizer = checkpoint.optimizer("base-optimizer", joint.optimizer.clone())?;
        }
        self.learner.restore(checkpoint)
    }
}

/// Each photo of the batch passes the base network once, whatever the number of its votes.
fn step_joint(
    learner: &mut VoterLearner,
    joint: &mut Joint,
    mut rows: Vec<VoteRow>,
    photos: &[usize],
    data: &RatedPhotos,
    config: &PhotofeelerConfig,
    device: &Device,
) -> Result<f64> {
    let mut places: Vec<usize> = rows.iter().map(|row| row.photo).collect();
    places.sort_unstable();
    places.dedup();
    for row in &mut rows {
        row.photo = places.partition_point(|&place| place < row.photo);
    }
    let seen: Vec<usize> = places.iter().map(|&place| photos[place]).collect();
    let batch = JointBatch {
        base: &mut joint.base,
        optimizer: &mut joint.optimizer,
        photos: data.inputs.batch(&seen, &[], device)?,
        rate: config.phase_1.rate * config.phase_1.drop_to,
        weight_decay: config.phase_1.weight_decay,
    };
    learner.step_joint(batch, VoterBatch::new(rows.iter(), device))
}
