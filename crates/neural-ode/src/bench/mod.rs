//! Benchmarks of fixed shapes: the solver on a small network and on single equations, samples with steps of their own,
//! training steps of the paper's models, the shared loop,
//! memory of the gradient modes. The script `pytorch.py` does the timed work with PyTorch and torchdiffeq.

mod flow;
mod memory;
mod perceptron;
mod problems;
mod solve;
#[cfg(test)]
mod tests;
mod train;

use anyhow::Context as _;
use papers_core::{
    Context,
    base::{cli::BenchArgs, config},
    bench::{self, About, Case, Session, child, harness, peer::Script},
    device,
};

use crate::latent_ode::{config::PRESETS, train::LatentOdeExperiment};

const ABOUT: About = About {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    script: Script {
        text: include_str!("pytorch.py"),
        packages: &["torch", "torchdiffeq"],
    },
};

const HARNESS: &str = "harness/spirals";

/// Measures what `arguments` ask for and prints tables.
///
/// # Errors
///
/// A peer that does not start, or what the work reports.
pub fn run(arguments: &BenchArgs) -> anyhow::Result<()> {
    if let Some(request) = child::request(memory::NAME) {
        return memory::answer(&request);
    }
    let mut session = Session::start(arguments, ABOUT)?;
    session.time(cases())?;
    shared_loop(&mut session)?;
    memory::run(&mut session)?;
    let others = [HARNESS.to_owned()].into_iter().chain(memory::names());
    let names: Vec<String> = cases()
        .iter()
        .map(|case| case.name().to_owned())
        .chain(others)
        .collect();
    session.finish(&names)
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
    let all = solve::cases().into_iter().chain(problems::cases());
    all.chain(train::cases()).chain(flow::cases()).collect()
}

/// Some updates of the default experiment. With one checkpoint among them there are more than in its own schedule;
/// there is next to nothing to evaluate.
fn shared_loop(session: &mut Session) -> anyhow::Result<()> {
    let preset = PRESETS
        .iter()
        .find(|preset| preset.name == "spirals")
        .context("the experiment `spirals`")?;
    let sets = [
        "schedule.steps=250",
        "schedule.evaluate_every=0",
        "schedule.checkpoint_every=0",
        "data.validation=1",
        "data.test=1",
    ];
    let config = config::resolve(preset.toml, None, &sets.map(str::to_owned))?;
    let context = Context::new(device::resolve(device::default_backend()?)?, 0);
    harness::run::<LatentOdeExperiment>(session, HARNESS, &config, &context)
}
