//! The combined loss (section 3.1): classification of every row; reconstruction and divergence of the rows to debias alone.

use burn::prelude::*;
use papers_core::distributions::{Bernoulli, DiagonalGaussian};
use serde::{Deserialize, Serialize};

/// What is minimized.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ObjectiveConfig {
    /// c₁, of the classification loss.
    pub classification: f64,
    /// c₂, of the reconstruction loss.
    pub reconstruction: f64,
    /// c₃, of the divergence of q(z|x) from the prior.
    pub divergence: f64,
    /// How far a picture is from its reconstruction.
    pub distance: Distance,
    /// How the divergences of latent dimensions are put together.
    pub over_dimensions: Over,
    /// How rows are put together.
    pub over_rows: OverRows,
}

impl Default for ObjectiveConfig {
    /// The settings of the first author's public code.
    fn default() -> Self {
        Self {
            classification: 1.0,
            reconstruction: 1.0,
            divergence: 5e-4,
            distance: Distance::default(),
            over_dimensions: Over::Sum,
            over_rows: OverRows::default(),
        }
    }
}

/// How far two pictures are from each other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distance {
    /// Mean absolute difference of values (public code).
    #[default]
    MeanAbs,
    /// Mean squared difference (reproduction).
    MeanSquare,
    /// Sum of absolute differences, the 1-norm.
    SumAbs,
    /// The 2-norm, not squared.
    Norm,
}

/// How a value of each latent dimension becomes one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// Added up.
    #[default]
    Sum,
    /// Averaged (reproduction).
    Mean,
}

/// How the losses of rows become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OverRows {
    /// The mean over all rows of the batch, whether they are to be debiased or not.
    #[default]
    Mean,
    /// The mean classification loss of all rows, and the mean of the rest over the rows to debias.
    Apart,
}

/// Which rows of a batch are to be debiased: faces, in the paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DebiasMask {
    rows: Vec<usize>,
    batch: usize,
}

impl DebiasMask {
    /// A flag for each row of a batch.
    pub fn new(flags: impl IntoIterator<Item = bool>) -> Self {
        let flags: Vec<bool> = flags.into_iter().collect();
        Self {
            batch: flags.len(),
            rows: (0..flags.len()).filter(|&row| flags[row]).collect(),
        }
    }

    /// The first rows of a batch.
    ///
    /// # Panics
    ///
    /// If the batch is shorter.
    pub fn first(rows: usize, batch: usize) -> Self {
        assert!(rows <= batch, "a batch of {batch} has no {rows} rows");
        Self {
            rows: (0..rows).collect(),
            batch,
        }
    }

    /// Rows of the batch.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Number of rows to debias.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row to debias.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Those rows of a tensor, in order; no gradient reaches the others through it.
    ///
    /// # Shapes
    ///
    /// - tensor: `[batch, ..]`
    /// - output: `[rows to debias, ..]`
    ///
    /// # Panics
    ///
    /// Without a row to debias.
    pub fn select<const D: usize>(&self, tensor: Tensor<D>) -> Tensor<D> {
        assert!(!self.is_empty(), "there are rows to debias");
        if self.len() == self.batch {
            return tensor;
        }
        if self.rows.iter().enumerate().all(|(place, &row)| place == row) {
            return tensor.narrow(0, 0, self.len());
        }
        let rows: Vec<i32> = self.rows.iter().map(|&row| row as i32).collect();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [self.len()]), &tensor.device());
        tensor.select(0, rows)
    }
}

/// What an encoder says of a batch.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// Log odds of each label, `[batch, labels]`.
    pub logits: Tensor<2>,
    /// q(z|x), `[batch, latent]`. The network's last outputs are **log-variances**, though the public code calls them `logsigma`.
    pub posterior: DiagonalGaussian<2>,
}

impl Encoded {
    /// Outputs of an encoder: first the log odds of labels, then means, then log-variances.
    ///
    /// # Shapes
    ///
    /// - outputs: `[batch, labels + 2 · latent]`
    pub fn of_outputs(outputs: Tensor<2>, labels: usize) -> Self {
        let rest = outputs.dims()[1] - labels;
        Self {
            logits: outputs.clone().narrow(1, 0, labels),
            posterior: DiagonalGaussian::from_halves(outputs.narrow(1, labels, rest)),
        }
    }
}

/// Losses before they are reduced.
#[derive(Debug, Clone)]
pub struct Losses {
    /// Cross-entropy of each row in nats, labels added up, `[batch]`.
    pub classification: Tensor<1>,
    /// What the rows to debias add; none if there are none.
    pub variational: Option<Variational>,
}

/// Losses of the rows to debias.
#[derive(Debug, Clone)]
pub struct Variational {
    /// Distance of each picture from its reconstruction, `[rows to debias]`.
    pub reconstruction: Tensor<1>,
    /// Divergence from the prior in nats, `[rows to debias]`.
    pub divergence: Tensor<1>,
}

/// `-log p(labels)` of each row, summed over labels, in nats; finite for logits of any size.
///
/// # Shapes
///
/// - logits, labels: `[batch, labels]`; labels are 0 or 1
/// - output: `[batch]`
pub fn cross_entropy(logits: Tensor<2>, labels: Tensor<2>) -> Tensor<1> {
    -Bernoulli { logits }.log_density(labels).sum_dim(1).squeeze_dim(1)
}

impl Distance {
    /// How far each picture is from its reconstruction.
    ///
    /// # Shapes
    ///
    /// - pictures, reconstructions: `[rows, ..]`
    /// - output: `[rows]`
    pub fn of<const D: usize>(self, pictures: Tensor<D>, reconstructions: Tensor<D>) -> Tensor<1> {
        let difference: Tensor<2> = (pictures - reconstructions).flatten(1, D - 1);
        let each = match self {
            Self::MeanAbs => difference.abs().mean_dim(1),
            Self::MeanSquare => difference.square().mean_dim(1),
            Self::SumAbs => difference.abs().sum_dim(1),
            Self::Norm => difference.square().sum_dim(1).sqrt(),
        };
        each.squeeze_dim(1)
    }
}

impl ObjectiveConfig {
    /// Whether nothing but classification counts, so that no decoder is needed.
    pub fn is_classifier_only(&self) -> bool {
        self.reconstruction == 0.0 && self.divergence == 0.0
    }

    /// All losses of a batch. Only rows to debias are sampled and decoded: nothing of the others reaches the decoder, and no gradient
    /// of the variational losses reaches the encoder's outputs for them.
    ///
    /// # Shapes
    ///
    /// - pictures: `[batch, ..]`
    /// - labels: `[batch, labels]`
    /// - noise: `[rows to debias, latent]`, standard normal
    /// - what `decode` makes of `[rows to debias, latent]`: `[rows to debias, ..]`
    pub fn losses<const D: usize>(
        &self,
        encoded: &Encoded,
        pictures: Tensor<D>,
        labels: Tensor<2>,
        mask: &DebiasMask,
        noise: Tensor<2>,
        decode: impl FnOnce(Tensor<2>) -> Tensor<D>,
    ) -> Losses {
        let variational = || {
            let posterior = DiagonalGaussian {
                mean: mask.select(encoded.posterior.mean.clone()),
                log_variance: mask.select(encoded.posterior.log_variance.clone()),
            };
            let reconstructions = decode(posterior.sample(noise));
            let divergences = posterior.kl_to_standard_normal();
            let divergence = match self.over_dimensions {
                Over::Sum => divergences.sum_dim(1),
                Over::Mean => divergences.mean_dim(1),
            };
            Variational {
                reconstruction: self.distance.of(mask.select(pictures), reconstructions),
                divergence: divergence.squeeze_dim(1),
            }
        };
        Losses {
            classification: cross_entropy(encoded.logits.clone(), labels),
            variational: (!mask.is_empty() && !self.is_classifier_only()).then(variational),
        }
    }

    /// `c₂ · reconstruction + c₃ · divergence` of each row to debias.
    ///
    /// # Shapes
    ///
    /// - output: `[rows to debias]`
    pub fn variational(&self, losses: &Variational) -> Tensor<1> {
        losses.reconstruction.clone() * self.reconstruction + losses.divergence.clone() * self.divergence
    }

    /// What is minimized. Without a row to debias it is the classification loss alone.
    ///
    /// # Shapes
    ///
    /// - output: `[1]`
    pub fn total(&self, losses: &Losses) -> Tensor<1> {
        let batch = losses.classification.dims()[0] as f64;
        let classification = losses.classification.clone().sum() * (self.classification / batch);
        let Some(variational) = &losses.variational else {
            return classification;
        };
        let rows = variational.reconstruction.dims()[0] as f64;
        let count = match self.over_rows {
            OverRows::Mean => batch,
            OverRows::Apart => rows,
        };
        // Times the inverse: the gradient of a quotient by a number is rounded to single precision.
        classification + self.variational(variational).sum() * (1.0 / count)
    }

    /// The loss of each row, whose mean is [`total`](Self::total) with [`OverRows::Mean`].
    ///
    /// # Shapes
    ///
    /// - output: `[batch]`
    pub fn rows(&self, losses: &Losses, mask: &DebiasMask) -> Tensor<1> {
        let classification = losses.classification.clone() * self.classification;
        let Some(variational) = &losses.variational else {
            return classification;
        };
        let rows: Vec<i32> = mask.rows.iter().map(|&row| row as i32).collect();
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [mask.len()]), &classification.device());
        let variational = self.variational(variational);
        classification.select_assign(0, rows, variational, burn::tensor::IndexingUpdateOp::Add)
    }
}
