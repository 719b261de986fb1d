//! Weights of slopes at any times: integrals of the polynomial through them, for Adams methods whose steps vary.

/// Nodes in `[-1, 1]` and weights of Gauss and Legendre's rule of seven points, exact up to degree 13.
const NODES: [f64; 4] = [
    0.0,
    0.405_845_151_377_397_2,
    0.741_531_185_599_394_4,
    0.949_107_912_342_758_5,
];
const WEIGHTS: [f64; 4] = [
    0.417_959_183_673_469_4,
    0.381_830_050_505_118_9,
    0.279_705_391_489_276_7,
    0.129_484_966_168_869_7,
];

/// The integrals from `start` to `end` of the polynomials that are 1 at one of `times` and 0 at the others: the weights
/// of slopes there. At most 14 times, all different.
pub fn weights(times: &[f64], start: f64, end: f64) -> Vec<f64> {
    let (middle, half) = (0.5 * (start + end), 0.5 * (end - start));
    let mut weights = vec![0.0; times.len()];
    for (node, weight) in NODES.into_iter().zip(WEIGHTS) {
        let signs: &[f64] = if node == 0.0 { &[1.0] } else { &[1.0, -1.0] };
        for sign in signs {
            let point = middle + sign * node * half;
            for (index, total) in weights.iter_mut().enumerate() {
                *total += weight * half * basis(times, index, point);
            }
        }
    }
    weights
}

/// The polynomial that is 1 at `times[index]` and 0 at the others.
fn basis(times: &[f64], index: usize, point: f64) -> f64 {
    let others = times.iter().enumerate().filter(|(other, _)| *other != index);
    others
        .map(|(_, other)| (point - other) / (times[index] - other))
        .product()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tableau::adams;

    #[test]
    fn on_equal_steps_they_are_those_of_adams() {
        for order in 1..=12 {
            let past: Vec<f64> = (0..order).map(|age| 2.0 - 0.5 * age as f64).collect();
            let bashforth = weights(&past, 2.0, 2.5);
            let expected = adams::bashforth(order).expect("an order");
            for (weight, expected) in bashforth.iter().zip(expected) {
                assert!(
                    (weight / 0.5 - expected).abs() < 1e-9 * expected.abs().max(1.0),
                    "{order}"
                );
            }
            let with_end: Vec<f64> = (0..order).map(|age| 2.5 - 0.5 * age as f64).collect();
            let moulton = weights(&with_end, 2.0, 2.5);
            for (weight, expected) in moulton.iter().zip(adams::moulton(order).expect("an order")) {
                assert!(
                    (weight / 0.5 - expected).abs() < 1e-9 * expected.abs().max(1.0),
                    "{order}"
                );
            }
        }
    }

    #[test]
    fn polynomials_are_integrated_exactly_whatever_the_steps() {
        let times = [1.0, 0.8, 0.75, 0.3, 0.1];
        // t⁴ from 1 to 1.4.
        let integral: f64 = times
            .iter()
            .zip(weights(&times, 1.0, 1.4))
            .map(|(t, w)| w * t.powi(4))
            .sum();
        assert!((integral - (1.4f64.powi(5) - 1.0) / 5.0).abs() < 1e-13);
    }
}
