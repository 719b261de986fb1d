//! Environments: equal to their references, lawful, and robust against bad input.

mod classic;
mod contract;
mod fixture;
mod laws;
mod planar;
mod robots;
