//! What every paper of Burn Papers stands on: everything shared that needs Burn. Re-exports [`papers_base`] as [`base`].
//!
//! | question | module |
//! |---|---|
//! | where does it run? | [`device`] |
//! | what is fixed by the seed? | [`random`] |
//! | what is a run? | [`experiment`], [`training`], [`cli`], [`reproduce`] |
//! | what survives a crash? | [`checkpoint`] |
//! | what does it learn from? | [`data`] |
//! | what are networks made of? | [`nn`] |
//! | what do they learn by? | [`optim`] |
//! | what do networks believe? | [`distributions`] |
//! | gradients that Burn cannot know | [`vjp`] |
//! | what does a classifier say? | [`classification`] |
//! | calls that change between Burn releases | [`port`] |
//! | how fast is it? | [`mod@bench`] |
//! | helpers for tests | [`testing`] |

mod allocator;
pub mod bench;
pub mod checkpoint;
pub mod classification;
pub mod cli;
pub mod data;
pub mod device;
pub mod distributions;
mod error;
pub mod experiment;
pub mod nn;
pub mod optim;
pub mod port;
pub mod random;
pub mod reproduce;
pub mod signals;
pub mod testing;
pub mod training;
pub mod vjp;

pub use error::{Error, Result};
pub use experiment::{Context, Experiment};
pub use papers_base as base;

#[doc(hidden)]
pub use mimalloc::MiMalloc;
