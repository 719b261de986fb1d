//! A latent ODE for a user's own irregular time series: a CSV file in, forecasts with uncertainty out.
//!
//! The file has a column that names the series, one with the time, and columns of numbers; cells may be empty. Each
//! series has its own times, at which the batch is solved with a step size for each (see [`crate::samples`]).

pub mod config;
mod example;
mod figures;
mod forecast;
pub mod model;
mod table;
pub mod train;

pub use forecast::Forecast;
pub use table::{Series, SeriesTable, TableError};
