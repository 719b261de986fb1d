use serde::Serialize;

use super::{CollapseError, Verdict};

/// How far a row of `q(y|x)` may be from summing to 1: more than a softmax in single precision misses.
pub const ROW_TOLERANCE: f64 = 1e-4;

/// How far a prior may be from summing to 1.
pub const PRIOR_TOLERANCE: f64 = 1e-6;

/// What the posterior of clusters `q(y|x)` of a data set says about its use of the clusters, beside the prior `p(y)`.
///
/// `q(y)` is the mean of `q(y|x)` over the rows. All entropies and divergences are in nats, and none is negative. The
/// divergence of the rows splits into what they tell and what the marginal misses:
/// [`mean_divergence`](Self::mean_divergence) = [`mutual_information`](Self::mutual_information) +
/// [`marginal_divergence`](Self::marginal_divergence) (Hoffman and Johnson 2016, "ELBO surgery").
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Collapse {
    /// The prior `p(y)` as it was given.
    pub prior: Vec<f64>,
    /// The marginal `q(y)`.
    pub marginal: Vec<f64>,
    /// Mean of `H(q(y|x))`, at most `ln K`: how unsure the rows are.
    pub mean_entropy: f64,
    /// `H(q(y))`, at most `ln K`.
    pub marginal_entropy: f64,
    /// `I(x; y) = H(q(y)) - E H(q(y|x))`, at most `ln K`: what a row's cluster tells about the row.
    pub mutual_information: f64,
    /// Mean of `KL(q(y|x) || p(y))`, as in the bound of an unlabeled row.
    pub mean_divergence: f64,
    /// `KL(q(y) || p(y))`: how far use of the clusters is from the prior.
    pub marginal_divergence: f64,
    /// Number of rows whose [`likeliest`] cluster each is.
    pub sizes: Vec<usize>,
    /// Clusters that are the likeliest of some row, ascending.
    pub used_clusters: Vec<usize>,
    /// `exp H(q(y))`, in `[1, K]`: the number of equally used clusters with the same entropy.
    pub effective_clusters: f64,
}

impl Collapse {
    /// Measures rows of `q(y|x)`, given one after the other, `[rows * clusters]`, beside the prior of those clusters.
    ///
    /// # Errors
    ///
    /// [`CollapseError::Empty`] and [`CollapseError::Shape`]; [`CollapseError::Probability`] of a negative value, one
    /// above 1 or NaN, and [`CollapseError::RowSum`] beyond [`ROW_TOLERANCE`]; those of [`check_prior`].
    pub fn of(posteriors: &[f64], clusters: usize, prior: &[f64]) -> Result<Self, CollapseError> {
        check_rows(posteriors, clusters)?;
        check_prior(prior, clusters)?;
        let rows = (posteriors.len() / clusters) as f64;
        let mean_of = |value: &dyn Fn(&[f64]) -> f64| posteriors.chunks_exact(clusters).map(value).sum::<f64>() / rows;
        let marginal: Vec<f64> = (0..clusters).map(|cluster| mean_of(&|row| row[cluster])).collect();
        let (mean_entropy, marginal_entropy) = (mean_of(&entropy), entropy(&marginal));
        let mut sizes = vec![0; clusters];
        likeliest(posteriors, clusters)
            .into_iter()
            .for_each(|cluster| sizes[cluster] += 1);
        Ok(Self {
            mean_entropy,
            marginal_entropy,
            // Rounding may put what is 0 a little below.
            mutual_information: (marginal_entropy - mean_entropy).max(0.0),
            mean_divergence: mean_of(&|row| divergence(row, prior)),
            marginal_divergence: divergence(&marginal, prior),
            used_clusters: (0..clusters).filter(|&cluster| sizes[cluster] > 0).collect(),
            sizes,
            effective_clusters: marginal_entropy.exp(),
            prior: prior.to_vec(),
            marginal,
        })
    }

    /// Number of clusters, `K`.
    pub fn clusters(&self) -> usize {
        self.prior.len()
    }

    /// `H(p(y))`, in nats: `ln K` if the prior is uniform.
    pub fn prior_entropy(&self) -> f64 {
        entropy(&self.prior)
    }

    /// Which failure this is, if any; `known` are the clusters of classes with labels, none of them in unsupervised
    /// learning.
    ///
    /// # Errors
    ///
    /// [`CollapseError::Known`] of a cluster that does not exist.
    pub fn verdict(&self, known: &[usize]) -> Result<Verdict, CollapseError> {
        Verdict::of(self, known)
    }
}

/// The likeliest cluster of each row of `[rows * clusters]`; of equally likely ones the lowest.
///
/// # Panics
///
/// If `clusters` is 0.
pub fn likeliest(posteriors: &[f64], clusters: usize) -> Vec<usize> {
    let largest =
        |row: &[f64]| (1..row.len()).fold(0, |best, cluster| if row[cluster] > row[best] { cluster } else { best });
    posteriors.chunks_exact(clusters).map(largest).collect()
}

/// Whether a prior is a distribution over so many clusters that leaves none out.
///
/// # Errors
///
/// [`CollapseError::PriorLength`], [`CollapseError::PriorEntry`] of the first entry that is not positive and finite,
/// [`CollapseError::PriorSum`] beyond [`PRIOR_TOLERANCE`].
pub fn check_prior(prior: &[f64], clusters: usize) -> Result<(), CollapseError> {
    if prior.len() != clusters {
        return Err(CollapseError::PriorLength {
            length: prior.len(),
            clusters,
        });
    }
    let is_mass = |value: f64| value.is_finite() && value > 0.0;
    if let Some((cluster, &value)) = prior.iter().enumerate().find(|(_, value)| !is_mass(**value)) {
        return Err(CollapseError::PriorEntry { cluster, value });
    }
    let sum: f64 = prior.iter().sum();
    if (sum - 1.0).abs() > PRIOR_TOLERANCE {
        return Err(CollapseError::PriorSum { sum });
    }
    Ok(())
}

fn check_rows(posteriors: &[f64], clusters: usize) -> Result<(), CollapseError> {
    if clusters == 0 || !posteriors.len().is_multiple_of(clusters) {
        return Err(CollapseError::Shape {
            values: posteriors.len(),
            columns: clusters,
        });
    }
    if posteriors.is_empty() {
        return Err(CollapseError::Empty);
    }
    // NaN is in no range.
    let allowed = 0.0..=1.0 + ROW_TOLERANCE;
    for (row, values) in posteriors.chunks_exact(clusters).enumerate() {
        if let Some((cluster, &value)) = values.iter().enumerate().find(|(_, value)| !allowed.contains(*value)) {
            return Err(CollapseError::Probability { row, cluster, value });
        }
        let sum: f64 = values.iter().sum();
        if (sum - 1.0).abs() > ROW_TOLERANCE {
            return Err(CollapseError::RowSum { row, sum });
        }
    }
    Ok(())
}

/// `-Σ p ln p`, where `0 ln 0 = 0`.
fn entropy(distribution: &[f64]) -> f64 {
    let positive = distribution.iter().filter(|&&probability| probability > 0.0);
    let entropy: f64 = positive.map(|probability| -probability * probability.ln()).sum();
    entropy.max(0.0)
}

/// `KL(q || p) = Σ q ln(q / p)`.
fn divergence(distribution: &[f64], prior: &[f64]) -> f64 {
    let both = distribution.iter().zip(prior).filter(|(q, _)| **q > 0.0);
    let divergence: f64 = both.map(|(q, p)| q * (q / p).ln()).sum();
    divergence.max(0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_divergence_of_rows_is_what_they_tell_and_what_the_marginal_misses() {
        // Two sure rows of three clusters: the marginal is 1/2, 1/2, 0.
        let collapse = Collapse::of(&[1.0, 0.0, 0.0, 0.0, 1.0, 0.0], 3, &[0.5, 0.25, 0.25]).unwrap();
        let ln_2 = 2.0_f64.ln();
        assert_eq!((collapse.mean_entropy, collapse.mutual_information), (0.0, ln_2));
        assert!((collapse.marginal_divergence - 0.5 * ln_2).abs() < 1e-15);
        assert!((collapse.mean_divergence - 1.5 * ln_2).abs() < 1e-15);
        assert!((collapse.effective_clusters - 2.0).abs() < 1e-15);
        assert_eq!(collapse.used_clusters, [0, 1]);
    }

    #[test]
    fn equally_likely_clusters_count_as_the_lowest() {
        let collapse = Collapse::of(&[0.2, 0.4, 0.4], 3, &[0.5, 0.25, 0.25]).unwrap();
        assert_eq!(collapse.used_clusters, [1]);
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        let error = |posteriors: &[f64], clusters| Collapse::of(posteriors, clusters, &[0.5, 0.5]).unwrap_err();
        assert_eq!(error(&[], 2), CollapseError::Empty);
        assert_eq!(error(&[0.5; 3], 2), CollapseError::Shape { values: 3, columns: 2 });
        assert_eq!(error(&[], 0), CollapseError::Shape { values: 0, columns: 0 });
        for value in [-0.1, 1.1, f64::INFINITY] {
            let found = error(&[0.5, 0.5, 0.5, value], 2);
            assert_eq!(
                found,
                CollapseError::Probability {
                    row: 1,
                    cluster: 1,
                    value
                }
            );
        }
        let nan = error(&[f64::NAN, 0.5], 2);
        assert!(matches!(nan, CollapseError::Probability { row: 0, cluster: 0, value } if value.is_nan()));
        assert_eq!(
            error(&[0.5, 0.5, 0.5, 0.25], 2),
            CollapseError::RowSum { row: 1, sum: 0.75 }
        );
        assert!(Collapse::of(&[0.500_01, 0.5], 2, &[0.5, 0.5]).is_ok());
    }

    #[test]
    fn a_prior_leaves_no_cluster_out() {
        let error = |prior: &[f64]| Collapse::of(&[0.5, 0.5], 2, prior).unwrap_err();
        assert_eq!(error(&[1.0]), CollapseError::PriorLength { length: 1, clusters: 2 });
        for value in [0.0, -0.5, f64::INFINITY] {
            assert_eq!(error(&[1.0, value]), CollapseError::PriorEntry { cluster: 1, value });
        }
        let nan = error(&[f64::NAN, 0.5]);
        assert!(matches!(nan, CollapseError::PriorEntry { cluster: 0, value } if value.is_nan()));
        assert_eq!(error(&[0.5, 0.25]), CollapseError::PriorSum { sum: 0.75 });
        assert_eq!(check_prior(&[0.5, 0.500_000_5], 2), Ok(()));
        assert!(check_prior(&[0.5, 0.500_002], 2).is_err());
    }

    proptest! {
        #[test]
        fn parts_add_up_and_none_is_negative(
            weights in prop::collection::vec(prop::collection::vec(0.0..1.0_f64, 4), 2..12),
        ) {
            let normalized = |weights: &Vec<f64>| {
                let weights: Vec<f64> = weights.iter().map(|weight| weight + 1e-3).collect();
                let sum: f64 = weights.iter().sum();
                weights.into_iter().map(move |weight| weight / sum).collect::<Vec<f64>>()
            };
            let rows: Vec<f64> = weights[1..].iter().flat_map(normalized).collect();
            let collapse = Collapse::of(&rows, 4, &normalized(&weights[0])).unwrap();
            let parts = collapse.mutual_information + collapse.marginal_divergence;
            prop_assert!((collapse.mean_divergence - parts).abs() < 1e-12);
            prop_assert!(collapse.mutual_information >= 0.0 && collapse.marginal_divergence >= 0.0);
            prop_assert!((1.0..=4.0 + 1e-12).contains(&collapse.effective_clusters));
        }
    }
}
