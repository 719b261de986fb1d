//! What a model says of examples, and how right it is by every protocol (section 5).

use std::fmt;

use burn::prelude::*;
use papers_core::{
    Error, Result,
    base::{
        clustering::{
            ACTIVE_UNIT_VARIANCE, ActiveUnits, Assessment, ClusteringError, Collapse, Contingency, Normalization,
            Protocol, Verdict, likeliest,
        },
        journal::Scalars,
        metrics::median,
    },
    random::Streams,
};
use serde::Serialize;

use crate::{
    data::{DataSet, Rows, upload},
    head::Head,
    model::{
        ClassModel, Vade, Vae,
        bound::{KlWeight, Noise, examples_of},
    },
    network::{Network, draws},
};

/// Examples that pass the network together, at most, and those times clusters.
const BATCH: usize = 500;
const CELLS: usize = 50_000;
/// Draws of `a` that predictions are the mean over.
const DRAWS: usize = 5;

/// What a model says of some examples.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// `q(y|x)`, `[examples, clusters]`.
    pub posteriors: Vec<f64>,
    /// Number of clusters.
    pub clusters: usize,
    /// The mean of `q(z|·)` at the likeliest class, `[examples, latent]`.
    pub latent: Vec<f64>,
    /// Values of a mean.
    pub dimensions: usize,
    /// Mean bound of the examples, their classes summed out.
    pub bound: f64,
}

impl Predictions {
    /// What `network` says of `rows`, where `head` names what M1 makes of them. Draws are those of the streams alone, so that it says the same again.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    ///
    /// # Panics
    ///
    /// Without rows, and for M1 without a head.
    pub(crate) fn of(
        network: &Network,
        head: Option<&Head>,
        rows: &Rows,
        clusters: usize,
        streams: &Streams,
        device: &Device,
    ) -> Result<Self> {
        let mut all = Self {
            posteriors: Vec::new(),
            clusters,
            latent: Vec::new(),
            dimensions: 0,
            bound: 0.0,
        };
        let indices: Vec<usize> = (0..rows.len()).collect();
        let batch = (CELLS / clusters).clamp(1, BATCH);
        for (number, indices) in indices.chunks(batch).enumerate() {
            let x = upload(rows.gathered(indices), indices.len(), device);
            let said = match network {
                Network::Classes(model) => of_classes(model, x, streams, number as u64)?,
                Network::Vade(model) => of_vade(model, x, streams, number as u64),
                Network::Plain(model) => of_plain(model, x, head, streams, number as u64),
            };
            all.posteriors.extend(said.posteriors.try_into_vec_as::<f64>()?);
            all.dimensions = said.latent.dims()[1];
            all.latent.extend(said.latent.try_into_vec_as::<f64>()?);
            all.bound += said.bounds.sum().try_into_scalar::<f32>().map(f64::from)?;
        }
        all.bound /= rows.len() as f64;
        Ok(all)
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.posteriors.len() / self.clusters
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.posteriors.is_empty()
    }

    /// The likeliest cluster of each example, the first of several.
    pub fn likeliest(&self) -> Vec<usize> {
        likeliest(&self.posteriors, self.clusters)
    }

    /// The mean of `q(z|·)` of an example, `[latent]`.
    ///
    /// # Panics
    ///
    /// If there are not more than `row` examples.
    pub fn point(&self, row: usize) -> &[f64] {
        &self.latent[row * self.dimensions..(row + 1) * self.dimensions]
    }
}

/// Examples, and what a model says of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The examples.
    pub rows: Rows,
    /// What it says.
    pub said: Predictions,
}

impl Asked {
    /// Numbers of at most so many examples, drawn and always the same: files may be in the order of classes.
    pub fn drawn(&self, most: usize) -> Vec<usize> {
        let mut rows = Streams::new(0).permutation("drawn points", 0, self.rows.len());
        rows.truncate(most);
        rows
    }

    /// Clusters beside the true classes of the examples whose class is known.
    ///
    /// # Errors
    ///
    /// Rows none of which has a class.
    pub fn contingency(&self, classes: usize) -> Result<Contingency> {
        let (known, truth) = self.rows.truth();
        let predicted = self.said.likeliest();
        let predicted: Vec<usize> = known.iter().map(|&row| predicted[row]).collect();
        Contingency::new(&predicted, &truth, self.said.clusters, classes)
            .map_err(|error| Error::Usage(error.to_string()))
    }
}

/// Means of `q(z|x)` of rows, `[rows, latent]`.
pub(crate) fn means(model: &Vae, rows: &Rows, device: &Device) -> Tensor<2> {
    let indices: Vec<usize> = (0..rows.len()).collect();
    let means = indices.chunks(BATCH).map(|indices| {
        let x = upload(rows.gathered(indices), indices.len(), device);
        model.posterior(x).mean.reshape([indices.len(), model.latent()])
    });
    Tensor::cat(means.collect(), 0)
}

/// What a model says of a batch.
struct Said {
    /// `[batch, clusters]`
    posteriors: Tensor<2>,
    /// `[batch, latent]`
    latent: Tensor<2>,
    /// `[batch]`
    bounds: Tensor<1>,
}

fn of_classes(model: &ClassModel, x: Tensor<2>, streams: &Streams, number: u64) -> Result<Said> {
    let batch = x.dims()[0];
    let samples = if model.auxiliary.is_some() { DRAWS } else { 1 };
    let size = [samples, batch, model.classes()];
    let noise = draws(model, size, streams, "evaluation", number, &x.device());
    let unlabeled = model.unlabeled(x.clone(), &noise)?;
    let posteriors = unlabeled.classes();
    let likeliest = posteriors.clone().argmax(1).reshape([batch]);
    // Burn's own one-hot rows are of two classes at least.
    let y = Tensor::<2>::eye(model.classes(), &likeliest.device()).select(0, likeliest);
    Ok(Said {
        latent: model.latent_means(x, y, &noise),
        bounds: unlabeled.bound(KlWeight::default()),
        posteriors,
    })
}

fn of_vade(model: &Vade, x: Tensor<2>, streams: &Streams, number: u64) -> Said {
    let [batch, latent] = [x.dims()[0], model.networks.latent()];
    let noise = streams.normal("z evaluation", number, [batch, latent], &x.device());
    Said {
        posteriors: model.log_classes(x.clone()).exp(),
        latent: model.networks.posterior(x.clone()).mean.reshape([batch, latent]),
        bounds: model.terms(x, noise).bound(),
    }
}

fn of_plain(model: &Vae, x: Tensor<2>, head: Option<&Head>, streams: &Streams, number: u64) -> Said {
    let [batch, latent] = [x.dims()[0], model.latent()];
    let noise = streams.normal("z evaluation", number, [1, batch, 1, latent], &x.device());
    let means = model.posterior(x.clone()).mean.reshape([batch, latent]);
    Said {
        posteriors: head.expect("M1 has one").posteriors(means.clone()),
        bounds: model.bound(x, noise),
        latent: means,
    }
}

impl ClassModel {
    /// The means of `q(z|·)` for these classes, averaged over the draws of `a`.
    fn latent_means(&self, x: Tensor<2>, y: Tensor<2>, noise: &Noise) -> Tensor<2> {
        let [batch, latent] = [x.dims()[0], self.latent()];
        self.posterior(examples_of(x), examples_of(y), noise)
            .mean
            .mean_dim(0)
            .reshape([batch, latent])
    }
}

/// How right predictions are of examples with classes, by every protocol that can be fitted.
#[derive(Debug, Clone)]
pub struct Assessed {
    /// Clusters beside true classes of the test examples.
    pub test: Contingency,
    /// By protocol.
    pub by_protocol: Vec<(Protocol, Assessment)>,
}

impl Assessed {
    /// Fits the protocols on `held` where they need it, and assesses the predictions of the test examples. `anchors` are the known
    /// classes that have the cluster of their own number: none of a model that learned without labels.
    ///
    /// # Errors
    ///
    /// Test examples without any class.
    pub fn of(data: &DataSet, anchors: &[usize], test: &Asked, held: Option<&Asked>) -> Result<Self> {
        let classes = data.classes();
        let test = test.contingency(classes)?;
        let held = held.map(|held| held.contingency(classes)).transpose()?;
        let known = data.known();
        let is_told = |protocol: &Protocol| match protocol {
            // Where no cluster is a class's by its number it is held-majority.
            Protocol::Anchored => held.is_some() && !anchors.is_empty(),
            Protocol::Identity => anchors.len() == classes,
            _ => held.is_some() || !protocol.needs_held(),
        };
        let assess = |protocol: Protocol| {
            let mapping = protocol.fit(held.as_ref(), &test, anchors)?;
            Ok((protocol, mapping.assess(&test, &known)?))
        };
        let by_protocol: Result<_, ClusteringError> = Protocol::ALL.into_iter().filter(is_told).map(assess).collect();
        Ok(Self {
            by_protocol: by_protocol.map_err(|error| Error::Usage(error.to_string()))?,
            test,
        })
    }

    /// The assessment by a protocol.
    pub fn by(&self, protocol: Protocol) -> Option<&Assessment> {
        let found = self.by_protocol.iter().find(|(other, _)| *other == protocol);
        found.map(|(_, assessment)| assessment)
    }

    /// Named numbers: accuracies by protocol, of known and of hidden classes, and agreement whatever the names of clusters.
    pub fn scalars(&self) -> Scalars {
        let mut scalars = Scalars::new();
        for (protocol, assessment) in &self.by_protocol {
            let name = protocol.name().replace('-', "_");
            scalars.push((name.clone(), assessment.accuracy));
            for (what, value) in [
                ("known", assessment.accuracy_on_known),
                ("hidden", assessment.accuracy_on_hidden),
                ("kappa", Some(assessment.kappa)),
            ] {
                scalars.extend(value.map(|value| (format!("{name}_{what}"), value)));
            }
        }
        scalars.extend([
            (
                "nmi".to_owned(),
                self.test.normalized_mutual_information(Normalization::Arithmetic),
            ),
            ("ari".to_owned(), self.test.adjusted_rand_index()),
            ("ami".to_owned(), self.test.adjusted_mutual_information()),
            ("used_test_clusters".to_owned(), self.test.used_clusters() as f64),
        ]);
        scalars
    }
}

/// Whether the class of examples says anything, whether hidden classes have clusters, and how far these are apart (section 5).
#[derive(Debug, Clone, Serialize)]
pub struct Diagnosis {
    /// What posteriors tell.
    #[serde(flatten)]
    pub collapse: Collapse,
    /// What that is called.
    pub verdict: Verdict,
    /// Dimensions of `z` whose means vary over examples.
    pub active_units: usize,
    /// Dimensions of `z`.
    pub latent: usize,
    /// The nearest other component of each; none of a model without a mixture.
    pub nearest: Vec<Nearest>,
}

/// The component of a mixture whose mean is nearest to that of another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Nearest {
    /// Its number.
    pub component: usize,
    /// `‖μ_y − μ_y'‖`
    pub distance: f64,
}

impl Diagnosis {
    /// Of what a model says of examples; `anchors` as in [`Assessed::of`].
    ///
    /// # Errors
    ///
    /// Posteriors that are no probabilities or means that are not finite, such as those of a network that diverged.
    pub fn of(network: &Network, said: &Predictions, prior: &[f64], anchors: &[usize]) -> Result<Self> {
        let problem = |error: &dyn fmt::Display| Error::Usage(format!("the model's classes: {error}"));
        let collapse = Collapse::of(&said.posteriors, said.clusters, prior).map_err(|error| problem(&error))?;
        let units = ActiveUnits::of(&said.latent, said.dimensions, ACTIVE_UNIT_VARIANCE);
        Ok(Self {
            verdict: collapse.verdict(anchors).map_err(|error| problem(&error))?,
            collapse,
            active_units: units.map_err(|error| problem(&error))?.count(),
            latent: said.dimensions,
            nearest: nearest(network)?,
        })
    }

    /// The median distance of a component from the nearest other, if there are some.
    pub fn median_distance(&self) -> Option<f64> {
        let distances: Vec<f64> = self.nearest.iter().map(|nearest| nearest.distance).collect();
        (!distances.is_empty()).then(|| median(&distances))
    }

    /// Named numbers.
    pub fn scalars(&self) -> Scalars {
        let collapse = &self.collapse;
        let mut scalars = vec![
            ("information".to_owned(), collapse.mutual_information),
            ("entropy".to_owned(), collapse.mean_entropy),
            ("marginal_divergence".to_owned(), collapse.marginal_divergence),
            ("divergence".to_owned(), collapse.mean_divergence),
            ("used_clusters".to_owned(), collapse.used_clusters.len() as f64),
            ("effective_clusters".to_owned(), collapse.effective_clusters),
            ("active_units".to_owned(), self.active_units as f64),
        ];
        scalars.extend(
            self.median_distance()
                .map(|distance| ("component_distance".to_owned(), distance)),
        );
        scalars
    }
}

fn nearest(network: &Network) -> Result<Vec<Nearest>> {
    let Some(means) = network.component_means() else {
        return Ok(Vec::new());
    };
    let [components, dimensions] = means.dims();
    let means = means.try_into_vec_as::<f64>()?;
    let mean = |component: usize| &means[component * dimensions..][..dimensions];
    let distance = |one: usize, other: usize| {
        let squares = mean(one).iter().zip(mean(other)).map(|(a, b)| (a - b).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let nearest_of = |one: usize| {
        let others = (0..components).filter(|&other| other != one);
        let nearest = others.map(|component| Nearest {
            component,
            distance: distance(one, component),
        });
        nearest.min_by(|a, b| a.distance.total_cmp(&b.distance))
    };
    Ok((0..components).filter_map(nearest_of).collect())
}
