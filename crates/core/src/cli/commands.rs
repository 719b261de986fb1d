use std::{
    io::Write,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use papers_base::{
    cli::{BenchArgs, EvalArgs, ReportArgs, ReproduceArgs, TrainArgs, exit, run_folder},
    config::{self, About},
    journal::Scalars,
    progress::Mode,
    provenance::Provenance,
    report,
};

use super::{Flag, Paper, Request};
use crate::{
    Context, Error,
    checkpoint::Store,
    data::DataSource,
    device::{self, Availability},
    reproduce::{self, PlannedRun},
    training::{self, Ending, Summary},
};

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

fn train(paper: &Paper, arguments: &TrainArgs) -> anyhow::Result<u8> {
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

fn evaluate(paper: &Paper, arguments: &EvalArgs) -> anyhow::Result<()> {
    let saved = Provenance::load(&arguments.run)?;
    let (family, _) = paper.find(&saved.experiment)?;
    let context = context_of(&arguments.run, arguments.backend.as_deref(), arguments.data.clone())?;
    let (step, scalars) = family.evaluate(arguments, &context)?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let scalars: serde_json::Map<_, _> = scalars
            .into_iter()
            .map(|(name, value)| (name, serde_json::json!(value)))
            .collect();
        writeln!(out, "{}", serde_json::json!({ "step": step, "scalars": scalars }))?;
    } else {
        writeln!(out, "{} after {step} updates", arguments.run.display())?;
        print_scalars(&mut out, &scalars)?;
    }
    Ok(())
}

fn draw(arguments: &ReportArgs) -> anyhow::Result<()> {
    print(
        &report::draw(&arguments.runs, arguments.out.as_deref())?
            .display()
            .to_string(),
    )
}

fn print_config(paper: &Paper, arguments: &ConfigArgs) -> anyhow::Result<()> {
    let name = arguments.experiment.as_deref().unwrap_or(paper.default_experiment);
    let (family, preset) = paper.find(name)?;
    let text = family.resolve(preset, arguments.config.as_deref(), &arguments.set)?;
    write!(std::io::stdout(), "{text}")?;
    Ok(())
}

fn list(paper: &Paper) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for preset in paper.presets() {
        let about = About::parse(preset.toml)?;
        let mark = if preset.name == paper.default_experiment {
            "*"
        } else {
            " "
        };
        writeln!(out, "{mark} {:<20} {} ({})", preset.name, about.summary, about.cost)?;
    }
    Ok(())
}

fn doctor(arguments: &DoctorArgs) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for name in device::BACKENDS.into_iter().chain([device::REMOTE]) {
        let availability = device::availability(name);
        let (state, detail) = match &availability {
            Availability::Ready(_) if name == device::REMOTE => (
                "ready",
                "where `cargo xtask serve-device` runs, as remote:ADDRESS".to_owned(),
            ),
            Availability::Ready(adapters) => ("ready", adapters.join(", ")),
            Availability::NotCompiled => ("not compiled in", format!("build with `--features {name}`")),
            Availability::NoAdapter(reason) => ("no adapter", reason.clone()),
        };
        if arguments.json {
            let line = serde_json::json!({ "backend": name, "state": state, "detail": detail });
            writeln!(out, "{line}")?;
        } else {
            writeln!(out, "{name:<8} {state:<16} {detail}")?;
        }
    }
    Ok(())
}

/// One line of output; a reader that went away is an error and no panic.
fn print(line: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
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

fn print_scalars(out: &mut impl Write, scalars: &Scalars) -> std::io::Result<()> {
    let width = scalars.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in scalars {
        writeln!(out, "  {name:<width$}  {value:.6}")?;
    }
    Ok(())
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
