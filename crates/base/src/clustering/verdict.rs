use std::fmt;

use serde::Serialize;

use super::{Collapse, CollapseError};

/// Mutual information of cluster and row, in nats, below which `q(y|x)` tells nothing. Models that never learned to
/// use their clusters stay at a few thousandths; the weakest that did reach some tenths.
pub const LOW_INFORMATION: f64 = 0.05;

/// Share of the prior's entropy that the mean entropy of a uniform collapse reaches at least.
pub const UNIFORM_SHARE: f64 = 0.9;

/// Share of `-ln(prior mass of known classes)` that `KL(q(y) || p(y))` reaches at least where known classes take all.
/// The whole of it is what the divergence would be if they shared the rows as the prior says.
pub const CAPTURE_SHARE: f64 = 0.5;

/// Share of the rows that may stray into other clusters than known ones where known classes took all.
pub const STRAY_SHARE: f64 = 0.01;

/// Whether clusters are used, and how they fail to be. Displayed as a sentence for people.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Verdict {
    /// Uniform collapse: `q(y|x)` is as unsure as the prior for every row, so that the clusters tell nothing. An
    /// accuracy is then that of an arbitrary argmax, about the share of the largest class.
    ///
    /// Information below [`LOW_INFORMATION`], mean entropy at least [`UNIFORM_SHARE`] of the prior's.
    UniformCollapse {
        /// `I(x; y)` in nats.
        mutual_information: f64,
        /// Mean of `H(q(y|x))` in nats.
        mean_entropy: f64,
        /// `H(p(y))` in nats, `ln K` of a uniform prior.
        prior_entropy: f64,
    },
    /// Known-class capture: (almost) every row falls into the cluster of a class that has labels, though the prior gives
    /// mass to others. Labels weigh too much at first, and clusters without rows get no gradient ever after.
    ///
    /// At most [`STRAY_SHARE`] of the rows are in clusters of no known class, and the divergence is at least [`CAPTURE_SHARE`] of what that implies.
    KnownClassCapture {
        /// Number of clusters of known classes that rows fall into.
        used_clusters: usize,
        /// Rows in other clusters.
        stray_rows: usize,
        /// Number of clusters.
        clusters: usize,
        /// Mass that the prior gives to clusters of no known class, in `[0, 1]`.
        hidden_mass: f64,
        /// `KL(q(y) || p(y))` in nats.
        marginal_divergence: f64,
    },
    /// Constant collapse: `q(y|x)` is the same for every row as in a uniform collapse, but far surer than the prior;
    /// at its extreme all rows are in one cluster.
    ///
    /// Information below [`LOW_INFORMATION`], and neither of the others.
    ConstantCollapse {
        /// `I(x; y)` in nats.
        mutual_information: f64,
        /// Mean of `H(q(y|x))` in nats.
        mean_entropy: f64,
        /// The cluster with the most mass.
        cluster: usize,
    },
    /// None of these, as of a single cluster, which has nothing to tell apart.
    Healthy {
        /// `I(x; y)` in nats.
        mutual_information: f64,
        /// Number of clusters that rows fall into.
        used_clusters: usize,
        /// Number of clusters.
        clusters: usize,
    },
}

impl Verdict {
    pub(super) fn of(collapse: &Collapse, known: &[usize]) -> Result<Self, CollapseError> {
        let clusters = collapse.clusters();
        if let Some(&cluster) = known.iter().find(|&&cluster| cluster >= clusters) {
            return Err(CollapseError::Known { cluster, clusters });
        }
        let (mutual_information, mean_entropy) = (collapse.mutual_information, collapse.mean_entropy);
        let is_silent = mutual_information < LOW_INFORMATION && clusters > 1;
        let prior_entropy = collapse.prior_entropy();
        if is_silent && mean_entropy >= UNIFORM_SHARE * prior_entropy {
            return Ok(Self::UniformCollapse {
                mutual_information,
                mean_entropy,
                prior_entropy,
            });
        }
        if let Some(capture) = Self::capture(collapse, known) {
            return Ok(capture);
        }
        let used_clusters = collapse.used_clusters.len();
        Ok(if is_silent {
            Self::ConstantCollapse {
                mutual_information,
                mean_entropy,
                cluster: largest(&collapse.marginal),
            }
        } else {
            Self::Healthy {
                mutual_information,
                used_clusters,
                clusters,
            }
        })
    }

    fn capture(collapse: &Collapse, known: &[usize]) -> Option<Self> {
        let is_hidden = |cluster: &usize| !known.contains(cluster);
        let (hidden, visible): (Vec<usize>, Vec<usize>) = (0..collapse.clusters()).partition(is_hidden);
        let mass_of = |clusters: &[usize]| clusters.iter().map(|&cluster| collapse.prior[cluster]).sum::<f64>();
        let size_of = |clusters: &[usize]| clusters.iter().map(|&cluster| collapse.sizes[cluster]).sum::<usize>();
        let (stray, rows) = (size_of(&hidden), collapse.sizes.iter().sum::<usize>());
        let is_captured = !hidden.is_empty()
            && stray as f64 <= STRAY_SHARE * rows as f64
            && collapse.marginal_divergence >= CAPTURE_SHARE * -mass_of(&visible).ln();
        is_captured.then(|| Self::KnownClassCapture {
            used_clusters: visible.iter().filter(|&&cluster| collapse.sizes[cluster] > 0).count(),
            stray_rows: stray,
            clusters: collapse.clusters(),
            hidden_mass: mass_of(&hidden),
            marginal_divergence: collapse.marginal_divergence,
        })
    }

    /// Whether nothing is wrong.
    pub fn is_healthy(&self) -> bool {
        matches!(self, Self::Healthy { .. })
    }
}

fn largest(marginal: &[f64]) -> usize {
    (1..marginal.len()).fold(0, |best, cluster| {
        if marginal[cluster] > marginal[best] {
            cluster
        } else {
            best
        }
    })
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UniformCollapse {
                mutual_information,
                mean_entropy,
                prior_entropy,
            } => write!(
                formatter,
                "uniform collapse: q(y|x) is about as unsure as the prior (mean entropy {mean_entropy:.3} nats, that of \
                 the prior {prior_entropy:.3}) and tells {mutual_information:.3} nats about a row, so the clusters are \
                 not used and any accuracy is that of an arbitrary choice"
            ),
            Self::KnownClassCapture {
                used_clusters,
                stray_rows,
                clusters,
                hidden_mass,
                marginal_divergence,
            } => write!(
                formatter,
                "known-class capture: {} fall into {used_clusters} of {clusters} clusters, each of a class with \
                 labels, though the prior leaves {:.1} % of its mass to the others (KL(q(y) || p(y)) is \
                 {marginal_divergence:.3} nats); give the labels a smaller weight",
                match stray_rows {
                    0 => "all rows".to_owned(),
                    1 => "all rows but 1".to_owned(),
                    rows => format!("all rows but {rows}"),
                },
                100.0 * hidden_mass
            ),
            Self::ConstantCollapse {
                mutual_information,
                mean_entropy,
                cluster,
            } => write!(
                formatter,
                "constant collapse: q(y|x) is nearly the same for every row (mean entropy {mean_entropy:.3} nats) and \
                 tells {mutual_information:.3} nats about it; cluster {cluster} has the most mass"
            ),
            Self::Healthy {
                mutual_information,
                used_clusters,
                clusters,
            } => write!(
                formatter,
                "no collapse: rows fall into {used_clusters} of {clusters} clusters, and q(y|x) tells \
                 {mutual_information:.3} nats about a row"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(rows: &[&[f64]], prior: &[f64], known: &[usize]) -> Verdict {
        let collapse = Collapse::of(&rows.concat(), prior.len(), prior).unwrap();
        collapse.verdict(known).unwrap()
    }

    #[test]
    fn unsure_rows_are_a_uniform_collapse() {
        let uniform = verdict(&[&[0.25; 4], &[0.24, 0.26, 0.25, 0.25]], &[0.25; 4], &[0]);
        assert!(matches!(uniform, Verdict::UniformCollapse { .. }));
        assert!(uniform.to_string().starts_with("uniform collapse: "), "{uniform}");
        assert!(uniform.to_string().contains("that of the prior 1.386"), "{uniform}");
    }

    #[test]
    fn a_collapse_to_a_prior_that_is_not_uniform_is_one_too() {
        // Entropy 1.15, 0.83 of ln 4.
        let prior = [0.5, 0.3, 0.1, 0.1];
        let collapsed = verdict(&[&prior, &prior], &prior, &[]);
        assert!(matches!(collapsed, Verdict::UniformCollapse { .. }));
    }

    #[test]
    fn rows_in_known_clusters_only_are_a_capture() {
        let rows: [&[f64]; 2] = [&[0.98, 0.01, 0.005, 0.005], &[0.02, 0.97, 0.005, 0.005]];
        let captured = verdict(&rows, &[0.25; 4], &[0, 1]);
        let text = captured.to_string();
        assert!(
            text.starts_with("known-class capture: all rows fall into 2 of 4 clusters")
                && text.contains("50.0 % of its mass"),
            "{text}"
        );
        assert!(!captured.is_healthy());
        // The same rows where other classes have labels, or none has, or all have.
        for known in [&[0, 2][..], &[], &[0, 1, 2, 3]] {
            assert!(verdict(&rows, &[0.25; 4], known).is_healthy(), "{known:?}");
        }
    }

    #[test]
    fn few_stray_rows_do_not_hide_a_capture() {
        let of = |stray: usize| {
            let mut rows: Vec<&[f64]> = vec![&[1.0, 0.0, 0.0]; 400 - stray];
            rows.extend(vec![&[0.0, 0.0, 1.0] as &[f64]; stray]);
            verdict(&rows, &[0.25, 0.25, 0.5], &[0, 1])
        };
        let text = of(4).to_string();
        assert!(
            text.starts_with("known-class capture: all rows but 4 fall into 1 of 3"),
            "{text}"
        );
        assert!(!matches!(of(5), Verdict::KnownClassCapture { .. }));
    }

    #[test]
    fn capture_by_a_single_known_class_is_named_so() {
        let captured = verdict(&[&[1.0, 0.0], &[1.0, 0.0]], &[0.5; 2], &[0]);
        assert!(matches!(captured, Verdict::KnownClassCapture { used_clusters: 1, .. }));
    }

    #[test]
    fn hidden_clusters_with_mass_in_the_marginal_are_not_captured() {
        // No row has a hidden cluster for its likeliest, and yet hidden ones have 0.4 of 0.5.
        let rows: [&[f64]; 2] = [&[0.6, 0.0, 0.4, 0.0], &[0.0, 0.6, 0.0, 0.4]];
        assert!(verdict(&rows, &[0.25; 4], &[0, 1]).is_healthy());
    }

    #[test]
    fn rows_in_one_cluster_are_a_constant_collapse() {
        let constant = verdict(&[&[0.0, 1.0, 0.0], &[0.0, 1.0, 0.0]], &[1.0 / 3.0; 3], &[]);
        assert!(matches!(constant, Verdict::ConstantCollapse { cluster: 1, .. }));
        assert!(constant.to_string().starts_with("constant collapse: "), "{constant}");
    }

    #[test]
    fn different_rows_are_healthy() {
        let healthy = verdict(&[&[0.9, 0.1], &[0.1, 0.9]], &[0.5; 2], &[0]);
        assert!(healthy.is_healthy());
        assert!(
            healthy.to_string().starts_with("no collapse: rows fall into 2 of 2"),
            "{healthy}"
        );
        assert!(
            verdict(&[&[1.0], &[1.0]], &[1.0], &[]).is_healthy(),
            "nothing to tell apart"
        );
    }

    #[test]
    fn known_clusters_have_to_exist() {
        let collapse = Collapse::of(&[0.5; 2], 2, &[0.5; 2]).unwrap();
        let error = collapse.verdict(&[0, 2]).unwrap_err();
        assert_eq!(
            error,
            CollapseError::Known {
                cluster: 2,
                clusters: 2
            }
        );
    }
}
