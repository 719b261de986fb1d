//! What a model says of examples, and how right it is by every protocol (section 5).

use burn::prelude::*;
use papers_core::{
    Error, Result,
    base::{
        clustering::{ACTIVE_UNIT_VARIANCE, ActiveUnits, Assessment, Collapse, Contingency, Normalization, Protocol},
        journal::Scalars,
    },
    random::Streams,
};

use crate::{
    data::{DataSet, Rows},
    model::{ClassModel, Vade, Vae, bound::KlWeight, bound::examples},
    network::{Network, draws},
};

/// Examples that pass the network together.
const BATCH: usize = 500;
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
    /// What `network` says of `rows`. Draws are those of the streams alone, so that it says the same again.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    ///
    /// # Panics
    ///
    /// Without rows.
    pub fn of(network: &Network, rows: &Rows, data: &DataSet, streams: &Streams, device: &Device) -> Result<Self> {
        let centers = match network {
            Network::Plain(model) => Some(Centers::of(model, data, device)?),
            _ => None,
        };
        let mut all = Self {
            posteriors: Vec::new(),
            clusters: data.clusters(),
            latent: Vec::new(),
            dimensions: 0,
            bound: 0.0,
        };
        let indices: Vec<usize> = (0..rows.len()).collect();
        for (number, indices) in indices.chunks(BATCH).enumerate() {
            let x = upload(rows, indices, device);
            let said = match network {
                Network::Classes(model) => of_classes(model, x, streams, number as u64),
                Network::Vade(model) => of_vade(model, x, streams, number as u64),
                Network::Plain(model) => of_plain(model, x, centers.as_ref(), streams, number as u64),
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
        let largest =
            |row: &[f64]| (0..row.len()).fold(0, |best, place| if row[place] > row[best] { place } else { best });
        self.posteriors.chunks_exact(self.clusters).map(largest).collect()
    }

    /// Clusters beside the true classes of the examples whose class is known.
    ///
    /// # Errors
    ///
    /// Rows none of which has a class.
    pub fn contingency(&self, rows: &Rows, classes: usize) -> Result<Contingency> {
        let (known, truth) = rows.truth();
        let predicted = self.likeliest();
        let predicted: Vec<usize> = known.iter().map(|&row| predicted[row]).collect();
        Contingency::new(&predicted, &truth, self.clusters, classes).map_err(|error| Error::Usage(error.to_string()))
    }
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

fn upload(rows: &Rows, indices: &[usize], device: &Device) -> Tensor<2> {
    let values = rows.gathered(indices);
    let columns = values.len() / indices.len();
    Tensor::from_data(TensorData::new(values, [indices.len(), columns]), device)
}

fn of_classes(model: &ClassModel, x: Tensor<2>, streams: &Streams, number: u64) -> Said {
    let batch = x.dims()[0];
    let samples = if model.auxiliary.is_some() { DRAWS } else { 1 };
    let size = [samples, batch, model.classes()];
    let noise = draws(model, size, streams, "evaluation", number, &x.device());
    let unlabeled = model.unlabeled(x.clone(), &noise);
    let posteriors = unlabeled.classes();
    let likeliest = posteriors.clone().argmax(1).reshape([batch]);
    let y: Tensor<2> = likeliest.one_hot(model.classes()).float();
    Said {
        latent: model.latent_means(x, y, &noise),
        bounds: unlabeled.bound(KlWeight::default()),
        posteriors,
    }
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

fn of_plain(model: &Vae, x: Tensor<2>, centers: Option<&Centers>, streams: &Streams, number: u64) -> Said {
    let [batch, latent] = [x.dims()[0], model.latent()];
    let noise = streams.normal("z evaluation", number, [1, batch, 1, latent], &x.device());
    let means = model.posterior(x.clone()).mean.reshape([batch, latent]);
    Said {
        posteriors: centers.expect("they were made for this model").nearest(means.clone()),
        bounds: model.bound(x, noise),
        latent: means,
    }
}

/// The mean in the latent space of each known class's examples with labels: the classifier of M1.
struct Centers {
    /// `[known classes, latent]`
    means: Tensor<2>,
    /// One-hot, `[known classes, clusters]`.
    classes: Tensor<2>,
}

impl Centers {
    fn of(model: &Vae, data: &DataSet, device: &Device) -> Result<Self> {
        let known = data.known();
        if known.is_empty() {
            return Err(Error::Usage(
                "`model`: m1 names examples by the labels of others and needs some; \
                 without labels use gm-dgm or vade"
                    .to_owned(),
            ));
        }
        let mean_of = |&class: &usize| {
            let labeled = data.labels.labeled.iter().copied();
            let rows: Vec<usize> = labeled.filter(|&row| data.train.labels[row] == Some(class)).collect();
            let x = upload(&data.train, &rows, device);
            let means: Tensor<2> = model.posterior(x).mean.reshape([rows.len(), model.latent()]);
            means.mean_dim(0)
        };
        let means: Vec<Tensor<2>> = known.iter().map(mean_of).collect();
        let numbers: Vec<i32> = known.iter().map(|&class| class as i32).collect();
        let numbers = Tensor::<1, Int>::from_data(TensorData::new(numbers, [known.len()]), device);
        Ok(Self {
            means: Tensor::cat(means, 0),
            classes: numbers.one_hot(data.clusters()).float(),
        })
    }

    /// One-hot, `[batch, clusters]`.
    fn nearest(&self, points: Tensor<2>) -> Tensor<2> {
        let apart = points.unsqueeze_dim::<3>(1) - self.means.clone().unsqueeze_dim::<3>(0);
        let distances: Tensor<2> = apart.square().sum_dim(2).squeeze_dim(2);
        let batch = distances.dims()[0];
        self.classes.clone().select(0, distances.argmin(1).reshape([batch]))
    }
}

impl ClassModel {
    /// The means of `q(z|·)` for these classes, averaged over the draws of `a`.
    fn latent_means(&self, x: Tensor<2>, y: Tensor<2>, noise: &crate::model::bound::Noise) -> Tensor<2> {
        let [batch, latent] = [x.dims()[0], self.latent()];
        self.posterior(examples(x), examples(y), noise)
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
    /// Fits the protocols on `held` where they need it, and assesses the predictions of the test examples.
    ///
    /// # Errors
    ///
    /// Test examples without any class.
    pub fn of(data: &DataSet, test: &Predictions, held: Option<&Predictions>) -> Result<Self> {
        let classes = data.classes();
        let test = test.contingency(&data.test, classes)?;
        let held = held
            .map(|held| held.contingency(&data.validation, classes))
            .transpose()?;
        let known = data.known();
        let problem = |error: papers_core::base::clustering::ClusteringError| Error::Usage(error.to_string());
        let mut by_protocol = Vec::new();
        for protocol in Protocol::ALL {
            if held.is_none() && !protocol.sees_test_labels() {
                continue;
            }
            let mapping = protocol.fit(held.as_ref(), &test, &known).map_err(problem)?;
            by_protocol.push((protocol, mapping.assess(&test, &known).map_err(problem)?));
        }
        Ok(Self { test, by_protocol })
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
            ("kappa".to_owned(), self.test.cohen_kappa()),
        ]);
        scalars
    }
}

/// Whether the class of examples says anything, and whether hidden classes have clusters.
///
/// # Errors
///
/// Posteriors that are no probabilities, such as those of a network that diverged.
pub fn collapse(predictions: &Predictions, data: &DataSet) -> Result<Collapse> {
    Collapse::of(&predictions.posteriors, predictions.clusters, &data.prior)
        .map_err(|error| Error::Usage(format!("the model's classes: {error}")))
}

/// Dimensions of `z` whose means vary over examples.
///
/// # Errors
///
/// Means that are not finite.
pub fn active_units(predictions: &Predictions) -> Result<usize> {
    let units = ActiveUnits::of(&predictions.latent, predictions.dimensions, ACTIVE_UNIT_VARIANCE);
    Ok(units.map_err(|error| Error::Usage(error.to_string()))?.count())
}

/// Named numbers of the diagnosis.
pub fn collapse_scalars(collapse: &Collapse) -> Scalars {
    vec![
        ("information".to_owned(), collapse.mutual_information),
        ("entropy".to_owned(), collapse.mean_entropy),
        ("marginal_divergence".to_owned(), collapse.marginal_divergence),
        ("divergence".to_owned(), collapse.mean_divergence),
        ("used_clusters".to_owned(), collapse.used_clusters.len() as f64),
        ("effective_clusters".to_owned(), collapse.effective_clusters),
    ]
}
