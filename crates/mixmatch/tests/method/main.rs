//! The method, its baselines and the networks, as a library.

mod bad_input;
mod gradients;
mod ideas;
mod learns;
mod network;
mod reference;
mod resume;
mod statistics;
