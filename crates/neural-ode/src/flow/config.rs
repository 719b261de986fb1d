//! What a run of a flow is made of.

use papers_core::base::config::{Checks, ConfigError, Preset, RunConfig, Schedule};
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{Noise, Potential, Regularization, ToySet};
use crate::settings::{OptimizerConfig, SolverConfig};

/// The experiments of this module.
pub const PRESETS: &[Preset] = papers_core::base::presets![
    "moons",
    "circles",
    "pinwheel",
    "8-gaussians",
    "2-spirals",
    "checkerboard",
    "rings",
    "swiss-roll",
    "circles-release",
    "moons-ffjord",
    "flow-likelihood-paper",
    "density",
    "density-paper",
    "density-planar-paper"
];

/// Full description of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowConfig {
    /// The model.
    pub model: ModelKind,
    /// What is learned: the name of a toy set, from its samples, or of a potential, without samples.
    pub target: Target,
    /// Fresh points of one update.
    pub batch: usize,
    /// Points of evaluations.
    pub data: DataConfig,
    /// The networks.
    pub sizes: Sizes,
    /// Time and base of continuous flows; the base of planar flows, too.
    pub flow: SpanConfig,
    /// The trace in training; evaluations are exact.
    pub trace: TraceConfig,
    /// Regularizers of continuous flows.
    #[serde(default)]
    pub regularization: Regularization,
    /// The solver of training; that of evaluations is dopri5 with both tolerances 1e-5.
    pub solver: SolverConfig,
    /// The rule of learning.
    pub optimizer: OptimizerConfig,
    /// The loop.
    pub schedule: Schedule,
}

/// The models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// A continuous planar flow with constant parameters.
    Planar,
    /// The same with gates.
    Gated,
    /// The same with parameters that a network makes of the time.
    HyperNetwork,
    /// A perceptron that reads position and time (FFJORD).
    Perceptron,
    /// The baseline: layers of a planar normalizing flow.
    PlanarFlow,
}

impl ModelKind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Planar,
        Self::Gated,
        Self::HyperNetwork,
        Self::Perceptron,
        Self::PlanarFlow,
    ];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Planar => "planar",
            Self::Gated => "gated",
            Self::HyperNetwork => "hyper-network",
            Self::Perceptron => "perceptron",
            Self::PlanarFlow => "planar-flow",
        }
    }

    /// Whether it is an ODE.
    pub fn is_continuous(self) -> bool {
        self != Self::PlanarFlow
    }
}

/// What is learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Target {
    /// By maximum likelihood of samples (section 4.2).
    Samples(ToySet),
    /// By the KL divergence to an unnormalized density (section 4.1).
    Density(Potential),
}

impl Target {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        let sets = ToySet::ALL.into_iter().map(Self::Samples);
        sets.chain(Potential::ALL.into_iter().map(Self::Density))
    }

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Samples(set) => set.name(),
            Self::Density(potential) => potential.name(),
        }
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let found = Self::all().find(|target| target.name() == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = Self::all().map(Self::name).collect();
            let names = names.join("`, `");
            de::Error::custom(format_args!("`target`: there is no `{name}`; there are `{names}`"))
        })
    }
}

/// Points of evaluations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Points on which anything is selected.
    pub validation: usize,
    /// Points used for nothing but the numbers reported.
    pub test: usize,
}

/// Sizes of the networks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sizes {
    /// Planes of a continuous planar flow (`M`), layers of a planar flow (`K`), units of a perceptron's layer.
    pub units: usize,
    /// Units of both hidden layers of the hyper-network.
    #[serde(default = "hidden")]
    pub hidden: usize,
    /// Hidden layers of the perceptron.
    #[serde(default = "depth")]
    pub depth: usize,
}

/// The release's.
fn hidden() -> usize {
    32
}

/// FFJORD's for toy sets.
fn depth() -> usize {
    3
}

/// Time and base of a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpanConfig {
    /// Time of the data; the base is at 0.
    pub end: f64,
    /// Variance of the base.
    pub base_variance: f64,
}

/// The trace in training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TraceConfig {
    /// Noises of Hutchinson's estimate, averaged; 0 for the exact trace.
    pub noises: usize,
    /// Their law.
    #[serde(default)]
    pub law: Noise,
}

impl RunConfig for FlowConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::top();
        checks.at_least(1, "batch", self.batch)?;
        checks.at_least(1, "data.validation", self.data.validation)?;
        checks.at_least(1, "data.test", self.data.test)?;
        checks.at_least(1, "sizes.units", self.sizes.units)?;
        checks.at_least(1, "sizes.hidden", self.sizes.hidden)?;
        checks.at_least(1, "sizes.depth", self.sizes.depth)?;
        checks.positive("flow.end", self.flow.end)?;
        checks.positive("flow.base_variance", self.flow.base_variance)?;
        checks.not_negative("regularization.kinetic", self.regularization.kinetic)?;
        checks.not_negative("regularization.jacobian", self.regularization.jacobian)?;
        let is_plain = self.trace.noises == 0 && self.regularization == Regularization::default();
        checks.require(
            self.model.is_continuous() || is_plain,
            "model",
            "`planar-flow` has neither a trace to estimate nor regularizers",
        )?;
        self.solver.validate()?;
        self.optimizer.validate()
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}

#[cfg(test)]
mod tests {
    use papers_core::base::config;

    use super::*;

    #[test]
    fn what_makes_no_sense_is_named() {
        for (set, key) in [
            ("batch=0", "batch"),
            ("data.test=0", "data.test"),
            ("data.validation=0", "data.validation"),
            ("sizes.units=0", "sizes.units"),
            ("sizes.hidden=0", "sizes.hidden"),
            ("sizes.depth=0", "sizes.depth"),
            ("flow.end=0.0", "flow.end"),
            ("flow.base_variance=-1.0", "flow.base_variance"),
            ("regularization.kinetic=-0.1", "regularization.kinetic"),
            ("regularization.jacobian=-0.1", "regularization.jacobian"),
            ("solver.step_size=-0.1", "solver.step_size"),
            ("optimizer.learning_rate=0.0", "optimizer.learning_rate"),
            ("optimizer.momentum=0.5", "optimizer.momentum"),
        ] {
            let error = config::experiment::<FlowConfig>(PRESETS, "moons", &[set]).expect_err(set);
            assert!(error.to_string().contains(&format!("`{key}`")), "{set}: {error}");
        }
        for set in ["trace.noises=1", "regularization.kinetic=0.1"] {
            let sets = ["model='planar-flow'", set];
            let error = config::experiment::<FlowConfig>(PRESETS, "moons", &sets).expect_err(set);
            assert!(error.to_string().contains("`model`"), "{set}: {error}");
        }
    }

    #[test]
    fn unknown_names_are_refused_with_the_setting_and_the_names_there_are() {
        for (set, parts) in [
            ("target='u5'", ["target", "`u5`", "`u4`"]),
            ("target='moon'", ["target", "`moon`", "`moons`"]),
            ("model='cnf'", ["model", "`cnf`", "hyper-network"]),
            ("trace.law='cauchy'", ["law", "`cauchy`", "rademacher"]),
        ] {
            let error = config::experiment::<FlowConfig>(PRESETS, "moons", &[set]).expect_err(set);
            for part in parts {
                assert!(error.to_string().contains(part), "{set}: {error}");
            }
        }
    }

    #[test]
    fn every_target_has_the_name_it_is_written_with() {
        for target in Target::all() {
            assert_eq!(serde_json::to_value(target).expect("a name"), target.name());
            let read: Target = serde_json::from_value(target.name().into()).expect("known");
            assert_eq!(read, target);
        }
    }

    #[test]
    fn names_are_those_of_the_configuration() {
        for model in ModelKind::ALL {
            assert_eq!(serde_json::to_value(model).expect("a name"), model.name());
        }
    }
}
