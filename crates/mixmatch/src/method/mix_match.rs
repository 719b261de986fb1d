use burn::prelude::*;
use papers_core::{
    base::config::{Checks, ConfigError},
    nn::Statistics,
    random::Streams,
};
use serde::{Deserialize, Serialize};

use super::{Losses, Step};
use crate::{
    Batch, Classifier, StepError, interleave,
    label_guess::guess,
    mixup::{self, Coefficients, Mixing},
    objective::{brier, cross_entropy},
    ramp::ramp,
};

/// MixMatch (algorithm 1): guessed and sharpened labels, everything blended with everything.
///
/// | row of the ablation (table 4) | setting |
/// |---|---|
/// | MixMatch without distribution averaging, with K = 3, with K = 4 | `augmentations` of 1, 3, 4 |
/// | without temperature sharpening | `temperature` of 1 |
/// | with parameter EMA | `guess` of `ema` |
/// | without MixUp | `mix` of `none` |
/// | with MixUp on labeled only, on unlabeled only | `mix` of `labeled`, `unlabeled` |
/// | with MixUp on separate labeled and unlabeled | `mix` of `separate` |
/// | Interpolation Consistency Training | [`Ict`](super::Ict) |
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MixMatch {
    /// `T` of the sharpening: 1 leaves guesses as they are.
    pub temperature: f64,
    /// `K`: augmentations of each unlabeled example that a guess averages.
    pub augmentations: usize,
    /// `α` of the Beta distribution of blends.
    pub alpha: f64,
    /// `λ_U`: weight of the unlabeled term after the ramp.
    pub weight: f64,
    /// Labeled images over which that weight grows from 0; 0 for no ramp. The ablation's runs use 2^17.
    pub ramp_images: u64,
    /// Whose predictions the guesses are.
    pub guess: Guesser,
    /// What is blended with what.
    pub mix: Mix,
    /// How many coefficients are drawn for the blends.
    pub lambda: Coefficients,
}

/// Whose predictions guesses are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guesser {
    /// The network's in training.
    #[default]
    Raw,
    /// The averaged network's.
    Ema,
}

/// What is blended with what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mix {
    /// Everything with everything.
    #[default]
    All,
    /// Nothing.
    None,
    /// Labeled examples with each other; unlabeled ones stay as they are.
    Labeled,
    /// Unlabeled examples with each other; labeled ones stay as they are.
    Unlabeled,
    /// Labeled examples with each other, and unlabeled ones with each other.
    Separate,
}

impl Default for MixMatch {
    fn default() -> Self {
        Self {
            temperature: 0.5,
            augmentations: 2,
            alpha: 0.75,
            weight: 75.0,
            ramp_images: 1 << 20,
            guess: Guesser::Raw,
            mix: Mix::All,
            lambda: Coefficients::PerExample,
        }
    }
}

impl MixMatch {
    pub(super) fn validate(&self, checks: Checks<'_>) -> Result<(), ConfigError> {
        checks.positive("temperature", self.temperature)?;
        checks.at_least(1, "augmentations", self.augmentations)?;
        let alpha = self.alpha;
        let problem = format_args!("must be positive, not {alpha}; to mix nothing, set `mix` to `none`");
        checks.require(alpha > 0.0 && alpha.is_finite(), "alpha", problem)?;
        checks.not_negative("weight", self.weight)
    }

    pub(super) fn losses<M: Classifier<D>, const D: usize>(&self, step: &Step<'_, M, D>) -> Result<Losses, StepError> {
        let guesses = self.guesses(step)?;
        let mixing = self.draw(step.batch.len(), step.streams, step.progress.step)?;
        let pool = Pool::new(step.batch, guesses.clone()).mixed(&mixing);
        let (labeled, unlabeled) = pool.losses(step.model);
        let weight = self.weight * ramp(step.images(), self.ramp_images);
        Ok(Losses::labeled(labeled).unlabeled(unlabeled, weight, guesses))
    }

    /// The guessed label of each unlabeled example (algorithm 1, lines 7 and 8): `[batch, classes]`, off the tape. Each
    /// augmentation is normalized by its own statistics, and teaches the running ones nothing.
    ///
    /// # Errors
    ///
    /// [`StepError::Temperature`] if the temperature is not positive.
    ///
    /// # Panics
    ///
    /// If the batch has no unlabeled examples.
    pub fn guesses<M: Classifier<D>, const D: usize>(&self, step: &Step<'_, M, D>) -> Result<Tensor<2>, StepError> {
        let model = match self.guess {
            Guesser::Raw => step.model.valid(),
            Guesser::Ema => step.teacher(),
        };
        let logits = |inputs: &Tensor<D>| model.forward(inputs.clone(), Statistics::Batch);
        let logits: Vec<Tensor<2>> = step.batch.unlabeled.iter().map(logits).collect();
        guess(&logits, self.temperature)
    }

    /// Draws the partners (the shuffled `W` of algorithm 1, line 12) and coefficients of update `step` for a pool of
    /// `batch` labeled examples and the augmentations of as many unlabeled ones.
    ///
    /// # Errors
    ///
    /// [`StepError::Alpha`] if `alpha` is not positive.
    pub fn draw(&self, batch: usize, streams: &Streams, step: u64) -> Result<Mixing, StepError> {
        let augmented = batch * self.augmentations;
        let mixed = |part: &str, rows: usize| -> Result<Mixing, StepError> {
            let partners = streams.permutation(&format!("mix-match/{part}/partners"), step, rows);
            let mut generator = streams.at(&format!("mix-match/{part}/lambda"), step, 0);
            let lambda = mixup::draw(self.alpha, rows, self.lambda, &mut generator)?;
            Ok(Mixing::new(&lambda, partners))
        };
        Ok(match self.mix {
            Mix::All => mixed("all", batch + augmented)?,
            Mix::None => Mixing::nothing(batch + augmented),
            Mix::Labeled => mixed("labeled", batch)?.followed_by(Mixing::nothing(augmented)),
            Mix::Unlabeled => Mixing::nothing(batch).followed_by(mixed("unlabeled", augmented)?),
            Mix::Separate => mixed("labeled", batch)?.followed_by(mixed("unlabeled", augmented)?),
        })
    }
}

/// Labeled examples, then each augmentation of the unlabeled ones, with labels or guesses.
#[derive(Debug, Clone)]
pub struct Pool<const D: usize> {
    /// `[batches · batch, ..]`.
    pub inputs: Tensor<D>,
    /// `[batches · batch, classes]`.
    pub targets: Tensor<2>,
    /// One of labeled examples, and one for each augmentation.
    pub batches: usize,
}

impl<const D: usize> Pool<D> {
    /// The pool of a batch; all augmentations of an example share its guess (algorithm 1, lines 10 and 11).
    pub fn new(batch: &Batch<D>, guesses: Tensor<2>) -> Self {
        let mut inputs = vec![batch.labeled.clone()];
        inputs.extend(batch.unlabeled.iter().cloned());
        let batches = inputs.len();
        let mut targets = vec![batch.targets.clone()];
        targets.resize(batches, guesses);
        Self {
            inputs: Tensor::cat(inputs, 0),
            targets: Tensor::cat(targets, 0),
            batches,
        }
    }

    /// The same rows, blended (algorithm 1, lines 13 and 14).
    pub fn mixed(self, mixing: &Mixing) -> Self {
        Self {
            inputs: mixing.apply(self.inputs),
            targets: mixing.apply(self.targets),
            batches: self.batches,
        }
    }

    /// The labeled and the unlabeled term of the loss (eq. 3 and 4), each of shape `[1]`, from interleaved passes. The
    /// first pass updates running statistics.
    pub fn losses<M: Classifier<D>>(self, model: &M) -> (Tensor<1>, Tensor<1>) {
        let logits = interleave::forward(model, self.inputs, self.batches);
        let rows = logits.dims()[0];
        let batch = rows / self.batches;
        let labeled = |rows: &Tensor<2>| rows.clone().narrow(0, 0, batch);
        let unlabeled = |all: &Tensor<2>| all.clone().narrow(0, batch, rows - batch);
        (
            cross_entropy(labeled(&logits), labeled(&self.targets)).mean(),
            brier(unlabeled(&logits), unlabeled(&self.targets)).mean(),
        )
    }
}
