//! What a step of the solver costs where the network costs next to nothing.

use burn::prelude::*;
use papers_core::{
    bench::{Case, filled},
    device,
};

use super::perceptron::Perceptron;
use crate::{End, GradientMode, Method, Solver};

const BATCH: usize = 32;
const WIDTH: usize = 4;
const HIDDEN: usize = 20;
/// Of the solves with a fixed step, over one unit of time.
const STEPS: usize = 200;
/// Time of the adaptive solve.
const LONG: f64 = 20.0;
/// Ours to torchdiffeq's.
const TARGET: f64 = 0.5;

pub(super) fn cases() -> Vec<Case> {
    let gradient = |name, mode| Case::new(name, "step", move || gradient(mode)).target(TARGET);
    vec![
        Case::new("solver/rk4", "step", forward).target(TARGET),
        gradient("solver/rk4-direct", GradientMode::Direct),
        gradient("solver/rk4-checkpointed", GradientMode::Checkpointed),
        gradient("solver/rk4-adjoint", GradientMode::Adjoint),
        Case::new("solver/dopri5", "step", adaptive).target(TARGET),
    ]
}

fn forward() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let (network, start) = problem(&device::resolve(device::default_backend()?)?);
    let solver = fixed();
    Ok(move || {
        let solution = solver.solve(&network, start.clone(), &[0.0, 1.0])?;
        start.device().sync()?;
        Ok(solution.statistics.accepted)
    })
}

fn gradient(mode: GradientMode) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let (network, start) = problem(&device::resolve(device::default_backend()?)?.autodiff());
    let solver = fixed().gradient(mode);
    Ok(move || {
        let solution = solver.solve_module(&network, start.clone(), &[0.0, 1.0])?;
        let steps = solution.statistics.accepted;
        let gradients = solution.into_last().sum().backward();
        drop(gradients);
        start.device().sync()?;
        Ok(steps)
    })
}

fn adaptive() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let (network, start) = problem(&device::resolve(device::default_backend()?)?);
    // As torchdiffeq ends, so that both make the same steps.
    let solver = Solver::new(Method::Dopri5).tolerances(1e-5, 1e-5).end(End::Overshoot);
    Ok(move || {
        let solution = solver.solve(&network, start.clone(), &[0.0, LONG])?;
        start.device().sync()?;
        Ok(solution.statistics.accepted)
    })
}

fn fixed() -> Solver {
    Solver::new(Method::Rk4).step_size(1.0 / STEPS as f64)
}

fn problem(device: &Device) -> (Perceptron, Tensor<2>) {
    (
        Perceptron::new(WIDTH, HIDDEN, device),
        filled::tensor([BATCH, WIDTH], 2.0, device),
    )
}
