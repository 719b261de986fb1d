//! Neural ordinary differential equations.

pub mod bench;
pub mod dynamics;
pub mod error;
pub mod gradient;
pub mod method;
pub mod solution;
pub mod solver;
pub mod state;
pub mod tableau;

pub use dynamics::Dynamics;
pub use error::{Failure, SolveError};
pub use gradient::{BackwardStatistics, GradientMode};
pub use method::Method;
pub use solution::{Solution, Statistics};
pub use solver::{
    End, ErrorWeights, Interpolation, Solver,
    controller::Controller,
    dense::DenseSolution,
    norm::{Norm, Tolerance},
};
pub use state::State;
