//! The adjoint whose parameter gradient is a quadrature (§ 2 of the paper's appendix C, as an integral instead of a
//! state): `g = ∫ aᵀ ∂f/∂θ dt` over the stages of the steps that the state and its adjoint take.
//!
//! The gradient of the parameters is not carried through the stages and has no part in the choice of steps.

use std::{cell::RefCell, ops::ControlFlow};

use burn::prelude::*;

use super::{
    Cotangent, Pullback, Pulled,
    adjoint::{Intervals, negated, summary},
    parameters::{LocalModule, filled},
};
use crate::{
    Dynamics, Method, Solution, SolveError, Solver, State,
    solver::{
        norm::Norm,
        options::invalid,
        step::{AcceptedStep, scaled},
    },
    tableau::Tableau,
};

pub(super) struct QuadratureAdjoint<M, S> {
    solver: Solver,
    tableau: &'static Tableau,
    local: LocalModule<M>,
    times: Vec<f64>,
    states: Vec<S>,
}

/// The coefficients, of a method whose stages are evaluations.
///
/// # Errors
///
/// [`SolveError::InvalidOption`] for the others.
pub(super) fn tableau_of(solver: &Solver) -> Result<&'static Tableau, SolveError> {
    let explicit = |method: Method| solver.options.tableau(method).filter(|tableau| !tableau.is_implicit());
    explicit(solver.method()).ok_or_else(|| {
        let problem = format!(
            "`quadrature-adjoint` sums over the stages of an explicit Runge-Kutta method; `{}` has none",
            solver.method()
        );
        invalid("gradient", problem)
    })
}

impl<M: Module, S: State> QuadratureAdjoint<M, S> {
    pub(super) fn new(solver: &Solver, local: LocalModule<M>, solution: &Solution<S>) -> Result<Self, SolveError> {
        let solver = solver.backwards();
        Ok(Self {
            tableau: tableau_of(&solver)?,
            solver,
            local,
            times: solution.times.clone(),
            states: solution.states.clone(),
        })
    }
}

impl<S: State, M: Module + Dynamics<S> + 'static> Pullback<S> for QuadratureAdjoint<M, S> {
    fn pull(self: Box<Self>, cotangents: Vec<Cotangent>) -> Result<Pulled, SolveError> {
        let tensors = self.states[0].components().len();
        let tolerances = self.solver.tolerances_for(&self.states[0])?;
        let solver = self.solver.clone().with_adjoint_norm(Norm::MixedRms);
        let mut backwards = Intervals::new(solver, &self.times, self.local.zeros());
        let log = RefCell::new(Log::default());
        let dynamics = |time: f64, (state, adjoint): (S, S)| {
            let (slope, of_state, of_parameters) = self.local.pull(time, &state, &negated(&adjoint));
            log.borrow_mut().evaluations.push((time, of_parameters));
            (slope, of_state)
        };
        let mut drift: f64 = 0.0;
        let initial = backwards.pull(cotangents, tensors, |interval, adjoint, parameters| {
            let state = self.states[interval.index + 1].clone();
            let adjoint = filled(&state, adjoint);
            log.borrow_mut().begin(parameters);
            let run = interval.run_observed(&dynamics, (state, adjoint), &mut |step| {
                log.borrow_mut().add(self.tableau, step);
                ControlFlow::Continue(())
            })?;
            let (state, adjoint) = run.solution.last().clone();
            let before = &self.states[interval.index];
            let difference = state.add_scaled(&[(-1.0, before)]);
            drift = drift.max(tolerances.measure(&Norm::MixedRms, &difference, before)?);
            let sum = log.borrow_mut().take();
            Ok((adjoint.components().into_iter().map(Some).collect(), sum, summary(&run)))
        })?;
        Ok(backwards.finish(initial, Some(drift)))
    }
}

/// The parameter gradients of evaluations since the last accepted step, and the integral so far.
#[derive(Default)]
struct Log {
    /// With the time of each.
    evaluations: Vec<(f64, Tensor<1>)>,
    /// That of the slope which the next step may begin with.
    carried: Option<(f64, Tensor<1>)>,
    sum: Option<Tensor<1>>,
}

impl Log {
    fn begin(&mut self, sum: Tensor<1>) {
        *self = Self {
            sum: Some(sum),
            ..Self::default()
        };
    }

    /// Adds `h Σ b_i k_i`. What was evaluated last are the stages after the first and, unless the last stage is the
    /// slope at the end or the steps are fixed, that slope.
    fn add<S>(&mut self, tableau: &Tableau, step: &AcceptedStep<'_, S>) {
        let mut evaluations = std::mem::take(&mut self.evaluations);
        let later = tableau.stages() - 1;
        let has_own_end = tableau.embedded.is_some() && !tableau.is_fsal;
        let end = if has_own_end { evaluations.pop() } else { None };
        let mut stages = evaluations.split_off(evaluations.len() - later);
        let first = match self.carried.take() {
            Some((time, gradient)) if time == step.span.first => gradient,
            // Evaluated at the start, before anything else was tried.
            _ => {
                let is_first = |(time, _): &(f64, Tensor<1>)| *time == step.span.first;
                let index = evaluations.iter().position(is_first);
                evaluations
                    .swap_remove(index.expect("a step has a slope at its start"))
                    .1
            }
        };
        let last = stages.last().cloned();
        let gradients: Vec<Tensor<1>> = std::iter::once(first)
            .chain(stages.drain(..).map(|(_, stage)| stage))
            .collect();
        let sum = self.sum.take().expect("an interval begins with its sum");
        self.sum = Some(sum.add_scaled(&scaled(step.span.size, tableau.weights, &gradients)));
        self.carried = match tableau.is_fsal {
            true => last.map(|(_, gradient)| (step.span.last, gradient)),
            false => end,
        };
    }

    fn take(&mut self) -> Tensor<1> {
        self.sum.take().expect("an interval begins with its sum")
    }
}
