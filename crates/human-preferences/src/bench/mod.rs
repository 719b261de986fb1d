//! Benchmarks of fixed shapes: environment steps, acting, updates of both agents, the reward model, a whole round. The
//! script `pytorch.py` does the timed work with PyTorch, and with Gymnasium and MuJoCo where they are installed.

mod environments;
mod learning;
mod round;
#[cfg(test)]
mod tests;

use papers_core::{
    base::cli::BenchArgs,
    bench::{self, About, Case, Session, peer::Script},
};

const ABOUT: About = About {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    script: Script {
        text: include_str!("pytorch.py"),
        packages: &["torch", "numpy", "'gymnasium[mujoco]'"],
    },
};

/// Measures what `arguments` ask for and prints tables.
///
/// # Errors
///
/// A peer that does not start, or what the work reports.
pub fn run(arguments: &BenchArgs) -> anyhow::Result<()> {
    let mut session = Session::start(arguments, ABOUT)?;
    session.time(cases())?;
    round::shared_loop(&mut session)?;
    let mut names: Vec<String> = cases().iter().map(|case| case.name().to_owned()).collect();
    names.push(round::HARNESS.to_owned());
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
    environments::cases()
        .into_iter()
        .chain(learning::cases())
        .chain([round::case()])
        .collect()
}
