//! What can be set of a solve, and whether it makes sense.

use crate::{
    GradientMode, Method, SolveError, Solver,
    solver::{
        controller::{Controller, StepControl},
        norm::{Norm, Tolerances},
    },
    tableau::{self, Tableau},
};

/// How the last step of an adaptive solve meets the last time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// The last step is cut to end there; the dynamics are never evaluated outside the requested times.
    #[default]
    Clip,
    /// The last step goes past it, and the state there is interpolated.
    Overshoot,
}

/// How values between the grid points of a fixed-step solve are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interpolation {
    /// The straight line.
    Linear,
    /// The cubic through states and slopes; one more evaluation for each requested time that is not a grid point.
    #[default]
    Cubic,
}

/// Which error estimate of `dopri5` controls its steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ErrorWeights {
    /// Shampine's.
    #[default]
    Shampine,
    /// That of Dormand and Prince.
    Classic,
}

/// Everything that a [`Solver`](super::Solver) can be told; `None` is the default, where a method may not have the
/// option.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) tolerances: Option<Tolerances>,
    pub(crate) max_steps: Option<usize>,
    // Fixed step.
    pub(crate) step_size: Option<f64>,
    pub(crate) grid: Option<Vec<f64>>,
    pub(crate) interpolation: Option<Interpolation>,
    // Adams.
    pub(crate) max_order: Option<usize>,
    pub(crate) max_iterations: Option<usize>,
    pub(crate) corrector_tolerances: Option<(f64, f64)>,
    // Adaptive steps.
    pub(crate) first_step: Option<f64>,
    pub(crate) min_step: Option<f64>,
    pub(crate) max_step: Option<f64>,
    pub(crate) safety: Option<f64>,
    pub(crate) max_factor: Option<f64>,
    pub(crate) min_factor: Option<f64>,
    pub(crate) controller: Option<Controller>,
    pub(crate) end: Option<End>,
    pub(crate) step_at: Option<Vec<f64>>,
    pub(crate) jump_at: Option<Vec<f64>>,
    pub(crate) norm: Option<Norm>,
    pub(crate) error_weights: Option<ErrorWeights>,
    // Samples with steps of their own.
    pub(crate) compaction: Option<bool>,
    // Gradients.
    pub(crate) gradient: GradientMode,
    pub(crate) checkpoint_every: Option<usize>,
    pub(crate) adjoint: Option<Box<Solver>>,
}

const DEFAULT_MAX_STEPS: usize = 100_000;

impl Options {
    pub(crate) fn max_steps(&self) -> usize {
        self.max_steps.unwrap_or(DEFAULT_MAX_STEPS)
    }

    pub(crate) fn control(&self) -> StepControl {
        let default = StepControl::default();
        StepControl {
            controller: self.controller.unwrap_or(default.controller),
            safety: self.safety.unwrap_or(default.safety),
            max_factor: self.max_factor.unwrap_or(default.max_factor),
            min_factor: self.min_factor.unwrap_or(default.min_factor),
        }
    }

    /// The coefficients of a Runge-Kutta method with these options.
    pub(crate) fn tableau(&self, method: Method) -> Option<&'static Tableau> {
        if self.error_weights == Some(ErrorWeights::Classic) {
            return Some(&tableau::DOPRI5_CLASSIC);
        }
        method.tableau()
    }

    /// Whether the options are in range and the method has them.
    pub(crate) fn check(&self, method: Method) -> Result<(), SolveError> {
        self.check_owners(method)?;
        self.check_ranges()?;
        self.check_points()
    }

    fn check_owners(&self, method: Method) -> Result<(), SolveError> {
        let of_fixed = [
            ("step_size", self.step_size.is_some()),
            ("grid", self.grid.is_some()),
            ("interpolation", self.interpolation.is_some()),
        ];
        let of_adams = [("max_order", self.max_order.is_some())];
        let of_implicit = [
            ("max_iterations", self.max_iterations.is_some()),
            ("corrector_tolerances", self.corrector_tolerances.is_some()),
        ];
        let of_runge_kutta = [("controller", self.controller.is_some())];
        let of_adaptive = [
            ("first_step", self.first_step.is_some()),
            ("min_step", self.min_step.is_some()),
            ("max_step", self.max_step.is_some()),
            ("safety", self.safety.is_some()),
            ("max_factor", self.max_factor.is_some()),
            ("min_factor", self.min_factor.is_some()),
            ("controller", self.controller.is_some()),
            ("end", self.end.is_some()),
            ("step_at", self.step_at.is_some()),
            ("jump_at", self.jump_at.is_some()),
            ("norm", self.norm.is_some()),
        ];
        let of_dopri5 = [("error_weights", self.error_weights.is_some())];
        // The fixed-step methods share their loop, so that explicit Adams takes what implicit Adams has.
        let has_corrections = method.is_implicit() || matches!(method, Method::ExplicitAdams | Method::ImplicitAdams);
        let groups: [(&[_], bool); 6] = [
            (&of_fixed, !method.is_adaptive()),
            (&of_adams, method.is_multistep()),
            (&of_implicit, has_corrections),
            (&of_runge_kutta, method != Method::VariableAdams),
            (&of_adaptive, method.is_adaptive()),
            (&of_dopri5, method == Method::Dopri5),
        ];
        let strange = groups.into_iter().filter(|(_, has)| !has);
        let mut strange = strange.flat_map(|(group, _)| group).filter(|(_, is_set)| *is_set);
        match strange.next() {
            Some((option, _)) => Err(invalid(option, format!("`{method}` does not have it"))),
            None if self.step_size.is_some() && self.grid.is_some() => {
                Err(invalid("step_size", "there is a grid, too".to_owned()))
            }
            None => Ok(()),
        }
    }

    fn check_ranges(&self) -> Result<(), SolveError> {
        let positive = |number: f64| number.is_finite() && number > 0.0;
        let in_range = |option, value: Option<f64>, is_good: &dyn Fn(f64) -> bool, range: &str| match value {
            Some(value) if !is_good(value) => Err(invalid(option, format!("{value} is not {range}"))),
            _ => Ok(()),
        };
        in_range("step_size", self.step_size, &positive, "a positive number")?;
        in_range("first_step", self.first_step, &positive, "a positive number")?;
        in_range("max_step", self.max_step, &|step| step > 0.0, "positive")?;
        let not_negative = |step: f64| step.is_finite() && step >= 0.0;
        in_range("min_step", self.min_step, &not_negative, "a number of at least 0")?;
        in_range(
            "safety",
            self.safety,
            &|safety| safety > 0.0 && safety < 1.0,
            "between 0 and 1",
        )?;
        let growing = |factor: f64| factor.is_finite() && factor >= 1.0;
        in_range("max_factor", self.max_factor, &growing, "a number of at least 1")?;
        let shrinking = |factor: f64| factor > 0.0 && factor <= 1.0;
        in_range("min_factor", self.min_factor, &shrinking, "above 0 and at most 1")?;
        let gains = match self.controller {
            Some(Controller::ProportionalIntegral { proportional, integral }) => vec![proportional, integral],
            Some(Controller::ProportionalIntegralDerivative {
                proportional,
                integral,
                derivative,
            }) => vec![proportional, integral, derivative],
            Some(Controller::Integral) | None => Vec::new(),
        };
        for gain in gains {
            in_range("controller", Some(gain), &|gain| gain.is_finite(), "finite")?;
        }
        if let Some((relative, absolute)) = self.corrector_tolerances {
            in_range(
                "corrector_tolerances",
                Some(relative),
                &not_negative,
                "a number of at least 0",
            )?;
            in_range(
                "corrector_tolerances",
                Some(absolute),
                &not_negative,
                "a number of at least 0",
            )?;
            in_range(
                "corrector_tolerances",
                Some(relative + absolute),
                &positive,
                "positive in sum",
            )?;
        }
        if let (Some(low), Some(high)) = (self.min_step, self.max_step) {
            in_range("min_step", Some(low), &|low| low <= high, "at most `max_step`")?;
        }
        let orders = 1..=tableau::adams::MAX_ORDER;
        match self.max_order {
            Some(order) if !orders.contains(&order) => {
                Err(invalid("max_order", format!("{order} is not in 1..={}", orders.end())))
            }
            _ => Ok(()),
        }
    }

    fn check_points(&self) -> Result<(), SolveError> {
        let mut points: Vec<f64> = self.points().map(|(point, _)| point).collect();
        if points.iter().any(|point| !point.is_finite()) {
            return Err(invalid(
                "step_at",
                "a point of `step_at` or `jump_at` is not finite".to_owned(),
            ));
        }
        points.sort_by(f64::total_cmp);
        match points.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => {
                let problem = format!("{} is more than once in `step_at` and `jump_at`", pair[0]);
                Err(invalid("step_at", problem))
            }
            None => Ok(()),
        }
    }

    /// The points of `step_at` and `jump_at`, with whether the dynamics jump there.
    pub(crate) fn points(&self) -> impl Iterator<Item = (f64, bool)> {
        let steps = self.step_at.iter().flatten().map(|&point| (point, false));
        let jumps = self.jump_at.iter().flatten().map(|&point| (point, true));
        steps.chain(jumps)
    }
}

pub(crate) fn invalid(option: &'static str, problem: String) -> SolveError {
    SolveError::InvalidOption { option, problem }
}
