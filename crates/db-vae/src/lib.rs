//! Uncovering and Mitigating Algorithmic Bias through Learned Latent Structure. Amini, Soleimany, Schwarting, Bhatia, Rus, AIES 2019.
//!
//! | paper | here |
//! |---|---|
//! | 3.1 network, combined loss | [`model`], [`objective`] |
//! | 3.2 histograms of the latent space, sampling probabilities | [`latent_histogram`], [`resampling`] |
//! | algorithm 1 | [`train`], [`learner`] |
//! | 4 recall of each group, its variance | [`evaluate`], [`fairness`] |
//! | 4.1 pictures | [`data`] |
//! | 4.2 windows on large pictures | [`window`] |
//!
//! Groups such as shade of skin are for measuring alone. Where we differ from the paper, and why: see the README.

pub mod bench;
pub mod config;
pub mod data;
pub mod evaluate;
pub mod fairness;
mod figures;
pub mod latent_histogram;
pub mod learner;
pub mod model;
pub mod objective;
mod reproduce;
pub mod resampling;
pub mod train;
mod verbs;
pub mod window;

use papers_core::{cli::Paper, paper};

/// The paper's experiments, for its program.
pub fn paper() -> Paper {
    paper!("Uncovering and Mitigating Algorithmic Bias through Learned Latent Structure (Amini et al. 2019)")
        .family::<train::DebiasedDetector>(config::PRESETS)
        .verb(verbs::audit::VERB)
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
