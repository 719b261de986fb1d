use burn::{
    optim::{GradientsParams, ModuleOptimizer},
    prelude::*,
};
use papers_core::{checkpoint, nn::dropout, optim::Adam};

use super::{
    Bootstrap, Comparison, Objective, RewardConfig,
    batch::of_pairs,
    penalty::{adapted, squared_weights},
};
use crate::{preference, reward_network::RewardNetwork};

/// One network of the ensemble and its own view of the comparisons.
pub(super) struct Member<N> {
    pub(super) network: N,
    pub(super) optimizer: ModuleOptimizer,
    pub(super) bootstrap: Bootstrap,
    /// Coefficient of the penalty on weights.
    pub(super) l2: f64,
}

/// Mean and deviation of the true returns that the ablation `target` regresses.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    pub(super) mean: f64,
    pub(super) deviation: f64,
}

/// How a member does on one part of the comparisons.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fit {
    pub(super) loss: f64,
    /// Comparisons that say which clip is better, and those of them that the member gets right.
    pub(super) decided: usize,
    pub(super) right: usize,
    pub(super) count: usize,
}

impl<N: RewardNetwork> Member<N> {
    pub(super) fn new(network: N, config: &RewardConfig) -> Self {
        Self {
            network,
            optimizer: Adam::as_burn().init(),
            bootstrap: Bootstrap::default(),
            l2: if config.l2.enabled { config.l2.initial } else { 0.0 },
        }
    }

    /// One update of the network; returns the mean loss before it, without the penalty, `[1]`. Dropout follows from
    /// the seed.
    pub(super) fn update(
        &mut self,
        comparisons: &[&Comparison],
        scale: Option<Scale>,
        config: &RewardConfig,
        device: &Device,
        seed: u64,
    ) -> Tensor<1> {
        let batch = of_pairs(comparisons, device);
        let inputs = (batch.observations.clone(), batch.actions.clone());
        let rewards = dropout::seeded(seed, || self.network.forward(inputs.0, inputs.1));
        let loss = losses(batch.returns(rewards), comparisons, scale, config).mean();
        let measured = loss.clone().inner();
        let penalized = match squared_weights(&self.network).filter(|_| config.l2.enabled) {
            Some(squares) => loss + squares * self.l2,
            None => loss,
        };
        let gradients = GradientsParams::from_grads(penalized.backward(), &self.network);
        self.network = self
            .optimizer
            .step(config.learning_rate, self.network.clone(), gradients);
        measured
    }

    /// The penalty becomes stronger where the member is much better on its training data than on what it never saw, and
    /// weaker where it is not.
    pub(super) fn adapt(&mut self, training: Fit, validation: Fit, config: &RewardConfig) {
        let l2 = &config.l2;
        if l2.enabled && l2.adapt && training.count > 0 && validation.count >= l2.fewest_held_out {
            self.l2 = adapted(self.l2, training.loss, validation.loss);
        }
    }

    pub(super) fn save(&self, index: usize, checkpoint: &mut checkpoint::Writer) -> papers_core::Result<()> {
        checkpoint.module(&format!("reward-{index}"), &self.network.valid())?;
        checkpoint.optimizer(&format!("reward-{index}"), &self.optimizer)
    }

    pub(super) fn restore(&mut self, index: usize, checkpoint: &checkpoint::Reader) -> papers_core::Result<()> {
        self.network = checkpoint.module(&format!("reward-{index}"), self.network.clone())?;
        self.optimizer = checkpoint.optimizer(&format!("reward-{index}"), self.optimizer.clone())?;
        Ok(())
    }
}

/// Loss of each comparison: `[2 · pairs] -> [pairs]`; the first half are the first clips.
fn losses(returns: Tensor<1>, comparisons: &[&Comparison], scale: Option<Scale>, config: &RewardConfig) -> Tensor<1> {
    let pairs = comparisons.len();
    let device = returns.device();
    match (config.objective, scale) {
        (Objective::Return, Some(scale)) => {
            let first = comparisons
                .iter()
                .map(|comparison| true_return(comparison, 0, scale) as f32);
            let second = comparisons
                .iter()
                .map(|comparison| true_return(comparison, 1, scale) as f32);
            let targets: Vec<f32> = first.chain(second).collect();
            let off = returns - Tensor::<1>::from_data(TensorData::new(targets, [2 * pairs]), &device);
            // [2, pairs] -> [pairs]
            off.square().reshape([2, pairs]).sum_dim(0).squeeze_dim(0)
        }
        _ => {
            let preferences: Vec<f32> = comparisons
                .iter()
                .flat_map(|comparison| comparison.preference.map(|weight| weight as f32))
                .collect();
            let preferences = Tensor::from_data(TensorData::new(preferences, [pairs, 2]), &device);
            let difference = returns.clone().narrow(0, 0, pairs) - returns.narrow(0, pairs, pairs);
            preference::losses(difference, preferences, config.error_share)
        }
    }
}

fn true_return(comparison: &Comparison, clip: usize, scale: Scale) -> f64 {
    let value = comparison.true_returns.map_or(scale.mean, |returns| returns[clip]);
    (value - scale.mean) / scale.deviation
}

/// Loss and hits of predicted returns, without the penalty.
pub(super) fn measure<'a>(
    pairs: impl Iterator<Item = (&'a Comparison, [f64; 2])>,
    scale: Option<Scale>,
    config: &RewardConfig,
) -> Fit {
    let mut fit = Fit::default();
    for (comparison, returns) in pairs {
        let difference = returns[0] - returns[1];
        fit.loss += match (config.objective, scale) {
            (Objective::Return, Some(scale)) => {
                let off = |clip| returns[clip] - true_return(comparison, clip, scale);
                off(0) * off(0) + off(1) * off(1)
            }
            _ => preference::loss(difference, comparison.preference, config.error_share),
        };
        fit.count += 1;
        let wanted = comparison.preference[0] - comparison.preference[1];
        if wanted != 0.0 {
            fit.decided += 1;
            fit.right += usize::from(wanted * difference > 0.0);
        }
    }
    fit.loss /= fit.count.max(1) as f64;
    fit
}
