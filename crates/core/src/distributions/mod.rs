//! Distributions whose parameters networks give: densities, entropies, divergences. All in nats.

mod bernoulli;
mod categorical;
mod gaussian;

pub use bernoulli::Bernoulli;
pub use categorical::{entropy, kl};
pub use gaussian::{DiagonalGaussian, standard_normal_log_density};
