//! Benchmarks of fixed shapes: updates of the small network and of ResNet-50, and the search of neighbors beside the matrix
//! products that it cannot do without. The script `pytorch.py` does the timed work with PyTorch.

mod retrieval;
mod step;
#[cfg(test)]
mod tests;

use papers_core::{
    Context,
    base::{cli::BenchArgs, config},
    bench::{self, About, Case, Session, child, harness, peer::Script},
    device,
};

use crate::{config::PRESETS, train::MetricLearning};

const ABOUT: About = About {
    name: env!("CARGO_PKG_NAME"),
    version: env!("CARGO_PKG_VERSION"),
    script: Script {
        text: include_str!("pytorch.py"),
        packages: &["torch", "numpy"],
    },
};

const HARNESS: &str = "harness/digit-pairs";

/// Measures what `arguments` ask for and prints tables.
///
/// # Errors
///
/// A peer that does not start, or what the work reports.
pub fn run(arguments: &BenchArgs) -> anyhow::Result<()> {
    if let Some(request) = child::request(retrieval::NAME) {
        return retrieval::answer(&request);
    }
    let mut session = Session::start(arguments, ABOUT)?;
    session.time(cases())?;
    retrieval::run(&mut session)?;
    shared_loop(&mut session)?;
    let names = cases().iter().map(|case| case.name().to_owned()).collect::<Vec<_>>();
    session.finish(&[names.as_slice(), &[retrieval::NAME.to_owned(), HARNESS.to_owned()]].concat())
}

/// Some updates of the default experiment, with few pictures to evaluate.
fn shared_loop(session: &mut Session) -> anyhow::Result<()> {
    let sets = [
        "schedule.steps=300",
        "schedule.evaluate_every=0",
        "schedule.checkpoint_every=0",
        "data.test_per_class=2",
        "evaluation.agreement=false",
    ];
    let config = config::experiment(PRESETS, "digit-pairs", &sets)?;
    let context = Context::new(device::resolve(device::default_backend()?)?, 0);
    harness::run::<MetricLearning>(session, HARNESS, &config, &context)
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
    step::cases().into_iter().chain(retrieval::cases()).collect()
}
