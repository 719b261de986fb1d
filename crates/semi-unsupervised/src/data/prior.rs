//! The prior of classes, hidden ones and extra clusters included (section 4).

use papers_core::{
    Error,
    base::clustering::{CollapseError, check_prior},
};

use super::split::{LabelError, check_hidden};
use crate::config::PriorRule;

/// Why there is no prior.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PriorError {
    /// Fewer clusters than classes.
    #[error(
        "{clusters} clusters are fewer than the {classes} classes; each class needs one, and `data.extra` adds others"
    )]
    Clusters {
        /// Number of clusters.
        clusters: usize,
        /// Number of classes.
        classes: usize,
    },
    /// Numbers that are no prior.
    #[error("{0}")]
    NoPrior(#[from] CollapseError),
    /// Hidden classes that make no sense.
    #[error(transparent)]
    Hidden(#[from] LabelError),
    /// Classes of which no example is known to be.
    #[error(
        "`data.prior`: no training example is known to be of class {}, so its frequency is not known; set \
         `data.prior='uniform'`",
        classes.iter().map(|class| format!("`{class}`")).collect::<Vec<_>>().join(", ")
    )]
    NoFrequency {
        /// Their names.
        classes: Vec<String>,
    },
}

impl From<PriorError> for Error {
    fn from(error: PriorError) -> Self {
        Self::usage(error)
    }
}

/// `p(y)` of `base.len()` classes and `extra` further clusters.
///
/// A known class has what `base` gives it. Hidden classes and extra clusters have equal parts of what `base` gives the
/// hidden classes or, by the [authors' rule](PriorRule::EmpiricalAuthors), of the share of hidden classes among all, and
/// then the sum is brought to 1. With nothing hidden and extra clusters all have the same. [`PriorRule::Uniform`] takes
/// equal parts in place of `base`.
///
/// # Shapes
///
/// - base: `[classes]`, frequencies that sum to 1
/// - output: `[classes + extra]`
///
/// # Errors
///
/// [`PriorError::NoPrior`] if `base` or the result has an entry that is not positive, or does not sum to 1 within 1e-6;
/// [`PriorError::Hidden`].
pub fn class_prior(rule: PriorRule, base: &[f64], hidden: &[usize], extra: usize) -> Result<Vec<f64>, PriorError> {
    let classes = base.len();
    check_hidden(hidden, classes)?;
    let base = match rule {
        PriorRule::Uniform => vec![1.0 / classes as f64; classes],
        PriorRule::Empirical | PriorRule::EmpiricalAuthors => base.to_vec(),
    };
    check_prior(&base, classes)?;
    let clusters = classes + extra;
    if hidden.is_empty() && extra > 0 {
        return Ok(vec![1.0 / clusters as f64; clusters]);
    }
    let mass = match rule {
        PriorRule::EmpiricalAuthors => hidden.len() as f64 / classes as f64,
        PriorRule::Uniform | PriorRule::Empirical => hidden.iter().map(|&class| base[class]).sum(),
    };
    let part = mass / (hidden.len() + extra) as f64;
    let is_known = |cluster: &usize| *cluster < classes && !hidden.contains(cluster);
    let mut prior: Vec<f64> = (0..clusters)
        .map(|cluster| if is_known(&cluster) { base[cluster] } else { part })
        .collect();
    if rule == PriorRule::EmpiricalAuthors {
        let sum: f64 = prior.iter().sum();
        prior.iter_mut().for_each(|value| *value /= sum);
    }
    check(&prior, classes, clusters)?;
    Ok(prior)
}

/// Whether `prior` is one of `clusters` clusters, at least as many as `classes`.
///
/// # Errors
///
/// [`PriorError::Clusters`] and [`PriorError::NoPrior`].
pub fn check(prior: &[f64], classes: usize, clusters: usize) -> Result<(), PriorError> {
    if clusters < classes {
        return Err(PriorError::Clusters { clusters, classes });
    }
    Ok(check_prior(prior, clusters)?)
}

/// Frequencies of classes among examples, of those whose class is known.
///
/// # Errors
///
/// [`PriorError::NoFrequency`] for classes without an example.
pub fn frequencies(counts: &[usize], class_names: &[String]) -> Result<Vec<f64>, PriorError> {
    let missing = counts.iter().zip(class_names).filter(|&(&count, _)| count == 0);
    let classes: Vec<String> = missing.map(|(_, name)| name.clone()).collect();
    if !classes.is_empty() {
        return Err(PriorError::NoFrequency { classes });
    }
    let all: usize = counts.iter().sum();
    Ok(counts.iter().map(|&count| count as f64 / all as f64).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_distribution_is_refused() {
        let cases: [&[f64]; 5] = [
            &[0.5, 0.4],
            &[1.0, 0.0],
            &[1.5, -0.5],
            &[f64::NAN, 1.0],
            &[0.5, 0.500_01],
        ];
        for base in cases {
            let error = class_prior(PriorRule::Empirical, base, &[1], 1).expect_err("no prior");
            assert!(matches!(error, PriorError::NoPrior(_)), "{base:?}: {error}");
        }
        assert!(class_prior(PriorRule::Empirical, &[0.5, 0.500_000_5], &[1], 1).is_ok());
    }

    #[test]
    fn there_is_a_cluster_for_each_class() {
        let error = check(&[0.5, 0.5], 3, 2).expect_err("too few");
        assert_eq!(
            error,
            PriorError::Clusters {
                clusters: 2,
                classes: 3
            }
        );
        assert!(check(&[0.5, 0.5], 2, 3).is_err());
        assert!(check(&[0.5, 0.5], 2, 2).is_ok());
    }

    #[test]
    fn hidden_classes_must_exist() {
        assert!(class_prior(PriorRule::Uniform, &[0.5, 0.5], &[2], 0).is_err());
    }

    #[test]
    fn a_class_without_an_example_has_no_frequency() {
        let names = ["a".to_owned(), "b".to_owned()];
        let error = frequencies(&[3, 0], &names).expect_err("no example").to_string();
        assert!(error.contains("`b`") && error.contains("data.prior"), "{error}");
        assert_eq!(frequencies(&[3, 1], &names), Ok(vec![0.75, 0.25]));
    }
}
