//! Latent ODEs: generative models of irregular time series (paper, section 5).

pub mod gaussian;
pub mod recurrent;
pub mod spirals;
