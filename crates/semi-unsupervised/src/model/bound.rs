//! The evidence lower bound, with a class that is given or summed out (section 3).

use burn::prelude::*;
use papers_core::distributions::{DiagonalGaussian, entropy, standard_normal_log_density};
use serde::{Deserialize, Serialize};

use super::{ClassModel, ModelError, total};

/// Standard normal numbers that draws are made of.
#[derive(Debug, Clone)]
pub struct Noise {
    /// Of `z`: `[samples, batch, classes, latent]`, with one class where the class is given.
    pub z: Tensor<4>,
    /// Of `a`: `[samples, batch, 1, auxiliary]`. All classes of an example have the same.
    pub a: Option<Tensor<4>>,
}

/// Terms of the bound of each example and class, `[samples, batch, classes]` each, where any axis may have length 1.
#[derive(Debug, Clone)]
pub struct Terms {
    /// `log p(x|·)`
    pub log_px: Tensor<3>,
    /// `log p(y)`
    pub log_py: Tensor<3>,
    /// `log p(z|y)` of the draw
    pub log_pz: Tensor<3>,
    /// `log q(z|·)` of the draw
    pub log_qz: Tensor<3>,
    /// `KL(q(z|·) ‖ p(z|y))`
    pub kl_z: Tensor<3>,
    /// `log p(a|·)` and `log q(a|x)` of the draw
    pub auxiliary: Option<[Tensor<3>; 2]>,
}

/// How the bound counts the divergence of `z`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KlMode {
    /// By the draws that reconstruct: `log q(z|·) - log p(z|y)`, as the authors do.
    #[default]
    MonteCarlo,
    /// In closed form.
    Analytic,
}

/// How much of the divergences a bound counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KlWeight {
    /// How it is found.
    pub mode: KlMode,
    /// Share of it, less than 1 while it warms up.
    pub beta: f64,
    /// Nats of `z` that cost nothing.
    pub free_bits: f64,
}

impl Default for KlWeight {
    fn default() -> Self {
        Self {
            mode: KlMode::MonteCarlo,
            beta: 1.0,
            free_bits: 0.0,
        }
    }
}

impl Terms {
    /// The bound of each draw, example and class.
    ///
    /// # Shapes
    ///
    /// - output: `[samples, batch, classes]`
    pub fn bound(&self, weight: KlWeight) -> Tensor<3> {
        let kl = match weight.mode {
            KlMode::MonteCarlo => self.log_qz.clone() - self.log_pz.clone(),
            KlMode::Analytic => self.kl_z.clone(),
        };
        let kl = if weight.free_bits > 0.0 {
            kl.clamp_min(weight.free_bits)
        } else {
            kl
        };
        let bound = self.log_px.clone() + self.log_py.clone() - scaled(kl, weight.beta);
        match &self.auxiliary {
            Some([log_pa, log_qa]) => bound + scaled(log_pa.clone() - log_qa.clone(), weight.beta),
            None => bound,
        }
    }
}

fn scaled(tensor: Tensor<3>, factor: f64) -> Tensor<3> {
    if factor == 1.0 { tensor } else { tensor * factor }
}

/// What is known of examples with a class.
#[derive(Debug, Clone)]
pub struct Labeled {
    /// The terms of the class, `[samples, batch, 1]`.
    pub terms: Terms,
    /// `log q(y|·)` of the class, the mean over draws of `a`, `[batch]`.
    pub log_class: Tensor<1>,
}

/// What is known of examples without one.
#[derive(Debug, Clone)]
pub struct Unlabeled {
    /// The terms of every class, `[samples, batch, classes]`.
    pub terms: Terms,
    /// `log q(y|·)`, `[samples, batch, classes]`; one sample where there is no `a`.
    pub log_classes: Tensor<3>,
}

impl Labeled {
    /// The bound of each example, the mean over draws.
    ///
    /// # Shapes
    ///
    /// - output: `[batch]`
    pub fn bound(&self, weight: KlWeight) -> Tensor<1> {
        mean_over_draws(self.terms.bound(weight))
    }
}

impl Unlabeled {
    /// The bound of each example: the exact sum over classes, `Σ_y q(y|·) L(x, y) + H(q(y|·))`, the mean over draws.
    ///
    /// # Shapes
    ///
    /// - output: `[batch]`
    pub fn bound(&self, weight: KlWeight) -> Tensor<1> {
        let expected = (self.log_classes.clone().exp() * self.terms.bound(weight)).sum_dim(2);
        mean_over_draws(expected + entropy(self.log_classes.clone()))
    }

    /// Mean parts of the bound over draws and examples, with their names, each the mean over classes by `q(y|·)`: the bound is
    /// `log_px - kl_z - kl_y`, and `auxiliary` where there is an `a`, but for the draw that stands for `kl_z`. Nothing is
    /// differentiated through them.
    pub fn parts(&self) -> Vec<(&'static str, Tensor<1>)> {
        let log_classes = self.log_classes.clone().detach();
        let classes = log_classes.clone().exp();
        let over_classes = |term: &Tensor<3>| (classes.clone() * term.clone().detach()).sum_dim(2).mean();
        let entropy = entropy(log_classes).mean();
        let mut parts = vec![
            ("log_px", over_classes(&self.terms.log_px)),
            ("kl_z", over_classes(&self.terms.kl_z)),
            ("kl_y", -over_classes(&self.terms.log_py) - entropy.clone()),
            ("entropy_y", entropy),
        ];
        if let Some([log_pa, log_qa]) = &self.terms.auxiliary {
            parts.push(("auxiliary", over_classes(log_pa) - over_classes(log_qa)));
        }
        parts
    }

    /// `q(y|x)`, the mean over draws of `a`.
    ///
    /// # Shapes
    ///
    /// - output: `[batch, classes]`
    pub fn classes(&self) -> Tensor<2> {
        self.log_classes.clone().exp().mean_dim(0).squeeze_dim(0)
    }
}

/// `[samples, batch, 1]` to `[batch]`.
fn mean_over_draws(bounds: Tensor<3>) -> Tensor<1> {
    let batch = bounds.dims()[1];
    bounds.mean_dim(0).reshape([batch])
}

impl ClassModel {
    /// Terms of examples whose class is given.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, values]`
    /// - y: `[batch, classes]`, one-hot
    ///
    /// # Errors
    ///
    /// [`ModelError::Values`] and [`ModelError::Classes`] of other shapes.
    pub fn labeled(&self, x: Tensor<2>, y: Tensor<2>, noise: &Noise) -> Result<Labeled, ModelError> {
        self.check_values(&x)?;
        let ([examples, _], [rows, found], expected) = (x.dims(), y.dims(), self.classes());
        if rows != examples || found != expected {
            return Err(ModelError::Classes {
                examples,
                rows,
                found,
                expected,
            });
        }
        let (x, y) = (examples_of(x), examples_of(y));
        let a = self.auxiliary_draw(&x, noise);
        let log_classes: Tensor<3> = self.log_classes(x.clone(), a.as_ref().map(|a| a.draw.clone()));
        let of_class: Tensor<3> = y.clone().squeeze_dim(2);
        Ok(Labeled {
            log_class: mean_over_draws((log_classes * of_class).sum_dim(2)),
            terms: self.terms(x, y, a, noise),
        })
    }

    /// Terms of examples whose class is not known, for every class.
    ///
    /// # Shapes
    ///
    /// - x: `[batch, values]`
    ///
    /// # Errors
    ///
    /// [`ModelError::Values`] of another shape.
    pub fn unlabeled(&self, x: Tensor<2>, noise: &Noise) -> Result<Unlabeled, ModelError> {
        self.check_values(&x)?;
        let x = examples_of(x);
        let a = self.auxiliary_draw(&x, noise);
        let classes = self.classes();
        let y = Tensor::<2>::eye(classes, &x.device()).cast(x.dtype());
        Ok(Unlabeled {
            log_classes: self.log_classes(x.clone(), a.as_ref().map(|a| a.draw.clone())),
            terms: self.terms(x, y.reshape([1, 1, classes, classes]), a, noise),
        })
    }

    fn check_values(&self, x: &Tensor<2>) -> Result<(), ModelError> {
        let ([rows, found], expected) = (x.dims(), self.values());
        if found == expected {
            return Ok(());
        }
        Err(ModelError::Values { rows, found, expected })
    }

    fn auxiliary_draw(&self, x: &Tensor<4>, noise: &Noise) -> Option<AuxiliaryDraw> {
        let posterior = self.auxiliary.as_ref()?.encoder.gaussian(std::slice::from_ref(x));
        let draw = posterior.sample(noise.a.clone().expect("the model draws `a`"));
        Some(AuxiliaryDraw {
            log_density: total(posterior.log_density(draw.clone())),
            draw,
        })
    }

    /// `q(z|·)` of these classes.
    ///
    /// # Shapes
    ///
    /// - x: `[1, batch, 1, values]`
    /// - y: `[1, batch, classes, all classes]`, one-hot
    /// - mean: `[samples, batch, classes, latent]`
    pub fn posterior(&self, x: Tensor<4>, y: Tensor<4>, noise: &Noise) -> DiagonalGaussian<4> {
        let a = self.auxiliary_draw(&x, noise).map(|a| a.draw);
        let seen: Vec<_> = [x, y].into_iter().chain(a).collect();
        self.encoder.gaussian(&seen)
    }

    fn terms(&self, x: Tensor<4>, y: Tensor<4>, a: Option<AuxiliaryDraw>, noise: &Noise) -> Terms {
        let draw = a.as_ref().map(|a| a.draw.clone());
        let seen: Vec<_> = [x.clone(), y.clone()].into_iter().chain(draw).collect();
        let posterior = self.encoder.gaussian(&seen);
        let z = posterior.sample(noise.z.clone());
        let (log_pz, kl_z) = match self.prior_of(y.clone()) {
            Some(prior) => (prior.log_density(z.clone()), posterior.kl(&prior)),
            None => (
                standard_normal_log_density(z.clone()),
                posterior.kl_to_standard_normal(),
            ),
        };
        Terms {
            log_px: self.log_likelihood(x.clone(), y.clone(), z.clone()),
            log_py: (y.clone() * self.log_prior(&y).unsqueeze()).sum_dim(3).squeeze_dim(3),
            log_pz: total(log_pz),
            log_qz: total(posterior.log_density(z.clone())),
            kl_z: total(kl_z),
            auxiliary: a.map(|a| [self.auxiliary_density(x, y, z, a.draw), a.log_density]),
        }
    }

    /// `log p(a|·)`
    fn auxiliary_density(&self, x: Tensor<4>, y: Tensor<4>, z: Tensor<4>, a: Tensor<4>) -> Tensor<3> {
        let auxiliary = self.auxiliary.as_ref().expect("only asked for where there is one");
        let parts = if auxiliary.sees_data { vec![x, y, z] } else { vec![y, z] };
        total(auxiliary.decoder.gaussian(&parts).log_density(a))
    }
}

/// A draw of `a` with `log q(a|x)`.
struct AuxiliaryDraw {
    /// `[samples, batch, 1, auxiliary]`
    draw: Tensor<4>,
    /// `[samples, batch, 1]`
    log_density: Tensor<3>,
}

/// `[batch, features]` to `[1, batch, 1, features]`.
pub(crate) fn examples_of(rows: Tensor<2>) -> Tensor<4> {
    let [batch, features] = rows.dims();
    rows.reshape([1, batch, 1, features])
}
