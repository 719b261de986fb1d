//! Batches whose samples choose their own steps (`batch = Independent`), after torchode (Lienen and Günnemann 2022).
//!
//! Every sample has its own times, step size, error control, statistics and fate; the dynamics are evaluated once per
//! attempt for the whole batch. A sample takes the steps that it would take alone, whoever is in the batch with it.
//!
//! ```
//! use burn::prelude::*;
//! use neural_ode::{Method, Samples, Solver};
//!
//! // Each sample decays at a rate of its own.
//! let device = Device::flex();
//! let rates = Tensor::<2>::from_floats([[1.0], [100.0]], &device);
//! let decay = |at: &Samples<'_>, state: Tensor<2>| -at.rows_of(&rates) * state;
//!
//! let start = Tensor::<2>::ones([2, 1], &device);
//! let times = vec![vec![0.0, 1.0], vec![0.0, 0.5, 2.0]];
//! let solution = Solver::new(Method::Tsit5).solve_samples(&decay, start, times)?;
//! assert!(solution.errors.iter().all(Option::is_none));
//! assert!(solution.statistics[1].accepted > solution.statistics[0].accepted);
//! assert_eq!(solution.states[2].dims(), [2, 1]); // the first sample's second state stands there again
//! # Ok::<(), neural_ode::SolveError>(())
//! ```

mod gradient;
mod replay;
mod rows;
mod run;
mod sample;
mod table;

use burn::prelude::*;

use crate::{
    Norm, SolveError, Solver, Statistics, VectorSpace as _,
    gradient::{BackwardReport, BackwardStatistics, GradientMode},
    solver::{
        norm::{self, Tolerance, Tolerances},
        options::invalid,
        run::{check_state, check_times},
    },
};
use run::Loop;

/// The right-hand side of an equation for samples that stand at different times.
///
/// Functions and closures `|at: &Samples<'_>, state| ...` are such dynamics. The result must have the shape of the
/// state, and a row of it may depend on that row of the state only.
pub trait SampleDynamics<const D: usize> {
    /// `f(t, y)` row by row.
    ///
    /// # Shapes
    ///
    /// - state and output: `[samples that are evaluated, ..]`
    fn evaluate(&self, at: &Samples<'_>, state: Tensor<D>) -> Tensor<D>;
}

impl<const D: usize, F: Fn(&Samples<'_>, Tensor<D>) -> Tensor<D>> SampleDynamics<D> for F {
    fn evaluate(&self, at: &Samples<'_>, state: Tensor<D>) -> Tensor<D> {
        self(at, state)
    }
}

/// Which samples are evaluated, and at which times.
#[derive(Debug, Clone, Copy)]
pub struct Samples<'a> {
    times: &'a [f64],
    indices: &'a [usize],
}

impl Samples<'_> {
    /// The time of each sample.
    pub fn times(&self) -> &[f64] {
        self.times
    }

    /// The index of each sample in the whole batch, in growing order.
    pub fn indices(&self) -> &[usize] {
        self.indices
    }

    /// The times as a tensor that can be multiplied with the state.
    ///
    /// # Shapes
    ///
    /// - output: `[samples, 1, ..]`
    pub fn times_like<const D: usize>(&self, state: &Tensor<D>) -> Tensor<D> {
        let mut shape = [1; D];
        shape[0] = self.times.len();
        let data = TensorData::new(self.times.to_vec(), shape);
        Tensor::from_data(data, (&state.device(), state.dtype()))
    }

    /// What belongs to these samples in a tensor that has one row for each sample of the whole batch.
    ///
    /// # Shapes
    ///
    /// - whole: `[batch, ..]`
    /// - output: `[samples, ..]`
    pub fn rows_of<const D: usize>(&self, whole: &Tensor<D>) -> Tensor<D> {
        // Indices grow, so that all of them are the batch itself.
        if whole.dims()[0] == self.indices.len() {
            return whole.clone();
        }
        whole.clone().select(0, rows::indices(self.indices, &whole.device()))
    }
}

/// The requested times of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleTimes {
    /// The same for all samples.
    Same(Vec<f64>),
    /// Those of each sample: its start, its outputs, its end.
    PerSample(Vec<Vec<f64>>),
}

impl From<&[f64]> for SampleTimes {
    fn from(times: &[f64]) -> Self {
        Self::Same(times.to_vec())
    }
}

impl<const N: usize> From<[f64; N]> for SampleTimes {
    fn from(times: [f64; N]) -> Self {
        Self::Same(times.to_vec())
    }
}

impl From<Vec<Vec<f64>>> for SampleTimes {
    fn from(times: Vec<Vec<f64>>) -> Self {
        Self::PerSample(times)
    }
}

/// The states of every sample at its times.
#[derive(Debug, Clone)]
pub struct SampleSolution<const D: usize> {
    /// The times of each sample.
    pub times: Vec<Vec<f64>>,
    /// The states of all samples at their first times, at their second ones and so on, each `[samples, ..]`. Where a
    /// sample has fewer times, its last state stands again; where it failed before, NaN.
    pub states: Vec<Tensor<D>>,
    /// What each sample took. The dynamics see a whole batch at once; an evaluation counts for the samples that use it.
    pub statistics: Vec<Statistics>,
    /// Why a sample did not reach its end; `None` for those that did.
    pub errors: Vec<Option<SolveError>>,
    /// Calls of the dynamics with a batch.
    pub calls: usize,
    pub(crate) report: BackwardReport,
}

impl<const D: usize> SampleSolution<D> {
    /// The state of every sample at its last time.
    ///
    /// # Panics
    ///
    /// If `states` was emptied.
    pub fn last(&self) -> &Tensor<D> {
        self.states.last().expect("a solution has its initial states")
    }

    /// Whether the sample has a state of its own at the index of `states`: one of a time that was requested and reached.
    pub fn is_own(&self, sample: usize, index: usize) -> bool {
        let times = &self.times[sample];
        let reached = match self.errors[sample] {
            Some(_) => times.len().min(self.reached(sample)),
            None => times.len(),
        };
        index < reached
    }

    fn reached(&self, sample: usize) -> usize {
        let error = self.errors[sample].as_ref();
        let Some(limit) = error.and_then(SolveError::time) else {
            return 1;
        };
        let times = &self.times[sample];
        let direction = (times[1] - times[0]).signum();
        let is_reached = |time: &&f64| direction * **time <= direction * limit;
        times.iter().take_while(is_reached).count()
    }

    /// What differentiating took, after `backward()` of a loss of a [`Checkpointed`](GradientMode::Checkpointed) solve.
    pub fn backward(&self) -> Option<BackwardStatistics> {
        self.report.get()
    }
}

impl Solver {
    /// Solves the equation of every sample of a batch with steps of its own: an adaptive method, numbers as
    /// tolerances, and the norm of each sample by itself ([`Norm::MixedRms`] or [`Norm::MaxAbs`]).
    ///
    /// On an autodiff device the states have gradients through the operations of the accepted steps, which are made a
    /// second time for it: rejected attempts leave nothing on the tape. States of samples that failed are constants.
    ///
    /// # Shapes
    ///
    /// - initial: `[samples, ..]`
    ///
    /// # Errors
    ///
    /// Those of input that makes no sense at all. Samples that fail on their way are in
    /// [`SampleSolution::errors`], and the others finish.
    pub fn solve_samples<const D: usize>(
        &self,
        dynamics: &(impl SampleDynamics<D> + ?Sized),
        initial: Tensor<D>,
        times: impl Into<SampleTimes>,
    ) -> Result<SampleSolution<D>, SolveError> {
        let (solved, record) = self.run_samples(dynamics, &initial, times.into(), initial.is_autodiff())?;
        match record {
            Some(record) => gradient::on_the_tape(dynamics, initial, solved, &record),
            None => Ok(solved),
        }
    }

    /// [`solve_samples`](Self::solve_samples) of a module, with its gradients in the mode
    /// [`Direct`](GradientMode::Direct) or [`Checkpointed`](GradientMode::Checkpointed).
    ///
    /// # Errors
    ///
    /// As [`solve_samples`](Self::solve_samples), and [`SolveError::InvalidOption`] for other gradient modes, and for options
    /// that the gradient mode does not have.
    pub fn solve_samples_module<const D: usize, M: Module + SampleDynamics<D> + 'static>(
        &self,
        module: &M,
        initial: Tensor<D>,
        times: impl Into<SampleTimes>,
    ) -> Result<SampleSolution<D>, SolveError> {
        match self.gradient_mode() {
            GradientMode::Direct => {
                self.check_gradient()?;
                gradient::direct(self, module, initial, times.into())
            }
            GradientMode::Checkpointed => gradient::checkpointed(self, module, initial, times.into()),
            other => {
                let problem = format!("`{other}` solves one adjoint equation for the batch, not one for each sample");
                Err(invalid("gradient", problem))
            }
        }
    }

    /// Samples with steps of their own: whether those that have finished leave the batch once fewer than half are
    /// running. Yes by default; without it, the dynamics always see the whole batch.
    #[must_use]
    pub fn compaction(mut self, is_on: bool) -> Self {
        self.options.compaction = Some(is_on);
        self
    }

    /// A plain solve, and its accepted steps if they are asked for.
    fn run_samples<const D: usize>(
        &self,
        dynamics: &(impl SampleDynamics<D> + ?Sized),
        initial: &Tensor<D>,
        times: SampleTimes,
        is_recorded: bool,
    ) -> Result<(SampleSolution<D>, Option<replay::Record>), SolveError> {
        self.options.check(self.method())?;
        check_state(initial)?;
        let times = per_sample(times, initial.dims()[0])?;
        let (tolerances, is_raised) = self.sample_tolerances(initial)?;
        let mut solve = Loop::new(self, dynamics, initial, times, tolerances)?;
        solve.run()?;
        Ok(solve.finish(initial, is_raised, is_recorded))
    }

    fn sample_tolerances<const D: usize>(&self, initial: &Tensor<D>) -> Result<((f64, f64), bool), SolveError> {
        if !matches!(self.options.norm, None | Some(Norm::MixedRms | Norm::MaxAbs)) {
            let problem = "samples with steps of their own are measured by `MixedRms` or `MaxAbs`".to_owned();
            return Err(invalid("norm", problem));
        }
        let tolerances = self.options.tolerances.clone();
        let tolerances = tolerances.unwrap_or_else(|| Tolerances::default_for(initial.dtype()));
        let (resolved, is_raised) = initial.resolve(tolerances)?;
        match (resolved.relative, resolved.absolute) {
            (Tolerance::Same(relative), Tolerance::Same(absolute)) => Ok(((relative, absolute), is_raised)),
            _ => Err(SolveError::InvalidTolerance {
                problem: "samples with steps of their own need numbers".to_owned(),
            }),
        }
    }
}

fn per_sample(times: SampleTimes, samples: usize) -> Result<Vec<Vec<f64>>, SolveError> {
    let times = match times {
        SampleTimes::Same(times) => vec![times; samples],
        SampleTimes::PerSample(times) => times,
    };
    if times.len() != samples {
        let problem = format!("those of {} samples for a batch of {samples}", times.len());
        return Err(SolveError::InvalidTimes { problem });
    }
    for (sample, times) in times.iter().enumerate() {
        check_times(times).map_err(|error| match error {
            SolveError::InvalidTimes { problem } => SolveError::InvalidTimes {
                problem: format!("of sample {sample}: {problem}"),
            },
            other => other,
        })?;
    }
    Ok(times)
}

/// Which rows are finite, from one read of the device.
fn finite_rows(state: &Tensor<2>) -> Result<Vec<bool>, SolveError> {
    // Zero times an element is NaN unless it is finite.
    let zeros = rows::read(state.clone().mul_scalar(0.0).sum_dim(1))?;
    Ok(zeros.into_iter().map(|zero| zero == 0.0).collect())
}

/// A batch as a table with one row for each sample.
fn table_of<const D: usize>(batch: &Tensor<D>) -> Tensor<2> {
    let samples = batch.dims()[0];
    let features = batch.shape().num_elements() / samples.max(1);
    batch.clone().reshape([samples, features])
}

/// The elements of a column, read from the device.
fn read_column(column: Tensor<2>) -> Result<Vec<f64>, SolveError> {
    let data = column.try_into_data().map_err(norm::device_failure)?;
    Ok(data.iter::<f64>().collect())
}
