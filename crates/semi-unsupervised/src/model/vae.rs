use burn::{module::Module, prelude::*};
use papers_core::distributions::{DiagonalGaussian, standard_normal_log_density};

use super::{Likelihood, Mlp, bound::examples_of, total};

/// A variational autoencoder without classes: `N(z; 0, I) p(x|z)`, `q(z|x)`. M1 of Kingma et al. (2014) is one, with a
/// classifier on top that is trained after it.
#[derive(Module, Debug)]
pub struct Vae {
    /// `q(z|x)`
    pub encoder: Mlp,
    /// `p(x|z)`
    pub decoder: Mlp,
    /// What values of `x` are.
    #[module(skip)]
    pub likelihood: Likelihood,
}

impl Vae {
    /// A network of `values` values in an example with random weights; the decoder's hidden layers are the encoder's the other
    /// way round.
    pub fn new(likelihood: Likelihood, values: usize, hidden: &[usize], latent: usize, device: &Device) -> Self {
        let turned: Vec<usize> = hidden.iter().rev().copied().collect();
        Self {
            encoder: Mlp::new(values, hidden, 2 * latent, device),
            decoder: Mlp::new(latent, &turned, likelihood.outputs(values), device),
            likelihood,
        }
    }

    /// Dimension of `z`.
    pub fn latent(&self) -> usize {
        super::outputs(&self.encoder) / 2
    }

    /// `q(z|x)`
    ///
    /// # Shapes
    ///
    /// - x: `[batch, values]`
    /// - mean: `[1, batch, 1, latent]`
    pub fn posterior(&self, x: Tensor<2>) -> DiagonalGaussian<4> {
        self.encoder.gaussian(&[examples_of(x)])
    }

    /// `log p(x|z)`
    ///
    /// # Shapes
    ///
    /// - x: `[batch, values]`
    /// - z: `[samples, batch, 1, latent]`
    /// - output: `[samples, batch, 1]`
    pub fn log_likelihood(&self, x: Tensor<2>, z: Tensor<4>) -> Tensor<3> {
        self.likelihood.log_density(&self.decoder, &[z], examples_of(x))
    }

    /// The bound of each example, with the divergence of the draws, the mean over draws.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, values]`
    /// - noise: `[samples, batch, 1, latent]`, standard normal
    /// - output: `[batch]`
    pub fn bound(&self, x: Tensor<2>, noise: Tensor<4>) -> Tensor<1> {
        let batch = x.dims()[0];
        let posterior = self.posterior(x.clone());
        let z = posterior.sample(noise);
        let divergence = posterior.log_density(z.clone()) - standard_normal_log_density(z.clone());
        let bound = self.log_likelihood(x, z) - total(divergence);
        bound.mean_dim(0).reshape([batch])
    }
}
