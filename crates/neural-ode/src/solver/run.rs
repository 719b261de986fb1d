//! What the loops over steps have in common: checking input, calling the dynamics, collecting states, failing.

use std::ops::ControlFlow;

use crate::{
    Dynamics, Failure, Method, Solution, SolveError, Statistics, VectorSpace,
    gradient::BackwardReport,
    solver::{
        adaptive::Adaptive,
        dense::Curve,
        fixed::Fixed,
        implicit::MOST_ELEMENTS,
        norm::Tolerances,
        options::{Options, invalid},
        step::AcceptedStep,
        variable_adams::VariableAdams,
    },
};

/// What is to be solved.
pub(crate) struct Task<'a, S, D: ?Sized> {
    pub(crate) dynamics: &'a D,
    pub(crate) initial: S,
    pub(crate) times: &'a [f64],
    /// Adaptive: a first step that comes before that of the options, such as one carried over from another interval.
    pub(crate) first_step: Option<f64>,
}

impl<'a, S, D: ?Sized> Task<'a, S, D> {
    pub(crate) fn new(dynamics: &'a D, initial: S, times: &'a [f64]) -> Self {
        Self {
            dynamics,
            initial,
            times,
            first_step: None,
        }
    }
}

/// A finished solve.
#[derive(Debug)]
pub(crate) struct Run<S> {
    pub(crate) solution: Solution<S>,
    /// Adaptive: the step that would come next, not shortened by the end.
    pub(crate) next_step: Option<f64>,
}

/// What reports accepted steps, and whether the solve goes on.
pub(crate) type Observer<'a, S> = dyn FnMut(&AcceptedStep<'_, S>) -> ControlFlow<()> + 'a;

/// See [`Solver::run`](crate::Solver::run).
pub(crate) fn run<S: VectorSpace, D: Dynamics<S> + ?Sized>(
    method: Method,
    options: &Options,
    task: Task<'_, S, D>,
    observe: &mut Observer<'_, S>,
) -> Result<Run<S>, Failure<S>> {
    let (tolerances, is_tolerance_raised) = check(method, options, &task.initial, task.times)?;

    let stepping = Stepping::new(method, options, tolerances, task.times)?;
    let first_step = task.first_step.or(options.first_step);
    let mut progress = Progress {
        dynamics: task.dynamics,
        times: task.times,
        direction: (task.times[1] - task.times[0]).signum(),
        max_steps: options.max_steps(),
        last: (task.times[0], task.initial.clone()),
        states: vec![task.initial],
        statistics: Statistics {
            is_tolerance_raised,
            ..Statistics::default()
        },
    };
    let outcome = match stepping {
        Stepping::Adaptive(adaptive) => adaptive.run(&mut progress, first_step, observe).map(Some),
        Stepping::VariableAdams(adams) => adams.run(&mut progress, first_step, observe).map(Some),
        Stepping::Fixed(fixed) => fixed.run(&mut progress, observe).map(|()| None),
    };
    match outcome {
        Ok(next_step) => Ok(Run {
            solution: progress.into_solution(),
            next_step,
        }),
        Err(error) => Err(Failure {
            error,
            partial: Some(Box::new(progress.into_partial())),
        }),
    }
}

/// The loop of a method.
enum Stepping<S> {
    Adaptive(Adaptive),
    VariableAdams(VariableAdams),
    Fixed(Fixed<S>),
}

impl<S: VectorSpace> Stepping<S> {
    fn new(method: Method, options: &Options, tolerances: Tolerances, times: &[f64]) -> Result<Self, SolveError> {
        if method == Method::VariableAdams {
            return Ok(Self::VariableAdams(VariableAdams::new(options, tolerances, times)));
        }
        let tableau = options.tableau(method);
        match tableau.and_then(|tableau| Some((tableau, tableau.embedded?))) {
            Some((tableau, embedded)) => Ok(Self::Adaptive(Adaptive::new(
                tableau, embedded, options, tolerances, times,
            ))),
            None => Ok(Self::Fixed(Fixed::new(method, options, &tolerances, times)?)),
        }
    }
}

/// How values inside the steps of a run are found.
pub(crate) fn curve(method: Method, options: &Options) -> Curve {
    match options.tableau(method) {
        Some(tableau) if tableau.embedded.is_some() => Curve::of(tableau),
        None if method.is_adaptive() => Curve::Cubic,
        _ => Curve::fixed(options.interpolation.unwrap_or_default()),
    }
}

/// Whether these options, times and shapes can be solved, as far as the device need not be read.
pub(crate) fn check_shapes(
    method: Method,
    options: &Options,
    initial: &impl VectorSpace,
    times: &[f64],
) -> Result<(), SolveError> {
    options.check(method)?;
    if options.compaction.is_some() {
        let problem = "only samples with steps of their own leave their batch: see `solve_samples`".to_owned();
        return Err(invalid("compaction", problem));
    }
    check_times(times)?;
    check_state(initial)?;
    let count = |shape: Vec<usize>| shape.into_iter().product::<usize>();
    let elements: usize = initial.shapes().into_iter().map(count).sum();
    if method.is_implicit() && elements > MOST_ELEMENTS {
        let problem = format!("`{method}` is for states of at most {MOST_ELEMENTS} elements, not {elements}");
        return Err(invalid("method", problem));
    }
    Ok(())
}

/// Whether these options, times and initial state can be solved. The tolerances of the state, and whether they were
/// raised.
pub(crate) fn check(
    method: Method,
    options: &Options,
    initial: &impl VectorSpace,
    times: &[f64],
) -> Result<(Tolerances, bool), SolveError> {
    check_shapes(method, options, initial, times)?;
    let dtype = initial.dtype();
    let tolerances = options.tolerances.clone();
    let tolerances = tolerances.unwrap_or_else(|| Tolerances::default_for(dtype));
    let resolved = initial.resolve(tolerances)?;
    if !initial.is_finite()? {
        return Err(SolveError::NonFiniteInitialState);
    }
    Ok(resolved)
}

pub(crate) fn check_times(times: &[f64]) -> Result<(), SolveError> {
    let invalid = |problem: String| Err(SolveError::InvalidTimes { problem });
    if times.len() < 2 {
        return invalid(format!("{} of them, at least 2 are needed", times.len()));
    }
    if let Some(time) = times.iter().find(|time| !time.is_finite()) {
        return invalid(format!("{time} is not finite"));
    }
    let is_forward = times[1] > times[0];
    let strays = |pair: &&[f64]| {
        if is_forward {
            pair[1] <= pair[0]
        } else {
            pair[1] >= pair[0]
        }
    };
    if let Some(pair) = times.windows(2).find(strays) {
        return invalid(format!("{} after {}; they must be strictly monotone", pair[1], pair[0]));
    }
    Ok(())
}

pub(crate) fn check_state(state: &impl VectorSpace) -> Result<(), SolveError> {
    let shapes = state.shapes();
    if shapes.iter().all(|shape| shape.contains(&0)) {
        return Err(SolveError::InvalidState { shapes });
    }
    Ok(())
}

/// The slope, if its shapes are those of the state.
pub(crate) fn check_slope<S: VectorSpace>(slope: S, state: &S) -> Result<S, SolveError> {
    if slope.same_shapes(state) {
        return Ok(slope);
    }
    Err(SolveError::ShapeMismatch {
        expected: state.shapes(),
        got: slope.shapes(),
    })
}

/// How far a solve has come.
pub(crate) struct Progress<'a, S, D: ?Sized> {
    dynamics: &'a D,
    pub(crate) times: &'a [f64],
    /// 1 forwards in time, -1 backwards.
    pub(crate) direction: f64,
    max_steps: usize,
    /// One for each time reached.
    pub(crate) states: Vec<S>,
    /// Time and state after the last accepted step.
    pub(crate) last: (f64, S),
    pub(crate) statistics: Statistics,
}

impl<S: VectorSpace, D: Dynamics<S> + ?Sized> Progress<'_, S, D> {
    /// `f(t, y)`, counted and checked.
    pub(crate) fn evaluate(&mut self, time: f64, state: S) -> Result<S, SolveError> {
        self.statistics.evaluations += 1;
        let slope = self.dynamics.evaluate(time, state);
        check_slope(slope, &self.states[0])
    }

    /// Counts an attempt at a step from the last state.
    pub(crate) fn begin_step(&mut self) -> Result<(), SolveError> {
        if self.statistics.attempts >= self.max_steps {
            return Err(SolveError::MaxSteps {
                time: self.last.0,
                steps: self.statistics.attempts,
            });
        }
        self.statistics.attempts += 1;
        Ok(())
    }

    /// The next requested time, if it is not after `limit`.
    pub(crate) fn due(&self, limit: f64) -> Option<f64> {
        let time = *self.times.get(self.states.len())?;
        (self.direction * time <= self.direction * limit).then_some(time)
    }

    fn into_solution(self) -> Solution<S> {
        Solution {
            times: self.times.to_vec(),
            states: self.states,
            statistics: self.statistics,
            report: BackwardReport::default(),
        }
    }

    fn into_partial(mut self) -> Solution<S> {
        let mut times = self.times[..self.states.len()].to_vec();
        let (time, state) = self.last;
        if times
            .last()
            .is_none_or(|reached| self.direction * reached < self.direction * time)
        {
            times.push(time);
            self.states.push(state);
        }
        Solution {
            times,
            states: self.states,
            statistics: self.statistics,
            report: BackwardReport::default(),
        }
    }
}
