//! Semi-Unsupervised Learning: Clustering and Classifying using Ultra-Sparse Labels. Willetts, Roberts, Holmes, 2019.
//!
//! | paper | here |
//! |---|---|
//! | models, posteriors | [`model`], any of them: [`network`] |
//! | bounds, classes summed out | [`model::bound`] |
//! | objective, training | [`objective`], [`weight_prior`], [`learner`], [`train`] |
//! | classes never labeled | [`data`] |
//! | evaluation, collapse | [`evaluate`] |

pub mod bench;
pub mod config;
pub mod data;
pub mod evaluate;
mod figures;
pub mod head;
pub mod learner;
pub mod mixture_fit;
pub mod model;
pub mod network;
pub mod objective;
mod reproduce;
mod restarts;
pub mod train;
mod verbs;
pub mod weight_prior;

use papers_core::{cli::Paper, paper};

/// The paper's experiments, for its program.
pub fn paper() -> Paper {
    paper!("Semi-Unsupervised Learning (Willetts, Roberts, Holmes 2019)")
        .family::<train::SemiUnsupervised>(config::PRESETS)
        .verb(verbs::collapse::VERB)
        .reproduction(reproduce::REPRODUCTION)
        .bench(bench::run)
}

#[cfg(test)]
mod tests {
    #[test]
    fn experiments_and_reproduction_fit_together() {
        papers_core::testing::assert_consistent(&super::paper(), env!("CARGO_MANIFEST_DIR"));
    }
}
