//! What a detector learns from (Tian et al. 2019): focal loss for what is where, overlap for its bounds.

use burn::{prelude::*, tensor::activation::log_sigmoid};

/// Of the focal loss (Lin et al. 2017): weight of what is there, and how much less a sure prediction counts.
const ALPHA: f64 = 0.25;
const GAMMA: i32 = 2;

/// Sum of the focal loss over all places and classes.
///
/// # Shapes
///
/// - logits: `[places, classes]`
/// - targets: `[places, classes]`, 0 or 1
/// - output: `[1]`
pub(super) fn focal(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<1> {
    let log_there = log_sigmoid(logits.clone());
    let log_absent = log_sigmoid(-logits);
    let there = log_there.clone().exp();
    let absent = log_absent.clone().exp();
    let of_there = targets.clone() * absent.powi_scalar(GAMMA) * log_there * ALPHA;
    let of_absent = (-targets + 1.0) * there.powi_scalar(GAMMA) * log_absent * (1.0 - ALPHA);
    -(of_there + of_absent).sum()
}

/// Sum over places of `weight · (1 - generalized overlap)` (Rezatofighi et al. 2019) of two bounds, each given by the
/// distances from the place to its left, upper, right and lower side, all positive.
///
/// # Shapes
///
/// - found, wanted: `[places, 4]`
/// - weights: `[places, 1]`
/// - output: `[1]`
pub(super) fn overlap(found: Tensor<2>, wanted: Tensor<2>, weights: Tensor<2>) -> Tensor<1> {
    let area = |sides: Tensor<2>| {
        let [left, top, right, bottom] = [0, 1, 2, 3].map(|side| sides.clone().narrow(1, side, 1));
        (left + right) * (top + bottom)
    };
    let common = area(found.clone().min_pair(wanted.clone()));
    let hull = area(found.clone().max_pair(wanted.clone()));
    let either = area(found) + area(wanted) - common.clone();
    let generalized = common / either.clone() - (hull.clone() - either) / hull;
    ((-generalized + 1.0) * weights).sum()
}

#[cfg(test)]
mod tests {
    use papers_core::testing::{assert_close, assert_gradient, device, tensor_f64, values};

    use super::*;

    #[test]
    fn focal_loss_of_two_places() {
        let logits = tensor_f64(vec![0.0, 2.0], [2, 1], &device());
        let targets = tensor_f64(vec![1.0, 0.0], [2, 1], &device());
        let sure = 1.0 / (1.0 + (-2.0_f64).exp());
        let expected = 0.25 * 0.25 * 2.0_f64.ln() - 0.75 * sure * sure * (1.0 - sure).ln();
        assert_close(&values(focal(logits, targets)), &[expected], 1e-12);
    }

    #[test]
    fn focal_loss_of_sure_predictions_is_finite() {
        let logits = tensor_f64(vec![1e4, -1e4], [2, 1], &device());
        let wrong = tensor_f64(vec![0.0, 1.0], [2, 1], &device());
        assert!(values(focal(logits.clone(), wrong))[0].is_finite());
        let right = tensor_f64(vec![1.0, 0.0], [2, 1], &device());
        assert_close(&values(focal(logits, right)), &[0.0], 1e-12);
    }

    #[test]
    fn overlap_of_equal_and_of_shifted_bounds() {
        let sides = |values: [f64; 4]| tensor_f64(values.to_vec(), [1, 4], &device());
        let one = || tensor_f64(vec![1.0], [1, 1], &device());
        let same = overlap(sides([1.0, 2.0, 3.0, 4.0]), sides([1.0, 2.0, 3.0, 4.0]), one());
        assert_close(&values(same), &[0.0], 1e-12);
        // 2 by 2, of which the other lies one to the right: common 2, either 6, hull 6.
        let shifted = overlap(sides([1.0, 1.0, 1.0, 1.0]), sides([0.0, 1.0, 2.0, 1.0]), one());
        assert_close(&values(shifted), &[1.0 - 2.0 / 6.0], 1e-12);
    }

    #[test]
    fn finite_differences_agree() {
        assert_gradient(&[0.3, -1.0, 0.4, 2.0], |point| {
            let targets = tensor_f64(vec![1.0, 0.0, 0.0, 1.0], [2, 2], &point.device());
            focal(point.reshape([2, 2]), targets)
        });
        assert_gradient(&[1.3, 0.7, 2.4, 2.0], |point| {
            let wanted = tensor_f64(vec![1.0, 1.0, 2.0, 2.5], [1, 4], &point.device());
            overlap(
                point.clone().reshape([1, 4]),
                wanted,
                tensor_f64(vec![0.7], [1, 1], &point.device()),
            )
        });
    }
}
