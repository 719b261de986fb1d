//! Commands that run a paper's own program.

use std::{
    ffi::OsString,
    process::{Command, ExitCode},
};

use anyhow::bail;
use papers_base::{
    cli::{TrainArgs, run_folder},
    provenance::Provenance,
};

use crate::{
    cli, compile,
    papers::{self, ALL_BACKENDS, Misuse, Paper, REMOTE},
    process,
    workspace::Workspace,
};

/// Trains one experiment.
pub(crate) fn train(workspace: &Workspace, arguments: cli::Train) -> anyhow::Result<ExitCode> {
    let cli::Train { paper, mut arguments } = arguments;
    let paper = papers::find(workspace, &paper)?;
    if let Some(experiment) = &arguments.experiment {
        paper.check_experiment(experiment)?;
    }
    if arguments.resume && arguments.backend.is_none() {
        arguments.backend = saved_backend(&paper, &arguments);
    }
    let feature = take_feature(&paper, &mut arguments.backend)?;
    start(workspace, &paper, feature, "train", arguments.to_args())
}

/// The backend that a run was begun on; none if there is no such run, which the paper's program tells.
fn saved_backend(paper: &Paper, arguments: &TrainArgs) -> Option<String> {
    let default = paper.experiments.iter().find(|experiment| paper.is_default(experiment));
    let experiment = arguments
        .experiment
        .as_deref()
        .or(default.map(|default| default.name.as_str()))?;
    let folder = arguments
        .out
        .clone()
        .unwrap_or_else(|| run_folder(&paper.name, experiment, arguments.seed));
    Provenance::load(&folder).ok().map(|saved| saved.backend)
}

/// Evaluates a run.
pub(crate) fn eval(workspace: &Workspace, arguments: cli::Eval) -> anyhow::Result<ExitCode> {
    let cli::Eval { paper, mut arguments } = arguments;
    let paper = papers::find(workspace, &paper)?;
    if !arguments.run.join("run.json").is_file() {
        bail!(
            "{} is not the folder of a run: it has no run.json",
            arguments.run.display()
        );
    }
    let feature = take_feature(&paper, &mut arguments.backend)?;
    start(workspace, &paper, feature, "eval", arguments.to_args())
}

/// Runs the experiments behind a paper's results.
pub(crate) fn reproduce(workspace: &Workspace, arguments: cli::Reproduce) -> anyhow::Result<ExitCode> {
    let cli::Reproduce { paper, mut arguments } = arguments;
    let paper = papers::find(workspace, &paper)?;
    let feature = take_feature(&paper, &mut arguments.backend)?;
    start(workspace, &paper, feature, "reproduce", arguments.to_args())
}

/// Runs a paper's benchmarks, or those of all papers one after the other.
pub(crate) fn bench(workspace: &Workspace, arguments: cli::Bench) -> anyhow::Result<ExitCode> {
    let backend = arguments.backend.as_deref();
    if backend.is_some_and(|backend| backend.split(':').next() == Some(REMOTE)) {
        return Err(Misuse("`bench` measures this machine; train twice to compare with another").into());
    }
    if let Some(name) = &arguments.paper {
        let paper = papers::find(workspace, name)?;
        let feature = paper.feature(backend)?;
        return start(workspace, &paper, feature, "bench", arguments.arguments.to_args());
    }
    let mut code = ExitCode::SUCCESS;
    for paper in papers::discover(workspace)? {
        let program = compile::build(workspace, &paper, paper.feature(backend)?)?;
        let mut command = Command::new(program);
        command.arg("bench").args(arguments.arguments.to_args());
        let result = process::run(command)?;
        if result != ExitCode::SUCCESS {
            code = result;
        }
    }
    Ok(code)
}

/// Runs any command of a paper's program.
pub(crate) fn run(workspace: &Workspace, arguments: cli::Run) -> anyhow::Result<ExitCode> {
    let paper = papers::find(workspace, &arguments.paper)?;
    let feature = paper.feature(arguments.backend.as_deref())?;
    let program = compile::build(workspace, &paper, feature)?;
    let mut command = Command::new(program);
    command.args(arguments.rest);
    process::replace(command)
}

/// The feature to build; a program with all backends chooses for itself.
fn take_feature(paper: &Paper, backend: &mut Option<String>) -> anyhow::Result<&'static str> {
    let feature = paper.computing_feature(backend.as_deref())?;
    if feature == ALL_BACKENDS {
        *backend = None;
    }
    Ok(feature)
}

fn start(
    workspace: &Workspace,
    paper: &Paper,
    feature: &str,
    verb: &str,
    arguments: Vec<OsString>,
) -> anyhow::Result<ExitCode> {
    let program = compile::build(workspace, paper, feature)?;
    let mut command = Command::new(program);
    command.arg(verb).args(arguments);
    process::replace(command)
}
