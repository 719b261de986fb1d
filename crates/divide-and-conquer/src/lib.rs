//! Divide and Conquer the Embedding Space for Metric Learning. Sanakoyeu, Tschernezki, Büchler, Ommer, CVPR 2019.
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
