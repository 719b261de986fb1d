//! Benchmarks of fixed shapes: updates of both phases, a panel of voters, the paper's backbone. The script `pytorch.py` does the timed
//! work with PyTorch.

mod step;
#[cfg(test)]
mod tests;

use papers_core::{
    base::cli::BenchArgs,
    bench::{self, About, Case, peer::Script},
};

const ABOUT: About = About {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    script: Script {
        text: include_str!("pytorch.py"),
        packages: &["torch"],
    },
};

/// Measures what `arguments` ask for and prints tables.
///
/// # Errors
///
/// A peer that does not start, or what the work reports.
pub fn run(arguments: &BenchArgs) -> anyhow::Result<()> {
    bench::run_cases(arguments, ABOUT, cases)
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
    step::cases()
}
