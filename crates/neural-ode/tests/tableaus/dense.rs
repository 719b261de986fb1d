//! Dense output: orders, ends and slopes.

use neural_ode::tableau::{self, Interpolant, Tableau};

use crate::{
    ROUNDING, all, assert_close,
    trees::{assert_order, conditions, residuals},
};

/// The interpolant of tsit5 is published with 16 digits of its roots, which are then multiplied by up to 50.
const PUBLISHED: f64 = 1e-12;

/// The matrix of all slopes that dense output uses: a method that is not FSAL adds that at the result.
fn dense_matrix(tableau: &Tableau) -> Vec<&'static [f64]> {
    let mut matrix = tableau.matrix.to_vec();
    if !tableau.is_fsal {
        matrix.push(tableau.weights);
    }
    matrix
}

/// `weights`, followed by zeros up to the number of slopes that dense output uses.
fn padded(weights: &[f64], tableau: &Tableau) -> Vec<f64> {
    let mut padded = weights.to_vec();
    padded.resize(dense_matrix(tableau).len(), 0.0);
    padded
}

/// Of the interpolant, were the result exact: limited by that of the result.
fn dense_order(tableau: &Tableau) -> usize {
    match (tableau.interpolant(), tableau.name) {
        (Interpolant::Hermite, _) => tableau.order.min(3),
        (Interpolant::Quartic { .. }, _) | (Interpolant::Polynomials(_), "tsit5") => 4,
        (Interpolant::Polynomials(_), "dopri8") => 5,
        (Interpolant::Polynomials(_), name) => panic!("order of the interpolant of {name}?"),
    }
}

#[test]
fn interpolants_of_explicit_methods_have_their_order_at_every_position_and_no_higher() {
    for tableau in all().filter(|tableau| !tableau.is_implicit()) {
        let order = dense_order(&tableau);
        let conditions = conditions(&dense_matrix(&tableau), order + 1);
        for theta in [0.1, 0.37, 0.8] {
            let residuals = residuals(&conditions, &tableau.dense_weights(theta), theta);
            assert_order(&residuals, order, PUBLISHED, tableau.name);
        }
    }
}

#[test]
fn interpolants_begin_at_the_state_and_end_at_the_result() {
    for tableau in all() {
        let zeros = padded(&[], &tableau);
        assert_close(&tableau.dense_weights(0.0), &zeros, 0.0, tableau.name);
        assert_close(
            &tableau.dense_weights(1.0),
            &padded(tableau.weights, &tableau),
            PUBLISHED,
            tableau.name,
        );
    }
}

#[test]
fn interpolants_begin_and_end_with_the_slopes_there() {
    for tableau in all() {
        let mut first = padded(&[1.0], &tableau);
        assert_close(&slope(&tableau, 0.0), &first, 1e-8, tableau.name);
        first.rotate_left(1);
        assert_close(&slope(&tableau, 1.0), &first, 1e-8, tableau.name);
    }
}

/// Derivatives of the dense weights by central differences of fourth order. The step of 1e-3 leaves `1e-12 p⁽⁵⁾ / 30`
/// plus `1e-13 / 1e-3`, together below 1e-9.
fn slope(tableau: &Tableau, theta: f64) -> Vec<f64> {
    let step = 1e-3;
    let [before, near_before, near_after, after] =
        [-2.0, -1.0, 1.0, 2.0].map(|steps| tableau.dense_weights(theta + steps * step));
    let difference = |index: usize| {
        (8.0 * (near_after[index] - near_before[index]) - (after[index] - before[index])) / (12.0 * step)
    };
    (0..before.len()).map(difference).collect()
}

#[test]
fn the_quartic_of_dopri5_passes_through_its_middle() {
    for tableau in [tableau::DOPRI5, tableau::DOPRI5_CLASSIC] {
        let Interpolant::Quartic { mid } = tableau.interpolant() else {
            panic!("not a quartic")
        };
        assert_close(&tableau.dense_weights(0.5), mid, 1e-15, tableau.name);
    }
}

#[test]
#[expect(
    clippy::excessive_precision,
    reason = "coefficients have the digits they are published with"
)]
fn dense_output_of_tsit5_is_the_published_product() {
    for theta in [0.0, 0.1, 0.37, 0.8, 1.0] {
        let square = theta * theta;
        let first = -1.0530884977290216 * theta * (theta - 1.329989018975412);
        let expected = [
            first * (square - 1.4364028541716351 * theta + 0.7139816917074209),
            0.1017 * square * (square - 2.1966568338249754 * theta + 1.2949852507374631),
            2.490627285651252793 * square * (square - 2.38535645472061657 * theta + 1.57803468208092486),
            -16.54810288924490272 * square * (theta - 1.21712927295533244) * (theta - 0.61620406037800089),
            47.37952196281928122 * square * (theta - 1.203071208372362603) * (theta - 0.658047292653547382),
            -34.87065786149660974 * square * (theta - 1.2) * (theta - 2.0 / 3.0),
            2.5 * square * (theta - 1.0) * (theta - 0.6),
        ];
        assert_close(&tableau::TSIT5.dense_weights(theta), &expected, ROUNDING, "tsit5");
    }
}
