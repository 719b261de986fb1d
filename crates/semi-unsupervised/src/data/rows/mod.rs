//! Examples as rows of numbers in the host's memory.

mod error;

use papers_core::random::Streams;
use rand::RngExt;

pub use error::RowsError;

use crate::model::Likelihood;

/// Examples: a matrix, and the class of each row where it is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Rows {
    /// What they are, for messages, as in `mnist/train`.
    pub name: String,
    /// `[rows, columns]`, row after row.
    pub values: Vec<f32>,
    /// Values in a row.
    pub columns: usize,
    /// Class of each row.
    pub labels: Vec<Option<usize>>,
}

impl Rows {
    /// Rows of finite numbers.
    ///
    /// # Errors
    ///
    /// [`RowsError::Shape`] and [`RowsError::NotFinite`].
    pub fn new(
        name: impl Into<String>,
        values: Vec<f32>,
        columns: usize,
        labels: Vec<Option<usize>>,
    ) -> Result<Self, RowsError> {
        let rows = Self {
            name: name.into(),
            values,
            columns,
            labels,
        };
        if columns == 0 || columns.checked_mul(rows.len()) != Some(rows.values.len()) {
            return Err(RowsError::Shape {
                set: rows.name,
                values: rows.values.len(),
                labels: rows.labels.len(),
                columns,
            });
        }
        rows.check(
            |value| value.is_finite(),
            |set, row, column, value| RowsError::NotFinite {
                set,
                row,
                column,
                value,
            },
        )?;
        Ok(rows)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Values of a row.
    ///
    /// # Panics
    ///
    /// If there are not more than `index` rows.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.columns..(index + 1) * self.columns]
    }

    /// The rows with these numbers, in this order.
    ///
    /// # Panics
    ///
    /// If a number is not below [`len`](Self::len).
    pub fn subset(&self, name: impl Into<String>, indices: &[usize]) -> Self {
        Self {
            name: name.into(),
            values: self.gathered(indices),
            columns: self.columns,
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
        }
    }

    /// Values of the rows with these numbers.
    ///
    /// # Shapes
    ///
    /// - output: `[indices, columns]`
    ///
    /// # Panics
    ///
    /// If a number is not below [`len`](Self::len).
    pub fn gathered(&self, indices: &[usize]) -> Vec<f32> {
        let mut values = Vec::with_capacity(indices.len() * self.columns);
        for &index in indices {
            values.extend_from_slice(self.row(index));
        }
        values
    }

    /// Numbers of the rows whose class is known, and their classes, as for comparison with predictions.
    pub fn truth(&self) -> (Vec<usize>, Vec<usize>) {
        let known = self.labels.iter().enumerate();
        known.filter_map(|(row, label)| Some((row, (*label)?))).unzip()
    }

    /// Number of rows of each class.
    ///
    /// # Errors
    ///
    /// [`RowsError::Label`] of a class that does not exist.
    pub fn class_counts(&self, classes: usize) -> Result<Vec<usize>, RowsError> {
        let mut counts = vec![0; classes];
        for (row, label) in self.labels.iter().enumerate() {
            let Some(label) = *label else { continue };
            let Some(count) = counts.get_mut(label) else {
                let set = self.name.clone();
                return Err(RowsError::Label {
                    set,
                    row,
                    label,
                    classes,
                });
            };
            *count += 1;
        }
        Ok(counts)
    }

    /// Whether the values can be modeled so: for Bernoulli variables all must be probabilities.
    ///
    /// # Errors
    ///
    /// [`RowsError::NotUnit`].
    pub fn check_for(&self, likelihood: Likelihood) -> Result<(), RowsError> {
        if likelihood == Likelihood::Gaussian {
            return Ok(());
        }
        self.check(
            |value| (0.0..=1.0).contains(&value),
            |set, row, column, value| RowsError::NotUnit {
                set,
                row,
                column,
                value,
            },
        )
    }

    fn check(
        &self,
        holds: impl Fn(f32) -> bool,
        error: impl FnOnce(String, usize, usize, f32) -> RowsError,
    ) -> Result<(), RowsError> {
        match self.values.iter().position(|&value| !holds(value)) {
            Some(place) => {
                let (row, column) = (place / self.columns, place % self.columns);
                Err(error(self.name.clone(), row, column, self.values[place]))
            }
            None => Ok(()),
        }
    }
}

/// Puts one in place of each value with the value as its probability, and zero otherwise.
pub(in crate::data) fn binarize(values: &mut [f32], streams: &Streams, name: &str, step: u64) {
    let mut generator = streams.at(name, step, 0);
    for value in values {
        // Numbers are below 1, so that a probability of 1 is always one, and not below 0.
        *value = f32::from(u8::from(generator.random::<f32>() < *value));
    }
}

#[cfg(test)]
mod tests;
