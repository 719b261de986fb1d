//! Training steps of the paper's models, on made-up data.

use burn::{optim::GradientsParams, prelude::*};
use papers_core::{
    bench::{Case, filled},
    device,
};

use crate::{
    GradientMode, Method, Solver,
    latent_ode::{
        model::{LatentOde, Sizes},
        objective,
        spirals::{Batch, Curves, Spiral, Turning, WINDOW},
    },
    ode_net::{
        model::{ClassifierConfig, StemKind, Trunk},
        train::OdeNet,
    },
    settings::{OptimizerConfig, OptimizerKind},
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("latent-ode/dopri5", "update", latent_ode).target(0.8),
        Case::new("ode-net/rk4-direct", "update", || ode_net(rk4(GradientMode::Direct))),
        Case::new("ode-net/rk4-checkpointed", "update", || {
            ode_net(rk4(GradientMode::Checkpointed))
        }),
        Case::new("ode-net/dopri5-adjoint", "update", || {
            ode_net(
                Solver::new(Method::Dopri5)
                    .tolerances(1e-3, 1e-3)
                    .gradient(GradientMode::Adjoint),
            )
        }),
    ]
}

fn rk4(gradient: GradientMode) -> Solver {
    Solver::new(Method::Rk4).step_size(0.5).gradient(gradient)
}

/// So small that weights, and with them the number of steps, stay what they are.
pub(super) const LEARNING_RATE: f64 = 1e-9;

pub(super) fn optimizer(kind: OptimizerKind, momentum: f64) -> OptimizerConfig {
    OptimizerConfig {
        kind,
        learning_rate: LEARNING_RATE,
        momentum,
        drops: Vec::new(),
        drop_factor: 1.0,
    }
}

/// The paper's classifier of MNIST in its release's form, on a batch of 128.
fn ode_net(solver: Solver) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    const BATCH: usize = 128;
    const SIDE: usize = 28;
    const CLASSES: usize = 10;
    let plain = device::resolve(device::default_backend()?)?;
    let sizes = ClassifierConfig {
        colors: 1,
        side: SIDE,
        classes: CLASSES,
        width: 64,
        stem: StemKind::Conv,
        trunk: Trunk::Ode,
    };
    let training = plain.clone().autodiff();
    let mut model = filled::module(sizes.init(&training));
    let mut optimizer = optimizer(OptimizerKind::Sgd, 0.9).init();
    let images: Tensor<4> = filled::tensor([BATCH, 1, SIDE, SIDE], 0.5, &plain) + 0.5;
    let labels: Vec<i32> = (0..BATCH).map(|index| (index % CLASSES) as i32).collect();
    let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [BATCH]), &training);
    Ok(move || {
        let prediction = model.forward(images.clone(), &solver)?;
        let loss = OdeNet::loss(prediction.logits, labels.clone());
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(LEARNING_RATE, model.clone(), gradients);
        images.device().sync()?;
        Ok(1)
    })
}

/// The paper's latent ODE with the settings of the experiment `spirals`: 250 spirals, 30 of 100 times of each.
fn latent_ode() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    const BATCH: usize = 250;
    const OBSERVATIONS: usize = 30;
    let sizes = Sizes {
        latent: 4,
        recurrent: 25,
        dynamics: 20,
        decoder: 20,
    };
    let device = device::resolve(device::default_backend()?)?.autodiff();
    let mut model = filled::module(LatentOde::new(&sizes, &device));
    let mut optimizer = optimizer(OptimizerKind::Adam, 0.0).init();
    let solver = Solver::new(Method::Dopri5)
        .tolerances(1e-3, 1e-4)
        .gradient(GradientMode::Direct);
    let spirals: Vec<Spiral> = (0..BATCH).map(|index| spiral(index, OBSERVATIONS)).collect();
    let batch = Batch::new(
        &spirals.iter().collect::<Vec<_>>(),
        Curves::default().spacing(),
        &device,
    );
    let noise: Tensor<2> = filled::tensor([BATCH, sizes.latent], 1.0, &device);
    Ok(move || {
        let elbo = objective::elbo(&model, &solver, &batch, noise.clone(), 0.1)?;
        let loss = elbo.kl.mean() - elbo.log_likelihood.mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        model = optimizer.step(LEARNING_RATE, model.clone(), gradients);
        noise.device().sync()?;
        Ok(1)
    })
}

/// Observations at made-up times and places.
fn spiral(index: usize, observations: usize) -> Spiral {
    let mut observed: Vec<usize> = (0..observations).map(|step| (37 * index + 3 * step) % WINDOW).collect();
    observed.sort_unstable();
    let coordinate = |step: usize, axis: usize| 4.0 * filled::number((index * observations + step) * 2 + axis);
    Spiral {
        turning: Turning::Clockwise,
        first: 0,
        observed,
        positions: (0..observations)
            .map(|step| [coordinate(step, 0), coordinate(step, 1)])
            .collect(),
    }
}
