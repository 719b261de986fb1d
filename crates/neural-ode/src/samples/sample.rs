//! A sample on its way: which step it tries, and what becomes of it.

use std::ops::Range;

use crate::{
    SolveError, Statistics,
    solver::{
        controller::inverse_ratio,
        course::{Course, Trial},
        options::Options,
        step::Span,
    },
};

/// An accepted step of a sample.
#[derive(Debug, Clone)]
pub(super) struct RecordedStep {
    pub(super) span: Span,
    /// Which of its requested times lie in the step.
    pub(super) outputs: Range<usize>,
}

/// A sample on its way. Times inside are multiplied by the direction, so that they always grow.
pub(super) struct Sample {
    pub(super) times: Vec<f64>,
    pub(super) course: Course,
    pub(super) now: f64,
    pub(super) first: f64,
    pub(super) proposal: f64,
    /// The inverse error ratios of the last accepted steps.
    pub(super) previous: [f64; 2],
    pub(super) was_finite: bool,
    /// The index of the next requested time.
    pub(super) due: usize,
    pub(super) statistics: Statistics,
    pub(super) error: Option<SolveError>,
    pub(super) steps: Vec<RecordedStep>,
}

impl Sample {
    pub(super) fn new(options: &Options, times: Vec<f64>) -> Self {
        let course = Course::new(options, &times);
        Self {
            times,
            now: course.start,
            first: course.first(),
            course,
            proposal: 0.0,
            previous: [1.0; 2],
            was_finite: true,
            due: 1,
            statistics: Statistics::default(),
            error: None,
            steps: Vec::new(),
        }
    }

    /// Whether the dynamics jump where it stands, so that the next step begins with the slope on the far side.
    pub(super) fn is_at_jump(&self) -> bool {
        self.first != self.now
    }

    pub(super) fn is_running(&self) -> bool {
        self.error.is_none() && self.now < self.course.end
    }

    /// The step to try; notes why there is none.
    pub(super) fn propose(&mut self, min_step: f64, max_step: f64, max_steps: usize) -> Option<(Span, Trial)> {
        if !self.is_running() {
            return None;
        }
        self.proposal = self.proposal.max(min_step).min(max_step);
        let trial = self.course.trial(self.now, self.proposal);
        if trial.end <= self.now {
            self.error = Some(self.course.too_small(self.now, trial.size, self.was_finite));
            return None;
        }
        if self.statistics.attempts >= max_steps {
            self.error = Some(SolveError::MaxSteps {
                time: self.course.direction * self.now,
                steps: self.statistics.attempts,
            });
            return None;
        }
        self.statistics.attempts += 1;
        Some((self.course.span(self.now, self.first, &trial), trial))
    }

    /// Whether the step is taken; if not, a smaller one is proposed.
    pub(super) fn judge(&mut self, trial: &Trial, ratio: f64, factor: f64, min_step: f64) -> bool {
        self.was_finite = ratio.is_finite();
        if ratio <= 1.0 {
            return true;
        }
        if trial.size > min_step {
            self.statistics.rejected += 1;
            self.proposal = trial.size * factor;
            return false;
        }
        if !self.was_finite {
            self.error = Some(self.course.too_small(self.now, trial.size, self.was_finite));
            return false;
        }
        self.statistics.forced += 1;
        true
    }

    /// Moves to the end of the step; the requested times in it.
    pub(super) fn advance(&mut self, span: Span, trial: &Trial, ratio: f64, factor: f64) -> Range<usize> {
        self.statistics.accepted += 1;
        let start = self.due;
        let is_due = |time: &&f64| self.course.direction * **time <= trial.end;
        self.due += self.times[start..].iter().take_while(is_due).count();
        self.previous = [inverse_ratio(ratio), self.previous[0]];
        self.proposal = match trial.is_cut {
            true => self.proposal.max(trial.size * factor),
            false => trial.size * factor,
        };
        (self.now, self.first) = (trial.end, trial.end);
        if trial.is_jump && self.is_running() {
            self.first = self.now.next_up();
        }
        let outputs = start..self.due;
        self.steps.push(RecordedStep {
            span,
            outputs: outputs.clone(),
        });
        outputs
    }
}
