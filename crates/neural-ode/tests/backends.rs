//! A few training steps give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

use neural_ode::{
    latent_ode::{self, config::LatentOdeConfig, train::LatentOdeExperiment},
    ode_net::{
        config::{OdeNetConfig, PRESETS},
        train::OdeNet,
    },
};
use papers_core::{base::config, testing};

/// Backends sum in different orders: in single precision, after a few updates, losses near 1 agree to this.
const TOLERANCE: f64 = 2e-3;

fn check<E: papers_core::Experiment>(name: &str, config: &E::Config) {
    testing::assert_backends_agree::<E>(name, config, 0, 0..3, TOLERANCE).expect("a run on each backend");
}

#[test]
fn ode_net_trains_alike_in_every_gradient_mode() {
    for mode in ["direct", "checkpointed", "adjoint", "interpolated-adjoint"] {
        let sets = [
            "width=8",
            "batch=8",
            "data.train=32",
            "data.validation=8",
            "data.test=8",
            &format!("solver.gradient='{mode}'"),
        ];
        let config: OdeNetConfig = config::experiment(PRESETS, "digits", &sets).expect("settings that exist");
        check::<OdeNet>(mode, &config);
    }
}

#[test]
fn the_latent_ode_trains_alike() {
    let sets = [
        "batch=8",
        "data.train=16",
        "data.validation=4",
        "data.test=4",
        "data.observations=10",
    ];
    let spirals = latent_ode::config::PRESETS;
    let config: LatentOdeConfig = config::experiment(spirals, "spirals", &sets).expect("settings that exist");
    check::<LatentOdeExperiment>("latent ODE", &config);
}
