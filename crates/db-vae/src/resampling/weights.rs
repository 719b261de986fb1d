use super::ResamplingError;

/// Probabilities of drawing each row; they sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct SamplingWeights {
    weights: Vec<f64>,
}

impl SamplingWeights {
    /// The same for each row.
    ///
    /// # Errors
    ///
    /// [`ResamplingError::Empty`].
    pub fn uniform(rows: usize) -> Result<Self, ResamplingError> {
        Self::proportional_to(vec![1.0; rows])
    }

    /// Weights brought to the sum 1.
    ///
    /// # Errors
    ///
    /// [`ResamplingError::Empty`], or [`ResamplingError::Degenerate`] if one is negative or no number, or all are 0.
    pub fn proportional_to(mut weights: Vec<f64>) -> Result<Self, ResamplingError> {
        if weights.is_empty() {
            return Err(ResamplingError::Empty);
        }
        let total: f64 = weights.iter().sum();
        if !total.is_finite() || total <= 0.0 || weights.iter().any(|weight| *weight < 0.0) {
            return Err(ResamplingError::Degenerate);
        }
        weights.iter_mut().for_each(|weight| *weight /= total);
        Ok(Self { weights })
    }

    /// Probabilities as they were saved, to the last bit.
    ///
    /// # Errors
    ///
    /// [`ResamplingError::Degenerate`] if they are no probabilities that sum to 1.
    pub fn restored(weights: Vec<f64>) -> Result<Self, ResamplingError> {
        let rows = Self::proportional_to(weights.clone())?.len() as f64;
        let total: f64 = weights.iter().sum();
        // Each division may round.
        match (total - 1.0).abs() < 1e-12 * (1.0 + rows) {
            true => Ok(Self { weights }),
            false => Err(ResamplingError::Degenerate),
        }
    }

    /// The softmax of logarithms of weights: finite for any size of them.
    ///
    /// # Errors
    ///
    /// [`ResamplingError::Empty`], or [`ResamplingError::Degenerate`] if one is NaN or +∞, or all are -∞.
    pub fn from_logarithms(logarithms: &[f64]) -> Result<Self, ResamplingError> {
        if logarithms.is_empty() {
            return Err(ResamplingError::Empty);
        }
        let greatest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if !greatest.is_finite() || logarithms.iter().any(|logarithm| logarithm.is_nan()) {
            return Err(ResamplingError::Degenerate);
        }
        Self::proportional_to(
            logarithms
                .iter()
                .map(|logarithm| (logarithm - greatest).exp())
                .collect(),
        )
    }

    /// The probability of each row.
    pub fn values(&self) -> &[f64] {
        &self.weights
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there are none; there always is one.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// `1 / Σ w²`: as many rows with equal weights vary as much. From 1 to the number of rows.
    pub fn effective_sample_size(&self) -> f64 {
        1.0 / self.weights.iter().map(|weight| weight * weight).sum::<f64>()
    }

    /// The greatest weight.
    pub fn greatest(&self) -> f64 {
        self.weights.iter().copied().fold(0.0, f64::max)
    }

    /// What all rows of each group are drawn with, by the number of the group.
    ///
    /// # Panics
    ///
    /// If there are not as many groups as rows, or one is not below `groups`.
    pub fn mass_by_group(&self, group_of_row: &[usize], groups: usize) -> Vec<f64> {
        assert_eq!(group_of_row.len(), self.weights.len(), "each row has a group");
        let mut masses = vec![0.0; groups];
        for (&group, weight) in group_of_row.iter().zip(&self.weights) {
            masses[group] += weight;
        }
        masses
    }

    /// Draws by the inverse of the cumulated weights.
    pub fn inverse_cdf(&self) -> InverseCdf {
        let mut sum = 0.0;
        let cumulated = self.weights.iter().map(|weight| {
            sum += weight;
            sum
        });
        InverseCdf(cumulated.collect())
    }
}

/// Draws rows with replacement.
#[derive(Debug, Clone, PartialEq)]
pub struct InverseCdf(Vec<f64>);

impl InverseCdf {
    /// The first row whose cumulated weight is above `uniform` of `[0, 1)`, or the last row.
    pub fn row(&self, uniform: f64) -> usize {
        let row = self.0.partition_point(|cumulated| *cumulated <= uniform);
        row.min(self.0.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_that_give_nothing_a_chance_are_no_uniform_ones() {
        for weights in [
            vec![0.0, 0.0],
            vec![-1.0, 2.0],
            vec![f64::NAN, 1.0],
            vec![f64::INFINITY, 1.0],
        ] {
            assert_eq!(
                SamplingWeights::proportional_to(weights),
                Err(ResamplingError::Degenerate)
            );
        }
        for logarithms in [[f64::NEG_INFINITY; 2], [f64::NAN, 0.0], [f64::INFINITY, 0.0]] {
            assert_eq!(
                SamplingWeights::from_logarithms(&logarithms),
                Err(ResamplingError::Degenerate)
            );
        }
        assert_eq!(SamplingWeights::uniform(0), Err(ResamplingError::Empty));
    }

    #[test]
    fn logarithms_of_any_size_make_weights() {
        let weights = SamplingWeights::from_logarithms(&[-5000.0, -5000.0 + 3f64.ln(), f64::NEG_INFINITY]).unwrap();
        assert!((weights.values()[1] - 0.75).abs() < 1e-12 && weights.values()[2] == 0.0);
        assert!((weights.effective_sample_size() - 1.6).abs() < 1e-12);
    }

    #[test]
    fn masses_of_groups_sum_to_one() {
        let weights = SamplingWeights::proportional_to(vec![1.0, 2.0, 5.0]).unwrap();
        assert_eq!(weights.mass_by_group(&[1, 0, 1], 3), [0.25, 0.75, 0.0]);
    }
}
