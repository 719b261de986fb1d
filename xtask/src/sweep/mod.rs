//! `cargo xtask sweep`: many runs from one plan.
//!
//! The folder of a run is named by a digest of what determines its result. So the same point of another plan order is the
//! same run, what is finished is not run again, and what was killed goes on.

mod display;
mod emit;
mod gather;
mod memory;
mod plan;
mod pool;
mod runs;
mod settings;
mod stop;
#[cfg(all(test, unix))]
mod tests;

use std::{
    io::{self, Write},
    num::NonZeroUsize,
    path::Path,
    process::ExitCode,
    thread,
};

use anyhow::Context;
use papers_base::{cli::exit, commit, lock::RunLock};

use self::{
    plan::{Local, Plan},
    pool::{Outcome, Share},
    runs::{FAILURE, OUTPUT, SWEEPS, State, Sweep},
    stop::Stop,
};
use crate::{cli, compile, workspace::Workspace};

pub(crate) use emit::Scheduler;
pub(crate) use plan::PlanError;

/// Exit code of a process that a second request to stop ends at once, as shells have it.
const ENDED: u8 = 130;

pub(crate) fn run(workspace: &Workspace, arguments: &cli::Sweep) -> anyhow::Result<ExitCode> {
    let sweeps = Path::new(SWEEPS);
    if let Some(cli::SweepTask::Gather { plan, out }) = &arguments.task {
        let plan = Plan::load(plan)?;
        let gathered = gather::gather(&plan, &plan.target(workspace)?, sweeps)?;
        gathered.save(out.as_deref().unwrap_or(&sweeps.join(&plan.name.0)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let plan = Plan::load(arguments.plan.as_deref().context("a plan is needed")?)?;
    let target = plan.target(workspace)?;
    let programs = arguments.programs.as_deref();
    let program = compile::find_or_build(workspace, &target.paper, target.feature, programs)?;
    let mut sweep = Sweep::resolve(&plan, &target, program, sweeps)?;
    sweep.data.clone_from(&arguments.data);
    let asked = Local {
        jobs: arguments.jobs.or(plan.local.jobs),
        threads: arguments.threads.or(plan.local.threads),
    };
    let cores = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = Share::new(asked, cores, sweep.runs.len());
    if arguments.dry_run {
        return dry_run(&sweep, share);
    }
    sweep.save_index()?;
    if let Some(scheduler) = arguments.emit {
        return emit(sweep, scheduler, share, arguments.out.as_deref());
    }
    let _lock = RunLock::acquire(&sweep.folder)?;
    let outcome = pool::run(&sweep, share, &Stop::listen()?)?;
    tell(&sweep, &outcome)?;
    if outcome.stops == 0 && sweep.runs.iter().any(is_finished) {
        gather::gather(&plan, &target, sweeps)?.save(&sweep.folder)?;
    }
    Ok(ExitCode::from(code(&outcome)))
}

fn code(outcome: &Outcome) -> u8 {
    match (outcome.stops, outcome.failures.is_empty()) {
        (0, true) => exit::DONE,
        (0, false) => exit::FAILED,
        (1, _) => exit::INTERRUPTED,
        _ => ENDED,
    }
}

fn is_finished(run: &runs::Run) -> bool {
    matches!(State::of(&run.folder), State::Finished(_))
}

/// Prints every run and how far it is.
fn dry_run(sweep: &Sweep, share: Share) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout();
    let (mut finished, mut begun) = (0, 0);
    for run in &sweep.runs {
        let state = match State::of(&run.folder) {
            State::Finished(_) => {
                finished += 1;
                "finished".to_owned()
            }
            _ if run.folder.join(FAILURE).is_file() => "failed".to_owned(),
            State::Begun { step } => {
                begun += 1;
                format!("step {step}")
            }
            State::New => "–".to_owned(),
        };
        writeln!(out, "{state:<10} {}  {}", run.folder.display(), sweep.label(run))?;
    }
    let (runs, Share { jobs, threads }) = (sweep.runs.len(), share);
    writeln!(
        out,
        "{runs} runs: {finished} finished, {begun} begun; at most {jobs} at a time, with {threads} thread{} each",
        if threads == 1 { "" } else { "s" }
    )?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the manifest, or writes it to a file.
fn emit(sweep: Sweep, scheduler: Scheduler, share: Share, out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let sweep = emit::shared(sweep)?;
    let Some(manifest) = emit::manifest(&sweep, scheduler, share.jobs, share.threads) else {
        writeln!(
            io::stderr(),
            "all {} runs are finished; there is nothing to submit",
            sweep.runs.len()
        )?;
        return Ok(ExitCode::SUCCESS);
    };
    match out {
        Some(path) => {
            commit::bytes(path, manifest.as_bytes())?;
            writeln!(io::stdout(), "{}", path.display())?;
        }
        None => write!(io::stdout(), "{manifest}")?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells what did not come to its end.
fn tell(sweep: &Sweep, outcome: &Outcome) -> anyhow::Result<()> {
    let mut err = io::stderr();
    for failure in &outcome.failures {
        writeln!(err, "\n{}: {}", sweep.label(&failure.run), failure.reason)?;
        for line in &failure.lines {
            writeln!(err, "    {line}")?;
        }
        writeln!(err, "  all of it: {}", failure.run.folder.join(OUTPUT).display())?;
    }
    let left = sweep.runs.iter().filter(|run| !is_finished(run)).count();
    if outcome.stops > 0 {
        writeln!(
            err,
            "{left} of {} runs are not finished; the same command goes on",
            sweep.runs.len()
        )?;
    } else if left > 0 {
        writeln!(
            err,
            "{left} of {} runs failed; the same command tries them again",
            sweep.runs.len()
        )?;
    }
    Ok(())
}
