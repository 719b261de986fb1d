//! `cargo xtask completions` and `cargo xtask man`.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::{Command, CommandFactory, builder::PossibleValuesParser};
use clap_complete::Shell;
use papers_base::{catalogue::Catalogue, commit};

use crate::{cli::Xtask, papers, workspace::Workspace};

/// Prints completions for the command `xtask`, and its definition as `cargo xtask`.
pub(crate) fn shell(workspace: &Workspace, shell: Shell) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command_with_names(workspace)?, "xtask", &mut script);
    let definition = match shell {
        Shell::Bash | Shell::Zsh => "\nxtask() { cargo xtask \"$@\"; }\n",
        Shell::Fish => "\nfunction xtask; cargo xtask $argv; end\n",
        Shell::PowerShell => "\nfunction xtask { cargo xtask @args }\n",
        Shell::Elvish => "\nfn xtask {|@rest| cargo xtask $@rest }\n",
        _ => bail!("there are no completions for this shell"),
    };
    script.extend(definition.as_bytes());
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the manual page, or writes one page per command into a folder.
pub(crate) fn man(out: Option<&Path>) -> anyhow::Result<ExitCode> {
    let command = Xtask::command().name("cargo-xtask");
    let Some(folder) = out else {
        clap_mangen::Man::new(command).render(&mut io::stdout())?;
        return Ok(ExitCode::SUCCESS);
    };
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let mut pages = vec![("cargo-xtask".to_owned(), command.clone())];
    for task in command.get_subcommands() {
        pages.push((format!("cargo-xtask-{}", task.get_name()), task.clone()));
    }
    for (name, command) in pages {
        let mut page = Vec::new();
        clap_mangen::Man::new(command.name(name.clone())).render(&mut page)?;
        commit::bytes(&folder.join(format!("{name}.1")), &page)?;
    }
    writeln!(io::stdout(), "{}", folder.display())?;
    Ok(ExitCode::SUCCESS)
}

/// The command line with the names that exist here: papers, experiments, backends, data sets.
fn command_with_names(workspace: &Workspace) -> anyhow::Result<Command> {
    let papers = papers::discover(workspace)?;
    let names = papers.iter().map(|paper| paper.name.clone());
    let paper = PossibleValuesParser::new(names.collect::<Vec<_>>());
    let experiments = papers.iter().flat_map(|paper| &paper.experiments);
    let mut experiments: Vec<String> = experiments.map(|experiment| experiment.name.clone()).collect();
    experiments.sort();
    experiments.dedup();
    let experiment = PossibleValuesParser::new(experiments);
    let mut backends: Vec<&str> = papers.iter().flat_map(|paper| paper.backends.iter().copied()).collect();
    backends.sort_unstable();
    backends.dedup();
    let backend = PossibleValuesParser::new(backends);
    let catalogue = Catalogue::builtin()?;
    let datasets = catalogue.datasets().iter().map(|dataset| dataset.name.clone());
    let dataset = PossibleValuesParser::new(datasets.collect::<Vec<_>>());

    let mut command = Xtask::command();
    for task in ["train", "eval", "reproduce", "bench", "run"] {
        command = command.mut_subcommand(task, |task| {
            let task = task.mut_arg("paper", |argument| argument.value_parser(paper.clone()));
            with_values(with_values(task, "backend", &backend), "experiment", &experiment)
        });
    }
    Ok(command.mut_subcommand("data", |data| {
        data.mut_subcommands(|task| with_values(with_values(task, "name", &dataset), "names", &dataset))
    }))
}

/// Restricts an argument to known values, if the command has it.
fn with_values(command: Command, argument: &str, values: &PossibleValuesParser) -> Command {
    if command.get_arguments().any(|known| known.get_id() == argument) {
        command.mut_arg(argument, |argument| argument.value_parser(values.clone()))
    } else {
        command
    }
}
