use burn::{prelude::*, tensor::s};
use rayon::prelude::*;

use super::conjugate_gradient::add;
use crate::policy::{ActionDistribution, AgentError, Linearization, TangentPolicy};

/// Samples of a policy on the device.
#[derive(Debug, Clone)]
pub struct SampleTensors {
    /// `[batch, size]`
    pub observations: Tensor<2>,
    /// As networks see them: `[batch, size]`
    pub actions: Tensor<2>,
    /// `[batch]`
    pub advantages: Tensor<1>,
}

/// What TRPO maximizes near the policy that the samples are of: `E[π(a|s) / π_old(a|s) · A] + bonus · E[entropy]`.
///
/// Samples come in pieces, which CPUs work on side by side and out of their caches; sums over pieces are made in their
/// order, so that results do not depend on the number of cores.
#[derive(Debug)]
pub struct Surrogate<P: TangentPolicy> {
    policy: P,
    pieces: Vec<Piece<P::Linearization>>,
    /// What the Fisher matrix is averaged over, if not `pieces`.
    thinned: Option<Vec<P::Linearization>>,
    samples: usize,
    entropy_bonus: f64,
}

#[derive(Debug)]
struct Piece<L> {
    samples: SampleTensors,
    linearization: L,
    /// Of the actions, under the old policy: `[batch]`
    log_probability: Tensor<1>,
}

/// What [`Surrogate::evaluate`] found, each a mean over the samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Evaluation {
    /// By how much the surrogate is larger than at the old policy.
    pub improvement: f64,
    /// `KL(old || new)` in nats.
    pub kl: f64,
    /// Entropy of the new policy in nats.
    pub entropy: f64,
}

impl<P: TangentPolicy> Surrogate<P> {
    /// The surrogate around `policy`, of which the samples have to be. `fisher_every` thins the samples that the Fisher
    /// matrix is averaged over.
    ///
    /// # Panics
    ///
    /// If there is no sample, or shapes do not fit.
    pub fn new(policy: P, pieces: Vec<SampleTensors>, entropy_bonus: f64, fisher_every: usize) -> Self {
        let samples = pieces.iter().map(|piece| piece.advantages.dims()[0]).sum();
        assert!(samples > 0, "there are samples");
        let thinned = (fisher_every > 1).then(|| {
            let thin = |piece: &SampleTensors| {
                let every = fisher_every.min(piece.observations.dims()[0]);
                piece.observations.clone().slice(s![..;every as isize, ..])
            };
            let linearize = |policy: &mut P, piece: &SampleTensors| policy.linearize(thin(piece));
            pieces.par_iter().map_with(policy.clone(), linearize).collect()
        });
        let linearize = |policy: &mut P, samples: SampleTensors| {
            let linearization = policy.linearize(samples.observations.clone());
            let log_probability = linearization.distribution().log_probability(samples.actions.clone());
            Piece {
                samples,
                linearization,
                log_probability,
            }
        };
        Self {
            pieces: pieces.into_par_iter().map_with(policy.clone(), linearize).collect(),
            policy,
            thinned,
            samples,
            entropy_bonus,
        }
    }

    /// Distributions of the old policy, piece by piece.
    pub fn distributions(&self) -> impl Iterator<Item = &ActionDistribution> {
        self.pieces.iter().map(|piece| piece.linearization.distribution())
    }

    /// The gradient at the old policy, in the order of [`TangentPolicy::parameters`].
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn gradient(&self) -> Result<Vec<f64>, AgentError> {
        let bonus = self.entropy_bonus;
        let gradient = |piece: &Piece<P::Linearization>| {
            let distribution = piece.linearization.distribution();
            let samples = piece.samples.clone();
            let mut by_outputs = distribution.score(samples.actions, samples.advantages);
            if bonus != 0.0 {
                by_outputs = by_outputs.plus(distribution.entropy_gradient(), bonus);
            }
            piece.linearization.pullback(by_outputs)
        };
        mean(self.pieces.par_iter().map(gradient).collect(), self.samples)
    }

    /// The Fisher matrix of the old policy times `direction`, plus `damping · direction`.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn fisher_product(&self, direction: &[f64], damping: f64) -> Result<Vec<f64>, AgentError> {
        let product = |linearization: &P::Linearization| {
            let moved = linearization.pushforward(direction);
            linearization.pullback(linearization.distribution().fisher_product(moved))
        };
        let mut image = match &self.thinned {
            Some(thinned) => {
                let rows = thinned.iter().map(|piece| rows(piece.distribution()));
                mean(thinned.par_iter().map(product).collect(), rows.sum())?
            }
            None => {
                let pieces = self.pieces.par_iter();
                mean(
                    pieces.map(|piece| product(&piece.linearization)).collect(),
                    self.samples,
                )?
            }
        };
        add(&mut image, damping, direction);
        Ok(image)
    }

    /// How the policy with these parameters compares with the old one.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn evaluate(&self, parameters: &[f64]) -> Result<Evaluation, AgentError> {
        let policy = self.policy.clone().with_parameters(parameters);
        let sums = |policy: &mut P, piece: &Piece<P::Linearization>| {
            let samples = piece.samples.clone();
            let old = piece.linearization.distribution();
            let new = policy.distribution(samples.observations);
            let log_ratio = new.log_probability(samples.actions) - piece.log_probability.clone();
            let gain = (log_ratio.exp() - 1.0) * samples.advantages;
            let entropy = new.entropy();
            let more = entropy.clone() - old.entropy();
            let sums = [gain, old.kl(&new), entropy, more].map(|terms| terms.inner().sum());
            Ok(Tensor::cat(sums.to_vec(), 0).try_into_vec_as::<f64>()?)
        };
        let sums = self.pieces.par_iter().map_with(policy, sums).collect();
        let means = mean(sums, self.samples)?;
        Ok(Evaluation {
            improvement: means[0] + self.entropy_bonus * means[3],
            kl: means[1],
            entropy: means[2],
        })
    }
}

fn rows(distribution: &ActionDistribution) -> usize {
    match distribution {
        ActionDistribution::Gaussian { mean, .. } => mean.dims()[0],
        ActionDistribution::Categorical { logits } => logits.dims()[0],
    }
}

/// The sum of vectors over `count`.
fn mean(vectors: Vec<Result<Vec<f64>, AgentError>>, count: usize) -> Result<Vec<f64>, AgentError> {
    let mut sum: Vec<f64> = Vec::new();
    for vector in vectors {
        let vector = vector?;
        sum.resize(vector.len(), 0.0);
        add(&mut sum, 1.0, &vector);
    }
    for value in &mut sum {
        *value /= count as f64;
    }
    Ok(sum)
}
