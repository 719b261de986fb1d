//! The coefficients of the solvers: equal to those of a reference file, and right by the conditions of their order.

mod dense;
mod orders;
mod reference;
mod trees;

use neural_ode::{
    method::Method,
    tableau::{self, Tableau},
};

/// Residuals of order conditions are sums of some hundred rounded terms of size up to ten.
pub(crate) const ROUNDING: f64 = 1e-13;

pub(crate) fn all() -> impl Iterator<Item = Tableau> {
    let of_methods = Method::ALL.into_iter().filter_map(Method::tableau).copied();
    of_methods.chain([tableau::DOPRI5_CLASSIC])
}

#[track_caller]
pub(crate) fn assert_close(actual: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}");
    for (actual, expected) in actual.iter().zip(expected) {
        assert!(
            (actual - expected).abs() <= tolerance,
            "{what}: {actual} is not {expected}"
        );
    }
}
