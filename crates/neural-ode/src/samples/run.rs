//! The loop over attempts at a step of every sample.

use burn::prelude::*;

use super::{
    SampleDynamics, SampleSolution, finite_rows, replay,
    rows::{self, Lanes},
    sample::Sample,
    table::Table,
};
use crate::{
    Norm, SolveError, Solver, Statistics,
    gradient::BackwardReport,
    solver::{
        controller::StepControl,
        course::Trial,
        initial_step::{aimed_size, trial_size},
        options::invalid,
        step::Span,
    },
    tableau::{Embedded, Tableau},
};

/// All samples, and those of them that are still computed.
pub(super) struct Loop<'a, F: ?Sized, const D: usize> {
    lanes: Lanes<'a, F>,
    samples: Vec<Sample>,
    state: Tensor<2>,
    slope: Tensor<2>,
    /// The shape of the whole batch.
    shape: [usize; D],
    tableau: &'static Tableau,
    embedded: Embedded,
    control: StepControl,
    tolerances: (f64, f64),
    norm: Norm,
    first_step: Option<f64>,
    min_step: f64,
    max_step: f64,
    max_steps: usize,
    is_compacting: bool,
    is_lifted: bool,
    calls: usize,
    table: Table,
}

impl<'a, const D: usize, F: SampleDynamics<D> + ?Sized> Loop<'a, F, D> {
    pub(super) fn new(
        solver: &Solver,
        dynamics: &'a F,
        initial: &Tensor<D>,
        times: Vec<Vec<f64>>,
        tolerances: (f64, f64),
    ) -> Result<Self, SolveError> {
        let options = &solver.options;
        let tableau = options.tableau(solver.method());
        let Some((tableau, embedded)) = tableau.and_then(|tableau| Some((tableau, tableau.embedded?))) else {
            let problem = format!(
                "samples with steps of their own need an adaptive one, not `{}`",
                solver.method()
            );
            return Err(invalid("method", problem));
        };
        if tableau.is_implicit() {
            let problem = format!(
                "samples with steps of their own need an explicit one, not `{}`",
                solver.method()
            );
            return Err(invalid("method", problem));
        }
        let samples = times.into_iter().map(|times| Sample::new(options, times));
        let state = super::table_of(&initial.clone().without_autodiff());
        let shape = initial.dims();
        Ok(Self {
            lanes: Lanes {
                dynamics,
                indices: (0..shape[0]).collect(),
            },
            samples: samples.collect(),
            slope: state.clone(),
            state,
            shape,
            tableau,
            embedded,
            control: options.control(),
            tolerances,
            norm: options.norm.clone().unwrap_or_default(),
            first_step: options.first_step,
            min_step: options.min_step.unwrap_or(0.0),
            max_step: options.max_step.unwrap_or(f64::INFINITY),
            max_steps: options.max_steps(),
            is_compacting: options.compaction.unwrap_or(true),
            is_lifted: initial.is_autodiff(),
            calls: 0,
            table: Table::default(),
        })
    }

    /// Steps until every sample has reached its end or failed.
    pub(super) fn run(&mut self) -> Result<(), SolveError> {
        self.begin()?;
        loop {
            self.compact();
            let attempts: Vec<_> = self
                .lanes
                .indices
                .iter()
                .map(|&index| self.samples[index].propose(self.min_step, self.max_step, self.max_steps))
                .collect();
            if attempts.iter().all(Option::is_none) {
                return Ok(());
            }
            self.attempt(&attempts)?;
        }
    }

    /// The slopes at the starts and the first steps.
    fn begin(&mut self) -> Result<(), SolveError> {
        for (sample, is_finite) in self.samples.iter_mut().zip(finite_rows(&self.state)?) {
            if !is_finite {
                sample.error = Some(SolveError::NonFiniteInitialState);
            }
        }
        let firsts: Vec<f64> = self
            .samples
            .iter()
            .map(|sample| sample.course.direction * sample.first)
            .collect();
        self.slope = self.evaluate(&firsts, self.state.clone(), |sample| sample.is_running())?;
        for (sample, is_finite) in self.samples.iter_mut().zip(finite_rows(&self.slope)?) {
            if !is_finite && sample.error.is_none() {
                sample.error = Some(SolveError::NonFiniteDynamics { time: sample.times[0] });
            }
        }
        match self.first_step {
            Some(step) => self.samples.iter_mut().for_each(|sample| sample.proposal = step),
            None => self.select_steps()?,
        }
        Ok(())
    }

    /// The first step of each sample (see [`initial_step`](crate::solver::initial_step)).
    fn select_steps(&mut self) -> Result<(), SolveError> {
        let magnitude = self.state.clone().abs();
        let measure = |value: &Tensor<2>| rows::sizes(&self.norm, self.tolerances, value.clone(), magnitude.clone());
        let (d0, d1) = (measure(&self.state)?, measure(&self.slope)?);
        let h0: Vec<f64> = self
            .samples
            .iter()
            .zip(d0.iter().zip(&d1))
            .map(|(sample, (d0, d1))| trial_size(*d0, *d1).min(sample.course.reach()))
            .collect();
        let pairs = self.samples.iter().zip(&h0);
        let signed: Vec<f64> = pairs.map(|(sample, h0)| sample.course.direction * h0).collect();
        let times: Vec<f64> = self
            .samples
            .iter()
            .zip(&signed)
            .map(|(sample, h0)| sample.times[0] + h0)
            .collect();
        let point = self.state.clone() + self.slope.clone() * rows::column(&signed, &self.state);
        let slope = self.evaluate(&times, point, |sample| sample.is_running())?;
        let measure = |value: Tensor<2>| rows::sizes(&self.norm, self.tolerances, value, magnitude.clone());
        let change = measure(slope - self.slope.clone())?;
        for (index, sample) in self.samples.iter_mut().enumerate() {
            let h0 = h0[index];
            let aimed = aimed_size(self.embedded.exponent, h0, d1[index], change[index] / h0);
            sample.proposal = aimed.min(100.0 * h0);
        }
        Ok(())
    }

    /// Tries a step of each lane that has one.
    fn attempt(&mut self, attempts: &[Option<(Span, Trial)>]) -> Result<(), SolveError> {
        let spans: Vec<Span> = self
            .lanes
            .indices
            .iter()
            .zip(attempts)
            .map(|(&index, attempt)| {
                // A lane that has finished stands still.
                let time = self.samples[index].course.direction * self.samples[index].now;
                attempt.as_ref().map_or(Span::new(time, 0.0, time), |(span, _)| *span)
            })
            .collect();
        let (before, first) = (self.state.clone(), self.slope.clone());
        let is_trying: Vec<bool> = attempts.iter().map(Option::is_some).collect();
        let mut step = rows::take(self.tableau, &spans, &before, first, |times, state| {
            self.evaluate_lanes(times, state, &is_trying)
        })?;
        let ratios = self.error_ratios(&step)?;

        let mut is_accepted = vec![false; attempts.len()];
        let mut outputs = Vec::new();
        let mut crossed = vec![false; attempts.len()];
        for (lane, attempt) in attempts.iter().enumerate() {
            let Some((span, trial)) = attempt else { continue };
            let index = self.lanes.indices[lane];
            let sample = &mut self.samples[index];
            let ratio = ratios[lane];
            let exponent = self.embedded.exponent;
            let factor = self.control.factor(exponent, ratio, sample.previous, ratio <= 1.0);
            if sample.judge(trial, ratio, factor, self.min_step) {
                is_accepted[lane] = true;
                let due = sample.advance(*span, trial, ratio, factor);
                outputs.extend(due.map(|output| (lane, (index, output))));
                crossed[lane] = sample.is_at_jump();
            }
        }
        if !is_accepted.contains(&true) {
            return Ok(());
        }
        if !self.tableau.is_fsal {
            let times: Vec<f64> = spans.iter().map(|span| span.last).collect();
            let slope = self.evaluate_lanes(&times, step.next.clone(), &is_accepted)?;
            step.stages.push(slope);
        }
        let requests = |lane: usize, (index, output): (usize, usize)| (lane, self.samples[index].times[output]);
        let requested: Vec<_> = outputs.iter().map(|&(lane, owner)| requests(lane, owner)).collect();
        let owners: Vec<_> = outputs.iter().map(|(_, owner)| *owner).collect();
        replay::collect(
            &mut self.table,
            self.tableau,
            &spans,
            &before,
            &step,
            &requested,
            &owners,
        );
        let end_slope = step.stages.pop().expect("a step has stages");
        self.state = rows::choose(&is_accepted, step.next, before);
        self.slope = rows::choose(&is_accepted, end_slope, self.slope.clone());
        if crossed.contains(&true) {
            self.cross_jumps(&crossed)?;
        }
        Ok(())
    }

    /// The slopes on the far side, for lanes that have just come to where the dynamics jump.
    fn cross_jumps(&mut self, crossed: &[bool]) -> Result<(), SolveError> {
        let indices = self.lanes.indices.iter();
        let times: Vec<f64> = indices
            .map(|&index| &self.samples[index])
            .map(|sample| sample.course.direction * sample.first)
            .collect();
        let slope = self.evaluate_lanes(&times, self.state.clone(), crossed)?;
        self.slope = rows::choose(crossed, slope, self.slope.clone());
        Ok(())
    }

    fn error_ratios(&self, step: &rows::RowStep) -> Result<Vec<f64>, SolveError> {
        let weights = crate::solver::step::scaled(1.0, self.embedded.error_weights, &step.stages);
        let mut error = <Tensor<2> as crate::State>::weighted_sum(&weights) * step.sizes.clone();
        if !self.tableau.is_fsal {
            // No stage has seen this state. If it is infinite, no error is large in comparison: let it be NaN.
            error = error + (step.next.clone() - step.next.clone());
        }
        // In this order, since a NaN in the second tensor of `max_pair` would be lost.
        let magnitude = step.next.clone().abs().max_pair(self.state.clone().abs());
        rows::sizes(&self.norm, self.tolerances, error, magnitude)
    }

    /// Removes the lanes that have finished, once fewer than half are running.
    fn compact(&mut self) {
        let indices = &self.lanes.indices;
        let running: Vec<usize> = (0..indices.len())
            .filter(|&lane| self.samples[indices[lane]].is_running())
            .collect();
        if !self.is_compacting || running.is_empty() || 2 * running.len() >= indices.len() {
            return;
        }
        let kept = rows::indices(&running, &self.state.device());
        self.lanes.indices = running.iter().map(|&lane| indices[lane]).collect();
        self.state = self.state.clone().select(0, kept.clone());
        self.slope = self.slope.clone().select(0, kept);
    }

    /// `f(t, y)` of all samples, counted for some.
    fn evaluate(
        &mut self,
        times: &[f64],
        state: Tensor<2>,
        counts: impl Fn(&Sample) -> bool,
    ) -> Result<Tensor<2>, SolveError> {
        let is_counted: Vec<bool> = self.samples.iter().map(counts).collect();
        self.evaluate_lanes(times, state, &is_counted)
    }

    /// `f(t, y)` of all lanes, counted for some.
    fn evaluate_lanes(
        &mut self,
        times: &[f64],
        state: Tensor<2>,
        is_counted: &[bool],
    ) -> Result<Tensor<2>, SolveError> {
        self.calls += 1;
        for (&index, _) in self
            .lanes
            .indices
            .iter()
            .zip(is_counted)
            .filter(|(_, is_counted)| **is_counted)
        {
            self.samples[index].statistics.evaluations += 1;
        }
        // Dynamics with tracked tensors need a state on their device.
        let state = if self.is_lifted { state.autodiff() } else { state };
        Ok(self.lanes.evaluate(times, state, self.shape)?.without_autodiff())
    }

    /// The solution, and the accepted steps if they are asked for.
    pub(super) fn finish(
        self,
        initial: &Tensor<D>,
        is_tolerance_raised: bool,
        is_recorded: bool,
    ) -> (SampleSolution<D>, Option<replay::Record>) {
        let counts: Vec<usize> = self.samples.iter().map(|sample| sample.times.len()).collect();
        let flat = super::table_of(&initial.clone().without_autodiff());
        let states = self.table.states(&flat, &counts);
        let mut all = vec![initial.clone()];
        all.extend(states.into_iter().map(|state| state.reshape(self.shape)));
        let mut solution = SampleSolution {
            times: Vec::new(),
            states: all,
            statistics: Vec::new(),
            errors: Vec::new(),
            calls: self.calls,
            report: BackwardReport::default(),
        };
        let mut steps = Vec::new();
        for sample in self.samples {
            solution.times.push(sample.times);
            solution.statistics.push(Statistics {
                is_tolerance_raised,
                ..sample.statistics
            });
            // What failed has no gradient: its steps may lead to where the dynamics are not finite.
            steps.push(if sample.error.is_none() {
                sample.steps
            } else {
                Vec::new()
            });
            solution.errors.push(sample.error);
        }
        let record = is_recorded.then(|| replay::Record {
            tableau: self.tableau,
            steps,
            times: solution.times.clone(),
        });
        (solution, record)
    }
}
