//! Neural ordinary differential equations.

pub mod latent_ode;
