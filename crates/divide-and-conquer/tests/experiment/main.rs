//! The paper's experiments: what they are given, what they refuse, and that they resume exactly.

mod bad_configuration;
#[path = "../common/mod.rs"]
mod common;
mod data;
mod learns;
mod program;
mod published;
mod runs;
