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
    /// Graphs that cannot be drawn or read, where none were saved; what was saved, where it is damaged or differs from what
    /// the configuration gives now.
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
        saved.check_network(config)?;
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
    /// A checkpoint that is damaged, or of a version that did not save it.
    pub(crate) fn saved(checkpoint: &checkpoint::Reader) -> Result<Self> {
        let file = format!("{NAME}.json");
        let wrong = |problem: String| Error::Checkpoint {
            path: checkpoint.folder().join(&file),
            problem,
        };
        if !checkpoint.digests().contains_key(file.as_str()) {
            let problem = "is not there: the run was begun by an earlier version; start anew with --overwrite";
            return Err(wrong(problem.to_owned()));
        }
        let saved: Self = checkpoint.json(NAME)?;
        saved.network.validate().map_err(|error| wrong(error.to_string()))?;
        if !saved.fits() {
            return Err(wrong(
                "has not a graph for each wired stage, and none for others".to_owned(),
            ));
        }
        Ok(saved)
    }

    /// Whether each wired stage has its graph, and no other.
    fn fits(&self) -> bool {
        let stages = &self.network.stages;
        let mut both = self.graphs.iter().zip(stages);
        self.graphs.len() == stages.len() && both.all(|(graph, stage)| graph.is_some() == (stage.nodes > 0))
    }

    /// Adds it to a checkpoint.
    ///
    /// # Errors
    ///
    /// What the writer reports.
    pub(crate) fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        checkpoint.json(NAME, self)
    }

    /// Refuses another network than this. Weights would fit one without the ReLU of its head, too, and a run would be
    /// told as what it is not.
    fn check_network(&self, config: &NetworkConfig) -> Result<()> {
        let channels = match config.multiply_adds {
            0 => config.channels,
            // Those that were fitted where the run began.
            _ => self.network.channels,
        };
        let configured = NetworkConfig {
            channels,
            ..config.clone()
        };
        if self.network == configured {
            return Ok(());
        }
        Err(Error::Usage(
            "the run was begun with another network than `network` says now; set it back, or start anew with --overwrite"
                .to_owned(),
        ))
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
            "the run was begun with other graphs than its configuration gives now: were `network`, the seed or the files \
             that `network.files` names changed?"
                .to_owned(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use papers_core::testing;
    use serde_json::{Value, json};

    use super::*;
    use crate::{graph::Generator, network::Operation};

    /// A checkpoint with one part.
    fn saved(folder: &tempfile::TempDir, name: &str, part: &Value) -> Arc<checkpoint::Reader> {
        let store = checkpoint::Store::new(folder.path());
        let state = checkpoint::LoopState::default();
        let fill = |writer: &mut checkpoint::Writer| writer.json(name, part);
        let path = store.save(0, Default::default(), &state, fill).unwrap();
        Arc::new(checkpoint::Reader::open(&path).unwrap())
    }

    fn wiring(network: NetworkConfig) -> Wiring {
        Wiring {
            graphs: network.graphs(0).unwrap(),
            network,
        }
    }

    fn resumed(config: &NetworkConfig, saved: &Arc<checkpoint::Reader>) -> Result<Wiring> {
        let context = Context {
            saved: Some(Arc::clone(saved)),
            ..Context::new(testing::device(), 0)
        };
        Wiring::of(config, &context, |_| panic!("what is saved is not fitted anew"))
    }

    #[test]
    fn a_run_goes_on_with_its_own_network_only() {
        let folder = tempfile::tempdir().unwrap();
        let drawn = NetworkConfig::small(4, Generator::Chain);
        // The files are gone since.
        let read = NetworkConfig {
            files: vec!["gone.dot".into()],
            ..drawn.clone()
        };
        for network in [drawn.clone(), read] {
            let wiring = Wiring {
                graphs: wiring(drawn.clone()).graphs,
                network,
            };
            let saved = saved(&folder, NAME, &serde_json::to_value(&wiring).unwrap());
            assert_eq!(resumed(&wiring.network, &saved).unwrap(), wiring);
            let changes: [fn(&mut NetworkConfig); 6] = [
                |network| network.channels = 6,
                |network| network.head = 8,
                |network| network.head_relu = false,
                |network| network.gate = 1.0,
                |network| network.operation = Operation::Dense,
                |network| network.multiply_adds = 1,
            ];
            for change in changes {
                let mut changed = wiring.network.clone();
                change(&mut changed);
                let message = resumed(&changed, &saved).unwrap_err().to_string();
                assert!(message.contains("another network"), "{changed:?}: {message}");
            }
        }
    }

    #[test]
    fn channels_that_were_fitted_are_those_of_the_run() {
        let folder = tempfile::tempdir().unwrap();
        let config = NetworkConfig {
            multiply_adds: 1000,
            ..NetworkConfig::small(4, Generator::Chain)
        };
        let fitted = wiring(NetworkConfig {
            channels: 6,
            ..config.clone()
        });
        let saved = saved(&folder, NAME, &serde_json::to_value(&fitted).unwrap());
        assert_eq!(resumed(&config, &saved).unwrap(), fitted);
    }

    #[test]
    fn what_is_no_network_is_a_damaged_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let whole = serde_json::to_value(wiring(NetworkConfig::small(4, Generator::Chain))).unwrap();
        for (part, value, expected) in [
            ("/network/head", json!(0), "`network.head` must be at least 1"),
            ("/network/stages", json!([]), "at least one stage"),
            ("/network/stages/1/nodes", json!(0), "a graph for each wired stage"),
            ("/graphs", json!([null]), "a graph for each wired stage"),
            (
                "/graphs/0",
                json!({"nodes": 1, "edges": []}),
                "a graph for each wired stage",
            ),
            ("/graphs/1", json!({"nodes": 1, "edges": [[0, 0]]}), "to itself"),
        ] {
            let mut damaged = whole.clone();
            *damaged.pointer_mut(part).unwrap() = value;
            let error = Wiring::saved(&saved(&folder, NAME, &damaged)).unwrap_err();
            assert!(matches!(error, Error::Checkpoint { .. }), "{part}: {error:?}");
            assert!(error.to_string().contains(expected), "{part}: {error}");
        }
    }

    #[test]
    fn a_checkpoint_of_an_earlier_version_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = Wiring::saved(&saved(&folder, "graphs", &json!([]))).unwrap_err();
        assert!(error.to_string().contains("begun by an earlier version"), "{error}");
    }
}
