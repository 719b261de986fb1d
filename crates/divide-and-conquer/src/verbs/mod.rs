//! Commands that only this paper has: embedding a folder of pictures, and finding neighbors in it.

pub(crate) mod index;
pub(crate) mod query;

mod embedded;

use std::{io::Write as _, path::Path};

use clap::Args;
use papers_core::{
    Context, Error, Result,
    base::{config, images::Listing},
    checkpoint,
    cli::context_of,
};

use crate::{Embedder, Rows, config::MetricConfig, data::View, error::at_step, evaluate::compared, network::Network};

// How a command computes. No documentation: it would be the help of the command.
#[derive(Debug, Args)]
struct RunArgs {
    /// Where to compute
    #[arg(short, long, value_name = "NAME")]
    backend: Option<String>,
}

/// A trained network that embeds pictures of any size.
struct Embedding {
    model: Embedder<Network>,
    config: MetricConfig,
    context: Context,
    view: View,
    /// Updates that the network has learned from.
    step: u64,
}

impl Embedding {
    /// The network of a run's newest checkpoint. The run's own data is not needed.
    fn open(run: &Path, arguments: &RunArgs) -> anyhow::Result<Self> {
        let context = context_of(run, arguments.backend.as_deref(), None)?;
        let config: MetricConfig = config::of_run(run, &[])?;
        let (saved, warnings) = checkpoint::Store::new(run).latest()?;
        warnings.iter().for_each(|warning| log::warn!("{warning}"));
        let shape: [usize; 3] = saved.json("shape")?;
        if shape[0] != 3 {
            let message = "the run learned from gray pictures of its own size; folders need one that learned from colors, \
                           such as `folder` or `cars196-80`";
            return Err(Error::Usage(message.to_owned()).into());
        }
        let device = &context.device;
        let (network, features) = Network::new(&config.model, shape, device);
        let model = Embedder::new(network, features, config.slices(), device);
        Ok(Self {
            model: saved.module("model", model)?,
            view: View::of_folder(&config.data, shape),
            step: saved.step(),
            config,
            context,
        })
    }

    /// Embeddings of the pictures of a folder as they are compared.
    fn of(&self, listing: &Listing, indices: &[usize]) -> Result<Rows> {
        let device = &self.context.device;
        let mut values = Vec::new();
        for some in indices.chunks(self.config.evaluation.batch) {
            let images = self.view.upload(self.view.middles(listing, some)?, device);
            let (_, embeddings) = self.model.forward(images);
            values.extend(embeddings.try_into_vec_as::<f32>()?);
        }
        let rows = Rows::new(values, self.config.dimension)?;
        let norm = self.config.evaluation.norm;
        let rows = compared(&rows, norm, self.config.slices().width());
        rows.map_err(|error| at_step(error, self.step))
    }
}

/// Output; a reader that went away is an error and no panic.
fn print(text: &str) -> anyhow::Result<()> {
    write!(std::io::stdout(), "{text}")?;
    Ok(())
}
