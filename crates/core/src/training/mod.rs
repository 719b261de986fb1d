//! The loop: update, report, evaluate, save, stop. Written once for every paper.

mod course;
mod terms;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use papers_base::{
    config,
    journal::{self, Event, Scalars},
    lock::RunLock,
    progress::Mode,
    provenance::Provenance,
    report,
};

pub use self::terms::{Measured, read_terms};

use self::course::Training;
use crate::{
    Context, Error, Experiment, Result,
    checkpoint::{Reader, Store},
    signals,
};

/// How a run is carried out, besides its configuration.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder of the run; created if missing.
    pub out: PathBuf,
    /// Go on from the newest intact checkpoint.
    pub resume: bool,
    /// Replace the run that the folder holds.
    pub overwrite: bool,
    /// How progress is shown.
    pub mode: Mode,
    /// What is recorded about the run in `run.json`.
    pub provenance: Provenance,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Folder of the run.
    pub folder: PathBuf,
    /// Updates applied.
    pub step: u64,
    /// Seconds of training, over all resumptions.
    pub seconds: f64,
    /// Why the loop ended.
    pub ending: Ending,
    /// Numbers of the last evaluation.
    pub scalars: Scalars,
}

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All updates of the schedule were applied.
    Finished,
    /// The early-stop metric stopped improving.
    StoppedEarly,
    /// A signal asked for it; everything is saved.
    Interrupted,
}

/// Trains one experiment from its configuration to its report.
///
/// # Errors
///
/// [`Error::RunExists`] or a locked folder before anything is touched; [`Error::Diverged`] when a scalar leaves the
/// finite numbers (the checkpoint from before is kept); whatever the experiment reports.
pub fn run<E: Experiment>(config: &E::Config, context: &Context, options: &Options) -> Result<Summary> {
    let out = &options.out;
    fs::create_dir_all(out).map_err(Error::io("create", out))?;
    let _lock = RunLock::acquire(out)?;
    refuse_existing(out, options)?;
    signals::listen()?;
    let (saved, warnings) = match options.resume {
        true => newest(out).map(|(saved, warnings)| (Some(saved), warnings))?,
        false => (None, Vec::new()),
    };
    let context = Context {
        saved,
        ..context.clone()
    };
    // Built before anything is cleared: what cannot be built costs no earlier run.
    let experiment = E::new(config, &context)?;
    report::sweep(out)?;
    if options.overwrite {
        report::clear(out)?;
    }
    let mut training = Training::start(experiment, config, &context, options, warnings)?;
    let ending = training.until_the_end()?;
    training.close(ending)
}

/// Rebuilds the experiment of a run folder in the state of its newest intact checkpoint.
///
/// # Errors
///
/// No intact checkpoint, or one that does not fit the configuration.
pub fn restore<E: Experiment>(config: &E::Config, context: &Context, run: &Path) -> Result<(E, u64)> {
    let (saved, warnings) = newest(run)?;
    for warning in warnings {
        log::warn!("{warning}");
    }
    rebuilt(config, context, saved)
}

/// Rebuilds the experiment of a run folder in the state of its best evaluation, as `schedule.best` chose it.
///
/// # Errors
///
/// As [`restore`], and for a run that does not choose.
pub fn restore_best<E: Experiment>(config: &E::Config, context: &Context, run: &Path) -> Result<(E, u64)> {
    let (newest, _) = newest(run)?;
    let Some(best) = &newest.state().best else {
        return Err(Error::Usage(format!(
            "{} has not chosen a best evaluation; train with `--set schedule.best=\"{{metric='NAME',goal='maximize'}}\"`",
            run.display()
        )));
    };
    rebuilt(config, context, Arc::new(Store::new(run).at(best.step)?))
}

fn rebuilt<E: Experiment>(config: &E::Config, context: &Context, saved: Arc<Reader>) -> Result<(E, u64)> {
    let context = Context {
        saved: Some(Arc::clone(&saved)),
        ..context.clone()
    };
    let mut experiment = E::new(config, &context)?;
    experiment.restore(&saved)?;
    Ok((experiment, saved.step()))
}

/// The newest intact checkpoint, and one line for each damaged one that was passed over.
fn newest(run: &Path) -> Result<(Arc<Reader>, Vec<String>)> {
    let (reader, warnings) = Store::new(run).latest()?;
    Ok((Arc::new(reader), warnings))
}

/// Whether the run in `folder` came to its end.
pub fn is_finished(folder: &Path) -> bool {
    folder.join("results.json").exists()
}

/// The summary of a run that came to its end, from its folder.
///
/// # Errors
///
/// A journal that cannot be read or has no end.
pub fn finished(folder: &Path) -> Result<Summary> {
    for record in journal::read(folder)?.into_iter().rev() {
        if let Event::Finished { step, seconds, scalars } = record.event {
            return Ok(Summary {
                folder: folder.to_owned(),
                step,
                seconds,
                ending: Ending::Finished,
                scalars,
            });
        }
    }
    Err(Error::Usage(format!("{} holds no finished run", folder.display())))
}

/// Refuses to touch an existing run unless asked.
fn refuse_existing(out: &Path, options: &Options) -> Result<()> {
    if options.resume || options.overwrite || !out.join(config::FILE).exists() {
        return Ok(());
    }
    Err(Error::RunExists {
        folder: out.to_owned(),
        finished: is_finished(out),
    })
}
