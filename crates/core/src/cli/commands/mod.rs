//! The commands that every paper's program has.

mod inspect;
mod train;

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use papers_base::{
    cli::{BenchArgs, EvalArgs, ReportArgs, ReproduceArgs, TrainArgs, exit},
    provenance::Provenance,
};

pub(crate) use self::train::saved_or_trained;
use self::{
    inspect::{doctor, draw, evaluate, list, print_config},
    train::train,
};
use super::{Flag, Paper};
use crate::{Context, data::DataSource, device, reproduce};

/// The whole command line of a paper binary.
pub(super) fn command(paper: &Paper) -> Command {
    let verb = |name: &'static str, about: &'static str| Command::new(name).about(about);
    let mut command = Command::new(paper.name)
        .version(paper.version)
        .about(paper.title)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_flags(
            TrainArgs::augment_args(verb("train", "Train one experiment and write its report")),
            &paper.flags,
        ))
        .subcommand(EvalArgs::augment_args(verb(
            "eval",
            "Compute the paper's metrics from a run's newest checkpoint",
        )))
        .subcommand(ReportArgs::augment_args(verb(
            "report",
            "Draw the report of a run, or compare several",
        )))
        .subcommand(ConfigArgs::augment_args(verb(
            "config",
            "Print the resolved configuration of an experiment",
        )))
        .subcommand(verb("experiments", "List the experiments"))
        .subcommand(DoctorArgs::augment_args(verb(
            "doctor",
            "Show which backends this build can use here",
        )))
        .subcommand(CompletionArgs::augment_args(verb(
            "completions",
            "Print completions for a shell",
        )))
        .subcommand(verb("man", "Print the manual page"));
    if paper.reproduction.is_some() {
        let about = "Run the experiments behind the README's tables: seeds, baselines, spread";
        command = command.subcommand(ReproduceArgs::augment_args(verb("reproduce", about)));
    }
    if paper.bench.is_some() {
        command = command.subcommand(BenchArgs::augment_args(verb("bench", "Measure step times and memory")));
    }
    for verb in &paper.verbs {
        command = command.subcommand((verb.command)());
    }
    command
}

/// Adds the paper's own flags to `train`.
fn with_flags(command: Command, flags: &[Flag]) -> Command {
    command.args(flags.iter().map(|flag| {
        let help = format!("{} (`--set {}=...`)", flag.help, flag.key);
        Arg::new(flag.name).long(flag.name).value_name("VALUE").help(help)
    }))
}

/// The arguments of `train`; flags of the paper's own come last among the overrides, where they win.
fn train_arguments(paper: &Paper, matches: &ArgMatches) -> Result<TrainArgs, clap::Error> {
    let mut arguments = TrainArgs::from_arg_matches(matches)?;
    for flag in &paper.flags {
        if let Some(value) = matches.get_one::<String>(flag.name) {
            arguments.set.push(format!("{}={value}", flag.key));
        }
    }
    Ok(arguments)
}

/// Runs the command that was parsed; returns the process's exit code.
pub(super) fn run(paper: &Paper, matches: &ArgMatches) -> anyhow::Result<u8> {
    let (name, matches) = matches.subcommand().context("a command is required")?;
    match name {
        "train" => return train(paper, &train_arguments(paper, matches)?),
        "eval" => evaluate(paper, &EvalArgs::from_arg_matches(matches)?)?,
        "report" => draw(&ReportArgs::from_arg_matches(matches)?)?,
        "config" => print_config(paper, &ConfigArgs::from_arg_matches(matches)?)?,
        "experiments" => list(paper)?,
        "doctor" => doctor(&DoctorArgs::from_arg_matches(matches)?)?,
        "completions" => {
            let arguments = CompletionArgs::from_arg_matches(matches)?;
            clap_complete::generate(arguments.shell, &mut command(paper), paper.name, &mut std::io::stdout());
        }
        "man" => clap_mangen::Man::new(command(paper)).render(&mut std::io::stdout())?,
        "reproduce" => return Ok(reproduce::run(paper, &ReproduceArgs::from_arg_matches(matches)?)?),
        "bench" => (paper.bench.context("this paper has no benchmarks")?)(&BenchArgs::from_arg_matches(matches)?)?,
        own => {
            let verb = paper.verbs.iter().find(|verb| (verb.command)().get_name() == own);
            (verb.context("a command of this paper")?.run)(matches)?;
        }
    }
    Ok(exit::DONE)
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// Name of the experiment
    #[arg(long, short)]
    experiment: Option<String>,
    /// Override one setting, as in `optimizer.learning_rate=3e-4`
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// A TOML file merged over the experiment's settings
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct DoctorArgs {
    /// Print JSON for other programs
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct CompletionArgs {
    /// The shell to complete for
    shell: clap_complete::Shell,
}

pub(crate) fn backend(name: Option<&str>) -> crate::Result<String> {
    match name {
        Some(name) => Ok(name.to_owned()),
        None => device::default_backend().map(str::to_owned),
    }
}

pub(crate) fn context(backend: &str, seed: u64, data: Option<PathBuf>) -> crate::Result<Context> {
    let mut context = Context::new(device::resolve(backend)?, seed);
    context.data = DataSource::new(data);
    Ok(context)
}

/// What the saved run in a folder is looked at with: its seed on a backend, the default one if left out, with `data` as
/// the folder where data sets are looked for first.
///
/// # Errors
///
/// A folder without a run, or a backend that does not open.
pub fn context_of(run: &Path, name: Option<&str>, data: Option<PathBuf>) -> crate::Result<Context> {
    let saved = Provenance::load(run)?;
    context(&backend(name)?, saved.seed, data)
}
