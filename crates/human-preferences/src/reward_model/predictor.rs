use burn::prelude::*;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::{RewardError, RewardNormalizer, batch::ClipBatch};
use crate::{
    actions::Actions,
    clip::Clip,
    experience::{AgentRewards, Experience},
    preference,
    reward_network::RewardNetwork,
};

/// Numbers of observations that go through a network at once: a piece for a core, and few enough to stay in its cache. A
/// constant, so that results do not depend on the number of threads.
const AT_ONCE: usize = 1 << 15;
/// Steps that go through at once, however many numbers they have.
const LEAST: usize = 64;

/// What an ensemble predicts at one point of its training. It never changes, and is cheap to clone and to send.
#[derive(Debug, Clone)]
pub struct RewardPredictor<N> {
    members: Vec<N>,
    device: Device,
    version: u64,
}

impl<N: RewardNetwork> RewardPredictor<N> {
    /// An ensemble of networks on a plain device, without dropout; `version` is a number that grows with training.
    pub fn new(members: Vec<N>, device: Device, version: u64) -> Self {
        Self {
            members,
            device,
            version,
        }
    }

    /// Minibatches that the networks were fitted to.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The networks.
    pub fn members(&self) -> &[N] {
        &self.members
    }

    /// The rewards that an agent is trained on: normalized predictions for what it went through, averaged over members.
    /// They become part of the normalizer's statistics.
    ///
    /// # Errors
    ///
    /// [`RewardError::Untrained`] before the first fit, and a device that cannot be read.
    pub fn rewards(
        &self,
        experience: &Experience,
        normalizer: &mut RewardNormalizer,
    ) -> Result<AgentRewards, RewardError> {
        if self.version == 0 {
            return Err(RewardError::Untrained);
        }
        let rewards = normalizer.normalized(&self.predict(experience)?);
        let rewards = rewards.into_iter().map(|reward| reward as f32).collect();
        Ok(AgentRewards::predicted(rewards))
    }

    /// What each member predicts for what an agent went through: `[members][environments · steps]`.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn predict(&self, experience: &Experience) -> Result<Vec<Vec<f64>>, RewardError> {
        self.of_steps(&experience.observations, &experience.actions)
    }

    /// What each member predicts for some steps: `[members][steps]`.
    ///
    /// # Shapes
    ///
    /// - `observations`: `[steps, size]`
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn of_steps(&self, observations: &[f32], actions: &Actions) -> Result<Vec<Vec<f64>>, RewardError> {
        let steps = actions.len();
        let size = observations.len() / steps.max(1);
        let mut features = Vec::with_capacity(steps * actions.features());
        actions.append_features(&mut features);
        let at_once = (AT_ONCE / size.max(1)).max(LEAST);
        let starts: Vec<usize> = (0..steps).step_by(at_once).collect();
        let piece = |start: &usize| {
            let rows = *start..(start + at_once).min(steps);
            let upload = |values: &[f32], size: usize| {
                let part = values[rows.start * size..rows.end * size].to_vec();
                Tensor::<2>::from_data(TensorData::new(part, [rows.len(), size]), &self.device)
            };
            (upload(observations, size), upload(&features, actions.features()))
        };
        self.of_pieces(&starts, piece, |member, (observations, actions)| {
            member.forward(observations, actions)
        })
    }

    /// What each member makes of each piece, all cores at work: `[members][numbers of all pieces]`.
    fn of_pieces<P: Sync, I: Clone>(
        &self,
        pieces: &[P],
        prepare: impl Fn(&P) -> I + Sync,
        apply: impl Fn(&N, I) -> Tensor<1> + Sync,
    ) -> Result<Vec<Vec<f64>>, RewardError> {
        let of_piece = |piece: &P| {
            let inputs = prepare(piece);
            let members = self.members.iter().map(|member| read(apply(member, inputs.clone())));
            members.collect::<Result<Vec<_>, _>>()
        };
        let pieces: Vec<Vec<Vec<f64>>> = pieces.par_iter().map(of_piece).collect::<Result<_, _>>()?;
        let mut predicted = vec![Vec::new(); self.members.len()];
        for piece in pieces {
            predicted.iter_mut().zip(piece).for_each(|(all, part)| all.extend(part));
        }
        Ok(predicted)
    }

    /// Predicted return of each clip, a sum over its steps: `[members][clips]`. The clips are of one length.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn clip_returns(&self, clips: &[&Clip]) -> Result<Vec<Vec<f64>>, RewardError> {
        let numbers = clips.first().map_or(1, |clip| clip.steps() * clip.observations.size());
        let pieces: Vec<&[&Clip]> = clips.chunks((AT_ONCE / numbers.max(1)).max(1)).collect();
        let batch = |part: &&[&Clip]| ClipBatch::new(part.iter().copied(), &self.device);
        self.of_pieces(&pieces, batch, |member, batch| {
            let rewards = member.forward(batch.observations.clone(), batch.actions.clone());
            batch.returns(rewards)
        })
    }

    /// Probability of each member that the first clip is preferred to the second; no error share: what members disagree
    /// about is the reward.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn preference(&self, first: &Clip, second: &Clip) -> Result<Vec<f64>, RewardError> {
        first.check_pair(second)?;
        let returns = self.clip_returns(&[first, second])?;
        Ok(returns
            .iter()
            .map(|returns| preference::probability(returns[0] - returns[1]))
            .collect())
    }
}

/// The elements of a tensor.
pub(super) fn read(tensor: Tensor<1>) -> Result<Vec<f64>, RewardError> {
    let data = tensor
        .try_into_data()
        .map_err(|error| RewardError::Device(error.to_string()))?;
    Ok(data.iter::<f64>().collect())
}
