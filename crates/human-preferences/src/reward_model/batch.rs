use burn::prelude::*;

use super::Comparison;
use crate::clip::Clip;

/// Clips as tensors, one after another.
#[derive(Clone)]
pub(super) struct ClipBatch {
    pub(super) observations: Tensor<2>,
    pub(super) actions: Tensor<2>,
    clips: usize,
    steps: usize,
}

impl ClipBatch {
    /// Clips of one length.
    pub(super) fn new<'a>(clips: impl Iterator<Item = &'a Clip>, device: &Device) -> Self {
        let (mut observations, mut actions) = (Vec::new(), Vec::new());
        let (mut count, mut steps, mut size, mut features) = (0, 0, 0, 0);
        for clip in clips {
            clip.observations.append_features(&mut observations);
            clip.actions.append_features(&mut actions);
            (steps, size, features) = (clip.steps(), clip.observations.size(), clip.actions.features());
            count += 1;
        }
        let rows = count * steps;
        Self {
            observations: Tensor::from_data(TensorData::new(observations, [rows, size]), device),
            actions: Tensor::from_data(TensorData::new(actions, [rows, features]), device),
            clips: count,
            steps,
        }
    }

    /// Sums the rewards of each clip's steps: `[clips · steps] -> [clips]`.
    pub(super) fn returns(&self, rewards: Tensor<1>) -> Tensor<1> {
        rewards.reshape([self.clips, self.steps]).sum_dim(1).squeeze_dim(1)
    }
}

/// First clips of some comparisons, then their second ones.
pub(super) fn of_pairs(comparisons: &[&Comparison], device: &Device) -> ClipBatch {
    let first = comparisons.iter().map(|comparison| comparison.first.as_ref());
    let second = comparisons.iter().map(|comparison| comparison.second.as_ref());
    ClipBatch::new(first.chain(second), device)
}
