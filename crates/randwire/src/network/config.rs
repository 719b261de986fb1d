use std::path::PathBuf;

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
};
use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{
    Backbone, Block, Operation, RandWire, Stage, Unit,
    cost::{MOST_CHANNELS, MOST_WIDTH},
};
use crate::graph::{Connectivity, Generator, Graph, GraphError, format, stage_seed};

/// A network by its generator (section 3.2: a generator, its parameters and a seed are one network).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkConfig {
    /// C: channels of a stage of width 1.
    pub channels: usize,
    /// What draws the graphs.
    pub graph: Generator,
    /// Files of graphs that take the place of drawn ones: one for all wired stages, or one for each.
    #[serde(default)]
    pub files: Vec<PathBuf>,
    /// Seed of the graphs; the run's if left out.
    #[serde(default)]
    pub seed: Option<u64>,
    /// What to do with graphs that fall apart.
    #[serde(default)]
    pub connectivity: Connectivity,
    /// From the first to the last; each halves the picture.
    pub stages: Vec<StageConfig>,
    /// Of the first convolution, which has half of C channels.
    #[serde(default = "two")]
    pub stem_stride: usize,
    /// Channels in front of the mean over all pixels.
    #[serde(default = "head")]
    pub head: usize,
    /// Whether a ReLU comes before that mean. Without one, what follows the last stage is one linear map.
    #[serde(default = "yes")]
    pub head_relu: bool,
    /// What a node computes.
    #[serde(default)]
    pub operation: Operation,
    /// Raw weight of each edge at first: 0 stands for a half.
    #[serde(default)]
    pub gate: f64,
    /// Multiply-adds of a picture to which the channels are fitted; 0 to take `channels` as they are.
    #[serde(default)]
    pub multiply_adds: usize,
}

/// A stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageConfig {
    /// N: nodes of its graph; 0 is a dense convolution.
    pub nodes: usize,
    /// Channels in units of C.
    pub width: usize,
}

fn two() -> usize {
    2
}

fn head() -> usize {
    1280
}

fn yes() -> bool {
    true
}

impl NetworkConfig {
    /// The small regime of table 1: conv2 is dense, three stages of 32 nodes follow; the paper has 78 channels.
    pub fn small(channels: usize, graph: Generator) -> Self {
        Self::of(channels, graph, [(0, 1), (32, 1), (32, 2), (32, 4)])
    }

    /// The regular regime of table 1: conv2 is a graph of 16 nodes; the paper has 109 and 154 channels.
    pub fn regular(channels: usize, graph: Generator) -> Self {
        Self::of(channels, graph, [(16, 1), (32, 2), (32, 4), (32, 8)])
    }

    fn of(channels: usize, graph: Generator, stages: [(usize, usize); 4]) -> Self {
        Self {
            channels,
            graph,
            files: Vec::new(),
            seed: None,
            connectivity: Connectivity::Allow,
            stages: stages.map(|(nodes, width)| StageConfig { nodes, width }).to_vec(),
            stem_stride: two(),
            head: head(),
            head_relu: true,
            operation: Operation::default(),
            gate: 0.0,
            multiply_adds: 0,
        }
    }

    /// Whether there is such a network.
    ///
    /// # Errors
    ///
    /// The setting that is out of its range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("network");
        checks.at_least(2, "channels", self.channels)?;
        checks.at_most(MOST_CHANNELS, "channels", self.channels)?;
        checks.at_least(1, "head", self.head)?;
        checks.at_most(MOST_CHANNELS, "head", self.head)?;
        checks.require(!self.stages.is_empty(), "stages", "a network needs at least one stage")?;
        checks.require(
            (1..=2).contains(&self.stem_stride),
            "stem_stride",
            format_args!("must be 1 or 2, not {}", self.stem_stride),
        )?;
        checks.require(self.gate.is_finite(), "gate", "must be finite")?;
        for stage in &self.stages {
            checks.at_least(1, "stages", stage.width)?;
            checks.require(
                stage.width <= MOST_WIDTH,
                "stages",
                format_args!("has a stage of more than {MOST_WIDTH} times the channels"),
            )?;
            if stage.nodes > 0 && self.files.is_empty() {
                let fits = self.graph.check(stage.nodes);
                checks.require(
                    fits.is_ok(),
                    "graph",
                    fits.err().map(|error| error.to_string()).unwrap_or_default(),
                )?;
            }
        }
        let (files, wired) = (self.files.len(), self.wired());
        checks.require(
            files <= 1 || files == wired,
            "files",
            format_args!("{files} graphs are given for {wired} wired stages; give one for all, or one for each"),
        )
    }

    /// Number of stages that are wired by graphs.
    fn wired(&self) -> usize {
        self.stages.iter().filter(|stage| stage.nodes > 0).count()
    }

    /// Whether pictures of this size can be halved as often as the network halves them; an odd side is rounded up.
    ///
    /// # Errors
    ///
    /// A sentence that names the smallest side.
    pub fn check(&self, height: usize, width: usize) -> Result<(), String> {
        let halvings = self.stages.len() + usize::from(self.stem_stride == 2);
        let smallest = 1_usize.checked_shl(halvings as u32).unwrap_or(usize::MAX);
        if height.min(width) < smallest {
            return Err(format!(
                "pictures of {height}×{width} pixels are too small for {halvings} halvings: sides of {smallest} or more \
                 are needed; leave out stages, or set `network.stem_stride` to 1"
            ));
        }
        Ok(())
    }

    /// Channels of the stem and of each stage.
    pub fn widths(&self) -> Vec<usize> {
        let stages = self.stages.iter().map(|stage| stage.width * self.channels);
        [self.channels / 2].into_iter().chain(stages).collect()
    }

    /// The graph of each stage, `None` for dense ones, from a seed or from files.
    ///
    /// # Errors
    ///
    /// Parameters out of their range, no connected graph where one is asked for, or a file that cannot be read.
    pub fn graphs(&self, seed: u64) -> papers_core::Result<Vec<Option<Graph>>> {
        let seed = self.seed.unwrap_or(seed);
        let mut files = self.read_files()?.into_iter();
        let shared = (self.files.len() == 1).then(|| files.next()).flatten();
        let mut graph = |(number, stage): (usize, &StageConfig)| {
            if stage.nodes == 0 {
                return Ok(None);
            }
            if let Some(graph) = shared.clone().or_else(|| files.next()) {
                return Ok(Some(graph));
            }
            self.graph
                .seeded(stage.nodes, stage_seed(seed, number), self.connectivity)
                .map(Some)
        };
        let graphs: Result<Vec<_>, GraphError> = self.stages.iter().enumerate().map(&mut graph).collect();
        graphs.map_err(|error| papers_core::Error::Usage(format!("`network.graph`: {error}")))
    }

    fn read_files(&self) -> papers_core::Result<Vec<Graph>> {
        let read = |path: &PathBuf| {
            let graph = format::Format::read(path);
            graph.map_err(|error| papers_core::Error::Usage(format!("{}: {error}", path.display())))
        };
        self.files.iter().map(read).collect()
    }

    /// Stem and stages with random weights, wired by these [`graphs`](Self::graphs).
    ///
    /// # Panics
    ///
    /// With another number of graphs than there are stages.
    pub fn init_backbone(&self, colors: usize, graphs: &[Option<Graph>], device: &Device) -> Backbone {
        assert_eq!(graphs.len(), self.stages.len(), "each stage has its graph");
        let widths = self.widths();
        let stages = graphs.iter().zip(widths.windows(2)).map(|(graph, widths)| {
            let channels = [widths[0], widths[1]];
            match graph {
                None => Block::Dense(Unit::new(channels, 3, 2, device)),
                Some(graph) => Block::Wired(Stage::new(graph.clone(), channels, self.operation, self.gate, device)),
            }
        });
        Backbone {
            stem: Unit::new([colors, widths[0]], 3, self.stem_stride, device),
            stages: stages.collect(),
            fixed: 0,
        }
    }

    /// A network with random weights, wired by these [`graphs`](Self::graphs).
    ///
    /// # Panics
    ///
    /// With another number of graphs than there are stages.
    pub fn init(&self, colors: usize, classes: usize, graphs: &[Option<Graph>], device: &Device) -> RandWire {
        let widths = self.widths();
        let last = widths[widths.len() - 1];
        RandWire {
            backbone: self.init_backbone(colors, graphs, device),
            head: Unit::new([last, self.head], 1, 1, device),
            classifier: classifier(self.head, classes, device),
            head_relu: self.head_relu,
        }
    }
}

/// A dense layer whose biases are zero at first.
pub(crate) fn classifier(inputs: usize, classes: usize, device: &Device) -> Linear {
    Linear {
        bias: Some(burn::module::Initializer::Zeros.init([classes], device)),
        ..LinearConfig::new(inputs, classes).init(device)
    }
}
