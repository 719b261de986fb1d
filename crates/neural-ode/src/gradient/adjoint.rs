//! The adjoint equation, solved backwards (§ 2 and appendix B of the paper).
//!
//! ```text
//! dy/dt = f(t, y)        da/dt = -aᵀ ∂f/∂y        dg/dt = -aᵀ ∂f/∂θ
//! ```
//! From one requested time to the one before; there, the loss's own gradient is added to `a` and `y` is put back to
//! the stored forward state. One evaluation of the three is one vector-Jacobian product.

use std::{ops::ControlFlow, sync::Arc};

use burn::prelude::*;

use super::{
    BackwardStatistics, Cotangent, GradientMode, Pullback, Pulled,
    parameters::{LocalModule, add, filled},
};
use crate::{
    DenseSolution, Dynamics, Solution, SolveError, Solver, State, Statistics,
    solver::{Run, Task, norm::Norm, run::Observer},
};

/// The state, its adjoint and the parameters' gradient.
type Augmented<S> = (S, S, Tensor<1>);

pub(super) struct Adjoint<M, S> {
    solver: Solver,
    is_seminorm: bool,
    local: LocalModule<M>,
    times: Vec<f64>,
    states: Vec<S>,
}

impl<M: Module, S: State> Adjoint<M, S> {
    pub(super) fn new(solver: &Solver, local: LocalModule<M>, solution: &Solution<S>) -> Self {
        Self {
            solver: solver.backwards(),
            is_seminorm: solver.gradient_mode() == GradientMode::AdjointSeminorm,
            local,
            times: solution.times.clone(),
            states: solution.states.clone(),
        }
    }

    fn norm(&self, tensors: usize) -> Norm {
        if self.is_seminorm {
            return Norm::Seminorm {
                components: 2 * tensors,
            };
        }
        augmented_norm(2 * tensors, self.local.sizes())
    }
}

impl<S: State, M: Module + Dynamics<S> + 'static> Pullback<S> for Adjoint<M, S> {
    fn pull(self: Box<Self>, cotangents: Vec<Cotangent>) -> Result<Pulled, SolveError> {
        let tensors = self.states[0].components().len();
        let tolerances = self.solver.tolerances_for(&self.states[0])?;
        let mut backwards = Intervals::new(
            self.solver.clone().with_adjoint_norm(self.norm(tensors)),
            &self.times,
            self.local.zeros(),
        );
        let dynamics = |time: f64, (state, adjoint, _): Augmented<S>| self.local.pull(time, &state, &negated(&adjoint));
        let mut drift: f64 = 0.0;
        let initial = backwards.pull(cotangents, tensors, |interval, adjoint, parameters| {
            let state = self.states[interval.index + 1].clone();
            let adjoint = filled(&state, adjoint);
            let run = interval.run(&dynamics, (state, adjoint, parameters))?;
            let (state, adjoint, parameters) = run.solution.last().clone();
            let before = &self.states[interval.index];
            let difference = state.add_scaled(&[(-1.0, before)]);
            drift = drift.max(tolerances.measure(&Norm::MixedRms, &difference, before)?);
            Ok((
                adjoint.components().into_iter().map(Some).collect(),
                parameters,
                summary(&run),
            ))
        })?;
        Ok(backwards.finish(initial, Some(drift)))
    }
}

/// The adjoint along a stored solution.
pub(super) struct InterpolatedAdjoint<M, S> {
    solver: Solver,
    local: LocalModule<M>,
    times: Vec<f64>,
    dense: DenseSolution<S>,
}

impl<M: Module, S: State> InterpolatedAdjoint<M, S> {
    pub(super) fn new(solver: &Solver, local: LocalModule<M>, times: &[f64], dense: DenseSolution<S>) -> Self {
        Self {
            solver: solver.backwards(),
            local,
            times: times.to_vec(),
            dense,
        }
    }
}

impl<S: State, M: Module + Dynamics<S> + 'static> Pullback<S> for InterpolatedAdjoint<M, S> {
    fn pull(self: Box<Self>, cotangents: Vec<Cotangent>) -> Result<Pulled, SolveError> {
        let like = self.dense.at(self.times[0])?;
        let tensors = like.components().len();
        let norm = augmented_norm(tensors, self.local.sizes());
        let mut backwards = Intervals::new(
            self.solver.clone().with_adjoint_norm(norm),
            &self.times,
            self.local.zeros(),
        );
        let (start, end) = self.dense.interval();
        let (low, high) = (start.min(end), start.max(end));
        let dynamics = |time: f64, (adjoint, _): (S, Tensor<1>)| {
            // Stages lie in the interval, up to rounding.
            match self.dense.at(time.clamp(low, high)) {
                Ok(state) => {
                    let (_, of_state, of_parameters) = self.local.pull(time, &state, &negated(&adjoint));
                    (of_state, of_parameters)
                }
                Err(_) => (adjoint.add_scaled(&[(f64::NAN, &adjoint)]), self.local.zeros()),
            }
        };
        let initial = backwards.pull(cotangents, tensors, |interval, adjoint, parameters| {
            let run = interval.run(&dynamics, (filled(&like, adjoint), parameters))?;
            let (adjoint, parameters) = run.solution.last().clone();
            Ok((
                adjoint.components().into_iter().map(Some).collect(),
                parameters,
                summary(&run),
            ))
        })?;
        Ok(backwards.finish(initial, None))
    }
}

/// The way back over the intervals between requested times.
pub(super) struct Intervals {
    solver: Solver,
    times: Vec<f64>,
    parameters: Tensor<1>,
    statistics: Statistics,
}

/// From one requested time to the one before.
pub(super) struct Interval {
    solver: Solver,
    /// Of the time before.
    pub(super) index: usize,
    times: [f64; 2],
    first_step: Option<f64>,
}

impl Interval {
    fn run<S: State, D: Dynamics<S>>(&self, dynamics: &D, start: S) -> Result<Run<S>, SolveError> {
        self.run_observed(dynamics, start, &mut |_| ControlFlow::Continue(()))
    }

    pub(super) fn run_observed<S: State, D: Dynamics<S>>(
        &self,
        dynamics: &D,
        start: S,
        observe: &mut Observer<'_, S>,
    ) -> Result<Run<S>, SolveError> {
        let mut task = Task::new(dynamics, start, &self.times);
        task.first_step = self.first_step;
        Ok(self.solver.run(task, observe)?)
    }
}

/// What is left of a run: its statistics and the step it would have tried next.
pub(super) type Summary = (Statistics, Option<f64>);

impl Intervals {
    pub(super) fn new(solver: Solver, times: &[f64], parameters: Tensor<1>) -> Self {
        Self {
            solver,
            times: times.to_vec(),
            parameters,
            statistics: Statistics::default(),
        }
    }

    /// Pulls the gradients at all times back to the first one. `solve` goes over one interval, from the time of its
    /// index to the one before.
    pub(super) fn pull(
        &mut self,
        cotangents: Vec<Cotangent>,
        tensors: usize,
        mut solve: impl FnMut(Interval, Cotangent, Tensor<1>) -> Result<(Cotangent, Tensor<1>, Summary), SolveError>,
    ) -> Result<Cotangent, SolveError> {
        let mut adjoint: Cotangent = vec![None; tensors];
        // Carried over the intervals, where the step would otherwise be selected anew with two evaluations.
        let mut step = None;
        for (index, cotangent) in cotangents.into_iter().enumerate().rev() {
            adjoint = add(adjoint, cotangent);
            if adjoint.iter().all(Option::is_none) {
                continue;
            }
            let times = [self.times[index + 1], self.times[index]];
            let interval = Interval {
                solver: self.solver.for_interval(times[0], times[1], self.statistics),
                index,
                times,
                first_step: step,
            };
            let (before, parameters, (statistics, next)) = solve(interval, adjoint, self.parameters.clone())?;
            adjoint = before;
            self.parameters = parameters;
            step = next;
            accumulate(&mut self.statistics, statistics);
        }
        Ok(adjoint)
    }

    pub(super) fn finish(self, initial: Cotangent, reverse_state_drift: Option<f64>) -> Pulled {
        Pulled {
            initial,
            parameters: self.parameters,
            report: BackwardStatistics {
                statistics: self.statistics,
                reverse_state_drift,
                error: None,
            },
        }
    }
}

/// The largest root mean square over the first tensors and the gradients of the single parameters, which are one flat
/// tensor.
fn augmented_norm(tensors: usize, sizes: &[usize]) -> Norm {
    let sizes = sizes.to_vec();
    Norm::Custom(Arc::new(move |components: &[Tensor<1>]| {
        let mut parts = components[..tensors].to_vec();
        let mut start = 0;
        for size in &sizes {
            parts.push(components[tensors].clone().narrow(0, start, *size));
            start += size;
        }
        // A device that cannot be read makes the step fail like any other non-finite one.
        Norm::MixedRms.measure(&parts).unwrap_or(f64::NAN)
    }))
}

pub(super) fn negated<S: State>(state: &S) -> S {
    S::weighted_sum(&[(-1.0, state)])
}

pub(super) fn summary<S>(run: &Run<S>) -> Summary {
    (run.solution.statistics, run.next_step)
}

fn accumulate(total: &mut Statistics, part: Statistics) {
    total.evaluations += part.evaluations;
    total.attempts += part.attempts;
    total.accepted += part.accepted;
    total.rejected += part.rejected;
    total.forced += part.forced;
    total.unconverged += part.unconverged;
    total.is_tolerance_raised |= part.is_tolerance_raised;
}
