//! Diagonally implicit methods, for stiff equations: row `i` of the matrix has `i + 1` entries, the last of them that of
//! the stage itself.

use super::{Embedded, Interpolant, Tableau};

/// Euler's implicit method, order 1.
pub const IMPLICIT_EULER: Tableau = Tableau {
    name: "implicit_euler",
    order: 1,
    nodes: &[1.0],
    matrix: &[&[1.0]],
    weights: &[1.0],
    embedded: None,
    is_fsal: false,
};

/// The implicit midpoint method, order 2.
pub const IMPLICIT_MIDPOINT: Tableau = Tableau {
    name: "implicit_midpoint",
    order: 2,
    nodes: &[1.0 / 2.0],
    matrix: &[&[1.0 / 2.0]],
    weights: &[1.0],
    embedded: None,
    is_fsal: false,
};

/// The trapezoidal rule, order 2.
pub const TRAPEZOID: Tableau = Tableau {
    name: "trapezoid",
    order: 2,
    nodes: &[0.0, 1.0],
    matrix: &[&[0.0], &[1.0 / 2.0, 1.0 / 2.0]],
    weights: &[1.0 / 2.0, 1.0 / 2.0],
    embedded: None,
    is_fsal: false,
};

/// The root of `x³ - 3x² + 3x/2 - 1/6` that makes the method of Kværnø stable.
const G: f64 = 0.435_866_521_508_459;
const A31: f64 = (-4.0 * G * G + 6.0 * G - 1.0) / (4.0 * G);
const A32: f64 = (1.0 - 2.0 * G) / (4.0 * G);
const A41: f64 = (6.0 * G - 1.0) / (12.0 * G);
const A42: f64 = -1.0 / ((24.0 * G - 12.0) * G);
const A43: f64 = (-6.0 * G * G + 6.0 * G - 1.0) / (6.0 * G - 3.0);

/// Kværnø's method (2004), order 3(2): the first stage is explicit, result and estimate are the last two stages.
pub const KVAERNO3: Tableau = Tableau {
    name: "kvaerno3",
    order: 3,
    nodes: &[0.0, 2.0 * G, 1.0, 1.0],
    matrix: &[&[0.0], &[G, G], &[A31, A32, G], &[A41, A42, A43, G]],
    weights: &[A41, A42, A43, G],
    embedded: Some(Embedded {
        error_weights: &[A41 - A31, A42 - A32, A43 - G, G],
        order: 2,
        exponent: 3,
        interpolant: Interpolant::Hermite,
    }),
    is_fsal: true,
};
