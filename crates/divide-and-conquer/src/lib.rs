//! Divide and Conquer the Embedding Space for Metric Learning. Sanakoyeu, Tschernezki, Büchler, Ommer, CVPR 2019.
//!
//! | paper | here |
//! |---|---|
//! | learners: slices of the embedding layer | [`slices`], [`Embedder`] |
//! | division: k-means, which cluster goes to which learner | [`clustering`], [`matching`], [`course`] |
//! | conquering: learners by turns, then all together | [`Course`], [`Trainer`] |
//! | losses and their triples | [`loss`], [`miner`] |
//! | Recall@k, NMI | [`retrieval`], [`neighbors`] |
//! | data, networks, experiments | [`data`], [`network`], [`config`], [`train`], [`mod@evaluate`] |
//!
//! Any network and any data can be trained: implement [`Backbone`], take a loss or implement [`loss::MetricLoss`], and ask a
//! [`Course`] at every step what its [`Turn`] learns.
//!
//! Where we differ from the paper, and why: see the README.

mod batch_sampler;
pub mod bench;
pub mod clustering;
pub mod config;
pub mod course;
pub mod data;
pub mod distance;
mod embedder;
mod error;
pub mod evaluate;
mod figures;
pub mod loss;
pub mod matching;
pub mod miner;
pub mod neighbors;
pub mod network;
mod reproduce;
pub mod retrieval;
mod rows;
pub mod slices;
pub mod train;
mod trainer;
mod verbs;

pub use batch_sampler::{BatchSampler, BatchShape};
pub use course::{Course, DivideConfig, Turn};
pub use embedder::{Backbone, Embedder, EvaluationNorm, Mode, SliceUpdate, check_division};
pub use error::MetricError;
pub use rows::{Real, Rows};
pub use slices::{Part, Slices};
pub use trainer::{OptimizerConfig, Report, Trainer};

use papers_core::{cli::Paper, paper};

/// The paper's experiments, for its program.
pub fn paper() -> Paper {
    paper!("Divide and Conquer the Embedding Space for Metric Learning (Sanakoyeu et al., CVPR 2019)")
        .family::<train::MetricLearning>(config::PRESETS)
        .verb(verbs::index::VERB)
        .verb(verbs::query::VERB)
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
