//! Benchmarks of fixed shapes: training steps on the paper's network and on a small one, inference, augmentation. The
//! script `pytorch.py` does the timed work with PyTorch.

mod augment;
#[cfg(test)]
mod tests;
mod train;

use papers_core::{
    Context,
    base::{cli::BenchArgs, config},
    bench::{self, About, Case, Session, harness, peer::Script},
    device,
};

use crate::{config::PRESETS, train::SemiSupervised};

const ABOUT: About = About {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    script: Script {
        text: include_str!("pytorch.py"),
        packages: &["torch", "numpy"],
    },
};

const HARNESS: &str = "harness/digits-20";

/// Measures what `arguments` ask for and prints tables.
///
/// # Errors
///
/// A peer that does not start, or what the work reports.
pub fn run(arguments: &BenchArgs) -> anyhow::Result<()> {
    let mut session = Session::start(arguments, ABOUT)?;
    session.time(cases())?;
    shared_loop(&mut session)?;
    let names = cases().iter().map(|case| case.name().to_owned()).collect::<Vec<_>>();
    session.finish(&[names.as_slice(), &[HARNESS.to_owned()]].concat())
}

/// Some updates of the default experiment, with next to nothing to evaluate.
fn shared_loop(session: &mut Session) -> anyhow::Result<()> {
    let sets = [
        "schedule.steps=150",
        "schedule.evaluate_every=0",
        "schedule.checkpoint_every=0",
        "data.validation=0",
        "data.test=1",
    ];
    let config = config::experiment(PRESETS, "digits-20", &sets)?;
    let context = Context::new(device::resolve(device::default_backend()?)?, 0);
    harness::run::<SemiSupervised>(session, HARNESS, &config, &context)
}

/// Does the work of every case once, without measuring.
///
/// # Errors
///
/// What the work reports.
pub fn check() -> anyhow::Result<()> {
    bench::check_cases(cases())
}

fn cases() -> Vec<Case> {
    train::cases().into_iter().chain(augment::cases()).collect()
}
