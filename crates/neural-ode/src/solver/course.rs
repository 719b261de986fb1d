//! The way of an adaptive solve through time: where steps may end, where they must, and how the dynamics jump.

use crate::{
    SolveError,
    solver::{
        options::{End, Options},
        step::Span,
    },
};

/// From the first time to the last. Times inside are multiplied by the direction, so that they always grow.
#[derive(Debug, Clone)]
pub(crate) struct Course {
    /// 1 forwards in time, -1 backwards.
    pub(crate) direction: f64,
    pub(crate) start: f64,
    pub(crate) end: f64,
    ending: End,
    /// Where steps must end, in the order in which they are met; the first may be the start.
    stops: Vec<Stop>,
}

#[derive(Debug, Clone, Copy)]
struct Stop {
    time: f64,
    is_jump: bool,
}

/// A step to be tried.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trial {
    pub(crate) size: f64,
    pub(crate) end: f64,
    /// Whether `size` is less than what was proposed.
    pub(crate) is_cut: bool,
    pub(crate) is_jump: bool,
}

impl Course {
    pub(crate) fn new(options: &Options, times: &[f64]) -> Self {
        let direction = (times[1] - times[0]).signum();
        let start = direction * times[0];
        let stops = options.points().map(|(time, is_jump)| Stop {
            time: direction * time,
            is_jump,
        });
        let mut stops: Vec<_> = stops.filter(|stop| stop.time >= start).collect();
        stops.sort_by(|one, other| one.time.total_cmp(&other.time));
        Self {
            direction,
            start,
            end: direction * times[times.len() - 1],
            ending: options.end.unwrap_or_default(),
            stops,
        }
    }

    /// Where the dynamics are evaluated first: the start, just after it if they jump there.
    pub(crate) fn first(&self) -> f64 {
        let begins_at_jump = self.stops.iter().any(|stop| stop.is_jump && stop.time == self.start);
        if begins_at_jump {
            self.start.next_up()
        } else {
            self.start
        }
    }

    /// How far from the start the dynamics may be evaluated.
    pub(crate) fn reach(&self) -> f64 {
        match self.ending {
            End::Clip => self.end - self.start,
            End::Overshoot => f64::INFINITY,
        }
    }

    /// The proposed step, or what is left of it up to the next stop.
    pub(crate) fn trial(&self, now: f64, proposal: f64) -> Trial {
        let uncut = Trial {
            size: proposal,
            end: now + proposal,
            is_cut: false,
            is_jump: false,
        };
        let index = self.stops.partition_point(|stop| stop.time <= now);
        let last = Stop {
            time: self.end,
            is_jump: false,
        };
        let stop = match (self.stops.get(index), self.ending) {
            (Some(stop), End::Clip) if stop.time > self.end => last,
            (Some(stop), _) => *stop,
            (None, End::Clip) => last,
            (None, End::Overshoot) => return uncut,
        };
        if uncut.end < stop.time {
            return uncut;
        }
        Trial {
            size: stop.time - now,
            end: stop.time,
            is_cut: true,
            is_jump: stop.is_jump,
        }
    }

    pub(crate) fn span(&self, now: f64, first: f64, trial: &Trial) -> Span {
        let last = if trial.is_jump {
            trial.end.next_down()
        } else {
            trial.end
        };
        Span {
            start: self.direction * now,
            size: self.direction * trial.size,
            end: self.direction * trial.end,
            first: self.direction * first,
            last: self.direction * last,
        }
    }

    /// Why steps cannot be smaller: the last one tried was not finite, or not good enough.
    pub(crate) fn too_small(&self, now: f64, size: f64, was_finite: bool) -> SolveError {
        let time = self.direction * now;
        if was_finite {
            return SolveError::StepUnderflow {
                time,
                step: self.direction * size,
            };
        }
        SolveError::NonFiniteDynamics { time }
    }
}
