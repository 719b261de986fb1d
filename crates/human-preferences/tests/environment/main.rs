//! Environments seen from outside.

mod fixture;
mod games;
mod planar;
