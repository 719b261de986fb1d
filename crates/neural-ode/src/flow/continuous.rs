//! Continuous normalizing flows: sampling, densities, and what they cost.

use std::f64::consts::TAU;

use burn::{module::Module, prelude::*};

use super::{
    augmented::{Augmented, FlowState, Regularization},
    field::VelocityField,
    trace::Trace,
};
use crate::{Failure, Solution, SolveError, Solver, solver::options::invalid};

/// A Gaussian `N(0, variance · I)`, where flows begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Base {
    /// The variance of every component.
    pub variance: f64,
}

impl Default for Base {
    fn default() -> Self {
        Self { variance: 1.0 }
    }
}

impl Base {
    /// `log p_0(z)` of each row, in nats.
    ///
    /// # Shapes
    ///
    /// - position: `[batch, D]`
    /// - output: `[batch, 1]`
    pub fn log_density(&self, position: Tensor<2>) -> Tensor<2> {
        let dimension = position.dims()[1] as f64;
        position.square().sum_dim(1) * (-0.5 / self.variance) - 0.5 * dimension * (TAU * self.variance).ln()
    }

    /// The positions that standard normal `noise` stands for.
    pub fn sample(&self, noise: Tensor<2>) -> Tensor<2> {
        noise * self.variance.sqrt()
    }
}

/// A continuous normalizing flow (paper, section 4): `z(start) ~ p_0` is carried to `z(end)` by `dz/dt = f(t, z)`.
#[derive(Module, Debug)]
pub struct ContinuousFlow<F> {
    /// `f`.
    pub field: F,
    /// `p_0`.
    #[module(skip)]
    pub base: Base,
    /// Time of the base.
    pub start: f64,
    /// Time of the data.
    pub end: f64,
}

/// Positions at the end of a solve, with their densities.
#[derive(Debug)]
pub struct Transported {
    /// `[batch, D]`: samples, or where data comes from in the base.
    pub position: Tensor<2>,
    /// `log p` under the flow at its end, of samples or of data: `[batch, 1]`, in nats.
    pub log_density: Tensor<2>,
    /// The mean over the batch of the weighted regularizers; `None` without any.
    pub penalty: Option<Tensor<1>>,
    /// What the solve took, and after `backward()` the way back.
    pub solution: Solution<FlowState>,
}

impl<F: VelocityField + 'static> ContinuousFlow<F> {
    /// A flow from time 0 to `end` with the standard normal base.
    pub fn new(field: F, end: f64) -> Self {
        Self {
            field,
            base: Base::default(),
            start: 0.0,
            end,
        }
    }

    /// `log p(x)` of data, by solving backwards in time: `log p(x) = log p_0(z(start)) + ∫ tr ds` from end to start.
    ///
    /// # Shapes
    ///
    /// - data: `[batch, D]`
    ///
    /// # Errors
    ///
    /// What the solver reports.
    pub fn log_density(
        &self,
        solver: &Solver,
        data: Tensor<2>,
        trace: &Trace,
        regularization: Regularization,
    ) -> Result<Transported, Failure<FlowState>> {
        let solution = self.solve(solver, data, &[self.end, self.start], trace, regularization)?;
        let (position, integrals) = solution.last().clone();
        let change = integrals.clone().narrow(1, 0, 1);
        Ok(Transported {
            log_density: self.base.log_density(position.clone()) - change,
            // Time runs backwards.
            penalty: penalty(integrals, regularization).map(Tensor::neg),
            position,
            solution,
        })
    }

    /// Samples with their log-densities, by solving forwards in time from what standard normal `noise` stands for.
    ///
    /// # Shapes
    ///
    /// - noise: `[batch, D]`
    ///
    /// # Errors
    ///
    /// What the solver reports.
    pub fn sample(
        &self,
        solver: &Solver,
        noise: Tensor<2>,
        trace: &Trace,
        regularization: Regularization,
    ) -> Result<Transported, Failure<FlowState>> {
        let begin = self.base.sample(noise);
        let solution = self.solve(solver, begin.clone(), &[self.start, self.end], trace, regularization)?;
        let (position, integrals) = solution.last().clone();
        let change = integrals.clone().narrow(1, 0, 1);
        Ok(Transported {
            log_density: self.base.log_density(begin) + change,
            penalty: penalty(integrals, regularization),
            position,
            solution,
        })
    }

    /// The same flow stopped at another time: its density there is that of the paths on their way.
    #[must_use]
    pub fn until(&self, end: f64) -> Self {
        let mut flow = self.clone();
        flow.end = end;
        flow
    }

    /// Positions and integrals at `times`, from positions at the first of them.
    ///
    /// # Shapes
    ///
    /// - position: `[batch, D]`
    ///
    /// # Errors
    ///
    /// [`SolveError::ShapeMismatch`] for positions of another dimension than the field's, [`SolveError::InvalidOption`] for
    /// noise that does not fit the positions and for a base whose variance is not positive; what the solver reports.
    pub fn solve(
        &self,
        solver: &Solver,
        position: Tensor<2>,
        times: &[f64],
        trace: &Trace,
        regularization: Regularization,
    ) -> Result<Solution<FlowState>, Failure<FlowState>> {
        self.check(&position)?;
        check_noise(trace, &position)?;
        let dynamics = Augmented::new(&self.field, trace, regularization);
        let integrals = position.clone().narrow(1, 0, 1).detach().zeros_like();
        let integrals = integrals.repeat_dim(1, dynamics.integrals());
        solver.solve_module(&dynamics, (position, integrals), times)
    }

    fn check(&self, position: &Tensor<2>) -> Result<(), SolveError> {
        let ([batch, width], dimension) = (position.dims(), self.field.dimension());
        if width != dimension || width == 0 {
            let (expected, got) = (vec![vec![batch, dimension]], vec![vec![batch, width]]);
            return Err(SolveError::ShapeMismatch { expected, got });
        }
        let variance = self.base.variance;
        if !(variance.is_finite() && variance > 0.0) {
            return Err(invalid(
                "variance",
                format!("that of the base is {variance}, not a positive number"),
            ));
        }
        Ok(())
    }
}

fn check_noise(trace: &Trace, position: &Tensor<2>) -> Result<(), SolveError> {
    let Trace::Hutchinson(noise) = trace else {
        return Ok(());
    };
    let ([noises, rows, width], [batch, dimension]) = (noise.dims(), position.dims());
    if noises == 0 || [rows, width] != [batch, dimension] {
        let problem = format!(
            "noise [{noises}, {rows}, {width}] for positions [{batch}, {dimension}]; it must be [noises, {batch}, {dimension}] \
             with at least one noise"
        );
        return Err(invalid("trace", problem));
    }
    if noise.dtype() != position.dtype() {
        let problem = format!("noise of {:?} for positions of {:?}", noise.dtype(), position.dtype());
        return Err(invalid("trace", problem));
    }
    Ok(())
}

/// The weighted sum of regularizers, in the order of their columns.
fn penalty(integrals: Tensor<2>, regularization: Regularization) -> Option<Tensor<1>> {
    let weights = [regularization.kinetic, regularization.jacobian];
    let weights = weights.into_iter().filter(|weight| *weight != 0.0);
    let terms = weights
        .enumerate()
        .map(|(index, weight)| integrals.clone().narrow(1, 1 + index, 1).mean() * weight);
    terms.reduce(|sum, term| sum + term)
}
