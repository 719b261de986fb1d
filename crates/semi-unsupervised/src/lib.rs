//! Semi-Unsupervised Learning: Clustering and Classifying using Ultra-Sparse Labels. Willetts, Roberts, Holmes, 2019.
//!
//! | paper | here |
//! |---|---|
//! | 3 models, posteriors | [`model`] |
//! | 3 bounds, labels summed out | [`model::bound`] |
//! | 3 objective | [`objective`] |

pub mod learner;
pub mod mixture_fit;
pub mod model;
pub mod network;
pub mod objective;
pub mod weight_prior;
