//! Learning to detect faces with draws that follow the latent space (algorithm 1).

use burn::{module::Module as _, prelude::*};
use papers_core::{
    Context, Error, Experiment, Result,
    base::{figure::Figure, journal::Scalars},
    checkpoint,
    random::Streams,
};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::{
    config::DbVaeConfig,
    data::{DataSet, append},
    evaluate::{Assessed, Said},
    figures,
    learner::{Batch, Learner},
    model::DbVae,
    objective::DebiasMask,
    resampling::{DebiasingSampler, SamplingReport, SamplingWeights},
};

/// Faces that are remembered of each end of the weights.
const EXTREMES: usize = 10;
const DECILES: usize = 10;

/// The debiasing variational autoencoder and its draws.
pub struct DebiasedDetector {
    config: DbVaeConfig,
    learner: Learner,
    sampler: DebiasingSampler,
    data: DataSet,
    history: Vec<EpochDraws>,
    /// Updates so far.
    updates: u64,
    streams: Streams,
    /// The plain device: batches are not on the tape.
    device: Device,
}

/// How faces were drawn in one epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochDraws {
    /// Number of the epoch, from 0.
    pub epoch: u64,
    /// Of the weights; none while draws are uniform to warm up.
    pub report: Option<SamplingReport>,
    /// Different faces that the epoch draws.
    pub distinct: usize,
    /// What faces of each true group are drawn with.
    pub masses: Vec<f64>,
    /// The least likely faces.
    pub least: Vec<usize>,
    /// The most likely faces, the likeliest first.
    pub most: Vec<usize>,
    /// Mean weight of each tenth of the faces, from the least likely.
    pub deciles: Vec<f64>,
}

/// What a checkpoint holds of the draws.
#[derive(Serialize, Deserialize)]
struct Draws {
    weights: Vec<f64>,
    history: Vec<EpochDraws>,
    #[serde(default)]
    updates: u64,
}

impl Experiment for DebiasedDetector {
    type Config = DbVaeConfig;

    fn new(config: &DbVaeConfig, context: &Context) -> Result<Self> {
        if config.network.labels != 1 {
            return Err(Error::Usage(
                "`network.labels` must be 1 here: faces have one label; as a library the network takes more".to_owned(),
            ));
        }
        let data = DataSet::load(&config.data, context)?;
        data.warnings.iter().for_each(|warning| log::warn!("{warning}"));
        let [height, width, channels] = data.shape();
        let device = context.device.clone().autodiff();
        let network = context.streams.initialize("network", &device, || {
            config.network.init([channels, height, width], &device)
        });
        let resampling = &config.resampling;
        let strategy = resampling.strategy.clone();
        let only = resampling
            .active_dimensions_only
            .unwrap_or(strategy.prefers_active_dimensions());
        let sampler = DebiasingSampler::new(strategy, resampling.bins, data.faces.len(), config.network.latent)
            .map_err(Error::usage)?
            .with_active_dimensions_only(only);
        Ok(Self {
            learner: Learner::new(network, &config.learner, &config.objective),
            sampler,
            data,
            history: Vec::new(),
            updates: 0,
            streams: context.streams,
            device: context.device.clone(),
            config: config.clone(),
        })
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        if step.is_multiple_of(self.updates_per_epoch()) {
            self.begin_epoch(step / self.updates_per_epoch())?;
        }
        let batch = self.batch(step);
        let measured = self.learner.step(batch, step)?;
        self.updates = step + 1;
        Ok(measured
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect())
    }

    fn evaluate(&self) -> Result<Scalars> {
        let mut scalars = self.assess()?.scalars();
        if let Some(draws) = self.history.last() {
            let weights = self.sampler.weights();
            scalars.push(("effective_sample_size".to_owned(), weights.effective_sample_size()));
            scalars.push(("greatest_weight".to_owned(), weights.greatest()));
            scalars.push(("distinct_faces".to_owned(), draws.distinct as f64));
            let names = &self.data.face_group_names;
            scalars.extend(
                names
                    .iter()
                    .zip(&draws.masses)
                    .map(|(name, mass)| (format!("draws_{name}"), *mass)),
            );
        }
        Ok(scalars)
    }

    fn figures(&self) -> Result<Vec<Figure>> {
        figures::all(self)
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.json(
            "draws",
            &Draws {
                weights: self.sampler.weights().values().to_vec(),
                history: self.history.clone(),
                updates: self.updates,
            },
        )?;
        self.learner.save(checkpoint)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        let draws: Draws = checkpoint.json("draws")?;
        let weights = SamplingWeights::restored(draws.weights).map_err(Error::usage)?;
        self.sampler.set_weights(weights).map_err(Error::usage)?;
        self.history = draws.history;
        self.updates = draws.updates;
        self.learner.restore(checkpoint)
    }
}

impl DebiasedDetector {
    /// The network that learns.
    pub fn network(&self) -> &DbVae {
        self.learner.network()
    }

    /// What it learns from and is measured with.
    pub fn data(&self) -> &DataSet {
        &self.data
    }

    /// How faces are drawn.
    pub fn sampler(&self) -> &DebiasingSampler {
        &self.sampler
    }

    /// How faces were drawn in each epoch so far.
    pub fn history(&self) -> &[EpochDraws] {
        &self.history
    }

    /// The run's configuration.
    pub fn config(&self) -> &DbVaeConfig {
        &self.config
    }

    /// Updates so far.
    pub fn updates(&self) -> u64 {
        self.updates
    }

    /// The plain device.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Measures the detector.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device, and log odds that are not finite.
    pub fn assess(&self) -> Result<Assessed> {
        let network = self.learner.network().clone().valid();
        Assessed::of(
            &network,
            &self.data,
            &self.config.evaluation,
            self.updates,
            &self.device,
        )
    }

    /// Faces of an update, half of the batch, rounded up.
    fn faces_per_update(&self) -> usize {
        self.config.batch.div_ceil(2)
    }

    /// So many updates draw as many faces as there are, but for a rest.
    pub fn updates_per_epoch(&self) -> u64 {
        (self.data.faces.len() / self.faces_per_update()).max(1) as u64
    }

    /// New weights by what the encoder says of all faces now.
    fn begin_epoch(&mut self, epoch: u64) -> Result<()> {
        let strategy = &self.config.resampling.strategy;
        let is_warm = epoch >= self.config.resampling.warmup_epochs;
        let report = if is_warm && *strategy != crate::resampling::Resampling::Uniform {
            let network = self.learner.network().clone().valid();
            let latents = Said::of(&network, &self.data.faces, &self.device)?
                .into_latents()
                .map_err(Error::usage)?;
            let report = self
                .sampler
                .refresh(&latents, Some(&self.data.face_groups))
                .map_err(Error::usage)?;
            if report.is_scarce() {
                log::warn!(
                    "epoch {epoch}: the effective sample size of {} faces is {:.1}, below {} %; few faces get nearly all draws: use a \
                     larger alpha or smoothing, or the strategy `tempered`",
                    report.rows,
                    report.effective_sample_size,
                    100.0 * crate::resampling::SCARCE
                );
            }
            Some(report)
        } else {
            None
        };
        let draws = self.describe(epoch, report);
        self.history.retain(|draws| draws.epoch < epoch);
        self.history.push(draws);
        Ok(())
    }

    fn describe(&self, epoch: u64, report: Option<SamplingReport>) -> EpochDraws {
        let weights = self.sampler.weights();
        let first = epoch * self.updates_per_epoch();
        let mut drawn: Vec<usize> = (first..first + self.updates_per_epoch())
            .flat_map(|step| self.drawn_faces(step))
            .collect();
        drawn.sort_unstable();
        drawn.dedup();
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by(|&one, &other| weights.values()[one].total_cmp(&weights.values()[other]));
        let tenth = order.len().div_ceil(DECILES);
        let mean = |rows: &[usize]| rows.iter().map(|&row| weights.values()[row]).sum::<f64>() / rows.len() as f64;
        EpochDraws {
            epoch,
            report,
            distinct: drawn.len(),
            masses: weights.mass_by_group(&self.data.face_groups, self.data.face_group_names.len()),
            least: order.iter().take(EXTREMES).copied().collect(),
            most: order.iter().rev().take(EXTREMES).copied().collect(),
            deciles: order.chunks(tenth).map(mean).collect(),
        }
    }

    /// The faces of an update.
    fn drawn_faces(&self, step: u64) -> Vec<usize> {
        let mut random = self.streams.at("faces", step, 0);
        let uniforms = (0..self.faces_per_update()).map(|_| random.random::<f64>());
        self.sampler.rows(uniforms)
    }

    /// Faces first, then others, each drawn with replacement.
    fn batch(&self, step: u64) -> Batch {
        let faces = self.drawn_faces(step);
        let mut random = self.streams.at("others", step, 0);
        let others: Vec<usize> = (0..self.config.batch / 2)
            .map(|_| random.random_range(0..self.data.non_faces.len()))
            .collect();
        let [height, width, channels] = self.data.shape();
        let mut values = Vec::with_capacity(self.config.batch * height * width * channels);
        append(&self.data.faces, &faces, &mut values);
        append(&self.data.non_faces, &others, &mut values);
        let shape = [self.config.batch, height, width, channels];
        let labels = [vec![1.0_f32; faces.len()], vec![0.0; others.len()]].concat();
        let noise = [faces.len(), self.config.network.latent];
        Batch {
            pictures: Tensor::from_data(TensorData::new(values, shape), &self.device),
            labels: Tensor::from_data(TensorData::new(labels, [self.config.batch, 1]), &self.device),
            mask: DebiasMask::first(faces.len(), self.config.batch),
            noise: self.streams.normal("noise", step, noise, &self.device),
        }
    }
}
