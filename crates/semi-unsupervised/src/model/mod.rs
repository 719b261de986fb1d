//! Deep generative models with a class `y` that is seen of some examples and never of others (section 3).

pub mod bound;
mod error;
mod mixture_prior;
mod mlp;
mod vade;
mod vae;

pub use error::ModelError;
pub use mixture_prior::{MixturePrior, responsibilities};
pub use mlp::Mlp;
pub use vade::{Vade, VadeTerms};
pub use vae::Vae;

use burn::{module::Module, prelude::*, tensor::activation::log_softmax};
use papers_core::{
    base::clustering::check_prior,
    distributions::{Bernoulli, DiagonalGaussian},
};
use serde::{Deserialize, Serialize};

/// Which model it is, by its generative process and its posterior.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `p(y) N(z; 0, I) p(x|y,z)`, `q(y|x) q(z|x,y)` (Kingma et al. 2014).
    M2,
    /// `p(y) N(z; μ_y, σ²_y) p(x|z)`, `q(y|x) q(z|x,y)`: the paper's.
    GmDgm,
    /// `p(y) N(z; 0, I) p(x|y,z) p(a|x,y,z)`, `q(a|x) q(y|x,a) q(z|x,y,a)` (Maaløe et al. 2016).
    Adgm,
    /// `p(y) N(z; μ_y, σ²_y) p(x|z) p(a|y,z)`, `q(a|x) q(y|x,a) q(z|x,y,a)`: the paper's.
    AgmDgm,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::M2, Self::GmDgm, Self::Adgm, Self::AgmDgm];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::M2 => "m2",
            Self::GmDgm => "gm-dgm",
            Self::Adgm => "adgm",
            Self::AgmDgm => "agm-dgm",
        }
    }

    /// Whether `p(z|y)` has a component for each class, and `p(x|z)` does not see the class.
    pub fn has_mixture(self) -> bool {
        matches!(self, Self::GmDgm | Self::AgmDgm)
    }

    /// Whether there is an auxiliary variable `a`.
    pub fn has_auxiliary(self) -> bool {
        matches!(self, Self::Adgm | Self::AgmDgm)
    }
}

/// What values of `x` are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Likelihood {
    /// Zeros and ones, by logits.
    #[default]
    Bernoulli,
    /// Real numbers, by mean and log-variance.
    Gaussian,
}

impl Likelihood {
    /// Outputs of the decoder for `values` values.
    fn outputs(self, values: usize) -> usize {
        match self {
            Self::Bernoulli => values,
            Self::Gaussian => 2 * values,
        }
    }

    /// `log p(x|·)`, where a decoder sees these parts.
    fn log_density(self, decoder: &Mlp, parts: &[Tensor<4>], x: Tensor<4>) -> Tensor<3> {
        match self {
            Self::Bernoulli => {
                let logits = decoder.forward(parts);
                Bernoulli { logits }.log_density_of_rows(x).squeeze_dim(3)
            }
            Self::Gaussian => total(decoder.gaussian(parts).log_density(x)),
        }
    }

    /// The mean of each value.
    fn mean(self, decoder: &Mlp, parts: &[Tensor<4>]) -> Tensor<4> {
        match self {
            Self::Bernoulli => Bernoulli {
                logits: decoder.forward(parts),
            }
            .mean(),
            Self::Gaussian => decoder.gaussian(parts).mean,
        }
    }
}

/// Sizes of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Units of the hidden layers of every perceptron.
    pub hidden: Vec<usize>,
    /// Dimension of `z`.
    pub latent: usize,
    /// Dimension of `a`.
    pub auxiliary: usize,
    /// Deviation of the components' means at first; the authors' if left out.
    #[serde(default = "authors_spread")]
    pub prior_mean_init_std: f64,
    /// Whether `p(a|·)` sees `x`; by the kind of model if left out.
    #[serde(default)]
    pub auxiliary_sees_data: Option<bool>,
}

fn authors_spread() -> f64 {
    0.001
}

/// A model of data and classes.
#[derive(Module, Debug)]
pub struct ClassModel {
    /// `q(y|x)` or `q(y|x,a)`: logits.
    pub classifier: Mlp,
    /// `q(z|x,y)` or `q(z|x,y,a)`.
    pub encoder: Mlp,
    /// `p(x|z)` or `p(x|y,z)`.
    pub decoder: Mlp,
    /// `p(z|y)`; standard normal where there is none.
    pub mixture: Option<MixturePrior>,
    /// The auxiliary variable.
    pub auxiliary: Option<Auxiliary>,
    /// Which model it is.
    #[module(skip)]
    pub kind: Kind,
    /// What values of `x` are.
    #[module(skip)]
    pub likelihood: Likelihood,
    /// `log p(y)`, all finite.
    #[module(skip)]
    pub log_prior: Vec<f64>,
}

/// An auxiliary variable `a`, which makes the posterior richer.
#[derive(Module, Debug)]
pub struct Auxiliary {
    /// `q(a|x)`
    pub encoder: Mlp,
    /// `p(a|x,y,z)` or `p(a|y,z)`.
    pub decoder: Mlp,
    /// Whether the decoder sees `x`.
    #[module(skip)]
    pub sees_data: bool,
}

impl ClassModel {
    /// A model of `values` values in an example with random weights; `prior` is `p(y)`.
    ///
    /// # Errors
    ///
    /// [`ModelError::Prior`] of a prior with an entry that is not positive, or that does not sum to 1.
    pub fn new(
        kind: Kind,
        likelihood: Likelihood,
        values: usize,
        prior: &[f64],
        sizes: &Sizes,
        device: &Device,
    ) -> Result<Self, ModelError> {
        check_prior(prior, prior.len())?;
        let (classes, latent) = (prior.len(), sizes.latent);
        let extra = if kind.has_auxiliary() { sizes.auxiliary } else { 0 };
        let seen = if kind.has_mixture() { latent } else { classes + latent };
        let sees_data = sizes.auxiliary_sees_data.unwrap_or(kind == Kind::Adgm);
        let mlp = |inputs, outputs| Mlp::new(inputs, &sizes.hidden, outputs, device);
        let of_auxiliary = if sees_data {
            values + classes + latent
        } else {
            classes + latent
        };
        Ok(Self {
            classifier: mlp(values + extra, classes),
            encoder: mlp(values + classes + extra, 2 * latent),
            decoder: mlp(seen, likelihood.outputs(values)),
            mixture: kind
                .has_mixture()
                .then(|| MixturePrior::new(classes, latent, sizes.prior_mean_init_std, device)),
            auxiliary: kind.has_auxiliary().then(|| Auxiliary {
                encoder: mlp(values, 2 * extra),
                decoder: mlp(of_auxiliary, 2 * extra),
                sees_data,
            }),
            kind,
            likelihood,
            log_prior: prior.iter().map(|probability| probability.ln()).collect(),
        })
    }

    /// Number of values of an example.
    pub fn values(&self) -> usize {
        inputs(&self.classifier) - self.auxiliary_size().unwrap_or(0)
    }

    /// Number of classes, extra ones included.
    pub fn classes(&self) -> usize {
        self.log_prior.len()
    }

    /// Dimension of `z`.
    pub fn latent(&self) -> usize {
        outputs(&self.encoder) / 2
    }

    /// Dimension of `a`, if there is one.
    pub fn auxiliary_size(&self) -> Option<usize> {
        Some(outputs(&self.auxiliary.as_ref()?.encoder) / 2)
    }

    /// `log p(y)`.
    ///
    /// # Shapes
    ///
    /// - output: `[classes]`
    pub fn log_prior(&self, like: &Tensor<4>) -> Tensor<1> {
        let data = TensorData::new(self.log_prior.clone(), [self.classes()]);
        Tensor::from_data(data, (&like.device(), like.dtype()))
    }

    /// `log q(y|x)`, or `log q(y|x,a)` for each draw of `a`.
    ///
    /// # Shapes
    ///
    /// - x: `[1, batch, 1, values]`
    /// - a: `[samples, batch, 1, auxiliary]`
    /// - output: `[samples, batch, classes]`
    pub fn log_classes(&self, x: Tensor<4>, a: Option<Tensor<4>>) -> Tensor<3> {
        let parts: Vec<_> = [x].into_iter().chain(a).collect();
        let logits: Tensor<3> = self.classifier.forward(&parts).squeeze_dim(2);
        log_softmax(logits, 2)
    }

    /// `p(x|z)` or `p(x|y,z)`: the mean of each value.
    ///
    /// # Shapes
    ///
    /// - y: `[samples, batch, classes, all classes]`, one-hot
    /// - z: `[samples, batch, classes, latent]`
    /// - output: `[samples, batch, classes, values]`
    pub fn reconstruct(&self, y: Tensor<4>, z: Tensor<4>) -> Tensor<4> {
        self.likelihood.mean(&self.decoder, &self.decoded(y, z))
    }

    /// `log p(x|·)` of each value, summed.
    fn log_likelihood(&self, x: Tensor<4>, y: Tensor<4>, z: Tensor<4>) -> Tensor<3> {
        self.likelihood.log_density(&self.decoder, &self.decoded(y, z), x)
    }

    /// What the decoder sees.
    fn decoded(&self, y: Tensor<4>, z: Tensor<4>) -> Vec<Tensor<4>> {
        match self.kind.has_mixture() {
            true => vec![z],
            false => vec![y, z],
        }
    }

    /// `p(z|y)` of these classes.
    fn prior_of(&self, y: Tensor<4>) -> Option<DiagonalGaussian<4>> {
        self.mixture.as_ref().map(|mixture| mixture.of(y))
    }
}

/// The sum over the last axis.
fn total(values: Tensor<4>) -> Tensor<3> {
    values.sum_dim(3).squeeze_dim(3)
}

fn inputs(mlp: &Mlp) -> usize {
    mlp.layers.first().map_or(0, |layer| layer.weight.dims()[0])
}

fn outputs(mlp: &Mlp) -> usize {
    mlp.layers.last().map_or(0, |layer| layer.weight.dims()[1])
}
