use burn::prelude::*;

use super::{RewardError, RewardNormalizer, batch::ClipBatch};
use crate::{
    actions::Actions,
    clip::Clip,
    experience::{AgentRewards, Experience},
    preference,
    reward_network::RewardNetwork,
};

/// Numbers of observations that go through a network at once: more would not be faster, and take more memory.
const AT_ONCE: usize = 1 << 22;

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
        let at_once = (AT_ONCE / size.max(1)).max(1);
        let mut predicted = vec![Vec::with_capacity(steps); self.members.len()];
        for start in (0..steps).step_by(at_once) {
            let rows = start..(start + at_once).min(steps);
            let upload = |values: &[f32], size: usize| {
                let part = values[rows.start * size..rows.end * size].to_vec();
                Tensor::<2>::from_data(TensorData::new(part, [rows.len(), size]), &self.device)
            };
            let (observations, actions) = (upload(observations, size), upload(&features, actions.features()));
            for (member, predicted) in self.members.iter().zip(&mut predicted) {
                predicted.extend(read(member.forward(observations.clone(), actions.clone()))?);
            }
        }
        Ok(predicted)
    }

    /// Predicted return of each clip, a sum over its steps: `[members][clips]`. The clips are of one length.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn clip_returns(&self, clips: &[&Clip]) -> Result<Vec<Vec<f64>>, RewardError> {
        let mut returns = vec![Vec::with_capacity(clips.len()); self.members.len()];
        let numbers = clips.first().map_or(1, |clip| clip.steps() * clip.observations.size());
        for part in clips.chunks((AT_ONCE / numbers.max(1)).max(1)) {
            let batch = ClipBatch::new(part.iter().copied(), &self.device);
            for (member, returns) in self.members.iter().zip(&mut returns) {
                let rewards = member.forward(batch.observations.clone(), batch.actions.clone());
                returns.extend(read(batch.returns(rewards))?);
            }
        }
        Ok(returns)
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
