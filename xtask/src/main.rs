//! The commands of Burn Papers: `cargo xtask --help`.

mod ci;
mod cli;
mod compile;
mod completions;
mod data;
mod dependencies;
mod doctor;
mod drill;
mod flags;
mod list;
mod paper;
mod papers;
mod process;
mod readme;
mod report;
mod serve;
mod sweep;
mod test;
mod workspace;

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use clap::Parser;
use papers_base::{catalogue::CatalogueError, cli::exit};

use crate::{
    cli::{Task, Xtask},
    papers::{Misuse, UnknownName},
    sweep::PlanError,
    workspace::Workspace,
};

fn main() -> ExitCode {
    match Workspace::find().and_then(|workspace| {
        let arguments = Xtask::parse_from(flags::expand(&workspace, env::args_os().collect())?);
        run(&workspace, arguments.task)
    }) {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed too, there is nobody left to tell.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::from(code(&error))
        }
    }
}

fn run(workspace: &Workspace, task: Task) -> anyhow::Result<ExitCode> {
    match task {
        Task::List(arguments) => list::run(workspace, &arguments),
        Task::Train(arguments) => paper::train(workspace, arguments),
        Task::Eval(arguments) => paper::eval(workspace, arguments),
        Task::Reproduce(arguments) => paper::reproduce(workspace, arguments),
        Task::Bench(arguments) => paper::bench(workspace, arguments),
        Task::Run(arguments) => paper::run(workspace, arguments),
        Task::Report(arguments) => report::run(workspace, &arguments),
        Task::ServeDevice(arguments) => serve::run(workspace, &arguments),
        Task::Sweep(arguments) => sweep::run(workspace, &arguments),
        Task::Data(arguments) => data::run(&arguments),
        Task::Doctor => doctor::run(workspace),
        Task::Test(arguments) => test::run(workspace, &arguments),
        Task::Ci(arguments) => ci::run(workspace, &arguments),
        Task::Drill(arguments) => drill::run(workspace, &arguments),
        Task::DrillFetch(arguments) => drill::fetch_toy(&arguments).map(|()| ExitCode::SUCCESS),
        Task::Readme(arguments) => readme::run(workspace, &arguments),
        Task::Completions { shell } => completions::shell(workspace, shell),
        Task::Man { out } => completions::man(out.as_deref()),
    }
}

/// The documented exit code of an error.
fn code(error: &anyhow::Error) -> u8 {
    match error.downcast_ref() {
        Some(papers_base::Error::Locked { .. }) => exit::LOCKED,
        _ if is_usage(error) => exit::USAGE,
        _ => exit::FAILED,
    }
}

/// Whether the command line, or a plan, asked for something that does not exist.
fn is_usage(error: &anyhow::Error) -> bool {
    error.is::<UnknownName>()
        || error.is::<Misuse>()
        || error.is::<PlanError>()
        || matches!(error.downcast_ref(), Some(CatalogueError::UnknownDataset { .. }))
}

/// Whether the reader of our output went away, as `head` does.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
