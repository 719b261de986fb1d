//! Runs from outside: data, both phases, bad input, what the method's ideas do.

#[path = "../common/mod.rs"]
mod common;

mod bad_configuration;
mod bad_data;
mod bad_pictures;
mod bad_sets;
mod ideas;
mod leaks;
mod made_up;
mod means;
mod program;
mod runs;
mod tables;
mod tools;
