use burn::prelude::*;

use super::{
    RewardNetwork,
    mlp::{MlpReward, MlpRewardConfig},
};

/// A picture's profiles, which are the sums of its rows and of its columns in each channel, and the action through two
/// layers.
///
/// Where something is in a row and where it is in a column are judged apart: of 100 cells with one thing in them 20
/// numbers are left, to which far fewer comparisons are enough.
#[derive(Module, Debug)]
pub struct ProfileReward {
    layers: MlpReward,
    channels: usize,
    height: usize,
    width: usize,
}

impl ProfileReward {
    /// A network with random weights for pictures of `[channels, height, width]`.
    pub fn new(
        config: &MlpRewardConfig,
        [channels, height, width]: [usize; 3],
        action: usize,
        device: &Device,
    ) -> Self {
        Self {
            layers: config.init(channels * (height + width), action, device),
            channels,
            height,
            width,
        }
    }
}

impl RewardNetwork for ProfileReward {
    fn forward(&self, observations: Tensor<2>, actions: Tensor<2>) -> Tensor<1> {
        let [steps, _] = observations.dims();
        // Off the tape, since nobody asks for the gradient by a picture.
        let pictures: Tensor<4> =
            observations
                .without_autodiff()
                .reshape([steps, self.channels, self.height, self.width]);
        // [steps, channels, height, width] -> [steps, channels · height] and [steps, channels · width]
        let rows: Tensor<2> = pictures.clone().sum_dim(3).flatten(1, 3);
        let columns: Tensor<2> = pictures.sum_dim(2).flatten(1, 3);
        self.layers.forward(Tensor::cat(vec![rows, columns], 1), actions)
    }
}
