//! MixUp: examples and labels blended with those of a partner (section 3.3, eq. 8 to 11).

use burn::prelude::*;
use rand::Rng;
use rand_distr::{Beta, Distribution};
use serde::{Deserialize, Serialize};

use crate::StepError;

/// How many coefficients are drawn for a pool.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coefficients {
    /// One for each example, as the released program does.
    #[default]
    PerExample,
    /// One for the whole pool, as some ports do.
    PerBatch,
}

/// Draws the coefficients `λ ~ Beta(α, α)` of `rows` examples, before `λ' = max(λ, 1 - λ)`.
///
/// # Errors
///
/// [`StepError::Alpha`] if `alpha` is not positive.
pub fn draw(
    alpha: f64,
    rows: usize,
    coefficients: Coefficients,
    generator: &mut impl Rng,
) -> Result<Vec<f64>, StepError> {
    let beta = match Beta::new(alpha, alpha) {
        Ok(beta) if alpha.is_finite() => beta,
        _ => return Err(StepError::Alpha(alpha)),
    };
    Ok(match coefficients {
        Coefficients::PerExample => (0..rows).map(|_| beta.sample(generator)).collect(),
        Coefficients::PerBatch => vec![beta.sample(generator); rows],
    })
}

/// Which rows are blended, and how much of each stays.
#[derive(Debug, Clone, PartialEq)]
pub struct Mixing {
    /// The row that each row is blended with.
    partners: Vec<usize>,
    /// What stays of each row: `λ'`, at least one half.
    kept: Vec<f64>,
}

impl Mixing {
    /// Blends row `i` with row `partners[i]`. Of the coefficients `λ` in `[0, 1]`, `λ' = max(λ, 1 - λ)` is what stays of
    /// a row, so that the result is nearer to the row than to its partner (eq. 9).
    ///
    /// # Panics
    ///
    /// If there is not one partner among the rows for each coefficient.
    pub fn new(lambda: &[f64], partners: Vec<usize>) -> Self {
        let rows = partners.len();
        assert_eq!(lambda.len(), rows, "one coefficient for each row");
        assert!(partners.iter().all(|&row| row < rows), "partners are among the rows");
        Self {
            kept: lambda.iter().map(|&lambda| lambda.max(1.0 - lambda)).collect(),
            partners,
        }
    }

    /// Leaves `rows` rows as they are.
    pub fn nothing(rows: usize) -> Self {
        Self {
            partners: (0..rows).collect(),
            kept: vec![1.0; rows],
        }
    }

    /// What stays of each row: `λ'`.
    pub fn kept(&self) -> &[f64] {
        &self.kept
    }

    /// The row that each row is blended with.
    pub fn partners(&self) -> &[usize] {
        &self.partners
    }

    /// Follows this one with another one for the rows after its own.
    pub fn followed_by(mut self, other: Self) -> Self {
        let rows = self.partners.len();
        self.partners.extend(other.partners.iter().map(|row| row + rows));
        self.kept.extend(other.kept);
        self
    }

    /// `λ'·row + (1 - λ')·partner` (eq. 10 and 11), for examples and labels alike.
    ///
    /// # Shapes
    ///
    /// - rows, output: `[rows, ..]`
    ///
    /// # Panics
    ///
    /// If the tensor has another number of rows.
    pub fn apply<const D: usize>(&self, rows: Tensor<D>) -> Tensor<D> {
        assert_eq!(rows.dims()[0], self.kept.len(), "as many rows as were drawn for");
        if self.kept.iter().all(|&kept| kept == 1.0) {
            return rows;
        }
        let partners = rows.clone().select(0, row_indices(&self.partners, &rows.device()));
        rows.clone() * self.column(&rows, |kept| kept) + partners * self.column(&rows, |kept| 1.0 - kept)
    }

    /// One number for each row, to be multiplied with the row.
    fn column<const D: usize>(&self, rows: &Tensor<D>, number: impl Fn(f64) -> f64) -> Tensor<D> {
        let numbers: Vec<f64> = self.kept.iter().map(|&kept| number(kept)).collect();
        let mut shape = [1; D];
        shape[0] = numbers.len();
        Tensor::from_data(TensorData::new(numbers, shape), (&rows.device(), rows.dtype()))
    }
}

/// Numbers of rows as a tensor.
pub(crate) fn row_indices(rows: &[usize], device: &Device) -> Tensor<1, Int> {
    let rows: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let length = rows.len();
    Tensor::from_data(TensorData::new(rows, [length]), device)
}
