//! The solves behind figure 3.

use std::time::Instant;

use burn::{
    module::{Module, ModuleMapper, Param},
    prelude::*,
    tensor::DType,
};

use super::{
    evaluate::EvaluateError,
    model::{OdeFunction, TIMES},
};
use crate::{BackwardStatistics, GradientMode, Method, SolveError, Solver};

/// Times a solve is repeated; the fastest counts.
const REPEATS: usize = 3;

/// Evaluations of the adjoint's backward solve, with the full norm and with the seminorm. The loss is the sum of the
/// states at the end.
pub(super) fn backward_evaluations(
    dynamics: &OdeFunction,
    state: &Tensor<4>,
    solver: &Solver,
) -> Result<[usize; 2], EvaluateError> {
    let dynamics = dynamics.clone().train();
    let count = |mode: GradientMode| {
        let solver = solver.clone().gradient(mode);
        let start = state.clone().autodiff();
        let solution = solver
            .solve_module(&dynamics, start, &TIMES)
            .map_err(SolveError::from)?;
        let _ = solution.last().clone().sum().backward();
        match solution.backward() {
            Some(BackwardStatistics { error: Some(error), .. }) => Err(EvaluateError::from(error)),
            Some(report) => Ok(report.statistics.evaluations),
            None => Ok(0),
        }
    };
    Ok([count(GradientMode::Adjoint)?, count(GradientMode::AdjointSeminorm)?])
}

/// Evaluations of the Adams method of variable order: forward, and backward as [`backward_evaluations`].
pub(super) fn adams_evaluations(
    dynamics: &OdeFunction,
    state: &Tensor<4>,
    tolerance: f64,
) -> Result<[usize; 3], EvaluateError> {
    let solver = Solver::new(Method::VariableAdams).tolerances(tolerance, tolerance);
    let solution = solver
        .solve(dynamics, state.clone(), &TIMES)
        .map_err(SolveError::from)?;
    let [full, semi] = backward_evaluations(dynamics, state, &solver)?;
    Ok([solution.statistics.evaluations, full, semi])
}

/// Seconds, evaluations and final state of a solve.
pub(super) fn solve(
    solver: &Solver,
    dynamics: &OdeFunction,
    state: &Tensor<4>,
) -> Result<(f64, usize, Tensor<4>), EvaluateError> {
    let run = || -> Result<_, EvaluateError> {
        let started = Instant::now();
        let solution = solver
            .solve(dynamics, state.clone(), &TIMES)
            .map_err(SolveError::from)?;
        // A device may still be computing.
        state.device().sync().map_err(EvaluateError::device)?;
        Ok((started.elapsed().as_secs_f64(), solution))
    };
    let (mut seconds, solution) = run()?;
    for _ in 1..REPEATS {
        seconds = seconds.min(run()?.0);
    }
    Ok((seconds, solution.statistics.evaluations, solution.into_last()))
}

/// The end of a solve far below the tolerances of the study, in double precision where the device has it.
pub(super) fn reference(dynamics: &OdeFunction, state: &Tensor<4>) -> Result<Tensor<4>, EvaluateError> {
    let (dtype, tolerance) = if state.device().supports_dtype(DType::F64) {
        (DType::F64, 1e-9)
    } else {
        (state.dtype(), 2e-6)
    };
    let dynamics = dynamics.clone().map(&mut Cast(dtype));
    let solver = Solver::new(Method::Dopri5).tolerances(tolerance, tolerance);
    let solution = solver
        .solve(&dynamics, state.clone().cast(dtype), &TIMES)
        .map_err(SolveError::from)?;
    Ok(solution.into_last())
}

/// Brings all weights to another precision.
struct Cast(DType);

impl ModuleMapper for Cast {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        Param::from_mapped_value(id, tensor.cast(self.0), mapper)
    }
}
