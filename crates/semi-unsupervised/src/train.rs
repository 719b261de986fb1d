//! Learning with classes that were never labeled: one update, and what a model is measured by.

use std::fmt;

use burn::{module::Module as _, prelude::*};
use papers_core::{
    Context, Error, Experiment, Result,
    base::{figure::Figure, journal::Scalars},
    checkpoint,
    data::Prefetch,
    random::Streams,
};

use crate::{
    config::SemiUnsupervisedConfig,
    data::{Batches, DataSet, HostBatch, Labels, Preparation, Rows},
    evaluate::{self, Assessed, Predictions},
    figures,
    learner::Learner,
    mixture_fit::{FittedMixture, Points},
    network::{ModelKind, Network},
    restarts::Restarts,
};

/// Batches that are prepared while others are learned from.
const PREFETCHED: u64 = 4;
/// Examples without labels that the diagnosis looks at, the first ones.
const DIAGNOSED: usize = 2000;

/// A model that learns from examples with and without labels.
pub struct SemiUnsupervised {
    config: SemiUnsupervisedConfig,
    learner: Learner,
    restarts: Restarts,
    data: DataSet,
    batches: Prefetch<HostBatch>,
    updates_per_epoch: u64,
    streams: Streams,
    /// The plain device: batches are not on the tape.
    device: Device,
}

impl Experiment for SemiUnsupervised {
    type Config = SemiUnsupervisedConfig;

    fn new(config: &SemiUnsupervisedConfig, context: &Context) -> Result<Self> {
        let data = DataSet::load(&config.data, context)?;
        data.warnings.iter().for_each(|warning| log::warn!("{warning}"));
        if config.model == ModelKind::M1 && data.known().is_empty() {
            return Err(Error::Usage(
                "`model`: m1 names examples by the labels of others, and there are none; without labels use gm-dgm or vade"
                    .to_owned(),
            ));
        }
        let mut batches = Batches::new(&data, config.batch, context.streams)?;
        batches.warnings().iter().for_each(|warning| log::warn!("{warning}"));
        Ok(Self {
            learner: Learner::new(
                fresh(config, &data, &context.streams, &context.device, 0),
                &config.learner,
                &config.objective,
                data.counts(),
            ),
            restarts: Restarts::new(&config.restarts),
            updates_per_epoch: batches.steps_per_epoch(),
            batches: Prefetch::new(PREFETCHED, move |step| Ok(batches.at(step)))?,
            streams: context.streams,
            device: context.device.clone(),
            config: config.clone(),
            data,
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        self.begin_anew(step)?;
        let pretraining = self.pretraining();
        if step == pretraining && pretraining > 0 {
            self.fit_mixture()?;
        }
        let host = self.batches.next(step)?;
        let batch = host.upload(&self.device);
        let epoch = step / self.updates_per_epoch;
        let measured = if step < pretraining {
            self.learner.pretrain(&batch, step, epoch)?
        } else {
            self.learner.step(&batch, &self.streams, step, epoch)?
        };
        Ok(measured
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect())
    }

    fn evaluate(&self) -> Result<Scalars> {
        let network = self.learner.network().clone().valid();
        let test = self.predictions(&network, &self.data.test)?;
        let held = self.held(&network)?;
        let assessed = Assessed::of(&self.data, &test, held.as_ref())?;
        let open = self.predictions(&network, &self.open_rows())?;
        let mut scalars = assessed.scalars();
        scalars.extend(evaluate::collapse_scalars(&evaluate::collapse(&open, &self.data)?));
        scalars.push(("active_units".to_owned(), evaluate::active_units(&open)? as f64));
        scalars.push(("test_bound".to_owned(), test.bound));
        scalars.extend(held.map(|held| ("validation_bound".to_owned(), held.bound)));
        Ok(scalars)
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let network = self.learner.network().clone().valid();
        let test = self.predictions(&network, &self.data.test)?;
        let open_rows = self.open_rows();
        let open = self.predictions(&network, &open_rows)?;
        let assessed = Assessed::of(&self.data, &test, self.held(&network)?.as_ref())?;
        let mut figures = vec![
            figures::diagnosis(&open, &self.data, self.learner.effective_alpha())?,
            figures::protocols(&assessed, &self.data),
            figures::confusion(&assessed, &self.data),
            figures::capture(&test, &self.data),
        ];
        figures.extend(figures::latent(&self.data, &test, &open)?);
        figures.extend(figures::samples(&network, &self.data, &self.streams, &self.device)?);
        figures.extend(self.restarts.figure());
        Ok(figures)
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.json("labels", &self.data.labels)?;
        checkpoint.json("preparation", &self.data.preparation)?;
        self.restarts.save(checkpoint)?;
        self.learner.save(checkpoint)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        let labels: Labels = checkpoint.json("labels")?;
        let preparation: Preparation = checkpoint.json("preparation")?;
        self.data.check_saved(&preparation)?;
        if labels != self.data.labels {
            return Err(Error::Usage(
                "the checkpoint was made with other labels; use the data and the seed that it was \
                 made with, or another folder"
                    .to_owned(),
            ));
        }
        let network = self.learner.network().clone();
        self.restarts.restore(checkpoint, &network)?;
        self.learner.restore(checkpoint)
    }
}

/// A model with the random weights of a beginning.
fn fresh(
    config: &SemiUnsupervisedConfig,
    data: &DataSet,
    streams: &Streams,
    device: &Device,
    beginning: u64,
) -> Network {
    let device = device.clone().autodiff();
    let name = if beginning == 0 {
        "network".to_owned()
    } else {
        format!("network {beginning}")
    };
    streams.initialize(&name, &device, || {
        Network::new(
            config.model,
            data.likelihood,
            data.values(),
            &data.prior,
            &config.sizes,
            &device,
        )
    })
}

impl SemiUnsupervised {
    /// The model that learns.
    pub fn network(&self) -> &Network {
        self.learner.network()
    }

    /// What it learns from and is measured by.
    pub fn data(&self) -> &DataSet {
        &self.data
    }

    /// What a model says of rows. Pixels are taken as they are, and not drawn from: the bound then is the mean over draws.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    pub fn predictions(&self, network: &Network, rows: &Rows) -> Result<Predictions> {
        Predictions::of(network, rows, &self.data, &self.streams, &self.device)
    }

    /// What it says of the validation rows, if there are any.
    fn held(&self, network: &Network) -> Result<Option<Predictions>> {
        let rows = &self.data.validation;
        (!rows.is_empty()).then(|| self.predictions(network, rows)).transpose()
    }

    /// The first training rows whose labels are not looked at; those with labels where there are no others.
    pub fn open_rows(&self) -> Rows {
        let labels = &self.data.labels;
        let rows = if labels.unlabeled.is_empty() {
            &labels.labeled
        } else {
            &labels.unlabeled
        };
        self.data
            .train
            .subset("training rows", &rows[..rows.len().min(DIAGNOSED)])
    }

    fn pretraining(&self) -> u64 {
        match self.config.model {
            ModelKind::Vade => self.config.vade.pretraining,
            _ => 0,
        }
    }

    /// Where a beginning ends: remembers it, and goes on with the next one, or with the best after the last.
    fn begin_anew(&mut self, step: u64) -> Result<()> {
        let Some(ended) = self.restarts.ended_before(step) else {
            return Ok(());
        };
        let plain = self.learner.network().clone().valid();
        let rows = if self.data.validation.is_empty() {
            self.open_rows()
        } else {
            self.data.validation.clone()
        };
        let bound = self.predictions(&plain, &rows)?.bound;
        self.restarts.remember(ended, bound, self.learner.network().clone());
        let next = match self.restarts.next_after(ended) {
            Some(next) => fresh(&self.config, &self.data, &self.streams, &self.device, next),
            None => self.restarts.best().expect("a beginning was remembered just now"),
        };
        self.learner.replace(next);
        Ok(())
    }

    /// Fits VaDE's components to what its pretrained encoder makes of training rows.
    fn fit_mixture(&mut self) -> Result<()> {
        let Network::Vade(model) = self.learner.network().clone() else {
            return Ok(());
        };
        let rows = self.data.train.len().min(self.config.vade.fitted);
        let rows = self.data.train.subset("training rows", &(0..rows).collect::<Vec<_>>());
        let plain = Network::Vade(model.clone()).valid();
        let latent = self.predictions(&plain, &rows)?;
        let points = Points {
            values: &latent.latent,
            dimensions: latent.dimensions,
        };
        let mut random = self.streams.at("fit of the mixture", 0, 0);
        let fitted = FittedMixture::of(points, self.data.clusters(), self.config.vade.passes, &mut random);
        let device = self.device.clone().autodiff();
        let size = [self.data.clusters(), latent.dimensions];
        let precision = model.mean.val().dtype();
        let rows = |values: Vec<f64>| Tensor::<2>::from_data(TensorData::new(values, size), (&device, precision));
        let logs = |values: Vec<f64>| values.into_iter().map(f64::ln).collect::<Vec<_>>();
        let weights = TensorData::new(logs(fitted.weights), [size[0]]);
        let weights = Tensor::<1>::from_data(weights, (&device, precision));
        let model = model.with_components(weights, rows(fitted.means), rows(logs(fitted.variances)));
        self.learner.replace(Network::Vade(model));
        Ok(())
    }
}

impl fmt::Debug for SemiUnsupervised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemiUnsupervised")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
