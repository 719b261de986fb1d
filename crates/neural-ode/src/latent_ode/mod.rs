//! Latent ODEs: generative models of irregular time series (paper, section 5).
//!
//! | paper | here |
//! |---|---|
//! | 5, generative model, recognition network (figure 6) | [`model`], [`network`] |
//! | 5, evidence lower bound | [`objective`] |
//! | 5.1, spirals and irregular observations | [`spirals`] |
//! | 5.1, RNN with and without the time between observations | [`baseline`] |
//! | 5.1, training | [`train`], with the settings of [`config`] |
//! | table 2 | [`evaluate`] |
//! | time series of one's own | [`series`] |
//! | 5, Poisson process likelihoods | [`poisson`] |

pub mod baseline;
pub mod config;
pub mod evaluate;
mod figures;
pub mod model;
pub mod network;
pub mod objective;
pub mod poisson;
pub mod recurrent;
pub(crate) mod reproduce;
pub mod series;
pub mod spirals;
pub mod train;
