//! A whole round of Hopper, and what the shared loop adds to rounds.

use papers_core::{
    Context, Experiment as _,
    base::config,
    bench::{Case, Session, harness},
    device,
};

use crate::{config::PRESETS, train::PreferenceLearning};

pub(super) const HARNESS: &str = "harness/pendulum";

pub(super) fn case() -> Case {
    Case::new("round/hopper", "round", round).target(1.0)
}

/// Acting, asking, fitting and learning of the experiment `hopper`.
fn round() -> anyhow::Result<impl FnMut() -> anyhow::Result<usize>> {
    // The experiment's initial labels, and its mean of nine a round for more rounds than are measured.
    let sets = ["schedule.steps=6000", "labels.total=13000", "labels.initial=175"];
    let mut experiment = PreferenceLearning::new(&config::experiment(PRESETS, "hopper", &sets)?, &context()?)?;
    let mut rounds = 0;
    // The first one asks for the initial labels and fits the reward model to them.
    let mut next = move || {
        experiment.step(rounds)?;
        rounds += 1;
        Ok(1)
    };
    next()?;
    Ok(next)
}

/// Some rounds of the default experiment, with next to nothing to evaluate.
pub(super) fn shared_loop(session: &mut Session) -> anyhow::Result<()> {
    let sets = [
        "schedule.steps=10",
        "schedule.evaluate_every=0",
        "schedule.checkpoint_every=0",
        "evaluation.episodes=1",
    ];
    let config = config::experiment(PRESETS, "pendulum", &sets)?;
    harness::run::<PreferenceLearning>(session, HARNESS, &config, &context()?)
}

fn context() -> anyhow::Result<Context> {
    Ok(Context::new(device::resolve(device::default_backend()?)?, 0))
}
