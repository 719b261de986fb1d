//! What is done to values before the model sees them: which are left out, and how large the others are (section 3).

use serde::{Deserialize, Serialize};

use super::rows::{Rows, RowsError};

/// Which values of a row the model sees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mask {
    /// For each value of a row, whether it is kept.
    pub kept: Vec<bool>,
    /// Mean over the training rows of each value that is left out.
    pub left_out: Vec<f32>,
}

/// What brings kept values to mean 0 and deviation 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standardization {
    /// Mean of each kept value.
    pub mean: Vec<f32>,
    /// Deviation of each kept value, above 0.
    pub deviation: Vec<f32>,
}

/// What was learned from the training rows and is done to all rows alike; a checkpoint holds it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preparation {
    /// Which values the model sees.
    pub mask: Mask,
    /// How large they are; as they come, if none.
    #[serde(default)]
    pub standardization: Option<Standardization>,
}

impl Preparation {
    /// Keeps the values whose deviation over `rows` is above `min_std`, and standardizes them if asked to.
    ///
    /// # Errors
    ///
    /// [`RowsError::Empty`] and [`RowsError::NothingKept`].
    pub fn of(rows: &Rows, min_std: f64, standardize: bool) -> Result<Self, RowsError> {
        if rows.is_empty() {
            let set = rows.name.clone();
            return Err(RowsError::Empty { set });
        }
        let moments = moments(rows);
        let kept: Vec<bool> = moments.iter().map(|moments| moments.deviation > min_std).collect();
        if !kept.contains(&true) {
            return Err(RowsError::NothingKept {
                columns: rows.columns,
                min_std,
                largest: moments.iter().map(|moments| moments.deviation).fold(0.0, f64::max),
            });
        }
        let of = |wanted: bool, value: fn(&Moments) -> f64| -> Vec<f32> {
            let chosen = moments.iter().zip(&kept).filter(|&(_, &is_kept)| is_kept == wanted);
            chosen.map(|(moments, _)| value(moments) as f32).collect()
        };
        let standardization = standardize.then(|| Standardization {
            mean: of(true, |moments| moments.mean),
            // What is above 0 stays so in single precision.
            deviation: of(true, |moments| moments.deviation.max(f64::from(f32::MIN_POSITIVE))),
        });
        let left_out = of(false, |moments| moments.mean);
        Ok(Self {
            mask: Mask { kept, left_out },
            standardization,
        })
    }

    /// Number of values that the model sees.
    pub fn values(&self) -> usize {
        self.mask.values()
    }

    /// Rows as the model sees them.
    ///
    /// # Errors
    ///
    /// [`RowsError::Columns`] for rows of another length than those it was made of; [`RowsError::NotFinite`] for values
    /// that are too large to be standardized.
    pub fn apply(&self, rows: Rows) -> Result<Rows, RowsError> {
        let expected = self.mask.kept.len();
        if rows.columns != expected {
            return Err(RowsError::Columns {
                rows: rows.len(),
                columns: rows.columns,
                set: rows.name,
                expected,
            });
        }
        let mut values = rows.values;
        let mut place = 0;
        values.retain(|_| {
            place += 1;
            self.mask.kept[(place - 1) % expected]
        });
        values.shrink_to_fit();
        if let Some(standardization) = &self.standardization {
            values
                .chunks_exact_mut(self.values())
                .for_each(|row| standardization.apply(row));
        }
        Rows::new(rows.name, values, self.values(), rows.labels)
    }

    /// A row that the model made, with all values as they were: those that are left out have their mean.
    ///
    /// # Shapes
    ///
    /// - row: `[values]`
    /// - output: as many as a row had before
    ///
    /// # Panics
    ///
    /// If the row has another length.
    pub fn undo(&self, row: &[f32]) -> Vec<f32> {
        assert_eq!(row.len(), self.values(), "a row has as many values as are kept");
        let mut row = row.to_vec();
        if let Some(standardization) = &self.standardization {
            standardization.undo(&mut row);
        }
        self.mask.spread(&row)
    }
}

impl Mask {
    /// Number of values that are kept.
    pub fn values(&self) -> usize {
        self.kept.iter().filter(|&&is_kept| is_kept).count()
    }

    /// Kept values at their places among all.
    fn spread(&self, row: &[f32]) -> Vec<f32> {
        let (mut row, mut left_out) = (row.iter(), self.left_out.iter());
        let kept = self.kept.iter();
        let value = |&is_kept: &bool| if is_kept { row.next() } else { left_out.next() };
        kept.filter_map(value).copied().collect()
    }
}

impl Standardization {
    fn apply(&self, row: &mut [f32]) {
        for ((value, mean), deviation) in row.iter_mut().zip(&self.mean).zip(&self.deviation) {
            *value = (*value - mean) / deviation;
        }
    }

    fn undo(&self, row: &mut [f32]) {
        for ((value, mean), deviation) in row.iter_mut().zip(&self.mean).zip(&self.deviation) {
            *value = *value * deviation + mean;
        }
    }
}

/// Mean and population deviation of a column.
struct Moments {
    mean: f64,
    deviation: f64,
}

fn moments(rows: &Rows) -> Vec<Moments> {
    let count = rows.len() as f64;
    let mut mean = vec![0.0; rows.columns];
    for row in rows.values.chunks_exact(rows.columns) {
        for (mean, &value) in mean.iter_mut().zip(row) {
            *mean += f64::from(value) / count;
        }
    }
    let mut variance = vec![0.0; rows.columns];
    for row in rows.values.chunks_exact(rows.columns) {
        for ((variance, mean), &value) in variance.iter_mut().zip(&mean).zip(row) {
            *variance += (f64::from(value) - mean).powi(2) / count;
        }
    }
    // The mean of equal numbers may be off by a rounding, and a constant column must not vary for that.
    let first = rows.row(0);
    let is_constant = |column: usize| {
        let mut values = rows.values.iter().skip(column).step_by(rows.columns);
        values.all(|value| *value == first[column])
    };
    let columns = mean.into_iter().zip(variance).enumerate();
    columns
        .map(|(column, (mean, variance))| Moments {
            mean,
            deviation: if is_constant(column) { 0.0 } else { variance.sqrt() },
        })
        .collect()
}

#[cfg(test)]
mod tests;
