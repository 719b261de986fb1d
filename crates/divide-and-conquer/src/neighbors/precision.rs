//! How far the distances of a matrix product may be off.

use burn::{prelude::*, tensor::DType};

use crate::{MetricError, Rows, rows::Real, rows::squared_length};

/// How a device multiplies matrices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Precision {
    /// Largest relative error of a factor, as it is taken into a product.
    factors: f64,
    /// Largest relative error of a product, and of a sum of two.
    sums: f64,
    /// What is smaller may be lost.
    least: f64,
}

impl Precision {
    /// That of a device. Processors multiply numbers as they are; graphics cards may cut factors of single precision to
    /// TF32, which has 10 binary places, and need not round sums to the nearest number.
    pub(super) fn of<T: Real>(device: &Device) -> Self {
        if T::DTYPE == DType::F32 && !is_processor(device) {
            Self::coarse()
        } else {
            Self {
                factors: 0.0,
                sums: T::ROUNDING,
                least: T::LEAST,
            }
        }
    }

    /// That of TF32, cut off and not rounded.
    pub(super) fn coarse() -> Self {
        Self {
            factors: 2.0_f64.powi(-10),
            sums: 4.0 * f32::ROUNDING,
            least: f32::LEAST,
        }
    }

    /// Largest error of a distance between points of these lengths at most, of `width` numbers: that of the product, and that
    /// of measuring it in double precision, which counts where one point is much longer than the other.
    pub(super) fn error(&self, width: usize, query: f64, longest: f64) -> f64 {
        // A sum of n products is off by less than n times the rounding of the sum of their sizes (Higham 2002, 3.1).
        let terms = width as f64 + 4.0;
        let relative = terms * self.sums + self.factors * (2.0 + self.factors);
        let measured = terms * f64::ROUNDING * (query + longest).powi(2);
        relative * longest * (2.0 * query + longest) + measured + 8.0 * terms * self.least
    }
}

/// Whether products are taken by a processor, to the precision of their factors.
fn is_processor(device: &Device) -> bool {
    #[cfg(feature = "flex")]
    if *device == Device::flex() {
        return true;
    }
    #[cfg(feature = "ndarray")]
    #[expect(deprecated, reason = "kept as the second opinion of the flex backend")]
    if *device == Device::ndarray() {
        return true;
    }
    let _ = device;
    false
}

/// A power of two that makes the longest point about 1: otherwise products of long points were infinite, and those of
/// short ones zero.
pub(super) fn scale_of(longest: f64) -> f64 {
    /// The largest power of two in double precision is a little larger.
    const MOST: f64 = 1000.0;
    if longest == 0.0 {
        return 1.0;
    }
    2.0_f64.powf(-longest.log2().ceil().clamp(-MOST, MOST))
}

/// Refuses points whose squared distances double precision cannot hold; none in single precision is.
pub(super) fn check_lengths<T: Real>(rows: &Rows<T>, what: &'static str) -> Result<(), MetricError> {
    if T::DTYPE == DType::F32 {
        return Ok(());
    }
    let is_long = |row: &[T]| squared_length(row) > f64::MAX / 4.0;
    match rows.iter().position(is_long) {
        Some(row) => Err(MetricError::TooLong { what, row }),
        None => Ok(()),
    }
}
