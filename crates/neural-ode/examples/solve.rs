//! Solves an equation: a pendulum with friction, at chosen times, to a tolerance, and anywhere between.
//!
//! ```sh
//! cargo run --release -p neural-ode --example solve
//! ```

use burn::prelude::*;
use neural_ode::{Method, Solver};

/// `x' = v`, `v' = -sin x - v / 5`, with `[x, v]` in the rows of the state.
fn pendulum(_time: f64, state: Tensor<2>) -> Tensor<2> {
    let position = state.clone().narrow(1, 0, 1);
    let speed = state.narrow(1, 1, 1);
    let force = (position.sin() + speed.clone() * 0.2).neg();
    Tensor::cat(vec![speed, force], 1)
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> Result<(), neural_ode::SolveError> {
    // Two pendulums at once: one let go at 0.5, one at 3.0 radians.
    let start = Tensor::<2>::from_floats([[0.5, 0.0], [3.0, 0.0]], &Device::flex());
    let solver = Solver::new(Method::Tsit5).tolerances(1e-5, 1e-6);

    let solution = solver.solve(&pendulum, start.clone(), &[0.0, 1.0, 2.0, 5.0])?;
    for (time, state) in solution.times.iter().zip(&solution.states) {
        println!("t = {time}: {}", state.to_data());
    }
    println!("{:?}", solution.statistics);

    let dense = solver.solve_dense(&pendulum, start, 0.0, 5.0)?;
    println!("t = 3.21: {}", dense.at(3.21)?.to_data());
    Ok(())
}
