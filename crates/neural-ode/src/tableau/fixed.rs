//! Methods with a fixed step.

use super::Tableau;

/// Euler's method, order 1.
pub const EULER: Tableau = Tableau {
    name: "euler",
    order: 1,
    nodes: &[0.0],
    matrix: &[&[]],
    weights: &[1.0],
    embedded: None,
    is_fsal: false,
};

/// The midpoint method, order 2.
pub const MIDPOINT: Tableau = Tableau {
    name: "midpoint",
    order: 2,
    nodes: &[0.0, 1.0 / 2.0],
    matrix: &[&[], &[1.0 / 2.0]],
    weights: &[0.0, 1.0],
    embedded: None,
    is_fsal: false,
};

/// Heun's method (explicit trapezoid), order 2.
pub const HEUN2: Tableau = Tableau {
    name: "heun2",
    order: 2,
    nodes: &[0.0, 1.0],
    matrix: &[&[], &[1.0]],
    weights: &[1.0 / 2.0, 1.0 / 2.0],
    embedded: None,
    is_fsal: false,
};

/// Ralston's method, order 2: of those with two stages the one with the least bound on its error.
pub const RALSTON2: Tableau = Tableau {
    name: "ralston2",
    order: 2,
    nodes: &[0.0, 2.0 / 3.0],
    matrix: &[&[], &[2.0 / 3.0]],
    weights: &[1.0 / 4.0, 3.0 / 4.0],
    embedded: None,
    is_fsal: false,
};

/// Heun's method of order 3.
pub const HEUN3: Tableau = Tableau {
    name: "heun3",
    order: 3,
    nodes: &[0.0, 1.0 / 3.0, 2.0 / 3.0],
    matrix: &[&[], &[1.0 / 3.0], &[0.0, 2.0 / 3.0]],
    weights: &[1.0 / 4.0, 0.0, 3.0 / 4.0],
    embedded: None,
    is_fsal: false,
};

/// Kutta's 3/8 rule, order 4: what neural-ODE software calls "rk4".
pub const RK4: Tableau = Tableau {
    name: "rk4",
    order: 4,
    nodes: &[0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0],
    matrix: &[&[], &[1.0 / 3.0], &[-1.0 / 3.0, 1.0], &[1.0, -1.0, 1.0]],
    weights: &[1.0 / 8.0, 3.0 / 8.0, 3.0 / 8.0, 1.0 / 8.0],
    embedded: None,
    is_fsal: false,
};

/// The classic Runge-Kutta method, order 4.
pub const RK4_CLASSIC: Tableau = Tableau {
    name: "rk4_classic",
    order: 4,
    nodes: &[0.0, 1.0 / 2.0, 1.0 / 2.0, 1.0],
    matrix: &[&[], &[1.0 / 2.0], &[0.0, 1.0 / 2.0], &[0.0, 0.0, 1.0]],
    weights: &[1.0 / 6.0, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0],
    embedded: None,
    is_fsal: false,
};
