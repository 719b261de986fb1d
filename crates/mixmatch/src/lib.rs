//! MixMatch: A Holistic Approach to Semi-Supervised Learning. Berthelot, Carlini, Goodfellow, Papernot, Oliver, Raffel,
//! NeurIPS 2019.
//!
//! | paper | here |
//! |---|---|
//! | 3.1, 3.2 label guessing, sharpening (eq. 6, 7) | [`label_guess`] |
//! | 3.3 MixUp (eq. 8 to 11) | [`mixup`] |
//! | 3.4 losses (eq. 2 to 5) | [`objective`] |
//! | 3.5 and section 4: hyper-parameters, baselines, ablation | [`method`] |
//! | algorithm 1 | [`method::MixMatch`] |
//! | interleaved batches (released program) | [`mod@interleave`] |
//! | Adam, average of the weights, decay | [`learner`] |
//! | section 4: data, experiments | [`data`], [`config`], [`train`], [`evaluate`] |
//!
//! Any network and any data can be trained: implement [`Classifier`], fill a [`Batch`], and call [`Learner::step`] with a
//! [`Method`].
//!
//! Where we differ from the paper, and why: see the README.

mod batch;
pub mod bench;
mod classifier;
pub mod config;
pub mod data;
mod error;
pub mod evaluate;
mod figures;
pub mod interleave;
pub mod label_guess;
pub mod learner;
pub mod method;
pub mod mixup;
pub mod network;
pub mod objective;
pub mod ramp;
mod reproduce;
pub mod train;
mod verbs;

pub use batch::Batch;
pub use classifier::Classifier;
pub use error::StepError;
pub use learner::{Guesses, Learner, LearnerConfig, Report};
pub use method::{Losses, Method, Progress, Step};

use papers_core::{cli::Paper, paper};

/// The paper's experiments, for its program.
pub fn paper() -> Paper {
    paper!("MixMatch: A Holistic Approach to Semi-Supervised Learning (Berthelot et al., NeurIPS 2019)")
        .family::<train::SemiSupervised>(config::PRESETS)
        .verb(verbs::split::VERB)
        .verb(verbs::sharpen::VERB)
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
