//! Continuous normalizing flows (paper, section 4), and planar normalizing flows, their baseline.
//!
//! | paper | here |
//! |---|---|
//! | 4, theorem 1, instantaneous change of variables | [`continuous`], [`trace`] |
//! | 4, planar flows, multiple hidden units, time-dependent dynamics, gating; FFJORD's perceptron | [`field`] |
//! | 4, planar normalizing flows | [`planar_flow`] |
//! | 4.1, density matching | [`potentials`] |
//! | 4.2, maximum likelihood training | [`toy`] |
//! | both kinds of training | [`train`], with the settings of [`config`]; [`model`], [`evaluate`] |
//!
//! ```
//! use burn::prelude::*;
//! use neural_ode::{Method, Solver, flow::{ContinuousFlow, Regularization, Trace, field::HyperNetwork}};
//!
//! let device = Device::flex();
//! let flow = ContinuousFlow::new(HyperNetwork::new(2, 64, 32, &device), 1.0);
//! let data = Tensor::<2>::zeros([8, 2], &device);
//! let solver = Solver::new(Method::Dopri5);
//! let found = flow.log_density(&solver, data, &Trace::Exact, Regularization::default())?;
//! assert_eq!(found.log_density.dims(), [8, 1]);
//! # Ok::<(), neural_ode::SolveError>(())
//! ```

mod augmented;
pub mod config;
pub mod continuous;
pub mod evaluate;
pub mod field;
mod figures;
pub mod model;
pub mod planar_flow;
pub mod potentials;
pub(crate) mod reproduce;
pub mod toy;
pub mod trace;
pub mod train;

pub use augmented::{FlowState, Regularization};
pub use continuous::{Base, ContinuousFlow, Transported};
pub use planar_flow::PlanarFlow;
pub use potentials::Potential;
pub use toy::ToySet;
pub use trace::{Noise, Trace};
