//! What a run is made of.

mod data;
mod phases;
mod table;

use papers_core::base::{
    config::{Checks, ConfigError, Preset, RunConfig, Schedule},
    presets,
};
use serde::{Deserialize, Serialize};

pub use data::{DataConfig, GeneratorConfig, Seen, SetKind, Subjects, VoterRule};
pub use phases::{BasePhaseConfig, Choose, VoterPhaseConfig};
pub use table::TableConfig;

use crate::{
    model::{BackboneConfig, OutputKind, VoterInput},
    votes::VotesConfig,
};

/// The experiments.
pub const PRESETS: &[Preset] = presets![
    "portraits",
    "features",
    "london",
    "mebeauty",
    "3dsk",
    "omi",
    "csv",
    "scut",
    "scut-means",
    "hot-or-not",
    "paper",
    "paper-study"
];

/// Full description of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhotofeelerConfig {
    /// What is learned of the votes, from the least to the most telling by the paper's study.
    #[serde(default)]
    pub output: OutputKind,
    /// The photos and their votes.
    pub data: DataConfig,
    /// What is made of votes.
    #[serde(default)]
    pub votes: VotesConfig,
    /// The network from photos to embeddings.
    pub backbone: BackboneConfig,
    /// Phase 1: the base network.
    pub phase_1: BasePhaseConfig,
    /// Phase 2: the voter model, of `output = 'voter'` alone.
    #[serde(default)]
    pub phase_2: VoterPhaseConfig,
    /// How predictions are measured.
    #[serde(default)]
    pub evaluation: EvaluationConfig,
    /// The loop. Its updates are those of phase 1 (once more for each fold of `phase_2.cross_fit`) and then those of phase 2.
    pub schedule: Schedule,
}

/// How predictions are measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationConfig {
    /// Voters whose predicted scores are averaged (the paper: 200).
    pub voters: usize,
    /// Whether voters are drawn with replacement, which gives as many as asked for where there are fewer.
    pub with_replacement: bool,
    /// Draws of votes in the comparison with people.
    pub human_draws: usize,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            voters: 200,
            with_replacement: false,
            human_draws: 20,
        }
    }
}

impl PhotofeelerConfig {
    /// Times that phase 1 runs: for all photos, and once for each fold that is left out.
    pub fn base_runs(&self) -> u64 {
        match self.output {
            OutputKind::Voter => 1 + self.phase_2.cross_fit,
            _ => 1,
        }
    }

    /// Updates before the voter model begins.
    pub fn base_steps(&self) -> u64 {
        match self.output {
            OutputKind::Voter => self.phase_1.steps.saturating_mul(self.base_runs()),
            _ => self.schedule.steps,
        }
    }
}

impl RunConfig for PhotofeelerConfig {
    const MEASURED_WITH: &[&str] = &[
        "evaluation.voters",
        "evaluation.with_replacement",
        "evaluation.human_draws",
    ];

    fn validate(&self) -> Result<(), ConfigError> {
        self.data.validate()?;
        self.votes.validate()?;
        self.backbone.validate(self.data.has_features())?;
        self.phase_1.validate()?;
        self.phase_2.validate()?;
        let evaluation = Checks::of("evaluation");
        evaluation.at_least(1, "voters", self.evaluation.voters)?;
        evaluation.at_most(1 << 20, "voters", self.evaluation.voters)?;
        evaluation.at_least(1, "human_draws", self.evaluation.human_draws)?;
        let problem = format_args!(
            "must be more than the updates of phase 1, {}: no update is left for the voter model",
            self.base_steps()
        );
        Checks::of("schedule").require(
            self.output != OutputKind::Voter || self.schedule.steps > self.base_steps(),
            "steps",
            problem,
        )?;
        Checks::of("phase_1").require(
            self.output == OutputKind::Voter || self.phase_1.steps == self.schedule.steps,
            "steps",
            format_args!(
                "must be `schedule.steps`, {}, where there is no second phase, not {}",
                self.schedule.steps, self.phase_1.steps
            ),
        )?;
        let problem = "would let phase 2 change the network whose outputs were left out of it";
        let phase_2 = Checks::of("phase_2");
        phase_2.require(!(self.phase_2.joint && self.phase_2.cross_fit > 0), "joint", problem)?;
        phase_2.require(
            !self.phase_2.joint || self.phase_2.input == VoterInput::Temporary,
            "joint",
            "sends gradients through the temporary output: `phase_2.input` must be temporary",
        )
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}
