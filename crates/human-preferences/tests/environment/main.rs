//! Environments seen from outside.

mod ale;
mod games;
