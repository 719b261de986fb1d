//! Whole runs on the embedded digits.

mod bad_input;
mod detection;
mod ideas;
mod resume;

#[path = "../common/mod.rs"]
mod common;
