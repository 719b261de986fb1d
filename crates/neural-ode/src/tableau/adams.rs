//! Weights of the Adams methods on a uniform grid: integrals over the step of the Lagrange basis of the slopes.

use std::sync::LazyLock;

/// The highest order there are weights for.
pub const MAX_ORDER: usize = 12;

/// `lcm(1, ..., 12)`: what makes the integral of a polynomial with integer coefficients and degree below 12 an integer.
const COMMON_DENOMINATOR: i128 = 27_720;

static BASHFORTH: LazyLock<Vec<Vec<f64>>> = LazyLock::new(|| (1..=MAX_ORDER).map(|order| weights(0, order)).collect());
static MOULTON: LazyLock<Vec<Vec<f64>>> = LazyLock::new(|| (1..=MAX_ORDER).map(|order| weights(1, order)).collect());

/// Adams-Bashforth: the weights of `f_n, f_(n-1), ..., f_(n-order+1)`, newest first, in `(y_(n+1) - y_n) / h`.
///
/// `None` unless `1 <= order <= MAX_ORDER`.
pub fn bashforth(order: usize) -> Option<&'static [f64]> {
    BASHFORTH.get(order.checked_sub(1)?).map(Vec::as_slice)
}

/// Adams-Moulton: the weights of `f_(n+1), f_n, ..., f_(n-order+2)`, newest first, in `(y_(n+1) - y_n) / h`.
///
/// `None` unless `1 <= order <= MAX_ORDER`.
pub fn moulton(order: usize) -> Option<&'static [f64]> {
    MOULTON.get(order.checked_sub(1)?).map(Vec::as_slice)
}

/// Weights of the slopes at the nodes `newest, newest - 1, ...`, as many as `order`, in units of the step.
fn weights(newest: i128, order: usize) -> Vec<f64> {
    let nodes: Vec<i128> = (0..order as i128).map(|age| newest - age).collect();
    (0..order).map(|index| basis_integral(&nodes, index)).collect()
}

/// Integral over `[0, 1]` of the polynomial that is 1 at `nodes[index]` and 0 at the others, rounded once.
fn basis_integral(nodes: &[i128], index: usize) -> f64 {
    let mut polynomial = vec![1];
    let mut scale = 1;
    for &node in nodes.iter().filter(|&&node| node != nodes[index]) {
        polynomial = times_linear(&polynomial, node);
        scale *= nodes[index] - node;
    }
    let integral: i128 = polynomial
        .iter()
        .zip(1..)
        .map(|(coefficient, power)| coefficient * (COMMON_DENOMINATOR / power))
        .sum();
    quotient(integral, COMMON_DENOMINATOR * scale)
}

/// The coefficients, from the constant one up, of `polynomial · (x - root)`.
fn times_linear(polynomial: &[i128], root: i128) -> Vec<i128> {
    let mut product = vec![0; polynomial.len() + 1];
    for (power, coefficient) in polynomial.iter().enumerate() {
        product[power] -= root * coefficient;
        product[power + 1] += coefficient;
    }
    product
}

/// The nearest `f64`: in lowest terms both integers are exact as `f64`, and one division rounds once.
fn quotient(numerator: i128, denominator: i128) -> f64 {
    let divisor = greatest_common_divisor(numerator, denominator);
    (numerator / divisor) as f64 / (denominator / divisor) as f64
}

fn greatest_common_divisor(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}
