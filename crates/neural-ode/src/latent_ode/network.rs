//! The models of table 2 under one roof.

use burn::prelude::*;

use super::{
    baseline::{Pace, Rnn},
    config::{LatentOdeConfig, ModelKind},
    evaluate::Trajectories,
    model::LatentOde,
    spirals::SpiralSet,
};
use crate::{SolveError, Solver};

/// One of the models of table 2.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "a run has one of them; boxes are no modules")]
pub enum Network {
    /// The latent ODE.
    LatentOde(LatentOde),
    /// A baseline.
    Rnn(Rnn),
}

impl Network {
    /// A fresh network.
    pub fn new(config: &LatentOdeConfig, device: &Device) -> Self {
        let hidden = config.sizes.recurrent;
        match config.model {
            ModelKind::LatentOde => Self::LatentOde(LatentOde::new(&config.sizes, device)),
            ModelKind::Rnn => Self::Rnn(Rnn::new(false, hidden, device)),
            ModelKind::RnnDt => Self::Rnn(Rnn::new(true, hidden, device)),
        }
    }

    /// Positions of spirals inside of their windows and beyond; `pace` is for the baselines.
    ///
    /// # Errors
    ///
    /// What the solver reports.
    ///
    /// # Panics
    ///
    /// If an index is outside the set.
    pub fn trajectories(
        &self,
        solver: &Solver,
        set: &SpiralSet,
        indices: &[usize],
        pace: Pace,
        device: &Device,
    ) -> Result<Trajectories, SolveError> {
        match self {
            Self::LatentOde(model) => Ok(Trajectories::of_latent_ode(model, solver, set, indices, device)?),
            Self::Rnn(model) => Ok(Trajectories::of_rnn(model, set, indices, pace, device)),
        }
    }
}
