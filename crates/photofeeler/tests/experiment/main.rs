//! Runs from outside: data, both phases, bad input, what the method's ideas do.

#[path = "../common/mod.rs"]
mod common;

mod bad_configuration;
mod bad_data;
mod bad_pictures;
mod ideas;
mod runs;
mod tools;
