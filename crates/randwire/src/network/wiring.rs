use papers_core::{Context, Error, Result, checkpoint};
use serde::{Deserialize, Serialize};

use super::NetworkConfig;
use crate::graph::Graph;

/// Name of its file in a checkpoint.
const NAME: &str = "wiring";

/// What a network is besides its weights, and saved with them: what was fitted, drawn or read from files where its training began
/// is not fitted, drawn or read anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wiring {
    /// With the channels that were fitted.
    pub(crate) network: NetworkConfig,
    /// Of each stage, `None` for dense ones.
    pub(crate) graphs: Vec<Option<Graph>>,
}

impl Wiring {
    /// That of the run that `context` goes on with, or else a new one.
    ///
    /// # Errors
    ///
    /// Graphs that cannot be drawn or read, where none were saved; saved ones that differ from what the configuration gives
    /// now.
    pub(crate) fn of(
        config: &NetworkConfig,
        context: &Context,
        fitted: impl FnOnce(&[Option<Graph>]) -> NetworkConfig,
    ) -> Result<Self> {
        let graphs = config.graphs(context.seed);
        let Some(checkpoint) = &context.saved else {
            let graphs = graphs?;
            let network = fitted(&graphs);
            return Ok(Self { network, graphs });
        };
        let saved = Self::saved(checkpoint)?;
        match graphs {
            Ok(graphs) => saved.check(&graphs)?,
            Err(error) => log::warn!("{error}; the graphs are those that the run saved"),
        }
        Ok(saved)
    }

    /// What a checkpoint holds.
    ///
    /// # Errors
    ///
    /// A checkpoint that is damaged.
    pub(crate) fn saved(checkpoint: &checkpoint::Reader) -> Result<Self> {
        checkpoint.json(NAME)
    }

    /// Adds it to a checkpoint.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub(crate) fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.json(NAME, self)
    }

    /// Refuses other graphs than these.
    ///
    /// # Errors
    ///
    /// What may have changed since.
    pub(crate) fn check(&self, graphs: &[Option<Graph>]) -> Result<()> {
        if self.graphs == graphs {
            return Ok(());
        }
        Err(Error::Usage(
            "the run was begun with other graphs than its configuration gives now: were `network` or the files that \
             `network.files` names changed?"
                .to_owned(),
        ))
    }
}
