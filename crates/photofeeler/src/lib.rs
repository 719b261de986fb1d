//! Photofeeler-D3: A Neural Network with Voter Modeling for Dating Photo Rating. Kalra and Peterson, 2019.
//!
//! | paper | here |
//! |---|---|
//! | votes, their normalization and weights | [`votes`] |
//! | base network: Xception, temporary output | [`model::Base`], [`model::Xception`] |
//! | voter model, 200 voters | [`model::VoterModel`], [`evaluate`] |
//! | phase 1, phase 2 | [`learner`], [`train`], [`objective`] |
//! | six models | [`bundle`] |
//! | comparison with people | [`evaluate::HumanCurve`] |
//!
//! Scores are what a population of voters would say of a photo, no properties of who is on it.

mod base_phase;
pub mod bench;
pub mod bundle;
pub mod cache;
pub mod config;
pub mod crowd;
pub mod data;
pub mod evaluate;
mod figures;
pub mod fit;
pub mod learner;
pub mod model;
pub mod objective;
pub mod prepared;
pub mod rater;
mod reproduce;
pub mod train;
mod verbs;
mod voter_phase;
pub mod votes;

use papers_core::{cli::Paper, paper};

/// The paper's experiments, for its program.
pub fn paper() -> Paper {
    paper!("Photofeeler-D3: rating photos by modelling voters (Kalra and Peterson 2019)")
        .family::<train::Photofeeler>(config::PRESETS)
        .verb(verbs::study::VERB)
        .verb(verbs::humans::VERB)
        .verb(verbs::rate::VERB)
        .verb(verbs::bundle::VERB)
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
