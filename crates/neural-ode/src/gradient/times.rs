//! Gradients with respect to the requested times.

use burn::prelude::*;

use super::BackwardReport;
use crate::{
    Dynamics, Failure, Solution, SolveError, Solver, State, Statistics, VectorSpace as _,
    solver::{check_slope, norm::device_failure},
};

impl Solver {
    /// [`solve_module`](Self::solve_module) at times that gradients flow to, too.
    ///
    /// In every gradient mode `∂L/∂t_i = (∂L/∂y_i)·f(t_i, y_i)` for the times after the first, and
    /// `∂L/∂t_0 = -a(t_0)·f(t_0, y_0)`, where `a(t_0)` leaves out what the loss takes from `y_0` directly: the
    /// derivatives of the exact solution. One more evaluation for each time.
    ///
    /// # Shapes
    ///
    /// - times: `[times]`
    ///
    /// # Errors
    ///
    /// As [`solve_module`](Self::solve_module).
    pub fn solve_module_at<S: State, M: Module + Dynamics<S> + 'static>(
        &self,
        module: &M,
        initial: S,
        times: Tensor<1>,
    ) -> Result<Solution<S>, Failure<S>> {
        let data = times.clone().inner().try_into_data().map_err(device_failure)?;
        let host: Vec<f64> = data.iter::<f64>().collect();
        self.check(&initial, &host)?;
        let plain = module.valid();
        let moves = times.clone() - times.detach();
        let of_time = |index: usize| moves.clone().narrow(0, index, 1);

        let slope = check_slope(plain.evaluate(host[0], initial.plain()), &initial)?;
        if !slope.is_finite()? {
            return Err(at_the_start(initial, host[0]));
        }
        let start = moved(&initial, &slope, of_time(0).neg());
        let mut solution = self.solve_module(module, start, &host)?;
        solution.states[0] = initial;
        for (index, &time) in host.iter().enumerate().skip(1) {
            let slope = plain.evaluate(time, solution.states[index].plain());
            solution.states[index] = moved(&solution.states[index], &slope, of_time(index));
        }
        solution.statistics.evaluations += host.len();
        Ok(solution)
    }
}

/// The dynamics are not finite at the first time already.
fn at_the_start<S: State>(initial: S, time: f64) -> Failure<S> {
    let partial = Solution {
        times: vec![time],
        states: vec![initial],
        statistics: Statistics {
            evaluations: 1,
            ..Statistics::default()
        },
        report: BackwardReport::default(),
    };
    Failure {
        error: SolveError::NonFiniteDynamics { time },
        partial: Some(Box::new(partial)),
    }
}

/// The state plus `slope` times a zero, through which the gradient flows to a time.
pub(crate) fn moved<S: State>(state: &S, slope: &S, zero: Tensor<1>) -> S {
    let pairs = state.components().into_iter().zip(slope.plain().components());
    let moved: Vec<_> = pairs
        .map(|(component, slope)| {
            let zero = zero.clone().autodiff().cast(component.dtype());
            component.autodiff() + slope.autodiff() * zero
        })
        .collect();
    state.rebuild(&mut moved.into_iter())
}
