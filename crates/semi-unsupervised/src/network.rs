//! Any of the models, as what learns and says which class an example is of.

use burn::{module::Module, prelude::*};
use papers_core::{Result, random::Streams};
use serde::{Deserialize, Serialize};

use crate::{
    data::Batch,
    learner::{Moment, Terms},
    model::{
        ClassModel, Kind, Likelihood, Sizes, Vade, Vae,
        bound::{Noise, Unlabeled},
    },
    objective::{Counts, ObjectiveConfig},
    weight_prior,
};

/// Names of the models.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// A variational autoencoder, and the nearest mean of a known class in its latent space.
    M1,
    /// The class is a latent variable that the decoder sees.
    M2,
    /// The paper's: the class chooses the component of a mixture, and the decoder does not see it.
    #[default]
    GmDgm,
    /// M2 with an auxiliary variable.
    Adgm,
    /// The paper's with an auxiliary variable.
    AgmDgm,
    /// An autoencoder whose latent space is a mixture; without labels.
    Vade,
}

impl ModelKind {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::M1, Self::M2, Self::GmDgm, Self::Adgm, Self::AgmDgm, Self::Vade];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self.of_classes() {
            Some(kind) => kind.name(),
            None if self == Self::M1 => "m1",
            None => "vade",
        }
    }

    /// The kind of model with a class, if it has one that `q(y|·)` is a network of.
    pub fn of_classes(self) -> Option<Kind> {
        match self {
            Self::M1 | Self::Vade => None,
            Self::M2 => Some(Kind::M2),
            Self::GmDgm => Some(Kind::GmDgm),
            Self::Adgm => Some(Kind::Adgm),
            Self::AgmDgm => Some(Kind::AgmDgm),
        }
    }
}

/// A model of any kind.
#[derive(Module, Debug)]
pub enum Network {
    /// M2, GM-DGM, ADGM, AGM-DGM.
    Classes(ClassModel),
    /// VaDE.
    Vade(Vade),
    /// M1.
    Plain(Vae),
}

impl Network {
    /// A model with random weights of examples of `values` values; `prior` is `p(y)`.
    ///
    /// # Panics
    ///
    /// If `prior` is none, which [`ClassModel::new`] reports.
    pub fn new(
        kind: ModelKind,
        likelihood: Likelihood,
        values: usize,
        prior: &[f64],
        sizes: &Sizes,
        device: &Device,
    ) -> Self {
        let plain = || Vae::new(likelihood, values, &sizes.hidden, sizes.latent, device);
        match kind.of_classes() {
            Some(kind) => {
                let model = ClassModel::new(kind, likelihood, values, prior, sizes, device);
                Self::Classes(model.expect("p(y) is a distribution"))
            }
            None if kind == ModelKind::Vade => Self::Vade(Vade::new(plain(), prior.len(), device)),
            None => Self::Plain(plain()),
        }
    }

    /// The loss of a batch, without the prior of weights.
    pub(crate) fn terms(
        &self,
        batch: &Batch,
        objective: &ObjectiveConfig,
        counts: Counts,
        streams: &Streams,
        moment: Moment,
    ) -> Result<Terms> {
        Ok(match self {
            Self::Classes(model) => terms_of_classes(model, batch, objective, counts, streams, moment)?,
            Self::Vade(model) => {
                let x = all_values(batch);
                let size = [x.dims()[0], model.networks.latent()];
                let noise = streams.normal("z", moment.step, size, &x.device());
                let terms = model.terms(x, noise);
                let bound = terms.bound().mean();
                Terms {
                    loss: -bound.clone(),
                    named: terms.parts().into_iter().chain([("bound_unlabeled", bound)]).collect(),
                }
            }
            Self::Plain(model) => {
                let x = all_values(batch);
                let size = [objective.samples, x.dims()[0], 1, model.latent()];
                let noise = streams.normal("z", moment.step, size, &x.device());
                let bound = model.bound(x, noise).mean();
                Terms {
                    loss: -bound.clone(),
                    named: vec![("bound_unlabeled", bound)],
                }
            }
        })
    }

    /// Means of the components of `p(z|y)`, `[components, latent]`, of a model that has them.
    pub(crate) fn component_means(&self) -> Option<Tensor<2>> {
        let components = match self {
            Self::Classes(model) => model.mixture.as_ref()?.all(),
            Self::Vade(model) => model.components(),
            Self::Plain(_) => return None,
        };
        Some(components.mean.squeeze_dims(&[0, 1]))
    }

    /// The log-density of its weights, `[1]`. A mixture that no network gives, as VaDE's, has no such prior: it would be drawn to
    /// the origin.
    pub(crate) fn weight_log_density(&self) -> Tensor<1> {
        match self {
            Self::Classes(model) => weight_prior::log_density(model),
            Self::Vade(model) => weight_prior::log_density(&model.networks),
            Self::Plain(model) => weight_prior::log_density(model),
        }
    }

    /// How badly examples are reconstructed without noise, of models that are pretrained so; 0 of others.
    pub(crate) fn reconstruction_loss(&self, batch: &Batch) -> Tensor<1> {
        let x = all_values(batch);
        match self {
            Self::Vade(model) => model.reconstruction_loss(x),
            _ => Tensor::zeros([1], &x.device()),
        }
    }
}

fn terms_of_classes(
    model: &ClassModel,
    batch: &Batch,
    objective: &ObjectiveConfig,
    counts: Counts,
    streams: &Streams,
    moment: Moment,
) -> Result<Terms> {
    let noise = |name: &str, x: &Tensor<2>, classes: usize| {
        draws(
            model,
            [objective.samples, x.dims()[0], classes],
            streams,
            name,
            moment.step,
            &x.device(),
        )
    };
    let labeled = batch.labeled.as_ref().map(|[x, y]| {
        let noise = noise("labeled", x, 1);
        model.labeled(x.clone(), y.clone(), &noise)
    });
    let unlabeled = batch.unlabeled.as_ref().map(|x| {
        let noise = noise("unlabeled", x, model.classes());
        model.unlabeled(x.clone(), &noise)
    });
    let (labeled, unlabeled) = (labeled.transpose()?, unlabeled.transpose()?);
    let loss = objective.loss(model, labeled.as_ref(), unlabeled.as_ref(), counts, moment.age);
    let named = [
        ("bound_labeled", loss.labeled),
        ("bound_unlabeled", loss.unlabeled),
        ("log_class", loss.log_class),
        ("balance", loss.balance),
    ];
    let named = named.into_iter().filter_map(|(name, term)| Some((name, term?)));
    let parts = unlabeled.iter().flat_map(Unlabeled::parts);
    Ok(Terms {
        loss: loss.total,
        // Parts come first: where one is no number, it is told, and not the sum.
        named: parts.chain(named).collect(),
    })
}

/// Noise for examples of a model, from streams called after `name`.
pub(crate) fn draws(
    model: &ClassModel,
    [samples, batch, classes]: [usize; 3],
    streams: &Streams,
    name: &str,
    step: u64,
    device: &Device,
) -> Noise {
    let of_z = [samples, batch, classes, model.latent()];
    Noise {
        z: streams.normal(&format!("z {name}"), step, of_z, device),
        a: model
            .auxiliary_size()
            .map(|size| streams.normal(&format!("a {name}"), step, [samples, batch, 1, size], device)),
    }
}

/// What models that do not look at labels learn from: examples without one or, where there are no others, those with one. Both
/// together would show the few examples with labels as often as all the others.
fn all_values(batch: &Batch) -> Tensor<2> {
    let labeled = batch.labeled.as_ref().map(|[x, _]| x.clone());
    batch.unlabeled.clone().or(labeled).expect("a batch has an example")
}
