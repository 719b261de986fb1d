//! When labels are asked for (section 2.2.4 and appendix A).
//!
//! A share of all labels is asked for before learning begins; the others at a rate that falls as learning goes on.

use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

/// Steps after which the labelling rate of robotics has halved (appendix A.1).
pub const ROBOTICS_DECAY: f64 = 2e6;
/// Steps after which the labelling rate of Atari has halved, and between two changes of it (appendix A.2).
pub const ATARI_DECAY: f64 = 5e6;

/// Labels of a run, at most: a person gives a thousand in an hour.
const MOST_LABELS: u64 = 1_000_000;

/// How many labels, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelConfig {
    /// Labels of the whole run.
    pub total: u64,
    /// How many of them are asked for at the start; a quarter if left out (appendix A.1; Atari: 500).
    pub initial: Option<u64>,
    /// How the others are spread over the run.
    pub schedule: LabelRate,
    /// Steps after which the rate has halved; a tenth of the run's if left out.
    pub decay_steps: Option<f64>,
}

/// How labels are spread over a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelRate {
    /// Rate `decay / (steps + decay)` (robotics).
    #[default]
    Falling,
    /// The same rate, lowered every `decay` steps (Atari).
    Stepwise,
    /// All at the start: the paper's ablation `no online queries`.
    Offline,
}

impl Default for LabelConfig {
    fn default() -> Self {
        Self {
            total: 200,
            initial: None,
            schedule: LabelRate::default(),
            decay_steps: None,
        }
    }
}

impl LabelConfig {
    /// Refuses totals that leave nothing to learn from.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`] naming a key below `labels`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("labels");
        let total = self.total;
        checks.require(
            total >= 4,
            "total",
            format_args!("must be at least 4, not {total}: a quarter of them is asked for at the start"),
        )?;
        if let Some(initial) = self.initial {
            let problem = "must be at least 1: nothing can be learned before the first answer";
            checks.require(initial > 0, "initial", problem)?;
            let problem = format_args!("is {initial}, more than the {total} of `labels.total`");
            checks.require(initial <= total, "initial", problem)?;
        }
        let problem = format_args!("must be at most {MOST_LABELS}, not {total}");
        checks.require(total <= MOST_LABELS, "total", problem)?;
        self.decay_steps.map_or(Ok(()), |decay| {
            let problem = format_args!("must be at least 1, not {decay}");
            checks.require(decay >= 1.0 && decay.is_finite(), "decay_steps", problem)
        })
    }

    /// The schedule of a run of so many steps of all environments together.
    pub fn over(&self, steps: u64) -> LabelSchedule {
        LabelSchedule {
            total: self.total,
            initial: match self.schedule {
                LabelRate::Offline => self.total,
                _ => self.initial.unwrap_or(self.total / 4),
            },
            decay: self.decay_steps.unwrap_or(steps as f64 / 10.0),
            is_stepwise: self.schedule == LabelRate::Stepwise,
            steps,
        }
    }
}

/// Labels due by a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelSchedule {
    total: u64,
    initial: u64,
    decay: f64,
    is_stepwise: bool,
    steps: u64,
}

impl LabelSchedule {
    /// Labels of the whole run.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Labels before learning begins.
    pub fn initial(&self) -> u64 {
        self.initial
    }

    /// Labels that should have been asked for after `step` steps; all of them at the end.
    pub fn due(&self, step: u64) -> u64 {
        if step >= self.steps {
            return self.total;
        }
        let rest = (self.total - self.initial) as f64;
        let due = rest * self.integral(step as f64) / self.integral(self.steps as f64);
        self.initial + due.floor() as u64
    }

    /// Integral of the rate, in units of the decay.
    fn integral(&self, step: f64) -> f64 {
        let decays = step / self.decay;
        if !self.is_stepwise {
            return (1.0 + decays).ln();
        }
        let whole = decays.floor();
        let passed: f64 = (1..=whole as u64).map(|block| 1.0 / block as f64).sum();
        passed + (decays - whole) / (whole + 1.0)
    }
}

/// The paper's labelling rate of robotics, relative to that at the start.
pub fn falling_rate(step: f64, decay: f64) -> f64 {
    decay / (step + decay)
}

/// The paper's labelling rate of Atari, relative to that at the start: lowered every `decay` steps.
pub fn stepwise_rate(step: f64, decay: f64) -> f64 {
    falling_rate((step / decay).floor() * decay, decay)
}
