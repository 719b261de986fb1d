//! Neural Ordinary Differential Equations. Chen, Rubanova, Bettencourt, Duvenaud, NeurIPS 2018.
//!
//! A library of differentiable ODE solvers for Burn, and the paper's three models with its experiments.
//!
//! | paper | here |
//! |---|---|
//! | solvers, error control (section 2, figure 3) | [`Solver`], [`Method`], [`tableau`], [`solver`] |
//! | adjoint sensitivity (section 2, appendices B and C) | [`GradientMode`], [`gradient`] |
//! | events | [`events`] |
//! | samples with steps of their own | [`samples`] |
//! | 3, ODE-Net on MNIST (table 1, figure 3) | [`ode_net`] |
//! | 4, continuous normalizing flows (figures 4, 5) | [`flow`] |
//! | 5, latent ODEs on spirals (table 2, figure 8) | [`latent_ode`] |
//!
//! ```
//! use burn::{module::Module, nn::{Linear, LinearConfig}, prelude::*};
//! use neural_ode::{Dynamics, GradientMode, Method, Solver};
//!
//! #[derive(Module, Debug)]
//! struct Field {
//!     layer: Linear,
//! }
//!
//! impl Dynamics<Tensor<2>> for Field {
//!     fn evaluate(&self, _time: f64, state: Tensor<2>) -> Tensor<2> {
//!         self.layer.forward(state).tanh()
//!     }
//! }
//!
//! let device = Device::flex().autodiff();
//! let field = Field { layer: LinearConfig::new(3, 3).init(&device) };
//! let start = Tensor::<2>::ones([8, 3], &device).require_grad();
//!
//! let solver = Solver::new(Method::Dopri5).tolerances(1e-3, 1e-6).gradient(GradientMode::Adjoint);
//! let solution = solver.solve_module(&field, start.clone(), &[0.0, 0.5, 1.0])?;
//! let loss = solution.last().clone().square().sum();
//! let gradients = loss.backward();
//! assert_eq!(start.grad(&gradients).unwrap().dims(), [8, 3]);
//! assert!(field.layer.weight.val().grad(&gradients).is_some());
//! # Ok::<(), neural_ode::SolveError>(())
//! ```
//!
//! Where we differ from the paper, and why: see the README.

pub mod activation;
pub mod bench;
mod divergence;
pub mod dynamics;
pub mod error;
pub mod events;
pub mod flow;
pub mod gradient;
pub mod guide;
pub mod latent_ode;
mod learner;
pub mod method;
mod numbers;
pub mod ode_net;
mod reproduce;
pub mod samples;
pub mod settings;
pub mod solution;
pub mod solver;
pub mod state;
pub mod tableau;
pub mod vector_space;
pub mod work_precision;

pub use dynamics::Dynamics;
pub use error::{Failure, SolveError};
pub use events::{Direction, EventSolution, Events, Occurrence};
pub use gradient::{BackwardStatistics, GradientMode};
pub use method::Method;
pub use samples::{SampleDynamics, SampleSolution, SampleTimes, Samples};
pub use solution::{Solution, Statistics};
pub use solver::{
    End, ErrorWeights, Interpolation, Solver,
    controller::Controller,
    dense::DenseSolution,
    norm::{Norm, Tolerance},
};
pub use state::State;
pub use vector_space::VectorSpace;

use papers_core::{cli::Paper, paper};

/// The paper's experiments, for its program.
pub fn paper() -> Paper {
    paper!("Neural Ordinary Differential Equations (Chen et al., NeurIPS 2018)")
        .family::<latent_ode::train::LatentOdeExperiment>(latent_ode::config::PRESETS)
        .family::<latent_ode::series::train::SeriesExperiment>(latent_ode::series::config::PRESETS)
        .family::<latent_ode::poisson::train::PoissonExperiment>(latent_ode::poisson::config::PRESETS)
        .family::<ode_net::train::OdeNet>(ode_net::config::PRESETS)
        .family::<flow::train::FlowExperiment>(flow::config::PRESETS)
        .reproduction(reproduce::REPRODUCTION)
        .bench(bench::run)
}

#[cfg(test)]
mod tests {
    #[test]
    fn experiments_and_reproduction_fit_together() {
        papers_core::testing::assert_consistent(&super::paper(), env!("CARGO_MANIFEST_DIR"));
    }
}
