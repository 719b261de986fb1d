//! The contract between the shared loop and a paper.

use std::{path::PathBuf, sync::Arc};

use burn::prelude::Device;
use papers_base::{config::RunConfig, figure::Figure, journal::Scalars, progress::Notices};

use crate::{Result, checkpoint, data::DataSource, random::Streams};

/// What the shared loop needs from a paper's experiment; everything else is the paper's own business.
///
/// Updates, evaluation and figures run on a thread of the [pool](crate::device::pool) where that is faster, not
/// always the same one.
pub trait Experiment: Sized + Send {
    /// Full description of a run; written next to its results.
    type Config: RunConfig;

    /// Builds networks, optimizers and data.
    ///
    /// # Errors
    ///
    /// Missing data, or a configuration that cannot be built.
    fn new(config: &Self::Config, context: &Context) -> Result<Self>;

    /// Applies update number `step` (from 0) of the paper's algorithm and returns what it measured.
    ///
    /// A non-finite scalar stops the run. The device's generator has been seeded for this update; others in the process draw from it,
    /// too, so that a network with dropout learns in [`dropout::seeded`](crate::nn::dropout::seeded).
    ///
    /// # Errors
    ///
    /// What the update cannot go on from; [`Error::Interrupted`](crate::Error::Interrupted) where it waited for something
    /// and a signal came, with the state that it found.
    fn step(&mut self, step: u64) -> Result<Scalars>;

    /// Computes the numbers that the paper reports, without touching the training state.
    ///
    /// # Errors
    ///
    /// What keeps the numbers from being computed.
    fn evaluate(&self) -> Result<Scalars>;

    /// Pictures and tables for the report of the present state.
    ///
    /// # Errors
    ///
    /// What keeps them from being drawn.
    fn figures(&self) -> Result<Vec<Figure>>;

    /// Writes everything that `restore` needs for the run to go on as if never stopped.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()>;

    /// Takes back the state written by `save`.
    ///
    /// # Errors
    ///
    /// A part that is missing or does not fit.
    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()>;
}

/// What an experiment is given besides its configuration.
#[derive(Debug, Clone)]
pub struct Context {
    /// The plain device of the run; networks are trained on `device.clone().autodiff()`.
    pub device: Device,
    /// The run's seed.
    pub seed: u64,
    /// The random streams of that seed.
    pub streams: Streams,
    /// Where data sets are found.
    pub data: DataSource,
    /// Folder of the run, for what outlives updates and checkpoints, such as the answers of people; none where nothing is
    /// trained.
    pub folder: Option<PathBuf>,
    /// What the experiment is [restored](Experiment::restore) from as soon as it is built, for sizes that the configuration
    /// alone does not say; none where a run begins.
    pub saved: Option<Arc<checkpoint::Reader>>,
    /// Says what a person at the terminal has to know while the run goes on.
    pub notices: Notices,
}

impl Context {
    /// A context on `device` with the default places for data.
    pub fn new(device: Device, seed: u64) -> Self {
        Self {
            device,
            seed,
            streams: Streams::new(seed),
            data: DataSource::default(),
            folder: None,
            saved: None,
            notices: Notices::default(),
        }
    }
}
