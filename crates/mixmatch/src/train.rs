//! Learning from a few labels: one update of any method, and what it is measured by.

use std::fmt;

use burn::{module::Module as _, prelude::Device};
use papers_core::{
    Context, Error, Experiment, Result,
    base::{self, figure::Figure, journal::Scalars},
    checkpoint,
    data::{LabelSplit, Prefetch},
    random::Streams,
};

use crate::{
    Learner, Method, Progress, StepError,
    config::MixMatchConfig,
    data::{Batches, HostBatch, Pictures},
    evaluate, figures,
    method::MixMatch,
    network::Network,
};

/// Batches that are prepared while others are learned from.
const PREFETCHED: u64 = 4;

/// A network that learns from labeled and unlabeled pictures.
pub struct SemiSupervised {
    config: MixMatchConfig,
    method: Method,
    learner: Learner<Network>,
    pictures: Pictures,
    batches: Prefetch<HostBatch>,
    streams: Streams,
    /// The plain device: batches are not on the tape.
    device: Device,
    /// Updates applied.
    updates: u64,
}

impl Experiment for SemiSupervised {
    type Config = MixMatchConfig;

    fn new(config: &MixMatchConfig, context: &Context) -> Result<Self> {
        let pictures = Pictures::load(&config.data, context)?;
        let method = config.method();
        check(config, &method, &pictures)?;
        for warning in &pictures.warnings {
            log::warn!("{warning}");
        }
        let device = context.device.clone().autodiff();
        let (colors, classes) = (pictures.labeled.channels, pictures.labeled.classes);
        let network = context
            .streams
            .initialize("network", &device, || config.model.init(colors, classes, &device));
        let mut batches = Batches::new(
            &pictures,
            config.batch,
            method.augmentations(),
            &config.data.augmentation,
            context.streams,
        );
        Ok(Self {
            learner: Learner::new(network, &config.learner()).map_err(base::Error::from)?,
            batches: Prefetch::new(PREFETCHED, move |step| Ok(batches.at(step)))?,
            device: context.device.clone(),
            method,
            pictures,
            streams: context.streams,
            updates: 0,
            config: config.clone(),
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        let host = self.batches.next(step)?;
        let hidden_labels = host.hidden_labels().to_vec();
        let batch = host.upload(&self.pictures, &self.device);
        let progress = Progress {
            step,
            steps: self.config.schedule.steps,
        };
        let report = match self.learner.step(&self.method, &batch, &self.streams, progress) {
            Ok(report) => report,
            Err(error @ StepError::NonFinite { .. }) => return Err(error.into()),
            Err(error) => {
                let message = error.to_string();
                return Err(Error::Step { step, message });
            }
        };
        self.updates = step + 1;
        let mut scalars = vec![("loss_x".to_owned(), report.loss_x)];
        if self.method.needs_unlabeled() {
            scalars.push(("loss_u".to_owned(), report.loss_u));
            scalars.push(("weight_u".to_owned(), report.weight));
        }
        if let Some(entropy) = report.entropy {
            scalars.push(("entropy_u".to_owned(), entropy));
        }
        if let Some(guesses) = &report.guesses {
            scalars.extend(evaluate::quality("batch_guess", guesses.rows(), &hidden_labels));
        }
        Ok(scalars)
    }

    fn evaluate(&self) -> Result<Scalars> {
        let averaged = self.learner.evaluation_model();
        let error =
            |model: &Network, set| Ok::<_, Error>(evaluate::classify(model, &self.pictures, set)?.error_rate(set));
        let mut scalars = vec![
            ("test_error".to_owned(), error(&averaged, &self.pictures.test)?),
            // The weights of the last update, without averaging.
            (
                "test_error_raw".to_owned(),
                error(&self.learner.model().valid(), &self.pictures.test)?,
            ),
        ];
        if !self.pictures.validation.is_empty() {
            let validation = error(&averaged, &self.pictures.validation)?;
            scalars.push(("validation_error".to_owned(), validation));
        }
        if let Method::MixMatch(settings) = &self.method {
            let guesses = self.guesses(settings)?;
            let hidden = self.pictures.hidden_labels().unwrap_or_default();
            scalars.extend(evaluate::quality("guess", guesses.sharpened.rows(), hidden));
        }
        Ok(scalars)
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        let test = &self.pictures.test;
        let classification = evaluate::classify(&self.learner.evaluation_model(), &self.pictures, test)?;
        let mut figures = vec![
            figures::run(&self.config, &self.learner, &self.pictures, self.batches.waited()),
            figures::split(&self.pictures),
            classification.samples(test)?,
            classification.confusion(test),
        ];
        if let Method::MixMatch(settings) = &self.method {
            let guesses = self.guesses(settings)?;
            figures.extend(figures::guesses(&self.pictures, settings, &guesses)?);
            figures.push(figures::mixed(&self.pictures, settings, &guesses, &self.streams)?);
        }
        Ok(figures)
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        self.learner.save(checkpoint)?;
        checkpoint.json("split", &self.pictures.split)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        let split: LabelSplit = checkpoint.json("split")?;
        if split != self.pictures.split {
            return Err(Error::Usage(format!(
                "the data at {} is not what the run was begun with: other pictures would be labeled now",
                self.config.data.set
            )));
        }
        self.learner.restore(checkpoint)?;
        self.updates = checkpoint.step();
        Ok(())
    }
}

impl SemiSupervised {
    /// Which pictures the run learns from and is measured by.
    pub fn pictures(&self) -> &Pictures {
        &self.pictures
    }

    /// The network that learns.
    pub fn learner(&self) -> &Learner<Network> {
        &self.learner
    }

    /// What the method guesses about the first unlabeled pictures, always the same ones augmented the same way.
    fn guesses(&self, settings: &MixMatch) -> Result<evaluate::Labels> {
        evaluate::guesses(&self.learner, settings, &self.pictures, &self.config, &self.streams)
    }
}

/// Refuses what fits no picture of the set.
fn check(config: &MixMatchConfig, method: &Method, pictures: &Pictures) -> Result<()> {
    let set = &pictures.labeled;
    let fits = config.model.check(set.height, set.width);
    fits.map_err(|problem| Error::Usage(format!("`model`: {problem}")))?;
    if method.needs_unlabeled() && pictures.unlabeled.is_empty() {
        return Err(Error::Usage(format!(
            "no unlabeled pictures are left for `{}`: all are labeled or kept for validation; lower `data.labels` or \
             `data.validation`, or train `--set method='supervised'`",
            method.name()
        )));
    }
    Ok(())
}

impl fmt::Debug for SemiSupervised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SemiSupervised")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}
