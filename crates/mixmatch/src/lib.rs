//! MixMatch: A Holistic Approach to Semi-Supervised Learning. Berthelot, Carlini, Goodfellow, Papernot, Oliver, Raffel,
//! NeurIPS 2019.

use papers_core::cli::Paper;

/// The paper's experiments, for its program.
pub fn paper() -> Paper {
    let title = "MixMatch: A Holistic Approach to Semi-Supervised Learning (Berthelot et al., NeurIPS 2019)";
    Paper::new("mixmatch", env!("CARGO_PKG_VERSION"), title, "digits-20")
}
