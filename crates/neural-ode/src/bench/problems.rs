//! What a step costs where the equation costs nothing, and what steps of their own are worth to samples.

use std::hint::black_box;

use burn::prelude::*;
use papers_core::{
    bench::{Case, filled},
    device,
};

use super::perceptron::Perceptron;
use crate::{Dynamics, End, Method, Samples, Solver};

/// Ours to torchdiffeq's.
const TARGET: f64 = 1.0;
/// Of the batch with samples of different speeds.
const BATCH: usize = 512;
const WIDTH: usize = 32;
const HIDDEN: usize = 256;
/// One in so many samples moves so many times faster.
const ONE_IN: usize = 16;
const FASTER: f64 = 30.0;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("problems/van-der-pol-dopri5", "step", || {
            solve(van_der_pol, &[2.0, 0.0], 20.0, adaptive(Method::Dopri5))
        })
        .target(TARGET),
        Case::new("problems/lorenz-dopri8", "step", || {
            solve(lorenz, &[1.0, 1.0, 1.0], 10.0, adaptive(Method::Dopri8))
        })
        .target(TARGET),
        Case::new("problems/lotka-volterra-bosh3", "step", || {
            solve(lotka_volterra, &[1.0, 1.0], 10.0, adaptive(Method::Bosh3))
        })
        .target(TARGET),
        Case::new("problems/van-der-pol-implicit-adams", "step", || {
            let solver = Solver::new(Method::ImplicitAdams).step_size(0.01).max_order(4);
            solve(van_der_pol, &[2.0, 0.0], 10.0, solver.corrector_tolerances(1e-5, 1e-5))
        })
        .target(TARGET),
        Case::new("numbers/van-der-pol-dopri5-scipy", "step", van_der_pol_of_numbers).target(TARGET),
        Case::new("numbers/van-der-pol-dopri5-diffrax", "step", van_der_pol_of_numbers).target(TARGET),
        Case::new("numbers/lorenz-dopri8-diffrax", "step", lorenz_of_numbers).target(TARGET),
        Case::new(
            "numbers/lotka-volterra-bosh3-diffrax",
            "step",
            lotka_volterra_of_numbers,
        )
        .target(TARGET),
        Case::new("samples/joint", "solve", joint).target(TARGET),
        Case::new("samples/independent", "solve", independent).target(TARGET),
    ]
}

/// As torchdiffeq ends, so that both make the same steps.
fn adaptive(method: Method) -> Solver {
    Solver::new(method).tolerances(1e-5, 1e-5).end(End::Overshoot)
}

type Slope = fn(f64, Tensor<1>) -> Tensor<1>;

fn solve(
    slope: Slope,
    start: &[f32],
    end: f64,
    solver: Solver,
) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let device = device::resolve(device::default_backend()?)?;
    let start = Tensor::<1>::from_floats(start, &device);
    Ok(move || {
        let solution = solver.solve(&slope, start.clone(), &[0.0, end])?;
        start.device().sync()?;
        Ok(solution.statistics.accepted)
    })
}

/// The same equations without tensors.
fn numbers<const N: usize>(
    slope: impl Fn(f64, [f64; N]) -> [f64; N],
    start: [f64; N],
    end: f64,
    method: Method,
) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let solver = Solver::new(method).tolerances(1e-5, 1e-5);
    Ok(move || {
        let solution = solver.solve(&slope, black_box(start), &[0.0, end])?;
        Ok(black_box(solution).statistics.accepted)
    })
}

fn van_der_pol_of_numbers() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let slope = |_: f64, [x, v]: [f64; 2]| [v, (1.0 - x * x) * v - x];
    numbers(slope, [2.0, 0.0], 20.0, Method::Dopri5)
}

fn lorenz_of_numbers() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let slope = |_: f64, [x, y, z]: [f64; 3]| [10.0 * (y - x), x * (28.0 - z) - y, x * y - 8.0 / 3.0 * z];
    numbers(slope, [1.0, 1.0, 1.0], 10.0, Method::Dopri8)
}

fn lotka_volterra_of_numbers() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let slope = |_: f64, [x, y]: [f64; 2]| [1.5 * x - x * y, x * y - 3.0 * y];
    numbers(slope, [1.0, 1.0], 10.0, Method::Bosh3)
}

fn parts<const N: usize>(state: &Tensor<1>) -> [Tensor<1>; N] {
    std::array::from_fn(|index| state.clone().narrow(0, index, 1))
}

fn van_der_pol(_: f64, state: Tensor<1>) -> Tensor<1> {
    let [x, v] = parts(&state);
    let force = (x.clone().square().neg() + 1.0) * v.clone() - x;
    Tensor::cat(vec![v, force], 0)
}

fn lorenz(_: f64, state: Tensor<1>) -> Tensor<1> {
    let [x, y, z] = parts(&state);
    let slopes = vec![
        (y.clone() - x.clone()) * 10.0,
        x.clone() * (z.clone().neg() + 28.0) - y.clone(),
        x * y - z * (8.0 / 3.0),
    ];
    Tensor::cat(slopes, 0)
}

fn lotka_volterra(_: f64, state: Tensor<1>) -> Tensor<1> {
    let [x, y] = parts(&state);
    let met = x.clone() * y.clone();
    Tensor::cat(vec![x * 1.5 - met.clone(), met - y * 3.0], 0)
}

/// A network whose samples move at speeds of their own.
struct Speeds {
    network: Perceptron,
    /// `[batch, 1]`.
    speeds: Tensor<2>,
}

impl Speeds {
    fn new() -> anyhow::Result<(Self, Tensor<2>)> {
        let device = device::resolve(device::default_backend()?)?;
        let speed = |sample: usize| {
            if sample.is_multiple_of(ONE_IN) {
                FASTER as f32
            } else {
                1.0
            }
        };
        let speeds: Vec<f32> = (0..BATCH).map(speed).collect();
        let dynamics = Self {
            network: Perceptron::new(WIDTH, HIDDEN, &device),
            speeds: Tensor::from_data(TensorData::new(speeds, [BATCH, 1]), &device),
        };
        Ok((dynamics, filled::tensor([BATCH, WIDTH], 2.0, &device)))
    }
}

fn joint() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let (dynamics, start) = Speeds::new()?;
    let slope = move |time: f64, state: Tensor<2>| dynamics.network.evaluate(time, state) * dynamics.speeds.clone();
    Ok(move || {
        adaptive(Method::Dopri5).solve(&slope, start.clone(), &[0.0, 5.0])?;
        start.device().sync()?;
        Ok(1)
    })
}

fn independent() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let (dynamics, start) = Speeds::new()?;
    let slope =
        move |at: &Samples<'_>, state: Tensor<2>| dynamics.network.evaluate(0.0, state) * at.rows_of(&dynamics.speeds);
    Ok(move || {
        adaptive(Method::Dopri5).solve_samples(&slope, start.clone(), [0.0, 5.0])?;
        start.device().sync()?;
        Ok(1)
    })
}
