//! The parts of the method: equations against independent numbers, laws, and what bad input gives.

mod bad_input;
mod common;
mod gradients;
mod ideas;
mod network;
mod reference;
mod trainer;
