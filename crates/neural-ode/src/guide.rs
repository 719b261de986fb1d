//! How to choose a solver, a tolerance and a gradient, with measured figures.
#![doc = include_str!("../docs/README.md")]

#[doc = include_str!("../docs/solver.md")]
pub mod solver {}

#[doc = include_str!("../docs/tolerance.md")]
pub mod tolerance {}

#[doc = include_str!("../docs/gradient.md")]
pub mod gradient {}

#[doc = include_str!("../docs/samples-and-events.md")]
pub mod samples_and_events {}

#[doc = include_str!("../docs/stiff.md")]
pub mod stiff {}

#[doc = include_str!("../docs/features.md")]
pub mod features {}
