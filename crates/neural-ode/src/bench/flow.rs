//! Updates of flows on made-up points.

use burn::{optim::GradientsParams, prelude::*};
use papers_core::{
    bench::{Case, filled},
    device,
    random::Streams,
};

use super::train::{LEARNING_RATE, optimizer};
use crate::{
    GradientMode, Method, Solver,
    flow::{
        Base, ContinuousFlow, PlanarFlow, Regularization, Trace,
        field::{HyperNetwork, TimePerceptron, VelocityField},
    },
    settings::OptimizerKind,
};

const BATCH: usize = 256;
const UNITS: usize = 64;
/// Of the solve, over one unit of time.
const STEPS: usize = 20;

pub(super) fn cases() -> Vec<Case> {
    let direct = GradientMode::Direct;
    let case = |name, work: fn(GradientMode) -> anyhow::Result<Work>, mode| {
        Case::new(name, "update", move || work(mode)).target(0.8)
    };
    vec![
        case("flow/hyper-network", hyper_network, direct),
        case("flow/hyper-network-adjoint", hyper_network, GradientMode::Adjoint),
        case("flow/hutchinson", hutchinson, direct),
        Case::new("flow/planar-layers", "update", layers).target(0.8),
    ]
}

type Work = Box<dyn FnMut() -> anyhow::Result<usize> + Send>;

/// The release's field with the settings of the experiment `moons`.
fn hyper_network(mode: GradientMode) -> anyhow::Result<Work> {
    let device = device::resolve(device::default_backend()?)?.autodiff();
    likelihood(HyperNetwork::new(2, UNITS, 32, &device), &device, mode, || Trace::Exact)
}

/// FFJORD's field with one noise.
fn hutchinson(mode: GradientMode) -> anyhow::Result<Work> {
    let device = device::resolve(device::default_backend()?)?.autodiff();
    let noise: Tensor<3> = filled::tensor([1, BATCH, 2], 1.0, &device);
    let field = TimePerceptron::new(2, UNITS, 3, &device);
    likelihood(field, &device, mode, move || Trace::Hutchinson(noise.clone()))
}

fn likelihood<F: VelocityField + 'static>(
    field: F,
    device: &Device,
    mode: GradientMode,
    trace: impl Fn() -> Trace + Send + 'static,
) -> anyhow::Result<Work> {
    let mut flow = filled::module(ContinuousFlow::new(field, 1.0));
    let solver = Solver::new(Method::Rk4).step_size(1.0 / STEPS as f64).gradient(mode);
    let mut optimizer = optimizer(OptimizerKind::Adam, 0.0).init();
    let data: Tensor<2> = filled::tensor([BATCH, 2], 2.0, device);
    Ok(Box::new(move || {
        let found = flow.log_density(&solver, data.clone(), &trace(), Regularization::default())?;
        let loss = -found.log_density.mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &flow);
        flow = optimizer.step(LEARNING_RATE, flow.clone(), gradients);
        data.device().sync()?;
        Ok(1)
    }))
}

/// The baseline with as many layers.
fn layers() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    let device = device::resolve(device::default_backend()?)?.autodiff();
    let mut flow = filled::module(Streams::new(0).initialize("layers", &device, || PlanarFlow::new(2, UNITS, &device)));
    let mut optimizer = optimizer(OptimizerKind::Adam, 0.0).init();
    let data: Tensor<2> = filled::tensor([BATCH, 2], 2.0, &device);
    Ok(move || {
        let (position, log_determinant) = flow.forward(data.clone());
        let loss = -(Base::default().log_density(position) + log_determinant).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &flow);
        flow = optimizer.step(LEARNING_RATE, flow.clone(), gradients);
        data.device().sync()?;
        Ok(1)
    })
}
