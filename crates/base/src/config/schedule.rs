use serde::{Deserialize, Serialize};

use super::{Checks, ConfigError};

/// What happens when, counted in updates ("steps"). Where something happens every so many steps, 0 means only at the
/// end; at the end it always happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Updates of the whole run.
    pub steps: u64,
    /// Updates between two reports of the training's own numbers.
    #[serde(default = "report_every")]
    pub report_every: u64,
    /// Updates between two evaluations.
    #[serde(default)]
    pub evaluate_every: u64,
    /// Updates between two checkpoints.
    #[serde(default = "checkpoint_every")]
    pub checkpoint_every: u64,
    /// Newest checkpoints that are kept. Of one alone nothing is left if the disk damages it.
    #[serde(default = "keep_last")]
    pub keep_last: usize,
    /// The evaluation whose checkpoint is kept besides.
    #[serde(default)]
    pub best: Option<Target>,
    /// When to stop before the end.
    #[serde(default)]
    pub early_stop: Option<EarlyStop>,
    /// A number of the evaluation that is told as the median of the last ones, too.
    #[serde(default)]
    pub median: Option<Median>,
}

/// A number of the evaluation, and where it should go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Name of the number.
    pub metric: String,
    /// Which of two values is better.
    pub goal: Goal,
}

/// Stop when a number of the evaluation has not improved for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStop {
    /// Name of the number.
    pub metric: String,
    /// Which of two values is better.
    pub goal: Goal,
    /// Evaluations without an improvement after which the run stops.
    pub patience: u64,
}

/// Tell also the median of a number over the last evaluations, under its name with `_median` behind: one evaluation may
/// be lucky, and to choose the best one would be to learn from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Median {
    /// Name of the number.
    pub metric: String,
    /// Evaluations that count; all, as long as there are fewer.
    pub last: usize,
}

/// Which of two values is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// The smaller one.
    Minimize,
    /// The larger one.
    Maximize,
}

fn report_every() -> u64 {
    10
}

fn checkpoint_every() -> u64 {
    500
}

fn keep_last() -> usize {
    2
}

impl Schedule {
    /// A schedule of so many updates, with the defaults of a configuration that names nothing else.
    pub fn new(steps: u64) -> Self {
        Self {
            steps,
            report_every: report_every(),
            evaluate_every: 0,
            checkpoint_every: checkpoint_every(),
            keep_last: keep_last(),
            best: None,
            early_stop: None,
            median: None,
        }
    }

    /// Refuses a schedule that does nothing, keeps nothing, or names what never happens.
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("schedule");
        checks.at_least(1, "steps", self.steps)?;
        checks.require(
            self.keep_last > 0,
            "keep_last",
            "must be at least 1: a run without a checkpoint cannot be resumed",
        )?;
        if let Some(median) = &self.median {
            checks.at_least(1, "median.last", median.last)?;
        }
        if let Some(early_stop) = &self.early_stop {
            checks.at_least(1, "early_stop.patience", early_stop.patience)?;
            checks.require(
                self.evaluate_every > 0,
                "early_stop",
                "needs evaluations before the end; set `schedule.evaluate_every` too",
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_steps_is_enough() {
        let schedule: Schedule = toml::from_str("steps = 7").unwrap();
        assert_eq!(schedule, Schedule::new(7));
        schedule.validate().unwrap();
    }

    #[test]
    fn every_setting_has_its_name() {
        let schedule: Schedule = toml::from_str(
            "steps = 1\nreport_every = 2\nevaluate_every = 3\ncheckpoint_every = 4\nkeep_last = 5\n\
             best = { metric = 'accuracy', goal = 'maximize' }\n\
             early_stop = { metric = 'loss', goal = 'minimize', patience = 6 }\n\
             median = { metric = 'error', last = 7 }",
        )
        .unwrap();
        let expected = Schedule {
            steps: 1,
            report_every: 2,
            evaluate_every: 3,
            checkpoint_every: 4,
            keep_last: 5,
            best: Some(Target {
                metric: "accuracy".to_owned(),
                goal: Goal::Maximize,
            }),
            early_stop: Some(EarlyStop {
                metric: "loss".to_owned(),
                goal: Goal::Minimize,
                patience: 6,
            }),
            median: Some(Median {
                metric: "error".to_owned(),
                last: 7,
            }),
        };
        assert_eq!(schedule, expected);
        schedule.validate().unwrap();
    }

    #[test]
    fn schedules_that_make_no_sense_name_the_setting() {
        let early_stop = |patience| {
            Some(EarlyStop {
                metric: "loss".to_owned(),
                goal: Goal::Minimize,
                patience,
            })
        };
        let sane = Schedule {
            evaluate_every: 1,
            ..Schedule::new(9)
        };
        for (key, schedule) in [
            ("steps", Schedule::new(0)),
            (
                "keep_last",
                Schedule {
                    keep_last: 0,
                    ..sane.clone()
                },
            ),
            (
                "median.last",
                Schedule {
                    median: Some(Median {
                        metric: "error".to_owned(),
                        last: 0,
                    }),
                    ..sane.clone()
                },
            ),
            (
                "early_stop.patience",
                Schedule {
                    early_stop: early_stop(0),
                    ..sane.clone()
                },
            ),
            (
                "early_stop",
                Schedule {
                    early_stop: early_stop(1),
                    evaluate_every: 0,
                    ..sane
                },
            ),
        ] {
            match schedule.validate() {
                Err(ConfigError::Invalid { key: named, .. }) => assert_eq!(named, format!("schedule.{key}")),
                other => panic!("{key}: {other:?}"),
            }
        }
    }
}
