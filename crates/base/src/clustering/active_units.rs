use serde::Serialize;

use super::CollapseError;
use crate::metrics;

/// Variance of posterior means above which a latent dimension is active (Burda, Grosse and Salakhutdinov 2016,
/// section 5.2).
pub const ACTIVE_UNIT_VARIANCE: f64 = 0.01;

/// Which dimensions of a latent `z` depend on the data: those whose posterior mean varies over the rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ActiveUnits {
    /// Variance of the posterior mean of each dimension, over rows that are all there is (divided by their number).
    pub variances: Vec<f64>,
    /// Variance above which a dimension is active.
    pub threshold: f64,
}

impl ActiveUnits {
    /// Measures posterior means, given row after row, `[rows * units]`; `threshold` is usually
    /// [`ACTIVE_UNIT_VARIANCE`].
    ///
    /// # Errors
    ///
    /// [`CollapseError::Empty`], [`CollapseError::Shape`], and [`CollapseError::Mean`] of the first mean that is not
    /// finite.
    pub fn of(means: &[f64], units: usize, threshold: f64) -> Result<Self, CollapseError> {
        if units == 0 || !means.len().is_multiple_of(units) {
            return Err(CollapseError::Shape {
                values: means.len(),
                columns: units,
            });
        }
        if means.is_empty() {
            return Err(CollapseError::Empty);
        }
        if let Some((index, &value)) = means.iter().enumerate().find(|(_, mean)| !mean.is_finite()) {
            return Err(CollapseError::Mean {
                row: index / units,
                unit: index % units,
                value,
            });
        }
        let means_of = |unit: usize| means.iter().skip(unit).step_by(units).copied().collect::<Vec<f64>>();
        Ok(Self {
            variances: (0..units)
                .map(|unit| metrics::population_variance(&means_of(unit)))
                .collect(),
            threshold,
        })
    }

    /// Whether each dimension is active.
    pub fn active(&self) -> Vec<bool> {
        self.variances
            .iter()
            .map(|&variance| variance > self.threshold)
            .collect()
    }

    /// Number of active dimensions.
    pub fn count(&self) -> usize {
        self.active().into_iter().filter(|&active| active).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dimension_is_active_above_the_threshold_not_at_it() {
        // Deviations of 1, 1/2 and 0 from the mean.
        let units = ActiveUnits::of(&[1.0, 2.0, 7.0, 3.0, 3.0, 7.0], 3, 0.25).unwrap();
        assert_eq!(units.variances, [1.0, 0.25, 0.0]);
        assert_eq!((units.active(), units.count()), (vec![true, false, false], 1));
    }

    #[test]
    fn one_row_has_no_active_dimension() {
        assert_eq!(
            ActiveUnits::of(&[3.0, -1.0], 2, ACTIVE_UNIT_VARIANCE).unwrap().count(),
            0
        );
    }

    #[test]
    fn bad_means_are_refused() {
        let error = |means: &[f64], units| ActiveUnits::of(means, units, ACTIVE_UNIT_VARIANCE).unwrap_err();
        assert_eq!(error(&[], 2), CollapseError::Empty);
        assert_eq!(error(&[1.0; 3], 2), CollapseError::Shape { values: 3, columns: 2 });
        assert_eq!(error(&[1.0; 3], 0), CollapseError::Shape { values: 3, columns: 0 });
        let value = f64::INFINITY;
        assert_eq!(
            error(&[1.0, 1.0, 1.0, value], 2),
            CollapseError::Mean { row: 1, unit: 1, value }
        );
        assert!(matches!(
            error(&[f64::NAN], 1),
            CollapseError::Mean { row: 0, unit: 0, .. }
        ));
    }
}
