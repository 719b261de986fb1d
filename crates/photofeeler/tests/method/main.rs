//! Equations against independent numbers and laws.

mod common;
mod correlations;
mod gradients;
mod objectives;
mod people;
mod voter_model;
mod votes;
mod xception;
mod xception_layout;
mod xception_pytorch;
