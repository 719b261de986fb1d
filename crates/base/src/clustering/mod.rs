//! Clusterings beside true classes: agreement, mappings of clusters to classes, and the diagnosis of posterior collapse.
//!
//! | question | type |
//! |---|---|
//! | which cluster meets which class, and how often? | [`Contingency`] |
//! | do two partitions agree, whatever their names? | NMI, AMI, ARI, homogeneity, completeness: methods of [`Contingency`] |
//! | which class does a cluster stand for? | [`Mapping`], learned by a [`Protocol`] |
//! | how often is the mapped class right? | [`Assessment`] |
//! | does `q(y|x)` use its clusters? | [`Collapse`] and its [`Verdict`] |
//! | which latent dimensions carry information? | [`ActiveUnits`] |
//!
//! Entropies and divergences are in nats. Accuracies under different protocols are different quantities: a table names
//! the protocol, the number of clusters and the number of used ones beside each.
//!
//! ```
//! use papers_base::clustering::{Contingency, Normalization, Protocol};
//!
//! let (predicted, truth) = ([2, 2, 0, 0, 1], [0, 0, 1, 1, 1]);
//! let test = Contingency::new(&predicted, &truth, 3, 2)?;
//! let nmi = test.normalized_mutual_information(Normalization::Arithmetic);
//! assert!((0.7..0.9).contains(&nmi));
//!
//! let majority = Protocol::TestMajority.fit(None, &test, &[])?.assess(&test, &[])?;
//! let hungarian = Protocol::Hungarian.fit(None, &test, &[])?.assess(&test, &[])?;
//! assert_eq!((majority.accuracy, hungarian.accuracy), (1.0, 0.8));
//! # Ok::<(), papers_base::clustering::ClusteringError>(())
//! ```

mod active_units;
mod agreement;
mod assessment;
mod chance;
mod collapse;
mod contingency;
mod error;
#[cfg(test)]
mod laws;
mod mapping;
mod protocol;
mod verdict;

pub use active_units::{ACTIVE_UNIT_VARIANCE, ActiveUnits};
pub use agreement::Normalization;
pub use assessment::Assessment;
pub use collapse::{Collapse, PRIOR_TOLERANCE, ROW_TOLERANCE, check_prior, likeliest};
pub use contingency::Contingency;
pub use error::{ClusteringError, CollapseError};
pub use mapping::Mapping;
pub use protocol::Protocol;
pub use verdict::{CAPTURE_SHARE, LOW_INFORMATION, STRAY_SHARE, UNIFORM_SHARE, Verdict};
