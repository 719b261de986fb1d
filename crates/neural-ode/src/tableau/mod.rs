//! Coefficients of the solvers: Butcher tableaus of the Runge-Kutta methods, weights of the Adams methods.
//!
//! A step from `(t, y)` of size `h` evaluates `k_i = f(t + c_i h, y + h Σ_j a_ij k_j)` and ends at
//! `y1 = y + h Σ_i b_i k_i`. Methods with adaptive steps estimate the error of that step as `h Σ_i e_i k_i`.

pub mod adams;
mod dopri5;
mod dopri8;
mod fixed;
pub mod history;
mod implicit;
mod low_order;
mod tsit5;

pub use dopri5::{DOPRI5, DOPRI5_CLASSIC};
pub use dopri8::DOPRI8;
pub use fixed::{EULER, HEUN2, HEUN3, MIDPOINT, RALSTON2, RK4, RK4_CLASSIC};
pub use implicit::{IMPLICIT_EULER, IMPLICIT_MIDPOINT, KVAERNO3, TRAPEZOID};
pub use low_order::{ADAPTIVE_HEUN, BOSH3, FEHLBERG2};
pub use tsit5::TSIT5;

/// A Runge-Kutta method, explicit or diagonally implicit. All slices have one entry per stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tableau {
    /// Name, as in [`Method::name`](crate::method::Method::name).
    pub name: &'static str,
    /// Order of convergence of [`weights`](Self::weights).
    pub order: usize,
    /// `c`: where in the step a stage is evaluated, in `[0, 1]`; the first is 0.
    pub nodes: &'static [f64],
    /// `a`: row `i` has `i` entries, so the first row is empty; `i + 1` if the method is implicit.
    pub matrix: &'static [&'static [f64]],
    /// `b`: the weights of the stages in the result.
    pub weights: &'static [f64],
    /// Error estimate and dense output; `None` for methods with a fixed step.
    pub embedded: Option<Embedded>,
    /// Whether the last stage is `f` at the end of the step (`a_last = b`), and so the first stage of the next step.
    pub is_fsal: bool,
}

/// What a method with adaptive steps has beyond a step: a second result of another order, and dense output.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Embedded {
    /// `e = b - b̂`: the weights of the stages in the error estimate.
    pub error_weights: &'static [f64],
    /// Order of convergence of `b̂`.
    pub order: usize,
    /// `k` of step control: the next step is scaled by `error ratio^(-1/k)`.
    pub exponent: usize,
    /// How values inside a step are found.
    pub interpolant: Interpolant,
}

/// How the solution inside a step follows from the step, with `θ` in `[0, 1]` the position in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Interpolant {
    /// The cubic through `y`, `y1` and the slopes there.
    Hermite,
    /// The quartic through `y`, `y1`, the slopes there, and the middle of the step.
    Quartic {
        /// The weights of the stages in the middle of the step.
        mid: &'static [f64],
    },
    /// `y + h Σ_i b_i(θ) k_i` with polynomials `b_i`: for every stage the coefficients of `θ, θ², ...`.
    Polynomials(&'static [&'static [f64]]),
}

impl Tableau {
    /// Number of stages.
    pub const fn stages(&self) -> usize {
        self.weights.len()
    }

    /// Whether stages depend on themselves.
    pub fn is_implicit(&self) -> bool {
        !self.matrix[0].is_empty()
    }

    /// How values inside a step are found; methods with a fixed step use the cubic.
    pub fn interpolant(&self) -> Interpolant {
        self.embedded
            .map_or(Interpolant::Hermite, |embedded| embedded.interpolant)
    }

    /// `b_i(θ)`: the weights of the stages at position `θ` of a step, so that `y(t + θh) = y + h Σ_i b_i(θ) k_i`.
    ///
    /// Unless the method [`is_fsal`](Self::is_fsal), one more weight follows, that of `f` at the end of the step.
    pub fn dense_weights(&self, theta: f64) -> Vec<f64> {
        match self.interpolant() {
            Interpolant::Hermite => self.hermite_weights(theta),
            Interpolant::Quartic { mid } => self.quartic_weights(mid, theta),
            Interpolant::Polynomials(rows) => rows.iter().map(|row| polynomial(row, theta)).collect(),
        }
    }

    /// The weights of `y1 - y`, of the slope at the start and of that at the end, summed over stages.
    fn combine(&self, end: f64, start_slope: f64, end_slope: f64) -> Vec<f64> {
        let mut weights: Vec<f64> = self.weights.iter().map(|weight| end * weight).collect();
        weights[0] += start_slope;
        if self.is_fsal {
            weights[self.stages() - 1] += end_slope;
        } else {
            weights.push(end_slope);
        }
        weights
    }

    fn hermite_weights(&self, theta: f64) -> Vec<f64> {
        let rest = 1.0 - theta;
        self.combine(
            theta * theta * (3.0 - 2.0 * theta),
            theta * rest * rest,
            -theta * theta * rest,
        )
    }

    fn quartic_weights(&self, mid: &[f64], theta: f64) -> Vec<f64> {
        let square = theta * theta;
        let end = square * (-5.0 + theta * (14.0 - 8.0 * theta));
        let start_slope = theta * (1.0 + theta * (-4.0 + theta * (5.0 - 2.0 * theta)));
        let end_slope = square * (1.0 + theta * (-3.0 + 2.0 * theta));
        let middle = 16.0 * square * (1.0 - theta) * (1.0 - theta);
        let mut weights = self.combine(end, start_slope, end_slope);
        for (weight, mid) in weights.iter_mut().zip(mid) {
            *weight += middle * mid;
        }
        weights
    }
}

/// `Σ_k coefficients[k] θ^(k+1)`.
fn polynomial(coefficients: &[f64], theta: f64) -> f64 {
    coefficients
        .iter()
        .rev()
        .fold(0.0, |sum, coefficient| (sum + coefficient) * theta)
}

/// `a - b`, so that error weights can be written as the published `b` and `b̂`.
const fn difference<const STAGES: usize>(a: [f64; STAGES], b: [f64; STAGES]) -> [f64; STAGES] {
    let mut result = a;
    let mut stage = 0;
    while stage < STAGES {
        result[stage] -= b[stage];
        stage += 1;
    }
    result
}
