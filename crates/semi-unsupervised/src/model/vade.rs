use burn::{
    module::{Module, Param},
    prelude::*,
    tensor::activation::log_softmax,
};
use papers_core::distributions::DiagonalGaussian;

use super::{Vae, responsibilities, total};

/// Variational deep embedding (Jiang et al. 2017): `π_y N(z; μ_y, σ²_y) p(x|z)`, `q(z|x)`, and `q(y|x)` is what the mixture
/// says of `z`. It learns without labels.
#[derive(Module, Debug)]
pub struct Vade {
    /// `q(z|x)` and `p(x|z)`
    pub networks: Vae,
    /// `π` before a softmax, `[classes]`.
    pub logits: Param<Tensor<1>>,
    /// `μ`, `[classes, latent]`.
    pub mean: Param<Tensor<2>>,
    /// `log σ²`, `[classes, latent]`.
    pub log_variance: Param<Tensor<2>>,
}

/// Terms of the bound, `[batch]` each.
#[derive(Debug, Clone)]
pub struct VadeTerms {
    /// `log p(x|z)`
    pub reconstruction: Tensor<1>,
    /// `Σ_c γ_c E log N(z; μ_c, σ²_c)` without the constant.
    pub components: Tensor<1>,
    /// `Σ_c γ_c log(π_c / γ_c)`
    pub classes: Tensor<1>,
    /// Entropy of `q(z|x)` without the constant.
    pub entropy: Tensor<1>,
    /// `γ = p(y|z)`, `[batch, classes]`.
    pub responsibilities: Tensor<2>,
}

impl VadeTerms {
    /// The bound of each example.
    ///
    /// # Shapes
    ///
    /// - output: `[batch]`
    pub fn bound(&self) -> Tensor<1> {
        self.reconstruction.clone() + self.components.clone() + self.classes.clone() + self.entropy.clone()
    }

    /// Mean parts of the bound over examples, with their names: `log_px - kl_z - kl_y`. Nothing is differentiated through them.
    pub fn parts(&self) -> [(&'static str, Tensor<1>); 3] {
        let mean = |term: &Tensor<1>| term.clone().detach().mean();
        [
            ("log_px", mean(&self.reconstruction)),
            ("kl_z", -mean(&self.components) - mean(&self.entropy)),
            ("kl_y", -mean(&self.classes)),
        ]
    }
}

impl Vade {
    /// Networks with a mixture of standard normal components, all of which weigh the same.
    pub fn new(networks: Vae, classes: usize, device: &Device) -> Self {
        let size = [classes, networks.latent()];
        Self {
            networks,
            logits: Param::from_tensor(Tensor::zeros([classes], device)),
            mean: Param::from_tensor(Tensor::zeros(size, device)),
            log_variance: Param::from_tensor(Tensor::zeros(size, device)),
        }
    }

    /// `log π`
    ///
    /// # Shapes
    ///
    /// - output: `[classes]`
    pub fn log_weights(&self) -> Tensor<1> {
        log_softmax(self.logits.val(), 0)
    }

    /// All components.
    ///
    /// # Shapes
    ///
    /// - mean: `[1, 1, classes, latent]`
    pub fn components(&self) -> DiagonalGaussian<4> {
        let across = |rows: Tensor<2>| {
            let [classes, latent] = rows.dims();
            rows.reshape([1, 1, classes, latent])
        };
        DiagonalGaussian {
            mean: across(self.mean.val()),
            log_variance: across(self.log_variance.val()),
        }
    }

    /// `log p(y|z)` where `z` is the mean of `q(z|x)`.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, values]`
    /// - output: `[batch, classes]`
    pub fn log_classes(&self, x: Tensor<2>) -> Tensor<2> {
        let z = self.networks.posterior(x).mean;
        responsibilities(z, &self.components(), self.log_weights())
            .1
            .squeeze_dim(0)
    }

    /// The terms of the bound, with one draw of `z`.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, values]`
    /// - noise: `[batch, latent]`, standard normal
    pub fn terms(&self, x: Tensor<2>, noise: Tensor<2>) -> VadeTerms {
        let [batch, latent] = noise.dims();
        let posterior = self.networks.posterior(x.clone());
        let z = posterior.sample(noise.reshape([1, batch, 1, latent]));
        let components = self.components();
        let log_weights = self.log_weights();
        let (_, log_shares) = responsibilities(z.clone(), &components, log_weights.clone());
        let shares = log_shares.clone().exp();
        let of_components = total(expected_log_density(&posterior, &components));
        let of_classes = log_weights.unsqueeze::<3>() - log_shares;
        let sum = |terms: Tensor<3>| (shares.clone() * terms).sum_dim(2).reshape([batch]);
        VadeTerms {
            reconstruction: self.networks.log_likelihood(x, z).reshape([batch]),
            components: sum(of_components),
            classes: sum(of_classes),
            entropy: total(posterior.log_variance + 1.0).reshape([batch]) * 0.5,
            responsibilities: shares.squeeze_dim(0),
        }
    }

    /// How badly the networks reconstruct without noise, which they are pretrained by: the negative `log p(x|z)` at the mean of
    /// `q(z|x)`.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, values]`
    /// - output: `[1]`
    pub fn reconstruction_loss(&self, x: Tensor<2>) -> Tensor<1> {
        let z = self.networks.posterior(x.clone()).mean;
        -self.networks.log_likelihood(x, z).mean()
    }

    /// The same networks with other components.
    ///
    /// # Shapes
    ///
    /// - log_weights: `[classes]`
    /// - mean, log_variance: `[classes, latent]`
    #[must_use]
    pub fn with_components(mut self, log_weights: Tensor<1>, mean: Tensor<2>, log_variance: Tensor<2>) -> Self {
        self.logits = self.logits.map(|_| log_weights.require_grad());
        self.mean = self.mean.map(|_| mean.require_grad());
        self.log_variance = self.log_variance.map(|_| log_variance.require_grad());
        self
    }

    /// The mean of each value of `x` for these `z`.
    ///
    /// # Shapes
    ///
    /// - z: `[samples, batch, classes, latent]`
    /// - output: `[samples, batch, classes, values]`
    pub fn reconstruct(&self, z: Tensor<4>) -> Tensor<4> {
        self.networks.likelihood.mean(&self.networks.decoder, &[z])
    }
}

/// `E log N(z; μ_c, σ²_c)` under the posterior, of every component, without the constant.
fn expected_log_density(posterior: &DiagonalGaussian<4>, components: &DiagonalGaussian<4>) -> Tensor<4> {
    let distance = (posterior.mean.clone() - components.mean.clone()).square();
    let spread = posterior.log_variance.clone().exp() + distance;
    (components.log_variance.clone() + spread * components.log_variance.clone().neg().exp()) * -0.5
}
