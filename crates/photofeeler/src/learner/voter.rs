//! Phase 2: votes, one by one, above a base network that stays what it is.

use burn::{
    module::Module as _,
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
    tensor::activation::{log_softmax, softmax},
};
use papers_core::{
    Result, checkpoint,
    nn::{Statistics, decay_kernels},
    optim::Adam,
};
use serde::{Deserialize, Serialize};

use crate::{
    data::Input,
    model::{Base, VoterModel},
};

/// A vote to learn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoteRow {
    /// Place of the photo among those that inputs are there of.
    pub photo: usize,
    /// The voter.
    pub voter: usize,
    /// Bin of the vote.
    pub bin: usize,
}

/// Votes on a device.
#[derive(Debug, Clone)]
pub struct VoterBatch {
    /// `[batch]`, places of photos.
    pub photos: Tensor<1, Int>,
    /// `[batch]`
    pub voters: Tensor<1, Int>,
    /// `[batch, 1]`
    pub bins: Tensor<2, Int>,
}

impl VoterBatch {
    /// Uploads votes.
    pub fn new<'a>(rows: impl Iterator<Item = &'a VoteRow>, device: &Device) -> Self {
        let (mut photos, mut voters, mut bins) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows {
            photos.push(row.photo as i32);
            voters.push(row.voter as i32);
            bins.push(row.bin as i32);
        }
        let count = bins.len();
        Self {
            photos: Tensor::from_data(TensorData::new(photos, [count]), device),
            voters: Tensor::from_data(TensorData::new(voters, [count]), device),
            bins: Tensor::from_data(TensorData::new(bins, [count, 1]), device),
        }
    }
}

/// The base network that learns beside the voters, where that is asked for, and the photos of the batch, each once.
pub struct JointBatch<'a> {
    /// The base network; the better one takes its place.
    pub base: &'a mut Base,
    /// What learns its weights.
    pub optimizer: &'a mut ModuleOptimizer,
    /// The photos; the votes' places are among them.
    pub photos: Input,
    /// Learning rate of the base network.
    pub rate: f64,
    /// Share of kernels that an update takes away, times the rate.
    pub weight_decay: f64,
}

/// The voter model and what learns its weights.
pub struct VoterLearner {
    voters: VoterModel,
    optimizer: ModuleOptimizer,
    rate: f64,
}

impl VoterLearner {
    /// Takes a model whose weights are on a tape.
    pub fn new(voters: VoterModel, rate: f64) -> Self {
        Self {
            voters,
            optimizer: Adam::as_burn().init(),
            rate,
        }
    }

    /// The model that learns.
    pub fn voters(&self) -> &VoterModel {
        &self.voters
    }

    /// Learns from votes; `inputs` are the numbers of all photos, `[photos, inputs]`, of the frozen base network. Returns the
    /// cross-entropy before the update.
    ///
    /// # Errors
    ///
    /// A loss that cannot be read from the device.
    pub fn step(&mut self, inputs: &Tensor<2>, batch: VoterBatch) -> Result<f64> {
        let logits = self
            .voters
            .forward(inputs.clone().select(0, batch.photos), batch.voters);
        let loss = mean_cross_entropy(logits, batch.bins);
        let value = f64::from(loss.clone().inner().try_into_scalar::<f32>()?);
        let gradients = GradientsParams::from_grads(loss.backward(), &self.voters);
        self.voters = self.optimizer.step(self.rate, self.voters.clone(), gradients);
        Ok(value)
    }

    /// The same with gradients into the base network, which learns, too; ours, not the paper's.
    ///
    /// # Errors
    ///
    /// A loss that cannot be read from the device.
    pub fn step_joint(&mut self, joint: JointBatch<'_>, batch: VoterBatch) -> Result<f64> {
        let temporary = softmax(joint.base.forward(joint.photos, Statistics::Update), 1);
        let logits = self.voters.forward(temporary.select(0, batch.photos), batch.voters);
        let loss = mean_cross_entropy(logits, batch.bins);
        let value = f64::from(loss.clone().inner().try_into_scalar::<f32>()?);
        let mut gradients = loss.backward();
        let of_base = GradientsParams::from_module(&mut gradients, joint.base);
        let of_voters = GradientsParams::from_module(&mut gradients, &self.voters);
        let base = joint.optimizer.step(joint.rate, joint.base.clone(), of_base);
        *joint.base = decay_kernels(base, 1.0 - joint.weight_decay * joint.rate);
        self.voters = self.optimizer.step(self.rate, self.voters.clone(), of_voters);
        Ok(value)
    }

    /// Adds the model and the optimizer's memory to a checkpoint.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.module("voters-learning", &self.voters.clone().valid())?;
        checkpoint.optimizer("voters-optimizer", &self.optimizer)
    }

    /// Goes on from what [`save`](Self::save) wrote.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    pub fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.voters = checkpoint.module("voters-learning", self.voters.clone())?;
        self.optimizer = checkpoint.optimizer("voters-optimizer", self.optimizer.clone())?;
        Ok(())
    }
}

impl std::fmt::Debug for VoterLearner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VoterLearner")
            .field("rate", &self.rate)
            .finish_non_exhaustive()
    }
}

/// Mean over votes of `-log q(bin)`.
///
/// # Shapes
///
/// - logits: `[votes, bins]`
/// - bins: `[votes, 1]`
/// - output: `[1]`
pub fn mean_cross_entropy(logits: Tensor<2>, bins: Tensor<2, Int>) -> Tensor<1> {
    -log_softmax(logits, 1).gather(1, bins).mean()
}
