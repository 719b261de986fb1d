//! Everything of Burn Papers that needs no Burn.
//!
//! | question | module |
//! |---|---|
//! | what is a run? | [`config`], [`cli`], [`provenance`] |
//! | what did it do? | [`journal`], [`progress`], [`figure`], [`plot`], [`report`] |
//! | what survives a crash? | [`commit`], [`lock`] |
//! | numbers of tables | [`metrics`], [`clustering`] |
//! | what does it learn from? | [`catalogue`], [`idx`], [`images`], [`gzip`] |

pub mod catalogue;
pub mod cli;
pub mod clustering;
pub mod commit;
pub mod config;
mod error;
pub mod figure;
pub mod gzip;
pub mod idx;
pub mod images;
pub mod journal;
pub mod lock;
pub mod metrics;
pub mod plot;
pub mod progress;
pub mod projection;
pub mod provenance;
pub mod report;
pub mod suggest;

pub use error::{Error, Result};
