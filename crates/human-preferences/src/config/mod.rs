//! What a run is made of.

mod feedback;
mod presets;

pub use self::{
    feedback::{FeedbackConfig, FeedbackMode, ServerConfig, TrueReward},
    presets::PRESETS,
};

use papers_core::base::config::{Checks, ConfigError, RunConfig, Schedule};
use serde::{Deserialize, Serialize};

use crate::{
    agent::AgentConfig,
    environment::EnvironmentOptions,
    label_schedule::{LabelConfig, LabelRate},
    queries::{QueryConfig, Selection},
    reward_model::{Objective, RewardConfig},
};

/// Full description of a run. A step of its schedule is a round: the agent acts, labels are asked for, the reward model
/// is fitted, the agent learns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreferenceConfig {
    /// What the agent acts in.
    pub environment: EnvironmentConfig,
    /// How it acts, and how much of it makes a round.
    pub rollout: RolloutConfig,
    /// How it learns from rewards.
    pub agent: AgentConfig,
    /// Who compares clips.
    #[serde(default)]
    pub feedback: FeedbackConfig,
    /// How many labels, and when.
    #[serde(default)]
    pub labels: LabelConfig,
    /// Which pairs of clips are asked about.
    #[serde(default)]
    pub queries: QueryConfig,
    /// How the reward is learned.
    #[serde(default)]
    pub reward: RewardConfig,
    /// How much the reward model is fitted.
    #[serde(default)]
    pub fitting: FittingConfig,
    /// Whether the paper's ablations leave something out; see [`Ablation`].
    #[serde(default)]
    pub ablation: Ablation,
    /// Let acting, asking and fitting go on beside each other: a person need not wait, and numbers do not repeat.
    #[serde(default)]
    pub asynchronous: bool,
    /// How the agent is measured.
    #[serde(default)]
    pub evaluation: EvaluationConfig,
    /// The loop.
    pub schedule: Schedule,
}

/// What the agent acts in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentConfig {
    /// Name of the environment.
    pub name: String,
    /// Steps of an episode; the task's own number if left out.
    #[serde(default)]
    pub episode_steps: Option<usize>,
    /// Steps of a clip; the task's own number if left out.
    #[serde(default)]
    pub clip_steps: Option<usize>,
    /// What can be chosen about it besides.
    #[serde(default)]
    pub options: EnvironmentOptions,
}

/// How much acting makes a round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RolloutConfig {
    /// Environments side by side.
    pub environments: usize,
    /// Steps of each before the agent learns from them.
    pub steps: usize,
    /// Updates of the agent in a round.
    #[serde(default = "one")]
    pub updates: usize,
}

fn one() -> usize {
    1
}

/// How much the reward model is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FittingConfig {
    /// Minibatches after the initial labels, before the agent learns.
    pub initial_minibatches: u64,
    /// Minibatches of each round.
    pub minibatches: u64,
}

impl Default for FittingConfig {
    fn default() -> Self {
        Self {
            initial_minibatches: 200,
            minibatches: 25,
        }
    }
}

/// How the agent is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationConfig {
    /// Episodes that it is measured on, always the same ones.
    pub episodes: usize,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self { episodes: 32 }
    }
}

/// The paper's ablations (section 3.3), each a setting of its own under one name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ablation {
    /// Nothing is left out.
    #[default]
    None,
    /// Pairs are drawn at random: `queries.selection = 'uniform'`.
    RandomQueries,
    /// One network, and random pairs, since one cannot disagree: `reward.members = 1`.
    NoEnsemble,
    /// All labels at the start: `labels.schedule = 'offline'`.
    NoOnlineQueries,
    /// No penalty on weights: `reward.l2.enabled = false`.
    NoRegularization,
    /// Single steps are compared instead of clips: `environment.clip_steps = 1`.
    NoSegments,
    /// True returns are regressed instead of comparisons: `reward.objective = 'return'`.
    Target,
}

impl Ablation {
    /// The six ablations.
    pub const ALL: [Self; 6] = [
        Self::RandomQueries,
        Self::NoEnsemble,
        Self::NoOnlineQueries,
        Self::NoRegularization,
        Self::NoSegments,
        Self::Target,
    ];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::RandomQueries => "random-queries",
            Self::NoEnsemble => "no-ensemble",
            Self::NoOnlineQueries => "no-online-queries",
            Self::NoRegularization => "no-regularization",
            Self::NoSegments => "no-segments",
            Self::Target => "target",
        }
    }
}

impl PreferenceConfig {
    /// How pairs are chosen, by the ablation, too.
    pub fn queries(&self) -> QueryConfig {
        let mut queries = self.queries.clone();
        if matches!(self.ablation, Ablation::RandomQueries | Ablation::NoEnsemble) {
            queries.selection = Selection::Uniform;
        }
        queries
    }

    /// How the reward is learned, by the ablation, too.
    pub fn reward(&self) -> RewardConfig {
        let mut reward = self.reward.clone();
        match self.ablation {
            Ablation::NoEnsemble => reward.members = 1,
            Ablation::NoRegularization => reward.l2.enabled = false,
            Ablation::Target => reward.objective = Objective::Return,
            _ => {}
        }
        reward
    }

    /// When labels are asked for, by the ablation, too.
    pub fn labels(&self) -> LabelConfig {
        let mut labels = self.labels.clone();
        if self.ablation == Ablation::NoOnlineQueries {
            labels.schedule = LabelRate::Offline;
        }
        labels
    }

    /// Steps of a clip, if the configuration says.
    pub fn clip_steps(&self) -> Option<usize> {
        match self.ablation {
            Ablation::NoSegments => Some(1),
            _ => self.environment.clip_steps,
        }
    }

    /// Steps of all environments in a round.
    pub fn steps_per_round(&self) -> u64 {
        (self.rollout.environments * self.rollout.steps * self.rollout.updates) as u64
    }

    /// Steps of all environments in the whole run.
    pub fn total_steps(&self) -> u64 {
        self.schedule.steps * self.steps_per_round()
    }
}

impl RunConfig for PreferenceConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::top();
        let environment = &self.environment;
        checks.at_least(1, "environment.episode_steps", environment.episode_steps.unwrap_or(1))?;
        checks.at_least(1, "environment.clip_steps", environment.clip_steps.unwrap_or(1))?;
        checks.at_least(1, "rollout.environments", self.rollout.environments)?;
        checks.at_least(1, "rollout.steps", self.rollout.steps)?;
        checks.at_least(1, "rollout.updates", self.rollout.updates)?;
        checks.at_least(1, "evaluation.episodes", self.evaluation.episodes)?;
        if let (Some(episode), Some(clip)) = (environment.episode_steps, self.clip_steps()) {
            let problem = format_args!("is {clip}, longer than an episode of {episode} (`environment.episode_steps`)");
            checks.require(clip <= episode, "environment.clip_steps", problem)?;
        }
        checks.require(
            !environment.options.gym || self.feedback.mode == FeedbackMode::None,
            "environment.options.gym",
            "has episodes that end early, and a learned reward has no zero: an agent would learn to end them, or not to; \
             only `feedback.mode = 'none'` may have it",
        )?;
        checks.require(
            !self.asynchronous || self.feedback.mode.asks(),
            "asynchronous",
            format_args!(
                "has nothing to go on beside with `feedback.mode = '{}'`",
                self.feedback.mode.name()
            ),
        )?;
        self.agent.validate()?;
        self.feedback.validate()?;
        self.labels.validate()?;
        self.queries.validate()?;
        self.reward.validate()?;
        checks.require(
            self.reward().objective != Objective::Return || self.feedback.mode == FeedbackMode::Synthetic,
            "reward.objective",
            "regresses true returns, which only `feedback.mode = 'synthetic'` knows",
        )
    }

    fn schedule(&self) -> &Schedule {
        &self.schedule
    }
}
