//! Procedural photos with a simulated population of voters: everything about them is known, so that predictions can be measured
//! against what all voters would say (README, "Data").
//!
//! Portraits are cartoons and preferences are made up. Nothing follows from them for real faces or real voters.

mod attributes;
mod portrait;
mod voters;

pub use attributes::{ATTRIBUTES, Attributes, FEATURES, features};
pub use portrait::{SIDE, portrait};
pub use voters::{Population, Serving, Voter, trait_weights};
