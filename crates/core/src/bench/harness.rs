//! What the shared loop adds to the updates of an experiment.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use papers_base::{config::RunConfig, figure::Figure, journal::Scalars, progress::Mode, provenance::Provenance};
use serde_json::json;

use super::{Pairs, Session, table::headings, three_digits};
use crate::{Context, Experiment, Result, checkpoint, device::pool, training};

/// Ratio of the shared loop's time to the bare loop's that should not be exceeded.
const TARGET: f64 = 1.02;

/// Trains an experiment in the shared loop and by a bare loop of the same updates, by turns, if the benchmark `name` is
/// asked for.
///
/// Both evaluate as often as the configuration's schedule asks for at the end, which is once; checkpoints, journal,
/// progress and the watch for bad numbers are what the shared loop adds. The ratio is noisy where other programs run;
/// the share of the time that the shared loop spends outside of the experiment, which is printed too, is not.
///
/// # Errors
///
/// What the experiment reports.
pub fn run<E: Experiment>(
    session: &mut Session,
    name: &str,
    config: &E::Config,
    context: &Context,
) -> anyhow::Result<()> {
    if !session.wants(name) {
        return Ok(());
    }
    let updates = config.schedule().steps;
    let provenance = Provenance::collect("bench", "0", name, context.seed, "bench");
    let (mut all, mut inside) = (0.0, 0.0);
    let shared = || {
        INSIDE.store(0, Ordering::Relaxed);
        let seconds = shared::<E>(config, context, provenance.clone())?;
        all += seconds;
        inside += INSIDE.load(Ordering::Relaxed) as f64 * 1e-9;
        Ok(1e3 * seconds / updates as f64)
    };
    let bare = || Ok(1e3 * bare::<E>(config, context, updates)? / updates as f64);
    let pairs = Pairs::measure(session.repeat(), shared, bare)?;
    let share = (all - inside) / inside;
    session.heading(&headings(&["shared loop", "bare loop"]))?;
    let mut result = json!({ "benchmark": name, "unit": "update", "units": updates, "outside_of_updates": share });
    let cells = pairs.describe(&mut result, ["shared_ms", "bare_ms"], Some(TARGET));
    session.row(
        result,
        &[&[name.to_owned(), "update".to_owned(), updates.to_string()], &cells[..]].concat(),
    )?;
    let percent = three_digits(100.0 * share);
    session.remark(&format!(
        "in the same runs, outside of the experiment's own functions: {percent} % of their time"
    ))?;
    Ok(())
}

/// Seconds of training in the shared loop.
fn shared<E: Experiment>(config: &E::Config, context: &Context, provenance: Provenance) -> anyhow::Result<f64> {
    let folder = tempfile::tempdir()?;
    let options = training::Options {
        out: folder.path().join("run"),
        resume: false,
        overwrite: false,
        mode: Mode::Quiet,
        provenance,
    };
    Ok(training::run::<Timed<E>>(config, context, &options)?.seconds)
}

/// Seconds of the same updates alone.
fn bare<E: Experiment>(config: &E::Config, context: &Context, updates: u64) -> anyhow::Result<f64> {
    let mut experiment = E::new(config, context)?;
    let started = Instant::now();
    for step in 0..updates {
        let experiment = &mut experiment;
        pool::run(&context.device, move || experiment.step(step))?;
    }
    let inner = &mut experiment;
    pool::run(&context.device, move || inner.evaluate())?;
    Ok(started.elapsed().as_secs_f64())
}

/// Nanoseconds in the functions of the experiment: the loop makes the experiment itself, and nothing could be handed
/// to it.
static INSIDE: AtomicU64 = AtomicU64::new(0);

/// An experiment whose updates and evaluations are timed.
struct Timed<E>(E);

fn timed<T>(work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    INSIDE.fetch_add(started.elapsed().as_nanos() as u64, Ordering::Relaxed);
    result
}

impl<E: Experiment> Experiment for Timed<E> {
    type Config = E::Config;

    fn new(config: &Self::Config, context: &Context) -> Result<Self> {
        E::new(config, context).map(Self)
    }

    fn step(&mut self, step: u64) -> Result<Scalars> {
        timed(|| self.0.step(step))
    }

    fn evaluate(&self) -> Result<Scalars> {
        timed(|| self.0.evaluate())
    }

    /// Drawn after the time is taken.
    fn figures(&self) -> Result<Vec<Figure>> {
        Ok(Vec::new())
    }

    fn save(&self, checkpoint: &mut checkpoint::Writer) -> Result<()> {
        self.0.save(checkpoint)
    }

    fn restore(&mut self, checkpoint: &checkpoint::Reader) -> Result<()> {
        self.0.restore(checkpoint)
    }
}
