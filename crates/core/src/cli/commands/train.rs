//! `train`, and the runs of `reproduce`.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use papers_base::{
    cli::{TrainArgs, exit, run_folder},
    config,
    progress::Mode,
    provenance::Provenance,
};

use super::{backend, context, inspect::print_scalars};
use crate::{
    Context, Error,
    checkpoint::Store,
    cli::{Paper, Request},
    reproduce::PlannedRun,
    training::{self, Ending, Summary},
};

pub(super) fn train(paper: &Paper, arguments: &TrainArgs) -> anyhow::Result<u8> {
    let summary = train_one(paper, arguments)?;
    let mode = Mode::detect(arguments.json, arguments.quiet);
    if mode != Mode::Json && mode != Mode::Quiet {
        print_summary(&summary)?;
    }
    Ok(match summary.ending {
        Ending::Interrupted => exit::INTERRUPTED,
        Ending::Finished | Ending::StoppedEarly => exit::DONE,
    })
}

fn train_one(paper: &Paper, arguments: &TrainArgs) -> crate::Result<Summary> {
    let chosen = which_run(paper, arguments)?;
    let (family, preset) = paper.find(&chosen.experiment)?;
    let context = context(&chosen.backend, chosen.seed, arguments.data.clone())?;
    let request = Request {
        sets: arguments.set.clone(),
        config: arguments.config.clone(),
        resume: arguments.resume,
        overwrite: arguments.overwrite,
        mode: Mode::detect(arguments.json, arguments.quiet),
        provenance: Provenance::collect(
            paper.name,
            paper.version,
            &chosen.experiment,
            chosen.seed,
            &chosen.backend,
        ),
        out: chosen.out,
    };
    family.train(preset, &context, &request)
}

/// Which run is meant.
struct ChosenRun {
    experiment: String,
    seed: u64,
    backend: String,
    out: PathBuf,
}

/// A resumed run keeps its experiment, its seed and, unless told otherwise, its backend.
fn which_run(paper: &Paper, arguments: &TrainArgs) -> crate::Result<ChosenRun> {
    let experiment = arguments
        .experiment
        .clone()
        .unwrap_or_else(|| paper.default_experiment.to_owned());
    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| run_folder(paper.name, &experiment, arguments.seed));
    if !arguments.resume {
        return Ok(ChosenRun {
            experiment,
            seed: arguments.seed,
            backend: backend(arguments.backend.as_deref())?,
            out,
        });
    }
    if !out.join("run.json").exists() {
        return Err(Error::Usage(format!(
            "nothing to resume in {}; leave --resume away to start, or name the run's folder with --out",
            out.display()
        )));
    }
    let saved = Provenance::load(&out)?;
    if arguments
        .experiment
        .as_ref()
        .is_some_and(|experiment| *experiment != saved.experiment)
    {
        return Err(Error::Usage(format!(
            "{} is a run of `{}`, not of `{experiment}`; a resumed run keeps its experiment",
            out.display(),
            saved.experiment
        )));
    }
    let backend = arguments.backend.clone().unwrap_or_else(|| saved.backend.clone());
    if backend != saved.backend {
        log::warn!(
            "the run was begun on {}, and goes on on {backend}: its numbers will differ",
            saved.backend
        );
    }
    Ok(ChosenRun {
        experiment: saved.experiment,
        seed: saved.seed,
        backend,
        out,
    })
}

fn print_summary(summary: &Summary) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let folder = summary.folder.display();
    if summary.ending == Ending::Interrupted {
        writeln!(
            out,
            "stopped and saved after {} updates; continue with --resume",
            summary.step
        )?;
        return Ok(());
    }
    let early = if summary.ending == Ending::StoppedEarly {
        " (stopped early)"
    } else {
        ""
    };
    writeln!(out, "{} updates in {:.0} s{early}", summary.step, summary.seconds)?;
    print_scalars(&mut out, &summary.scalars)?;
    writeln!(out, "report: {folder}/report.html")?;
    Ok(())
}

/// Whether two runs of the same settings give the same numbers.
fn is_alike(saved: &Provenance, wanted: &Provenance) -> bool {
    let of = |run: &Provenance| (run.backend.clone(), run.threads, run.version.clone(), run.seed);
    of(saved) == of(wanted)
}

/// One run of a reproduction: taken as it lies if finished, continued if begun, trained if missing or if its
/// settings, the backend, the number of threads or this program's version have changed since.
pub(crate) fn saved_or_trained(
    paper: &Paper,
    planned: &PlannedRun,
    context: &Context,
    folder: &Path,
    mode: Mode,
    provenance: Provenance,
) -> crate::Result<Summary> {
    let (family, preset) = paper.find(planned.experiment)?;
    let wanted = family.resolve(preset, None, &planned.sets)?;
    let is_same = std::fs::read_to_string(folder.join(config::FILE)).is_ok_and(|saved| saved == wanted)
        && Provenance::load(folder).is_ok_and(|saved| is_alike(&saved, &provenance));
    if is_same && training::is_finished(folder) {
        return training::finished(folder);
    }
    let resume = is_same && Store::new(folder).latest().is_ok();
    let request = Request {
        out: folder.to_owned(),
        sets: if resume { Vec::new() } else { planned.sets.clone() },
        config: None,
        resume,
        overwrite: !resume,
        mode,
        provenance,
    };
    family.train(preset, context, &request)
}
