//! Environments seen from outside.

mod classic;
mod contract;
mod fixture;
mod games;
mod laws;
mod planar;
mod robots;
