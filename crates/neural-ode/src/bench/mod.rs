//! Benchmarks of fixed shapes: the solver on a small network, training steps of the paper's models, the shared loop,
//! memory of the gradient modes. [`pytorch.py`](https://pytorch.org) beside this file does the timed work with PyTorch
//! and torchdiffeq.

mod filled;
mod harness;
mod memory;
mod perceptron;
mod solve;
#[cfg(test)]
mod tests;

use papers_core::{
    base::cli::BenchArgs,
    bench::{About, Case, Session, child, peer::Script},
};

const ABOUT: About = About {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    script: Script {
        text: include_str!("pytorch.py"),
        packages: &["torch", "torchdiffeq"],
    },
};

/// Measures what `arguments` ask for and prints tables.
///
/// # Errors
///
/// A peer that does not start, or what the work reports.
pub fn run(arguments: &BenchArgs) -> anyhow::Result<()> {
    if let Some(request) = child::request() {
        return memory::answer(&request);
    }
    let mut session = Session::start(arguments, ABOUT)?;
    session.time(cases())?;
    harness::run(&mut session)?;
    memory::run(&mut session)?;
    let names: Vec<_> = cases()
        .iter()
        .map(Case::name)
        .chain([harness::NAME, memory::NAME])
        .collect();
    session.finish(&names)
}

/// Does the work of every case once, without measuring.
///
/// # Errors
///
/// What the work reports.
pub fn check() -> anyhow::Result<()> {
    for case in cases() {
        case.prepare()?()?;
    }
    Ok(())
}

fn cases() -> Vec<Case> {
    solve::cases()
}
