//! Semi-Unsupervised Learning: Clustering and Classifying using Ultra-Sparse Labels. Willetts, Roberts, Holmes, 2019.
//!
//! | paper | here |
//! |---|---|
//! | 3 models, posteriors | [`model`] |
//! | 3 bounds, labels summed out | [`model::bound`] |
//! | 3 objective | [`objective`] |
//! | 4 hidden classes, extra clusters, priors | [`data`] |

pub mod config;
pub mod data;
pub mod model;
pub mod objective;
pub mod weight_prior;
