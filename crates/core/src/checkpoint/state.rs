use std::collections::BTreeMap;

use papers_base::{journal::Number, metrics};
use serde::{Deserialize, Serialize};

/// What the training loop itself has to remember.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoopState {
    /// Seconds of training so far.
    pub seconds: f64,
    /// Best evaluation so far.
    pub best: Option<Best>,
    /// Evaluations since the early-stop metric last improved.
    pub stale_evaluations: u64,
    /// Best value of the early-stop metric.
    pub early_stop_best: Option<f64>,
    /// What the median is taken of.
    #[serde(default)]
    pub recent: Recent,
}

/// The best evaluation so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Updates applied when it was measured.
    pub step: u64,
    /// Value of the metric.
    pub value: f64,
}

/// The last values of a metric.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Recent {
    metric: String,
    /// By the updates that were applied.
    values: BTreeMap<u64, Number>,
}

impl Recent {
    /// Notes what a metric was after `step` updates, and returns the median of its last `count` values.
    ///
    /// A step that is evaluated again, as at the end of a run that was interrupted there, counts once; values of another
    /// metric, from before its name was changed, count nothing.
    ///
    /// # Panics
    ///
    /// If `count` is zero.
    pub fn median(&mut self, metric: &str, step: u64, value: f64, count: usize) -> f64 {
        if self.metric != metric {
            self.metric = metric.to_owned();
            self.values.clear();
        }
        self.values.insert(step, Number(value));
        while self.values.len() > count {
            self.values.pop_first();
        }
        let values: Vec<f64> = self.values.values().map(|value| value.0).collect();
        metrics::median(&values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_the_last_steps() {
        let mut recent = Recent::default();
        let medians: Vec<f64> = [(10, 9.0), (20, 1.0), (30, 2.0), (40, 3.0)]
            .map(|(step, value)| recent.median("error", step, value, 3))
            .into();
        assert_eq!(medians, [9.0, 5.0, 2.0, 2.0]);
    }

    #[test]
    fn a_step_counts_once() {
        let mut recent = Recent::default();
        recent.median("error", 10, 9.0, 3);
        assert_eq!(recent.median("error", 10, 9.0, 3), 9.0);
        assert_eq!(recent.median("error", 20, 1.0, 3), 5.0);
    }

    #[test]
    fn another_metric_begins_anew() {
        let mut recent = Recent::default();
        recent.median("error", 10, 9.0, 3);
        assert_eq!(recent.median("loss", 20, 1.0, 3), 1.0);
    }

    #[test]
    fn what_is_no_number_survives_a_file() {
        let mut recent = Recent::default();
        recent.median("error", 10, f64::NAN, 3);
        recent.median("error", 20, f64::INFINITY, 3);
        recent.median("error", 30, 0.1, 3);
        let text = serde_json::to_string(&recent).expect("JSON");
        let mut read: Recent = serde_json::from_str(&text).expect("the same");
        // Of 0.1, inf and NaN, in this order.
        assert_eq!(read.median("error", 30, 0.1, 3), f64::INFINITY);
    }

    #[test]
    fn a_state_from_before_there_were_medians_is_read() {
        let text = r#"{ "seconds": 1.5, "best": null, "stale_evaluations": 2, "early_stop_best": null }"#;
        let state: LoopState = serde_json::from_str(text).expect("a state");
        assert_eq!(state.recent, Recent::default());
    }
}
