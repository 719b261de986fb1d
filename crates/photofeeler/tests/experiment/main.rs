//! Runs from outside: data, both phases, bad input, what the method's ideas do.

#[path = "../common/mod.rs"]
mod common;

mod bad_bundles;
mod bad_configuration;
mod bad_data;
mod bad_pictures;
mod bad_ratings;
mod bad_sets;
mod bad_tables;
mod cross_fit;
mod ideas;
mod leaks;
mod made_up;
mod means;
mod program;
mod runs;
mod tables;
mod tools;
mod weights;
