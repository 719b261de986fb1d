//! Methods with adaptive steps of orders 2 and 3.

use super::{Embedded, Interpolant, Tableau};

/// Heun's method with Euler's as error estimate, order 2(1).
pub const ADAPTIVE_HEUN: Tableau = Tableau {
    name: "adaptive_heun",
    order: 2,
    nodes: &[0.0, 1.0],
    matrix: &[&[], &[1.0]],
    weights: &[1.0 / 2.0, 1.0 / 2.0],
    embedded: Some(Embedded {
        error_weights: &[-1.0 / 2.0, 1.0 / 2.0],
        order: 1,
        exponent: 2,
        interpolant: Interpolant::Hermite,
    }),
    is_fsal: false,
};

/// Fehlberg's method of order 2(1).
pub const FEHLBERG2: Tableau = Tableau {
    name: "fehlberg2",
    order: 2,
    nodes: &[0.0, 1.0 / 2.0, 1.0],
    matrix: &[&[], &[1.0 / 2.0], &[1.0 / 256.0, 255.0 / 256.0]],
    weights: &[1.0 / 512.0, 255.0 / 256.0, 1.0 / 512.0],
    embedded: Some(Embedded {
        error_weights: &[-1.0 / 512.0, 0.0, 1.0 / 512.0],
        order: 1,
        exponent: 2,
        interpolant: Interpolant::Hermite,
    }),
    // The last stage is at the end of the step, but not at its result.
    is_fsal: false,
};

/// Bogacki and Shampine's method (1989), order 3(2).
pub const BOSH3: Tableau = Tableau {
    name: "bosh3",
    order: 3,
    nodes: &[0.0, 1.0 / 2.0, 3.0 / 4.0, 1.0],
    matrix: &[&[], &[1.0 / 2.0], &[0.0, 3.0 / 4.0], &[2.0 / 9.0, 1.0 / 3.0, 4.0 / 9.0]],
    weights: &[2.0 / 9.0, 1.0 / 3.0, 4.0 / 9.0, 0.0],
    embedded: Some(Embedded {
        // b̂ = 7/24, 1/4, 1/3, 1/8
        error_weights: &[-5.0 / 72.0, 1.0 / 12.0, 1.0 / 9.0, -1.0 / 8.0],
        order: 2,
        exponent: 3,
        interpolant: Interpolant::Hermite,
    }),
    is_fsal: true,
};
