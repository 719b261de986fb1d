//! The right-hand side of the equation.

use crate::VectorSpace;

/// The right-hand side `f(t, y)` of `dy/dt = f(t, y)`.
///
/// Functions and closures `|time: f64, state| ...` are dynamics; a network becomes one by implementing this trait. The
/// result must have the shapes of the state.
pub trait Dynamics<S: VectorSpace> {
    /// `f(t, y)`.
    fn evaluate(&self, time: f64, state: S) -> S;
}

impl<S: VectorSpace, F: Fn(f64, S) -> S> Dynamics<S> for F {
    fn evaluate(&self, time: f64, state: S) -> S {
        self(time, state)
    }
}
