//! Environments: equal to their references, lawful, and robust against bad input.

mod ale;
mod classic;
mod contract;
mod fixture;
mod games;
mod laws;
mod mujoco;
mod planar;
mod play;
mod robots;
