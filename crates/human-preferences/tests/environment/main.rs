//! Environments: equal to their references, lawful, and robust against bad input.

mod fixture;
mod planar;
