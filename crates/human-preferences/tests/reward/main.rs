//! Learning a reward from comparisons of clips, as a library.

mod bad_input;
mod bootstrap;
mod fixtures;
mod laws;
mod learns;
mod networks;
mod normalization;
mod queries;
mod resume;
mod schedule;
mod synthetic;
