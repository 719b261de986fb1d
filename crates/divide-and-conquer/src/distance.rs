//! Distances within a batch: on the host for miners, on the tape for losses.

use burn::prelude::*;

use crate::{
    Rows,
    rows::{Real, squared_distance},
};

/// Added to squared distances by the margin loss, whose published numbers have it.
pub const MARGIN_EPSILON: f64 = 1e-8;
/// Added by other losses: it changes no distance that matters, and keeps the gradient of a distance of zero finite.
pub const EPSILON: f64 = 1e-16;

/// Distances between all examples of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Distances {
    values: Vec<f64>,
    count: usize,
}

impl Distances {
    /// Takes the distances row by row.
    ///
    /// # Panics
    ///
    /// If they are no square.
    pub fn new(values: Vec<f64>, count: usize) -> Self {
        assert_eq!(values.len(), count * count, "a distance for each pair");
        Self { values, count }
    }

    /// Euclidean distances, or their squares.
    pub fn of<T: Real>(rows: &Rows<T>, is_squared: bool) -> Self {
        let count = rows.len();
        let mut values = vec![0.0; count * count];
        for one in 0..count {
            for other in one + 1..count {
                let square = squared_distance(rows.row(one), rows.row(other));
                let distance = if is_squared { square } else { square.sqrt() };
                values[one * count + other] = distance;
                values[other * count + one] = distance;
            }
        }
        Self { values, count }
    }

    /// Number of examples.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The distance of two examples.
    ///
    /// # Panics
    ///
    /// If there is no such example.
    pub fn between(&self, one: usize, other: usize) -> f64 {
        self.values[one * self.count..(one + 1) * self.count][other]
    }
}

/// `‖x - y‖²` of rows with the same number.
///
/// # Shapes
///
/// - left, right: `[pairs, width]`
/// - output: `[pairs]`
pub fn squared(left: Tensor<2>, right: Tensor<2>) -> Tensor<1> {
    (left - right).square().sum_dim(1).squeeze_dim(1)
}

/// `√(‖x - y‖² + epsilon)` of rows with the same number: at the same place the gradient is zero, and not NaN.
///
/// # Shapes
///
/// - left, right: `[pairs, width]`
/// - output: `[pairs]`
pub fn euclidean(left: Tensor<2>, right: Tensor<2>, epsilon: f64) -> Tensor<1> {
    (squared(left, right) + epsilon).sqrt()
}

/// `‖x - y‖²` of all pairs, by one matrix product; rounding is kept from making it negative.
///
/// # Shapes
///
/// - left: `[rows, width]`
/// - right: `[columns, width]`
/// - output: `[rows, columns]`
pub fn squared_between(left: Tensor<2>, right: Tensor<2>) -> Tensor<2> {
    let lengths = left.clone().square().sum_dim(1) + right.clone().square().sum_dim(1).transpose();
    (lengths - left.matmul(right.transpose()) * 2.0).clamp_min(0.0)
}

/// Rows with these numbers.
///
/// # Shapes
///
/// - rows: `[rows, width]`
/// - output: `[indices, width]`
pub(crate) fn rows_at(rows: &Tensor<2>, indices: impl Iterator<Item = usize>) -> Tensor<2> {
    let indices: Vec<i32> = indices.map(|index| index as i32).collect();
    let count = indices.len();
    let places = Tensor::<1, Int>::from_data(TensorData::new(indices, [count]), &rows.device());
    rows.clone().select(0, places)
}

#[cfg(test)]
mod tests {
    use papers_core::testing;

    use super::*;

    #[test]
    fn all_ways_measure_the_same() {
        let device = testing::device();
        let values = vec![0.0, 1.0, 2.0, 3.0, -1.0, 0.5, 4.0, 4.0];
        let tensor: Tensor<2> = testing::tensor_f64(values.clone(), [4, 2], &device);
        let rows = Rows::new(values, 2).unwrap();
        let all = testing::values(squared_between(tensor.clone(), tensor.clone()));
        let host = Distances::of(&rows, true);
        for one in 0..4 {
            for other in 0..4 {
                testing::assert_close(&[host.between(one, other)], &[all[one * 4 + other]], 1e-12);
            }
        }
        let pairs = squared(
            rows_at(&tensor, [0, 3].into_iter()),
            rows_at(&tensor, [2, 1].into_iter()),
        );
        assert_eq!(testing::values(pairs), [host.between(0, 2), host.between(3, 1)]);
    }

    #[test]
    fn the_gradient_at_the_same_place_is_zero() {
        let device = testing::device().autodiff();
        let left = Tensor::<2>::ones([1, 3], &device).require_grad();
        let distance = euclidean(left.clone(), Tensor::ones([1, 3], &device), EPSILON);
        let gradient = left.grad(&distance.sum().backward()).unwrap();
        assert_eq!(testing::values(gradient), [0.0; 3]);
    }
}
