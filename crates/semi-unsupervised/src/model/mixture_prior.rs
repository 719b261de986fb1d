use burn::{
    module::Module,
    nn::{Initializer, Linear},
    prelude::*,
    tensor::activation::log_softmax,
};
use papers_core::distributions::DiagonalGaussian;

use super::mlp::linear;

/// `p(z|y)`: a Gaussian of each class, the components of a mixture (section 3).
///
/// Means and log-variances are an affine map of the class. Means begin close to each other, variances do not: that is
/// what tells the components apart at first.
#[derive(Module, Debug)]
pub struct MixturePrior {
    /// From the class to the mean, `[classes, latent]`.
    pub mean: Linear,
    /// From the class to the log-variance, `[classes, latent]`.
    pub log_variance: Linear,
}

impl MixturePrior {
    /// Random components, whose means have a deviation of `spread`; the authors' is 0.001.
    pub fn new(classes: usize, latent: usize, spread: f64, device: &Device) -> Self {
        let spread = Initializer::Normal { mean: 0.0, std: spread };
        let glorot = Initializer::XavierNormal { gain: 1.0 };
        let sizes = [classes, latent];
        Self {
            mean: linear(sizes, spread, Initializer::Zeros, device),
            log_variance: linear(sizes, glorot, Initializer::Zeros, device),
        }
    }

    /// The components of these classes.
    ///
    /// # Shapes
    ///
    /// - classes: `[samples, batch, classes, all classes]`, one-hot
    /// - mean: `[samples, batch, classes, latent]`
    pub fn of(&self, classes: Tensor<4>) -> DiagonalGaussian<4> {
        DiagonalGaussian {
            mean: self.mean.forward(classes.clone()),
            log_variance: self.log_variance.forward(classes),
        }
    }

    /// All components.
    ///
    /// # Shapes
    ///
    /// - mean: `[1, 1, classes, latent]`
    pub fn all(&self) -> DiagonalGaussian<4> {
        let [classes, _] = self.mean.weight.dims();
        self.of(Tensor::eye(classes, &self.mean.weight.device()).reshape([1, 1, classes, classes]))
    }
}

/// `log p(z)` and the logarithms of `p(y|z)` of a mixture.
///
/// # Shapes
///
/// - z: `[samples, batch, 1, latent]`
/// - components: `[1, 1, classes, latent]`
/// - log_weights: `[classes]`
/// - output: `[samples, batch, 1]` and `[samples, batch, classes]`
pub fn responsibilities(
    z: Tensor<4>,
    components: &DiagonalGaussian<4>,
    log_weights: Tensor<1>,
) -> (Tensor<3>, Tensor<3>) {
    let density: Tensor<3> = components.log_density(z).sum_dim(3).squeeze_dim(3);
    let joint = density + log_weights.unsqueeze();
    let largest = joint.clone().max_dim(2);
    let density = largest.clone() + (joint.clone() - largest).exp().sum_dim(2).log();
    (density, log_softmax(joint, 2))
}

#[cfg(test)]
mod tests {
    use papers_core::testing::{device, initialized, values};

    use super::*;

    fn deviation(values: &[f64]) -> f64 {
        (values.iter().map(|value| value * value).sum::<f64>() / values.len() as f64).sqrt()
    }

    /// Section 2: components begin at about the same mean, and with different variances.
    #[test]
    fn components_begin_apart_in_their_variances() {
        let prior = initialized(|| MixturePrior::new(40, 60, 0.001, &device()));
        // Of 2,400 numbers the deviation is known to 1.5 %.
        let of = |layer: &Linear| deviation(&values(layer.weight.val()));
        assert!((of(&prior.mean) / 0.001 - 1.0).abs() < 0.06);
        assert!((of(&prior.log_variance) / (2.0_f64 / 100.0).sqrt() - 1.0).abs() < 0.06);
        for layer in [&prior.mean, &prior.log_variance] {
            let bias = layer.bias.as_ref().expect("a bias").val();
            assert!(values(bias).iter().all(|value| *value == 0.0));
        }
    }
}
