//! The models and their objective, as a library.

mod bounds;
mod densities;
mod objective;
mod setup;
mod vade;
