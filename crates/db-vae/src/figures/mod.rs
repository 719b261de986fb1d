//! Tables, drawings and pictures of a run.

mod groups;
mod latent;
mod pictures;
mod sampling;

use burn::module::Module as _;
use papers_core::{Error, Result, base::figure::Figure};

use crate::{evaluate::Said, resampling::Resampling, train::DebiasedDetector};

pub(crate) use groups::{by_group, from_zero, metrics};
pub(crate) use latent::by_bin;

use groups::bars;

/// What stands below every figure that shows groups.
pub(crate) fn for_measuring(strategy: &Resampling) -> &'static str {
    match strategy {
        Resampling::Oracle => {
            "Draws follow the true groups, which only the strategy `oracle` sees, to show how far resampling could come."
        }
        _ => "Groups are for measuring alone: the detector and its draws never see them.",
    }
}

/// All figures of the present state.
pub(crate) fn all(run: &DebiasedDetector) -> Result<Vec<Figure>> {
    let assessed = run.assess()?;
    let network = run.network().clone().valid();
    let latents = Said::of(&network, &run.data().faces, run.device())?
        .into_latents()
        .map_err(Error::usage)?;
    let note = for_measuring(&run.config().resampling.strategy);
    let bins = run.config().resampling.bins;
    let mut figures = vec![
        by_group(&assessed, Some(run.data()), note),
        bars(&assessed, note)?,
        metrics(&assessed, note),
    ];
    figures.extend(sampling::all(run)?);
    figures.extend(latent::all(run, &latents, bins)?);
    figures.extend(latent::audit(run, &network, &assessed, bins)?);
    if !run.config().objective.is_classifier_only() {
        figures.extend(pictures::of_latents(run, &network, &latents)?);
    }
    figures.extend(pictures::extremes(run, &assessed)?);
    Ok(figures)
}
