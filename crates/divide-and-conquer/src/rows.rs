//! Points on the host: rows of numbers, one after another.

use std::ops::Range;

use burn::{
    prelude::*,
    tensor::{DType, Element},
};
use multiversion::multiversion;

use crate::MetricError;

/// Precisions that points have.
pub trait Real: Element + Into<f64> + PartialOrd + Send + Sync + 'static {
    /// The same for a tensor.
    const DTYPE: DType;
    /// Largest relative error of rounding a number.
    const ROUNDING: f64;
    /// The least number that is rounded no worse.
    const LEAST: f64;

    /// The nearest number.
    fn nearest(value: f64) -> Self;
}

impl Real for f32 {
    const DTYPE: DType = DType::F32;
    const ROUNDING: f64 = f32::EPSILON as f64 / 2.0;
    const LEAST: f64 = f32::MIN_POSITIVE as f64;

    fn nearest(value: f64) -> Self {
        value as Self
    }
}

impl Real for f64 {
    const DTYPE: DType = DType::F64;
    const ROUNDING: f64 = f64::EPSILON / 2.0;
    const LEAST: f64 = f64::MIN_POSITIVE;

    fn nearest(value: f64) -> Self {
        value
    }
}

/// Points of one number of dimensions, `[rows, width]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows<T = f32> {
    values: Vec<T>,
    width: usize,
}

impl<T: Real> Rows<T> {
    /// Takes the numbers of all rows, one row after another.
    ///
    /// # Errors
    ///
    /// [`MetricError::Rows`] if the last row is not whole.
    pub fn new(values: Vec<T>, width: usize) -> Result<Self, MetricError> {
        if width == 0 || !values.len().is_multiple_of(width) {
            let values = values.len();
            return Err(MetricError::Rows { values, width });
        }
        Ok(Self { values, width })
    }

    /// Reads a tensor.
    ///
    /// # Shapes
    ///
    /// - tensor: `[rows, width]`
    ///
    /// # Errors
    ///
    /// What the device reports.
    pub fn of_tensor(tensor: Tensor<2>) -> Result<Self, MetricError> {
        let width = tensor.dims()[1];
        let values = tensor.without_autodiff().try_into_vec_as()?;
        Self::new(values, width)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All numbers.
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// One row.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn row(&self, index: usize) -> &[T] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = &[T]> {
        self.values.chunks_exact(self.width)
    }

    /// Some rows, in this order.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn select(&self, indices: &[usize]) -> Self {
        let values = indices.iter().flat_map(|&index| self.row(index)).copied();
        Self {
            values: values.collect(),
            width: self.width,
        }
    }

    /// Some columns of every row.
    ///
    /// # Panics
    ///
    /// If there are no such columns, or none are asked for.
    #[must_use]
    pub fn columns(&self, range: Range<usize>) -> Self {
        assert!(!range.is_empty(), "a row has a number");
        let values = self.iter().flat_map(|row| &row[range.clone()]).copied();
        Self {
            values: values.collect(),
            width: range.len(),
        }
    }

    /// Names the first row with a number that is not finite.
    ///
    /// # Errors
    ///
    /// [`MetricError::NonFinite`], which says that the row is one of `what`.
    pub fn check_finite(&self, what: &'static str) -> Result<(), MetricError> {
        let is_finite = |value: &T| -> bool { (*value).into().is_finite() };
        match self.iter().position(|row| !row.iter().all(is_finite)) {
            Some(row) => Err(MetricError::NonFinite { what, row }),
            None => Ok(()),
        }
    }

    /// Every row brought to length 1.
    ///
    /// # Errors
    ///
    /// [`MetricError::ZeroVector`] and [`MetricError::NonFinite`].
    pub fn normalized(&self, what: &'static str) -> Result<Self, MetricError> {
        self.normalized_by(what, self.width)
    }

    /// Every row brought to length 1; rows of zeros stay what they are.
    ///
    /// # Errors
    ///
    /// [`MetricError::NonFinite`].
    pub fn normalized_or_zero(&self, what: &'static str) -> Result<Self, MetricError> {
        self.pieces_normalized(what, self.width, true)
    }

    /// Every piece of `width` numbers of every row brought to length 1, as the released evaluation does it with slices.
    ///
    /// # Errors
    ///
    /// [`MetricError::ZeroVector`] and [`MetricError::NonFinite`].
    ///
    /// # Panics
    ///
    /// If a row is no whole number of pieces.
    pub fn normalized_by(&self, what: &'static str, width: usize) -> Result<Self, MetricError> {
        self.pieces_normalized(what, width, false)
    }

    fn pieces_normalized(&self, what: &'static str, width: usize, allows_zero: bool) -> Result<Self, MetricError> {
        assert!(self.width.is_multiple_of(width), "pieces are whole");
        self.check_finite(what)?;
        let mut values = self.values.clone();
        for (piece, numbers) in values.chunks_exact_mut(width).enumerate() {
            let length = squared_length(numbers).sqrt();
            if length == 0.0 {
                if allows_zero {
                    continue;
                }
                let row = piece * width / self.width;
                return Err(MetricError::ZeroVector { what, row });
            }
            for number in numbers {
                *number = T::nearest((*number).into() / length);
            }
        }
        Ok(Self {
            values,
            width: self.width,
        })
    }
}

/// `Σ x²`.
pub(crate) fn squared_length<T: Real>(row: &[T]) -> f64 {
    row.iter()
        .map(|&value| {
            let value: f64 = value.into();
            value * value
        })
        .sum()
}

/// `Σ (x - y)²`, always summed in the same order: equal points have equal distances, whatever else is compared.
#[multiversion(targets("x86_64+avx2+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
pub(crate) fn squared_distance<T: Real>(left: &[T], right: &[T]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0_f64; LANES];
    let (left, left_rest) = left.as_chunks::<LANES>();
    let (right, right_rest) = right.as_chunks::<LANES>();
    for (left, right) in left.iter().zip(right) {
        for lane in 0..LANES {
            let difference: f64 = left[lane].into() - right[lane].into();
            sums[lane] += difference * difference;
        }
    }
    for (sum, (&left, &right)) in sums.iter_mut().zip(left_rest.iter().zip(right_rest)) {
        let difference: f64 = left.into() - right.into();
        *sum += difference * difference;
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_or_refused() {
        assert!(Rows::new(vec![1.0_f32; 6], 3).is_ok());
        for width in [0, 4] {
            let error = Rows::new(vec![1.0_f32; 6], width).unwrap_err();
            assert_eq!(error, MetricError::Rows { values: 6, width });
        }
    }

    #[test]
    fn bad_rows_are_named() {
        let rows = Rows::new(vec![3.0, 4.0, 0.0, f64::NAN], 2).unwrap();
        let error = rows.check_finite("embeddings").unwrap_err().to_string();
        assert!(error.contains("row 1"), "{error}");
        let rows = Rows::new(vec![3.0, 4.0, 0.0, 0.0], 2).unwrap();
        let error = rows.normalized("embeddings").unwrap_err();
        assert_eq!(
            error,
            MetricError::ZeroVector {
                what: "embeddings",
                row: 1
            }
        );
        assert_eq!(rows.select(&[0]).normalized("embeddings").unwrap().row(0), [0.6, 0.8]);
        assert_eq!(
            rows.normalized_or_zero("points").unwrap().values(),
            [0.6, 0.8, 0.0, 0.0]
        );
    }

    #[test]
    fn pieces_are_normalized_by_themselves() {
        let rows = Rows::new(vec![3.0, 4.0, 0.0, 2.0], 4).unwrap();
        assert_eq!(rows.normalized_by("x", 2).unwrap().row(0), [0.6, 0.8, 0.0, 1.0]);
        assert_eq!(rows.columns(1..3).row(0), [4.0, 0.0]);
    }

    #[test]
    fn distances_of_any_width_are_sums_of_squares() {
        for width in 1..20 {
            let left: Vec<f64> = (0..width).map(f64::from).collect();
            let right = vec![1.0; left.len()];
            let expected: f64 = left.iter().map(|x| (x - 1.0).powi(2)).sum();
            assert_eq!(squared_distance(&left, &right), expected);
        }
    }
}
