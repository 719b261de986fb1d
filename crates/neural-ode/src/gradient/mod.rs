//! Gradients of solves of modules, as `loss.backward()` and nothing else.
//!
//! A solve of a module is one node on the tape (see [`papers_core::vjp`]): forward it runs on plain tensors, and what
//! happens in its backward step is the [`GradientMode`]. Only [`Direct`](GradientMode::Direct) puts every operation of
//! the solver on the tape.

mod adjoint;
pub(crate) mod checkpointed;
pub(crate) mod parameters;
mod quadrature;
mod settings;
pub(crate) mod times;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use burn::prelude::*;
use papers_core::vjp;
use serde::{Deserialize, Serialize};

use crate::{
    DenseSolution, Dynamics, Failure, Solution, SolveError, Solver, State, Statistics,
    solver::{Task, dense::Segment, options::invalid},
};
use checkpointed::Record;
use parameters::{LocalModule, flatten, is_tracked};

/// Where the gradient of a solve comes from (§ 2 and appendix B of the paper for the adjoint).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum GradientMode {
    /// Discretize, then optimize: every operation of the accepted steps is on the tape. Exact for the discrete solve;
    /// memory grows with steps times stages times what one evaluation of the dynamics keeps.
    Direct,
    /// The gradient of `Direct`, to rounding, from re-running stretches of accepted steps backwards. States kept grow
    /// with the square root of the number of steps, besides a few numbers for each step. Adams methods are one stretch,
    /// with the memory of `Direct`.
    #[default]
    Checkpointed,
    /// Optimize, then discretize: the adjoint equation is solved backwards together with the state. The error is of
    /// the size of the tolerance; memory grows with the requested times, whose states are kept, not with the steps. Where the dynamics contract, the
    /// backward state is unstable: see [`BackwardStatistics::reverse_state_drift`].
    Adjoint,
    /// The adjoint whose steps ignore the error of the parameters' gradient, which does not feed back (Kidger et al.
    /// 2021): fewer steps backwards.
    AdjointSeminorm,
    /// The adjoint whose parameter gradient is a quadrature over the stages of its steps, instead of a part of the state:
    /// less arithmetic for many parameters. Explicit Runge-Kutta methods only.
    QuadratureAdjoint,
    /// The adjoint along the stored dense output of the forward solve instead of a backward state: immune to unstable
    /// reversal; memory grows with steps times stages times the state.
    InterpolatedAdjoint,
}

impl GradientMode {
    /// All modes.
    pub const ALL: [Self; 6] = [
        Self::Direct,
        Self::Checkpointed,
        Self::Adjoint,
        Self::AdjointSeminorm,
        Self::QuadratureAdjoint,
        Self::InterpolatedAdjoint,
    ];

    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Checkpointed => "checkpointed",
            Self::Adjoint => "adjoint",
            Self::AdjointSeminorm => "adjoint-seminorm",
            Self::QuadratureAdjoint => "quadrature-adjoint",
            Self::InterpolatedAdjoint => "interpolated-adjoint",
        }
    }
}

impl fmt::Display for GradientMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the backward step of a solve took, and how good it was.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BackwardStatistics {
    /// Evaluations and steps backwards. An evaluation of the adjoint modes is one of the dynamics with one
    /// vector-Jacobian product; re-running accepted steps counts the evaluations that are repeated.
    pub statistics: Statistics,
    /// How far the backward state of the adjoint is from the stored forward states, at worst, in units of the
    /// tolerance: `‖y_back - y‖ / (atol + rtol·|y|)`. Much more than 1 means that the gradient cannot be trusted.
    pub reverse_state_drift: Option<f64>,
    /// Why there is no gradient: the gradients are NaN then.
    pub error: Option<SolveError>,
}

/// Filled when the loss is differentiated.
#[derive(Debug, Clone, Default)]
pub(crate) struct BackwardReport(Arc<Mutex<Option<BackwardStatistics>>>);

impl BackwardReport {
    pub(crate) fn get(&self) -> Option<BackwardStatistics> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, statistics: BackwardStatistics) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(statistics);
    }
}

/// The gradient with respect to one state: one entry per tensor of it, flat; `None` where the loss does not depend.
type Cotangent = Vec<Option<Tensor<1>>>;

/// What a backward step gives: the gradients with respect to the initial state and to the parameters.
struct Pulled {
    initial: Cotangent,
    parameters: Tensor<1>,
    report: BackwardStatistics,
}

/// Finds the gradients of a solve from those of its states after the first.
trait Pullback<S>: Send + 'static {
    fn pull(self: Box<Self>, cotangents: Vec<Cotangent>) -> Result<Pulled, SolveError>;
}

/// A plain solution, and what finds its gradients.
type Differentiable<S> = (Solution<S>, Box<dyn Pullback<S>>);

impl Solver {
    /// Solves the equation of a module. Gradients with respect to its parameters and to `initial` come from the
    /// solver's [`gradient`](Self::gradient) mode when a loss of the states is differentiated; frozen parameters get
    /// none. `times` are constants: see [`solve_module_at`](Self::solve_module_at).
    ///
    /// After `backward()`, [`Solution::backward`] tells what it took. If the backward solve fails, the gradients are
    /// NaN and the error stands there.
    ///
    /// # Errors
    ///
    /// As [`solve`](Self::solve), and [`SolveError::InvalidOption`] for options that the gradient mode cannot use.
    pub fn solve_module<S: State, M: Module + Dynamics<S> + 'static>(
        &self,
        module: &M,
        initial: S,
        times: &[f64],
    ) -> Result<Solution<S>, Failure<S>> {
        let parameters = flatten(module);
        let components = initial.components();
        let is_tracked = !parameters.is_empty() || components.iter().any(is_tracked);
        if !is_tracked {
            return self.solve(module, initial, times);
        }
        if self.gradient_mode() == GradientMode::Direct {
            let lifted: Vec<_> = components.into_iter().map(Tensor::autodiff).collect();
            return self.solve(module, initial.rebuild(&mut lifted.into_iter()), times);
        }
        self.check_shapes(&initial, times)?;
        self.check_gradient()?;
        check_types(&components, &parameters)?;
        let (solved, pullback) = self.forward(module, initial.plain(), times)?;
        Ok(attach(initial, parameters, solved, pullback))
    }

    /// The states of a plain solve that looked for events, with their gradients in the solver's gradient mode but `Direct`.
    /// `segments` are its steps, for the mode that reads the solution between its times.
    pub(crate) fn with_gradients<S: State, M: Module + Dynamics<S> + 'static>(
        &self,
        module: &M,
        initial: S,
        solved: Solution<S>,
        record: Record<S>,
        segments: Vec<Segment<S>>,
    ) -> Result<Solution<S>, SolveError> {
        let parameters = flatten(module);
        let local = LocalModule::new(module, &initial);
        let pullback: Box<dyn Pullback<S>> = match self.gradient_mode() {
            GradientMode::Adjoint | GradientMode::AdjointSeminorm => {
                Box::new(adjoint::Adjoint::new(self, local, &solved))
            }
            GradientMode::QuadratureAdjoint => Box::new(quadrature::QuadratureAdjoint::new(self, local, &solved)?),
            GradientMode::InterpolatedAdjoint => {
                let dense = DenseSolution {
                    curve: self.curve(),
                    start: solved.times[0],
                    end: segments.last().map_or(solved.times[0], |segment| segment.span.end),
                    segments,
                    statistics: solved.statistics,
                };
                Box::new(adjoint::InterpolatedAdjoint::new(self, local, &solved.times, dense))
            }
            GradientMode::Checkpointed | GradientMode::Direct => {
                Box::new(checkpointed::Checkpointed::new(local, record))
            }
        };
        Ok(attach(initial, parameters, solved, pullback))
    }

    /// Whether a module and a state can have gradients in the solver's gradient mode.
    pub(crate) fn check_tracked<S: State>(&self, initial: &S, parameters: &[Tensor<1>]) -> Result<(), SolveError> {
        self.check_gradient()?;
        check_types(&initial.components(), parameters)
    }

    /// The plain solve, and what remembers how to differentiate it.
    fn forward<S: State, M: Module + Dynamics<S> + 'static>(
        &self,
        module: &M,
        initial: S,
        times: &[f64],
    ) -> Result<Differentiable<S>, Failure<S>> {
        let local = LocalModule::new(module, &initial);
        let module = module.valid();
        match self.gradient_mode() {
            GradientMode::Adjoint | GradientMode::AdjointSeminorm => {
                let solution = self.solve(&module, initial, times)?;
                let pullback = adjoint::Adjoint::new(self, local, &solution);
                Ok((solution, Box::new(pullback)))
            }
            GradientMode::QuadratureAdjoint => {
                let solution = self.solve(&module, initial, times)?;
                let pullback = quadrature::QuadratureAdjoint::new(self, local, &solution)?;
                Ok((solution, Box::new(pullback)))
            }
            GradientMode::InterpolatedAdjoint => {
                let (run, dense) = self.run_dense(Task::new(&module, initial, times))?;
                let pullback = adjoint::InterpolatedAdjoint::new(self, local, times, dense);
                Ok((run.solution, Box::new(pullback)))
            }
            GradientMode::Checkpointed | GradientMode::Direct => {
                let (solution, record) = checkpointed::record(self, &module, initial, times)?;
                Ok((solution, Box::new(checkpointed::Checkpointed::new(local, record))))
            }
        }
    }
}

/// The states after the first as one node on the tape of the initial state and the parameters.
fn attach<S: State>(
    initial: S,
    parameters: Vec<Tensor<1>>,
    solved: Solution<S>,
    pullback: Box<dyn Pullback<S>>,
) -> Solution<S> {
    let report = BackwardReport::default();
    let plain = initial.plain();
    let inputs = initial.components().into_iter().chain(parameters).map(Tensor::autodiff);
    let input = Tensor::cat(inputs.collect(), 0);
    let outputs: Vec<Tensor<1>> = solved.states[1..].iter().flat_map(State::components).collect();
    // Events at the start leave nothing to solve.
    let width = outputs.len() / (solved.states.len() - 1).max(1);
    let filled = report.clone();
    let outputs = match outputs.is_empty() {
        true => Vec::new(),
        false => vjp::outputs(input.clone(), outputs, move |gradients| {
            let cotangents = gradients.chunks(width).map(<[_]>::to_vec).collect();
            finish(&plain, pullback.pull(cotangents), &input.inner(), &filled)
        }),
    };
    let mut outputs = outputs.into_iter();
    let mut states = vec![initial];
    let later: Vec<S> = solved.states[1..]
        .iter()
        .map(|state| rebuild(state, &mut outputs, width))
        .collect();
    states.extend(later);
    Solution {
        states,
        report,
        ..solved
    }
}

fn check_types(state: &[Tensor<1>], parameters: &[Tensor<1>]) -> Result<(), SolveError> {
    let mut types = state.iter().chain(parameters).map(Tensor::dtype);
    let first = types.next();
    if types.any(|dtype| Some(dtype) != first) {
        let problem = "states and parameters are of several element types; use `Direct`".to_owned();
        return Err(invalid("gradient", problem));
    }
    Ok(())
}

fn rebuild<S: State>(like: &S, components: &mut std::vec::IntoIter<Tensor<1>>, width: usize) -> S {
    let components: Vec<_> = components.take(width).collect();
    like.rebuild(&mut components.into_iter())
}

/// Puts the gradients in the order of the node's input, and leaves the report.
fn finish<S: State>(
    initial: &S,
    pulled: Result<Pulled, SolveError>,
    input: &Tensor<1>,
    report: &BackwardReport,
) -> Tensor<1> {
    match pulled {
        Ok(pulled) => {
            report.set(pulled.report);
            let zeros = initial.components().into_iter().map(|component| component.zeros_like());
            let initial = pulled
                .initial
                .into_iter()
                .zip(zeros)
                .map(|(gradient, zeros)| gradient.unwrap_or(zeros));
            let parts: Vec<_> = initial.chain([pulled.parameters]).collect();
            let size = input.dims()[0];
            // Without parameters their gradient is a stand-in of one element.
            Tensor::cat(parts, 0).narrow(0, 0, size)
        }
        Err(error) => {
            log::warn!("the backward solve failed, gradients are NaN: {error}");
            report.set(BackwardStatistics {
                error: Some(error),
                ..BackwardStatistics::default()
            });
            input.full_like(f64::NAN)
        }
    }
}
