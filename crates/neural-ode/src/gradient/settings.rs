//! What a solver is told about gradients.

use super::{GradientMode, quadrature};
use crate::{
    SolveError, Solver, State, Statistics,
    solver::{
        End,
        norm::{Norm, Tolerance, Tolerances},
        options::invalid,
    },
};

impl Solver {
    /// Where gradients of [`solve_module`](Self::solve_module) come from; [`GradientMode::Checkpointed`] by default.
    #[must_use]
    pub fn gradient(mut self, mode: GradientMode) -> Self {
        self.options.gradient = mode;
        self
    }

    /// [`GradientMode::Checkpointed`]: keep the state before every so many steps. By default about as many states are
    /// kept as there are steps between two of them.
    #[must_use]
    pub fn checkpoint_every(mut self, steps: usize) -> Self {
        self.options.checkpoint_every = Some(steps);
        self
    }

    /// The adjoint modes: how the adjoint equation is solved, instead of like the equation itself. Its norm is set by
    /// the mode.
    #[must_use]
    pub fn adjoint_solver(mut self, solver: Self) -> Self {
        self.options.adjoint = Some(Box::new(solver));
        self
    }

    /// The gradient mode.
    pub fn gradient_mode(&self) -> GradientMode {
        self.options.gradient
    }

    /// Whether the gradient mode can be used with the other options.
    pub(crate) fn check_gradient(&self) -> Result<(), SolveError> {
        if self.options.checkpoint_every == Some(0) {
            return Err(invalid("checkpoint_every", "0 steps have no end".to_owned()));
        }
        if self.options.checkpoint_every.is_some() && self.options.gradient != GradientMode::Checkpointed {
            let problem = format!("`{}` keeps no checkpoints", self.options.gradient);
            return Err(invalid("checkpoint_every", problem));
        }
        let is_adjoint = !matches!(self.options.gradient, GradientMode::Direct | GradientMode::Checkpointed);
        if self.options.adjoint.is_some() && !is_adjoint {
            let problem = format!("`{}` solves no adjoint equation", self.options.gradient);
            return Err(invalid("adjoint_solver", problem));
        }
        if is_adjoint {
            let solver = self.backwards();
            solver.options.check(solver.method())?;
            if self.options.gradient == GradientMode::QuadratureAdjoint {
                quadrature::tableau_of(&solver)?;
            }
            let is_plain = |tolerance: &Tolerance| matches!(tolerance, Tolerance::Same(_));
            let tolerances = solver.options.tolerances.as_ref();
            if tolerances.is_some_and(|both| !is_plain(&both.relative) || !is_plain(&both.absolute)) {
                let problem = "the adjoint equation has more tensors than the state and needs tolerances that are numbers; give it some with `adjoint_solver`";
                return Err(invalid("tolerances", problem.to_owned()));
            }
        }
        Ok(())
    }

    /// The solver of the adjoint equation, still without its norm.
    pub(super) fn backwards(&self) -> Self {
        let mut solver = match &self.options.adjoint {
            Some(solver) => (**solver).clone(),
            None => self.clone(),
        };
        solver.options.adjoint = None;
        solver.options.norm = None;
        if solver.method().is_adaptive() {
            // Past the end of an interval, the dynamics may not be defined.
            solver.options.end = Some(End::Clip);
        }
        solver
    }

    pub(super) fn with_adjoint_norm(mut self, norm: Norm) -> Self {
        if self.method().is_adaptive() {
            self.options.norm = Some(norm);
        }
        self
    }

    /// The solver of one interval, after others that took `before`.
    pub(super) fn for_interval(&self, start: f64, end: f64, before: Statistics) -> Self {
        let mut solver = self.clone();
        let left = self.options.max_steps().saturating_sub(before.attempts);
        solver.options.max_steps = Some(left);
        if let Some(grid) = &self.options.grid {
            // The grid of the forward solve, backwards, as far as it lies in the interval.
            let inside = grid
                .iter()
                .copied()
                .filter(|point| (point - start) * (point - end) < 0.0);
            let mut points: Vec<f64> = inside.collect();
            points.sort_by(|one, other| (one - start).abs().total_cmp(&(other - start).abs()));
            points.insert(0, start);
            points.push(end);
            solver.options.grid = Some(points);
        }
        solver
    }

    /// The tolerances of a solve of this state.
    pub(super) fn tolerances_for<S: State>(&self, state: &S) -> Result<Tolerances, SolveError> {
        let dtype = state.components()[0].dtype();
        let tolerances = self.options.tolerances.clone();
        let (tolerances, _) = tolerances
            .unwrap_or_else(|| Tolerances::default_for(dtype))
            .resolve(&state.plain().components())?;
        Ok(tolerances)
    }

    /// Whether the method needs several steps before, so that single steps cannot be made again.
    pub(super) fn is_multistep(&self) -> bool {
        self.method().is_multistep()
    }
}
