use std::path::PathBuf;

use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use crate::feedback::Script;

/// Who compares clips.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeedbackConfig {
    /// Which kind of judge.
    pub mode: FeedbackMode,
    /// `synthetic`, `scripted`: share of answers that are turned around at random.
    pub noise: f64,
    /// `synthetic`: inverse temperature of an oracle that errs, in units of the standard deviation of clip returns.
    pub boltzmann: Option<f64>,
    /// `scripted`: which script; with `human` people are told to look for the same behavior.
    pub script: Option<Script>,
    /// `replay`: file of recorded answers, as `export` writes it.
    pub file: Option<PathBuf>,
    /// `frozen`: folder of the run whose reward model is used as it is.
    pub run: Option<PathBuf>,
    /// `human`: the page.
    pub server: ServerConfig,
    /// `none`: how the true reward is given to the agent.
    pub true_reward: TrueReward,
}

/// How the true reward is given to the baseline that learns from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrueReward {
    /// Scaled as predicted rewards are.
    #[default]
    Normalized,
    /// Clipped to ±1, as is usual for Atari games.
    Clipped,
}

/// Which kind of judge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FeedbackMode {
    /// An oracle that compares true returns.
    #[default]
    Synthetic,
    /// A person, on a page.
    Human,
    /// A few lines of code that know a novel behavior.
    Scripted,
    /// Recorded answers.
    Replay,
    /// The reward model of an earlier run; nobody is asked.
    Frozen,
    /// Nobody: the agent learns from the true reward, as usual.
    None,
}

impl FeedbackMode {
    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Synthetic => "synthetic",
            Self::Human => "human",
            Self::Scripted => "scripted",
            Self::Replay => "replay",
            Self::Frozen => "frozen",
            Self::None => "none",
        }
    }

    /// Whether answers are asked for while the agent learns.
    pub fn asks(self) -> bool {
        !matches!(self, Self::Frozen | Self::None)
    }
}

/// The page on which people compare clips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Port on this machine; 0 for any that is free.
    pub port: u16,
    /// Text file with what people are told; the words of `feedback.script`, or else the task's own, if left out.
    pub instructions: Option<PathBuf>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            port: 8417,
            instructions: None,
        }
    }
}

impl FeedbackConfig {
    /// Refuses a judge that lacks what it judges by, and what another one would judge by.
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("feedback");
        checks.share("noise", self.noise)?;
        if let Some(beta) = self.boltzmann {
            let problem = format_args!("must be positive, not {beta}; leave it out for an oracle that never errs");
            checks.require(beta > 0.0 && beta.is_finite(), "boltzmann", problem)?;
        }
        let missing = |key: &str, what: &str| {
            let problem = format!("is missing: `feedback.mode = '{}'` needs {what}", self.mode.name());
            Err(ConfigError::invalid(key, problem))
        };
        match self.mode {
            FeedbackMode::Scripted if self.script.is_none() => missing("feedback.script", "a script"),
            FeedbackMode::Replay if self.file.is_none() => missing("feedback.file", "a file of answers"),
            FeedbackMode::Frozen if self.run.is_none() => missing("feedback.run", "the folder of a run"),
            _ => self.refuse_others(),
        }
    }

    /// Refuses settings that the mode passes over: who gave them meant another one.
    ///
    /// `true_reward` is not among them: an experiment says how its baseline is given the true reward, whoever teaches.
    fn refuse_others(&self) -> Result<(), ConfigError> {
        use FeedbackMode::{Frozen, Human, Replay, Scripted, Synthetic};
        // An experiment with a script is about its behavior: people are told to look for it, and recorded answers and
        // reward models of earlier runs are about it. The true reward is not.
        let about_behavior = [Scripted, Human, Replay, Frozen];
        let page = ServerConfig::default();
        let given: [(&str, bool, &[FeedbackMode]); 7] = [
            ("feedback.noise", self.noise != 0.0, &[Synthetic, Scripted]),
            ("feedback.boltzmann", self.boltzmann.is_some(), &[Synthetic]),
            ("feedback.script", self.script.is_some(), &about_behavior),
            ("feedback.file", self.file.is_some(), &[Replay]),
            ("feedback.run", self.run.is_some(), &[Frozen]),
            ("feedback.server.port", self.server.port != page.port, &[Human]),
            (
                "feedback.server.instructions",
                self.server.instructions != page.instructions,
                &[Human],
            ),
        ];
        let other = given
            .into_iter()
            .find(|(_, is_given, modes)| *is_given && !modes.contains(&self.mode));
        let Some((key, _, modes)) = other else {
            return Ok(());
        };
        let modes: Vec<&str> = modes.iter().map(|mode| mode.name()).collect();
        let problem = format!(
            "is not used with `feedback.mode = '{}'`, only with '{}': leave it out, or choose another experiment or mode",
            self.mode.name(),
            modes.join("', '")
        );
        Err(ConfigError::invalid(key, problem))
    }
}
