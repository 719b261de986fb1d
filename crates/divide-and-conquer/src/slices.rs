//! The embedding layer cut into learners.

use std::ops::Range;

use burn::prelude::*;

use crate::MetricError;

/// `K` consecutive equal slices of an embedding of `d` numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slices {
    dimension: usize,
    learners: usize,
}

impl Slices {
    /// Cuts `dimension` numbers into `learners` slices.
    ///
    /// # Errors
    ///
    /// [`MetricError::Slices`] if they are not equal, or if there are none.
    pub fn new(dimension: usize, learners: usize) -> Result<Self, MetricError> {
        if learners == 0 || dimension == 0 || !dimension.is_multiple_of(learners) {
            return Err(MetricError::Slices { dimension, learners });
        }
        Ok(Self { dimension, learners })
    }

    /// Numbers of the whole embedding, `d`.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of slices, `K`.
    pub fn learners(&self) -> usize {
        self.learners
    }

    /// Numbers of a slice, `d / K`.
    pub fn width(&self) -> usize {
        self.dimension / self.learners
    }

    /// The numbers of a learner.
    ///
    /// # Panics
    ///
    /// If there is no such learner.
    pub fn range(&self, learner: usize) -> Range<usize> {
        assert!(learner < self.learners, "learner {learner} of {}", self.learners);
        learner * self.width()..(learner + 1) * self.width()
    }
}

/// What of an embedding learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// The slice of a learner.
    Slice(usize),
}

/// Rows brought to length 1. A row of zeros stays one, with a finite gradient: `x / √(Σx² + 1e-24)`.
///
/// # Shapes
///
/// - rows, output: `[rows, width]`
pub fn normalize(rows: Tensor<2>) -> Tensor<2> {
    let lengths = (rows.clone().square().sum_dim(1) + 1e-24).sqrt();
    rows / lengths
}

/// Every slice of every row brought to length 1, the other form of evaluation.
///
/// # Shapes
///
/// - rows, output: `[rows, d]`
///
/// # Panics
///
/// If the rows are not of the embedding's size.
pub fn normalize_slices(rows: Tensor<2>, slices: Slices) -> Tensor<2> {
    let [count, dimension] = rows.dims();
    assert_eq!(dimension, slices.dimension(), "rows of the whole embedding");
    let pieces = rows.reshape([count * slices.learners(), slices.width()]);
    normalize(pieces).reshape([count, dimension])
}

#[cfg(test)]
mod tests {
    use papers_core::testing;

    use super::*;

    #[test]
    fn unequal_slices_are_refused_with_both_numbers() {
        for (dimension, learners) in [(128, 3), (8, 0), (4, 8), (0, 1)] {
            let error = Slices::new(dimension, learners).unwrap_err();
            assert_eq!(error, MetricError::Slices { dimension, learners });
            assert!(error.to_string().contains(&format!("d = {dimension}")), "{error}");
        }
        let slices = Slices::new(128, 8).unwrap();
        assert_eq!((slices.width(), slices.range(7)), (16, 112..128));
    }

    #[test]
    fn a_row_of_zeros_has_a_finite_gradient() {
        let device = testing::device().autodiff();
        let rows = Tensor::<2>::zeros([2, 3], &device).require_grad();
        let unit = normalize(rows.clone());
        assert_eq!(testing::values(unit.clone().inner()), [0.0; 6]);
        let gradient = rows.grad(&unit.sum().backward()).unwrap();
        assert!(testing::values(gradient).iter().all(|value| value.is_finite()));
    }
}
