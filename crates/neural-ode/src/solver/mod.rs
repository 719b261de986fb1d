//! Solving an equation: methods, steps, and what is between them.

mod adams;
mod adaptive;
pub mod controller;
pub(crate) mod course;
pub mod dense;
mod fixed;
pub(crate) mod implicit;
pub mod initial_step;
pub mod norm;
pub(crate) mod options;
mod replay;
pub(crate) mod run;
pub mod step;
#[cfg(test)]
mod tests;
mod variable_adams;

pub use options::{End, ErrorWeights, Interpolation};

use std::ops::ControlFlow;

pub(crate) use replay::Replay;
pub(crate) use run::{Run, Task, check_slope};

use crate::{
    Dynamics, Failure, Method, Solution, SolveError, VectorSpace,
    solver::{
        controller::Controller,
        dense::{Curve, DenseSolution, Segment},
        norm::{Norm, Tolerance, Tolerances},
        options::Options,
        step::AcceptedStep,
    },
};

/// A method and its options.
///
/// ```
/// use burn::prelude::*;
/// use neural_ode::{Method, Solver};
///
/// let decay = |_time: f64, state: Tensor<1>| -state;
/// let initial = Tensor::<1>::from_floats([1.0], &Device::flex());
/// let solution = Solver::new(Method::Dopri5).solve(&decay, initial, &[0.0, 1.0])?;
/// let last: f32 = solution.into_last().into_scalar();
/// assert!((last - (-1.0f32).exp()).abs() < 1e-3);
/// # Ok::<(), neural_ode::SolveError>(())
/// ```
///
/// An option that the method does not have is an error of the solve, as is one out of range.
#[derive(Debug, Clone)]
pub struct Solver {
    method: Method,
    pub(crate) options: Options,
}

impl Solver {
    /// A method with default options.
    pub fn new(method: Method) -> Self {
        Self {
            method,
            options: Options::default(),
        }
    }

    /// A method by its [name](Method::name), with default options.
    ///
    /// # Errors
    ///
    /// [`SolveError::UnknownMethod`], which lists the names there are.
    pub fn named(name: &str) -> Result<Self, SolveError> {
        Ok(Self::new(name.parse()?))
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The error allowed in a step: `rtol` times the state, plus `atol`. By default `1e-6` and `1e-8` for states in
    /// `f64`, `1e-3` and `1e-6` else. Numbers, one for each tensor of the state, or flattened tensors.
    #[must_use]
    pub fn tolerances(mut self, relative: impl Into<Tolerance>, absolute: impl Into<Tolerance>) -> Self {
        self.options.tolerances = Some(Tolerances::new(relative, absolute));
        self
    }

    /// The most steps tried in the whole solve; 100 000 by default.
    #[must_use]
    pub fn max_steps(mut self, steps: usize) -> Self {
        self.options.max_steps = Some(steps);
        self
    }

    /// Fixed step: the grid is `t0 + i · step`, its last point the last time. Without a step and a grid, the requested
    /// times are the grid.
    #[must_use]
    pub fn step_size(mut self, step: f64) -> Self {
        self.options.step_size = Some(step);
        self
    }

    /// Fixed step: all grid points, from the first to the last time.
    #[must_use]
    pub fn grid(mut self, points: impl Into<Vec<f64>>) -> Self {
        self.options.grid = Some(points.into());
        self
    }

    /// Fixed step: values at times between grid points. Cubic by default.
    #[must_use]
    pub fn interpolation(mut self, interpolation: Interpolation) -> Self {
        self.options.interpolation = Some(interpolation);
        self
    }

    /// Adams with fixed steps: one more than the most slopes that a step uses, 1 to 12 (1 is as 2); 4 by default.
    /// `variable_adams`: the highest order, 12 by default.
    #[must_use]
    pub fn max_order(mut self, order: usize) -> Self {
        self.options.max_order = Some(order);
        self
    }

    /// Implicit methods: the most corrections of a step, or of a stage; 4 by default for Adams, 10 for Newton's method.
    #[must_use]
    pub fn max_iterations(mut self, iterations: usize) -> Self {
        self.options.max_iterations = Some(iterations);
        self
    }

    /// Implicit methods: when a correction has converged, relative and absolute. By default the tolerances if they are
    /// numbers, else the defaults of those; for Newton's method a hundredth of them.
    #[must_use]
    pub fn corrector_tolerances(mut self, relative: f64, absolute: f64) -> Self {
        self.options.corrector_tolerances = Some((relative, absolute));
        self
    }

    /// Adaptive: the first step; by default it is selected with two evaluations.
    #[must_use]
    pub fn first_step(mut self, step: f64) -> Self {
        self.options.first_step = Some(step);
        self
    }

    /// Adaptive: the smallest step (`hmin`), 0 by default; steps of this size are accepted whatever their error.
    #[must_use]
    pub fn min_step(mut self, step: f64) -> Self {
        self.options.min_step = Some(step);
        self
    }

    /// Adaptive: the largest step (`hmax`); unlimited by default.
    #[must_use]
    pub fn max_step(mut self, step: f64) -> Self {
        self.options.max_step = Some(step);
        self
    }

    /// Adaptive: scales every proposed step, in `(0, 1)`; 0.9 by default.
    #[must_use]
    pub fn safety(mut self, safety: f64) -> Self {
        self.options.safety = Some(safety);
        self
    }

    /// Adaptive: the most a step grows at once (`ifactor`), at least 1; 10 by default.
    #[must_use]
    pub fn max_factor(mut self, factor: f64) -> Self {
        self.options.max_factor = Some(factor);
        self
    }

    /// Adaptive: the most a step shrinks at once (`dfactor`), in `(0, 1]`; 0.2 by default.
    #[must_use]
    pub fn min_factor(mut self, factor: f64) -> Self {
        self.options.min_factor = Some(factor);
        self
    }

    /// Adaptive: how errors become steps; integral control by default.
    #[must_use]
    pub fn controller(mut self, controller: Controller) -> Self {
        self.options.controller = Some(controller);
        self
    }

    /// Adaptive: how the last step meets the last time; it is cut by default.
    #[must_use]
    pub fn end(mut self, end: End) -> Self {
        self.options.end = Some(end);
        self
    }

    /// Adaptive: times at which a step must end (`step_t`). Those outside the solved interval have no effect.
    #[must_use]
    pub fn step_at(mut self, times: impl Into<Vec<f64>>) -> Self {
        self.options.step_at = Some(times.into());
        self
    }

    /// Adaptive: times at which the dynamics jump (`jump_t`). Steps end there, and the next begins with the slope on the
    /// far side: around a jump the dynamics are evaluated one unit in the last place before and after it.
    #[must_use]
    pub fn jump_at(mut self, times: impl Into<Vec<f64>>) -> Self {
        self.options.jump_at = Some(times.into());
        self
    }

    /// Adaptive: how errors are measured.
    #[must_use]
    pub fn norm(mut self, norm: Norm) -> Self {
        self.options.norm = Some(norm);
        self
    }

    /// Which error estimate of `dopri5` controls its steps.
    #[must_use]
    pub fn error_weights(mut self, weights: ErrorWeights) -> Self {
        self.options.error_weights = Some(weights);
        self
    }

    /// Solves from the first time to the last, which may be earlier, and returns the states at all of them.
    ///
    /// If tensors are tracked, the states have gradients through the operations of the accepted steps. The steps are
    /// chosen from plain values, and do not depend on the times between the first and the last.
    ///
    /// # Errors
    ///
    /// A [`Failure`] with any [`SolveError`], and what was solved up to it.
    pub fn solve<S: VectorSpace, D: Dynamics<S> + ?Sized>(
        &self,
        dynamics: &D,
        initial: S,
        times: &[f64],
    ) -> Result<Solution<S>, Failure<S>> {
        let task = Task::new(dynamics, initial, times);
        Ok(self.run(task, &mut |_| ControlFlow::Continue(()))?.solution)
    }

    /// Solves from one time to another and keeps every step, so that the solution can be evaluated anywhere between.
    ///
    /// # Errors
    ///
    /// A [`Failure`] with any [`SolveError`].
    pub fn solve_dense<S: VectorSpace, D: Dynamics<S> + ?Sized>(
        &self,
        dynamics: &D,
        initial: S,
        start: f64,
        end: f64,
    ) -> Result<DenseSolution<S>, Failure<S>> {
        let times = [start, end];
        let (_, dense) = self.run_dense(Task::new(dynamics, initial, &times))?;
        Ok(dense)
    }

    /// Solves and keeps every step, besides the states at the requested times.
    pub(crate) fn run_dense<S: VectorSpace, D: Dynamics<S> + ?Sized>(
        &self,
        task: Task<'_, S, D>,
    ) -> Result<(Run<S>, DenseSolution<S>), Failure<S>> {
        let (dynamics, times) = (task.dynamics, task.times);
        let mut segments = Vec::new();
        let mut run = self.run(task, &mut |step: &AcceptedStep<'_, S>| {
            segments.push(Segment::of(step));
            ControlFlow::Continue(())
        })?;
        let curve = self.curve();
        if self.needs_end_slope() {
            fixed::add_end_slopes(&mut segments, dynamics, &mut run.solution.statistics);
        }
        let dense = DenseSolution {
            curve,
            segments,
            start: times[0],
            end: times[times.len() - 1],
            statistics: run.solution.statistics,
        };
        Ok((run, dense))
    }

    /// Solves and reports every accepted step. See [`Task`] and [`Run`].
    pub(crate) fn run<S: VectorSpace, D: Dynamics<S> + ?Sized>(
        &self,
        task: Task<'_, S, D>,
        observe: &mut run::Observer<'_, S>,
    ) -> Result<Run<S>, Failure<S>> {
        run::run(self.method, &self.options, task, observe)
    }

    /// What [`run`](Self::run) checks before it evaluates anything.
    pub(crate) fn check<S: VectorSpace>(&self, initial: &S, times: &[f64]) -> Result<(), SolveError> {
        run::check(self.method, &self.options, initial, times)?;
        Ok(())
    }

    /// The part of [`check`](Self::check) that does not read the device.
    pub(crate) fn check_shapes<S: VectorSpace>(&self, initial: &S, times: &[f64]) -> Result<(), SolveError> {
        run::check_shapes(self.method, &self.options, initial, times)
    }

    /// Whether the slope at the end of a step, which is needed inside of it, is not among its stages.
    pub(crate) fn needs_end_slope(&self) -> bool {
        !self.method.is_adaptive() && self.curve() == Curve::Cubic
    }

    /// How values inside the steps of [`run`](Self::run) are found.
    pub(crate) fn curve(&self) -> Curve {
        run::curve(self.method, &self.options)
    }
}

impl From<Method> for Solver {
    fn from(method: Method) -> Self {
        Self::new(method)
    }
}
