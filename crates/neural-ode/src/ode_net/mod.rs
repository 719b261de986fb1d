//! ODE-Net: classification of pictures by the state of an ODE at time 1 (the paper's section 3).

mod convolution;
pub mod layers;
pub mod model;
mod normalization;
