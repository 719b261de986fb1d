//! ODE-Net: classification of pictures by the state of an ODE at time 1 (the paper's section 3).
//!
//! | paper | here |
//! |---|---|
//! | table 1: ODE-Net, RK-Net, ResNet | [`config::ModelKind`], [`model`] |
//! | the networks' layers | [`layers`] |
//! | training | [`train::OdeNet`] |
//! | figure 3: error control, evaluations | [`figure3`] |

pub mod config;
pub mod data;
pub mod evaluate;
pub mod figure3;
mod figures;
pub mod layers;
pub mod model;
mod solves;
pub mod train;
