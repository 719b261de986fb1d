//! Exploring Randomly Wired Neural Networks for Image Recognition. Xie, Kirillov, Girshick, He, ICCV 2019.
//!
//! | paper | here |
//! |---|---|
//! | 3.3 random graph models | [`graph::Generator`] |
//! | 3.2 from graphs to networks | [`network::Stage`], [`network::Node`] |
//! | table 1: regimes | [`network::NetworkConfig`] |
//! | tables 2 and 3: costs | [`network::Cost`] |
//! | 4.1 damage (figure 5) | [`damage`] |
//! | 4.3 features for detectors | [`detection`] |
//! | 4: recipe of training | [`sgd`], [`objective`], [`train`] |
//!
//! Where we differ from the paper, and why: see the README.

pub mod bench;
pub mod config;
pub mod damage;
pub mod data;
pub mod detection;
pub mod evaluate;
mod figures;
pub mod graph;
mod learner;
pub mod network;
pub mod objective;
mod reproduce;
pub mod resnet;
pub mod sgd;
pub mod train;
mod verbs;

use papers_core::{cli::Paper, paper};

/// The paper's experiments, for its program.
pub fn paper() -> Paper {
    paper!("Exploring Randomly Wired Neural Networks for Image Recognition (Xie et al., ICCV 2019)")
        .family::<train::Classify>(config::PRESETS)
        .family::<detection::Detect>(detection::PRESETS)
        .verb(verbs::graph::VERB)
        .verb(verbs::cost::VERB)
        .verb(verbs::damage::VERB)
        .verb(verbs::features::VERB)
        .verb(verbs::export::VERB)
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
