//! Sequences of events with a known rate.

use std::f64::consts::TAU;

use papers_core::random::Streams;
use rand::RngExt;

/// A rate that swells and fades: events per unit of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Its mean.
    pub mean: f64,
    /// How far it swings, less than the mean.
    pub swing: f64,
    /// The time of one swing.
    pub period: f64,
}

/// The rate of the experiment.
pub const RATE: Rate = Rate {
    mean: 4.0,
    swing: 3.5,
    period: 4.0,
};

impl Rate {
    /// `λ(t)`.
    pub fn at(&self, time: f64) -> f64 {
        self.mean + self.swing * (TAU * time / self.period).sin()
    }

    /// `∫ λ dt` from 0 to a time.
    pub fn integral(&self, end: f64) -> f64 {
        let frequency = TAU / self.period;
        self.mean * end + self.swing * (1.0 - (frequency * end).cos()) / frequency
    }

    /// `log p` of events between 0 and `end`.
    pub fn log_likelihood(&self, events: &[f64], end: f64) -> f64 {
        events.iter().map(|time| self.at(*time).ln()).sum::<f64>() - self.integral(end)
    }
}

/// Draws sequences of events between 0 and `end`, each in the order of time, by thinning.
pub fn sequences(rate: Rate, count: usize, end: f64, stream: &str, streams: &Streams) -> Vec<Vec<f64>> {
    let most = rate.mean + rate.swing;
    let draw = |index: usize| {
        let mut generator = streams.at(stream, 0, index as u64);
        let mut events = Vec::new();
        let mut time = 0.0;
        loop {
            // In single precision zero would come up; its logarithm is infinite.
            time -= (1.0 - generator.random::<f64>()).ln() / most;
            if time >= end {
                return events;
            }
            if generator.random::<f64>() * most < rate.at(time) {
                events.push(time);
            }
        }
    };
    (0..count).map(draw).collect()
}

#[cfg(test)]
mod tests {
    use papers_core::testing::assert_close;

    use super::*;

    #[test]
    fn the_integral_is_that_of_the_rate() {
        let steps = 10_000;
        let width = 7.3 / f64::from(steps);
        let sum: f64 = (0..steps)
            .map(|step| RATE.at((f64::from(step) + 0.5) * width) * width)
            .sum();
        assert_close(&[RATE.integral(7.3)], &[sum], 1e-6);
    }

    #[test]
    fn sequences_have_the_rate_they_are_drawn_with() {
        let drawn = sequences(RATE, 2000, 4.0, "events", &Streams::new(1));
        let count = |from: f64, to: f64| {
            let inside = drawn.iter().flatten().filter(|time| (from..to).contains(*time));
            inside.count() as f64 / 2000.0
        };
        // Standard errors are below 0.08.
        for (from, to) in [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 4.0)] {
            let expected = RATE.integral(to) - RATE.integral(from);
            assert!(
                (count(from, to) - expected).abs() < 0.3,
                "{from}: {} for {expected}",
                count(from, to)
            );
        }
        assert_eq!(drawn[..3], sequences(RATE, 3, 4.0, "events", &Streams::new(1)));
    }
}
