//! Whole experiments: what they are given, what they refuse, that they learn what they are taught, and that they repeat
//! and resume exactly.

mod ablations;
mod bad_input;
#[path = "../common/mod.rs"]
mod common;
mod feedback;
mod hidden_reward;
mod labels;
mod learns;
mod presets;
mod repeats;
mod rollouts;
mod saved;
mod warnings;
