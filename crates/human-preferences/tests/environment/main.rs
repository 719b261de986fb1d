//! Environments seen from outside.

mod games;
