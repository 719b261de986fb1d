//! What a classification run is made of.

use papers_core::base::config::{ConfigError, Preset, RunConfig, Schedule};
use serde::{Deserialize, Serialize};

use super::model::{ClassifierConfig, StemKind, Trunk};
use crate::{
    GradientMode, Solver,
    settings::{OptimizerConfig, SolverConfig},
};

/// The experiments of this module.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "digits",
        toml: include_str!("../../experiments/digits.toml"),
    },
    Preset {
        name: "mnist-reduced",
        toml: include_str!("../../experiments/mnist-reduced.toml"),
    },
    Preset {
        name: "mnist",
        toml: include_str!("../../experiments/mnist.toml"),
    },
];

/// Full description of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OdeNetConfig {
    /// The network.
    pub model: ModelKind,
    /// Channels of all its layers.
    pub width: usize,
    /// How a picture becomes a state.
    pub stem: StemKind,
    /// Pictures of one update.
    pub batch: usize,
    /// The pictures.
    pub data: DataConfig,
    /// The solver of training and evaluation; the gradients of `rk-net` are always `direct`.
    pub solver: SolverConfig,
    /// The rule of learning.
    pub optimizer: OptimizerConfig,
    /// The loop.
    pub schedule: Schedule,
}

/// The networks of the paper's table 1, and two ablations that show how much of the result is due to the stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelKind {
    /// An ODE between stem and head.
    OdeNet,
    /// The same, with gradients through the operations of the solver.
    RkNet,
    /// Six residual blocks between stem and head.
    Resnet,
    /// One residual block: as many layers as the ODE has.
    OneBlock,
    /// The head right after the stem.
    NoBlock,
}

impl ModelKind {
    /// All networks.
    pub const ALL: [Self; 5] = [Self::OdeNet, Self::RkNet, Self::Resnet, Self::OneBlock, Self::NoBlock];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::OdeNet => "ode-net",
            Self::RkNet => "rk-net",
            Self::Resnet => "resnet",
            Self::OneBlock => "one-block",
            Self::NoBlock => "no-block",
        }
    }

    /// What stands between stem and head.
    pub fn trunk(self) -> Trunk {
        match self {
            Self::OdeNet | Self::RkNet => Trunk::Ode,
            Self::Resnet => Trunk::Blocks(6),
            Self::OneBlock => Trunk::Blocks(1),
            Self::NoBlock => Trunk::Blocks(0),
        }
    }
}

/// Which pictures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Name of the data set.
    pub set: String,
    /// Pictures to train on, out of the training files.
    pub train: usize,
    /// Pictures of the training files, apart from those, on which anything is selected.
    pub validation: usize,
    /// Pictures of the test files, used for nothing but the numbers reported.
    pub test: usize,
    /// Which pictures are drawn where not all are used; apart from the run's seed, so that runs differ in nothing else.
    pub subset_seed: u64,
    /// Zeros around a picture out of which training crops one of the old size at a random place; 0 for no cropping.
    pub crop: usize,
}

impl OdeNetConfig {
    /// The solver of the run.
    pub fn solver(&self) -> Solver {
        let solver = self.solver.init();
        match self.model {
            ModelKind::RkNet => solver.gradient(GradientMode::Direct),
            _ => solver,
        }
    }

    /// The sizes of the network for square pictures.
    pub fn classifier(&self, colors: usize, side: usize, classes: usize) -> ClassifierConfig {
        ClassifierConfig {
            colors,
            side,
            classes,
            width: self.width,
            stem: self.stem,
            trunk: self.model.trunk(),
        }
    }
}

impl RunConfig for OdeNetConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let require = |holds: bool, key: &str, problem: String| {
            if holds {
                Ok(())
            } else {
                Err(ConfigError::invalid(key, problem))
            }
        };
        let width = self.width;
        // Groups of normalization have equally many channels.
        let even = width > 0 && width.is_multiple_of(2) && (width < 64 || width.is_multiple_of(32));
        require(
            even,
            "width",
            format!("must be even, from 64 on a multiple of 32, not {width}"),
        )?;
        let positive = |count: usize, key| require(count > 0, key, "must be at least 1".to_owned());
        positive(self.batch, "batch")?;
        positive(self.data.train, "data.train")?;
        positive(self.data.validation, "data.validation")?;
        positive(self.data.test, "data.test")?;
        require(
            self.batch <= self.data.train,
            "batch",
            format!("must not be larger than `data.train`, {}", self.data.train),
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

    fn preset(name: &str, sets: &[&str]) -> Result<OdeNetConfig, papers_core::base::Error> {
        let preset = PRESETS.iter().find(|preset| preset.name == name).expect("a preset");
        let sets: Vec<String> = sets.iter().map(|&set| set.to_owned()).collect();
        config::resolve(preset.toml, None, &sets)
    }

    #[test]
    fn the_full_preset_drops_its_rate_where_the_release_does() {
        let config = preset("mnist", &[]).expect("a preset");
        let steps = config.schedule.steps;
        let per_epoch = (config.data.train / config.batch) as u64;
        assert_eq!(steps, 160 * per_epoch);
        for (epoch, rate) in [
            (0, 0.1),
            (59, 0.1),
            (60, 1e-2),
            (99, 1e-2),
            (100, 1e-3),
            (139, 1e-3),
            (140, 1e-4),
        ] {
            let found = config.optimizer.rate(epoch * per_epoch, steps);
            assert!((found - rate).abs() < 1e-12, "epoch {epoch}: {found}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (set, key) in [
            ("width=7", "width"),
            ("solver.atol=0.0", "solver.atol"),
            ("solver.step_size=-1.0", "solver.step_size"),
            ("optimizer.momentum=0.9", "optimizer.momentum"),
            ("optimizer.drops=[1.5]", "optimizer.drops"),
            ("batch=100000", "batch"),
            ("data.validation=0", "data.validation"),
        ] {
            let error = preset("mnist-reduced", &[set]).expect_err(set).to_string();
            assert!(error.contains(&format!("`{key}`")), "{set}: {error}");
        }
    }

    #[test]
    fn names_are_those_of_the_configuration() {
        for model in ModelKind::ALL {
            assert_eq!(serde_json::to_value(model).expect("a name"), model.name());
        }
    }
}
