//! The first step of an adaptive solve (Hairer, Nørsett, Wanner: Solving ODEs I, sec. II.4).

use crate::{
    SolveError, VectorSpace,
    solver::norm::{Norm, Tolerances},
};

/// A first step, and the numbers it was found with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InitialStep {
    /// `‖y0 / s‖`, with `s = atol + rtol |y0|`.
    pub d0: f64,
    /// `‖f0 / s‖`.
    pub d1: f64,
    /// `‖(f1 - f0) / s‖ / h0`.
    pub d2: f64,
    /// The size of the trial Euler step.
    pub h0: f64,
    /// The size at which the method's error should be a hundredth of the tolerance.
    pub h1: f64,
    /// The first step: `min(100 h0, h1)`.
    pub step: f64,
}

/// Where an adaptive solve begins.
#[derive(Debug)]
pub struct Beginning<'a, S> {
    /// `t0`.
    pub time: f64,
    /// 1 forwards in time, -1 backwards.
    pub direction: f64,
    /// `y0`, plain.
    pub state: &'a S,
    /// `f(t0, y0)`, plain.
    pub slope: &'a S,
    /// How far from `t0` the dynamics may be evaluated.
    pub reach: f64,
}

impl<S: VectorSpace> Beginning<'_, S> {
    /// Selects the first step of a method with exponent `k`; evaluates the dynamics once.
    ///
    /// # Errors
    ///
    /// Those of `evaluate`, and [`SolveError::Device`].
    pub fn select_step(
        &self,
        exponent: usize,
        tolerances: &Tolerances,
        norm: &Norm,
        evaluate: impl FnOnce(f64, S) -> Result<S, SolveError>,
    ) -> Result<InitialStep, SolveError> {
        let d0 = tolerances.measure(norm, self.state, self.state)?;
        let d1 = tolerances.measure(norm, self.slope, self.state)?;
        let h0 = trial_size(d0, d1).min(self.reach);
        let signed = self.direction * h0;
        let slope = evaluate(self.time + signed, self.state.add_scaled(&[(signed, self.slope)]))?.plain();
        let change = S::weighted_sum(&[(1.0, &slope), (-1.0, self.slope)]);
        let d2 = tolerances.measure(norm, &change, self.state)? / h0;
        let h1 = aimed_size(exponent, h0, d1, d2);
        Ok(InitialStep {
            d0,
            d1,
            d2,
            h0,
            h1,
            step: h1.min(100.0 * h0),
        })
    }
}

/// `h0`: the size of the trial Euler step.
pub(crate) fn trial_size(d0: f64, d1: f64) -> f64 {
    let is_usable = d0 >= 1e-5 && d1 >= 1e-5 && (d0 / d1).is_finite();
    if is_usable { 0.01 * d0 / d1 } else { 1e-6 }
}

/// `h1`: the size at which the error of a method with exponent `k` should be a hundredth of the tolerance.
pub(crate) fn aimed_size(exponent: usize, h0: f64, d1: f64, d2: f64) -> f64 {
    let steepest = d1.max(d2);
    if steepest <= 1e-15 || !d2.is_finite() {
        (1e-3 * h0).max(1e-6)
    } else {
        (0.01 / steepest).powf(1.0 / exponent as f64)
    }
}
