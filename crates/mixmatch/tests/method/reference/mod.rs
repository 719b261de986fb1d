//! The algorithm gives the numbers of independent reference files, in `f64` and in `f32`.
//!
//! Every test reads all its input from the file and runs every case, so another file of the same schema can take the
//! place of each.

mod algorithm1;
mod average;
mod baselines;
mod interleave;
mod label_guess;
mod losses;
mod mixup;
mod ramp;

use burn::{prelude::*, tensor::DType};
use papers_core::testing::{self, device, values};
use serde::de::DeserializeOwned;

/// A matrix as it stands in a file.
pub(crate) type Rows = Vec<Vec<f64>>;

pub(crate) fn fixture<T: DeserializeOwned>(name: &str) -> T {
    testing::fixture(env!("CARGO_MANIFEST_DIR"), name)
}

/// A kind of floating-point numbers, and how near to the reference its results have to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Precision {
    pub(crate) dtype: DType,
    relative: f64,
    absolute: f64,
}

pub(crate) const DOUBLE: Precision = Precision {
    dtype: DType::F64,
    relative: 0.0,
    absolute: 1e-9,
};
pub(crate) const SINGLE: Precision = Precision {
    dtype: DType::F32,
    relative: 1e-4,
    absolute: 1e-5,
};
pub(crate) const BOTH: [Precision; 2] = [DOUBLE, SINGLE];

impl Precision {
    /// The same with another absolute tolerance, where a file names one.
    pub(crate) fn or(self, tolerance: Option<f64>) -> Self {
        let absolute = self.absolute.max(tolerance.unwrap_or(0.0));
        Self { absolute, ..self }
    }

    pub(crate) fn tensor<const D: usize>(self, numbers: Vec<f64>, shape: [usize; D]) -> Tensor<D> {
        Tensor::from_data(TensorData::new(numbers, shape), (&device(), self.dtype))
    }

    pub(crate) fn matrix(self, rows: &Rows) -> Tensor<2> {
        self.tensor(rows.concat(), [rows.len(), rows[0].len()])
    }

    #[track_caller]
    pub(crate) fn assert_numbers(self, what: &str, found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len(), "{what}: as many numbers");
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            let allowed = self.absolute + self.relative * expected.abs();
            // Written so that NaN fails.
            assert!(
                (found - expected).abs() <= allowed,
                "{what}[{index}] in {:?}: {found} is not {expected}",
                self.dtype
            );
        }
    }

    #[track_caller]
    pub(crate) fn assert_rows<const D: usize>(self, what: &str, found: Tensor<D>, expected: &Rows) {
        self.assert_numbers(what, &values(found), &expected.concat());
    }

    #[track_caller]
    pub(crate) fn assert_number<const D: usize>(self, what: &str, found: Tensor<D>, expected: f64) {
        self.assert_numbers(what, &values(found), &[expected]);
    }
}
