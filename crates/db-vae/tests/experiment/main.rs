//! The paper's experiments: what they are given and what they refuse, and what they learn.

#[path = "../common/mod.rs"]
mod common;

mod bad_configuration;
mod bad_data;
mod files;
mod ideas;
mod runs;
