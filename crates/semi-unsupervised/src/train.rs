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
    evaluate::{self, Asked, Assessed, Diagnosis, Predictions},
    figures,
    head::Head,
    learner::{Learner, Moment},
    mixture_fit::{FittedMixture, Points},
    network::{ModelKind, Network},
    restarts::Restarts,
};

/// Batches that are prepared while others are learned from.
const PREFETCHED: u64 = 4;
/// Examples of a kind that the diagnosis and the drawings look at.
const DIAGNOSED: usize = 2000;

/// A model that learns from examples with and without labels.
pub struct SemiUnsupervised {
    config: SemiUnsupervisedConfig,
    learner: Learner,
    restarts: Restarts,
    data: DataSet,
    batches: Prefetch<HostBatch>,
    updates_per_epoch: u64,
    /// Updates so far.
    updates: u64,
    streams: Streams,
    /// The plain device: batches are not on the tape.
    device: Device,
}

impl Experiment for SemiUnsupervised {
    type Config = SemiUnsupervisedConfig;

    fn new(config: &SemiUnsupervisedConfig, context: &Context) -> Result<Self> {
        let data = DataSet::load(&config.data, context)?;
        data.warnings.iter().for_each(|warning| log::warn!("{warning}"));
        let unused = config.unused();
        if !unused.is_empty() {
            log::warn!("{} makes no use of {}", config.model.name(), unused.join(", "));
        }
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
            updates: context.saved.as_ref().map_or(0, |saved| saved.step()),
            batches: Prefetch::new(PREFETCHED, move |step| Ok(batches.at(step)))?,
            streams: context.streams,
            device: context.device.clone(),
            config: config.clone(),
            data,
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        self.begin_anew(step)?;
        let (beginning, age) = self.restarts.place(step);
        let pretraining = self.pretraining();
        if age == pretraining && pretraining > 0 {
            self.fit_mixture(beginning)?;
        }
        let host = self.batches.next(step)?;
        let batch = host.upload(&self.device);
        let epoch = age / self.updates_per_epoch;
        let moment = Moment { step, age, epoch };
        let measured = match age < pretraining {
            true => self.learner.pretrain(&batch, moment)?,
            false => self.learner.step(&batch, &self.streams, moment)?,
        };
        self.updates = step + 1;
        Ok(measured
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect())
    }

    fn evaluate(&self) -> Result<Scalars> {
        let findings = self.findings()?;
        let mut scalars = findings.assessed.scalars();
        scalars.extend(findings.diagnosis.scalars());
        scalars.push(("clusters".to_owned(), self.data.clusters() as f64));
        scalars.push(("test_bound".to_owned(), findings.test.said.bound));
        scalars.extend(
            findings
                .validation_bound
                .map(|bound| ("validation_bound".to_owned(), bound)),
        );
        Ok(scalars)
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let findings = self.findings()?;
        let (data, assessed) = (&self.data, &findings.assessed);
        let network = self.learner.network().clone().valid();
        let labeled = self.labeled_rows().map(|rows| self.ask(&network, rows)).transpose()?;
        let mut figures = vec![
            figures::diagnosis(&findings.diagnosis, self.learner.effective_alpha()),
            figures::protocols(assessed, data),
            figures::recall(assessed, data),
            figures::confusion(assessed, data),
        ];
        figures.extend(figures::capture(assessed, &self.anchors(), data));
        figures.push(figures::clusters(&findings.diagnosis, assessed, data));
        figures.extend(figures::latent(data, &findings.test, &findings.open, labeled.as_ref())?);
        figures.extend(figures::samples(&network, data, &self.streams, &self.device)?);
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

/// What a model says of rows, and how right it is.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The test rows.
    pub test: Asked,
    /// Training rows, some of them, whose labels were not looked at where there are such.
    pub open: Asked,
    /// Mean bound of the validation rows, if there are some.
    pub validation_bound: Option<f64>,
    /// How right it is of the test rows.
    pub assessed: Assessed,
    /// Whether it collapsed, by the open rows.
    pub diagnosis: Diagnosis,
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

    /// What the model says of rows, and how right it is.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device or are none.
    pub fn findings(&self) -> Result<Findings> {
        let network = self.learner.network().clone().valid();
        let test = self.ask(&network, self.data.test.clone())?;
        let open = self.ask(&network, self.open_rows())?;
        self.check_finite(&test.said)?;
        self.check_finite(&open.said)?;
        let validation = self.data.validation.clone();
        let validation = (!validation.is_empty()).then(|| self.ask(&network, validation));
        let validation = validation.transpose()?;
        let anchors = self.anchors();
        Ok(Findings {
            assessed: Assessed::of(&self.data, &anchors, &test, validation.as_ref())?,
            diagnosis: Diagnosis::of(&network, &open.said, &self.data.prior, &anchors)?,
            validation_bound: validation.map(|validation| validation.said.bound),
            test,
            open,
        })
    }

    /// Weights may be finite and so large that what they say is not.
    fn check_finite(&self, said: &Predictions) -> Result<()> {
        let first = |values: &[f64]| values.iter().copied().find(|value| !value.is_finite());
        let terms = [
            ("q(y|x)", first(&said.posteriors)),
            ("mean of q(z|x)", first(&said.latent)),
        ];
        match terms.into_iter().find_map(|(term, value)| Some((term, value?))) {
            None => Ok(()),
            Some((term, value)) => Err(Error::diverged(term, value, self.updates, Scalars::new())),
        }
    }

    /// Known classes that have the cluster of their own number: of a model that looks at labels.
    pub fn anchors(&self) -> Vec<usize> {
        match self.config.model {
            ModelKind::Vade => Vec::new(),
            _ => self.data.known(),
        }
    }

    /// What a model says of rows. Pixels are taken as they are, and not drawn from, by its posteriors, too.
    fn ask(&self, network: &Network, rows: Rows) -> Result<Asked> {
        let head = self.head(network)?;
        let said = Predictions::of(
            network,
            head.as_ref(),
            &rows,
            self.data.clusters(),
            &self.streams,
            &self.device,
        )?;
        Ok(Asked { rows, said })
    }

    /// M1's classifier, fitted to what its encoder makes of the rows with labels.
    fn head(&self, network: &Network) -> Result<Option<Head>> {
        let (Network::Plain(model), data) = (network, &self.data) else {
            return Ok(None);
        };
        let rows = data.train.subset("labeled rows", &data.labels.labeled);
        let points = evaluate::means(model, &rows, &self.device);
        let known = data.known();
        let place = |class: usize| known.iter().position(|&known| known == class);
        let labels: Vec<usize> = rows.labels.iter().filter_map(|label| place((*label)?)).collect();
        let head = Head::fit(self.config.head, points, &labels, &known, data.clusters());
        Ok(Some(head))
    }

    /// Training rows whose labels are not looked at, or those with labels where there are no others.
    fn open_rows(&self) -> Rows {
        let labels = &self.data.labels;
        let rows = match labels.unlabeled.is_empty() {
            true => &labels.labeled,
            false => &labels.unlabeled,
        };
        self.some(rows, DIAGNOSED, "diagnosed rows")
    }

    /// Training rows with labels, if there are others, too.
    fn labeled_rows(&self) -> Option<Rows> {
        let labels = &self.data.labels;
        let is_apart = !labels.labeled.is_empty() && !labels.unlabeled.is_empty();
        is_apart.then(|| self.some(&labels.labeled, DIAGNOSED, "labeled rows"))
    }

    /// At most so many of these training rows, drawn: files may be in the order of classes.
    fn some(&self, rows: &[usize], most: usize, name: &str) -> Rows {
        let order = self.streams.permutation(name, 0, rows.len());
        let mut some: Vec<usize> = order.into_iter().take(most).map(|place| rows[place]).collect();
        some.sort_unstable();
        self.data.train.subset(name, &some)
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
        let bound = self.ask(&plain, rows)?.said.bound;
        self.restarts.remember(ended, bound, self.learner.network().clone());
        let next = match self.restarts.next_after(ended) {
            Some(next) => fresh(&self.config, &self.data, &self.streams, &self.device, next),
            None => self.restarts.best().expect("a beginning was remembered just now"),
        };
        self.learner.replace(next);
        Ok(())
    }

    /// Fits VaDE's components to what its pretrained encoder makes of training rows.
    fn fit_mixture(&mut self, beginning: u64) -> Result<()> {
        let Network::Vade(model) = self.learner.network().clone() else {
            return Ok(());
        };
        let all: Vec<usize> = (0..self.data.train.len()).collect();
        let rows = self.some(&all, self.config.vade.fitted, "fitted rows");
        let latent = self.ask(&Network::Vade(model.clone()).valid(), rows)?.said;
        let points = Points {
            values: &latent.latent,
            dimensions: latent.dimensions,
        };
        let mut random = self.streams.at("fit of the mixture", beginning, 0);
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
