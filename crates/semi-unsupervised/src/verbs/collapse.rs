use std::{io::Write as _, path::PathBuf};

use burn::module::Module as _;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{
    base::{config, figure::Body},
    cli::{Verb, context_of},
    device::pool,
    training,
};

use crate::{config::SemiUnsupervisedConfig, figures, train::SemiUnsupervised};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

#[derive(Debug, Args)]
struct CollapseArgs {
    /// Folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Where to compute
    #[arg(short, long, value_name = "NAME")]
    backend: Option<String>,
    /// Folder to look for data sets in first
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

fn command() -> Command {
    let command = Command::new("collapse")
        .about("Say whether the class of a trained model carries information, and whether known classes captured hidden ones")
        .after_help(
            "Two failures look like learning: q(y|x) that says nothing (uniform collapse), and known classes that took the hidden \
             ones (capture; a smaller objective.alpha, or objective.balance, helps).\n\nExample:\n  semi-unsupervised collapse \
             runs/semi-unsupervised/digits-seed0",
        );
    CollapseArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = CollapseArgs::from_arg_matches(matches)?;
    let context = context_of(&arguments.run, arguments.backend.as_deref(), arguments.data.clone())?;
    let saved: SemiUnsupervisedConfig = config::of_run(&arguments.run, &[])?;
    let (mut experiment, _) = training::restore::<SemiUnsupervised>(&saved, &context, &arguments.run)?;
    let experiment = &mut experiment;
    let figures = pool::run(&context.device, move || -> papers_core::Result<_> {
        let network = experiment.network().clone().valid();
        let open = experiment.predictions(&network, &experiment.open_rows())?;
        let test = experiment.predictions(&network, &experiment.data().test)?;
        let alpha = saved.objective.effective_alpha(experiment.data().counts());
        Ok([
            figures::diagnosis(&open, experiment.data(), alpha)?,
            figures::capture(&test, experiment.data()),
        ])
    })?;
    for figure in figures {
        if let Body::Table(table) = figure.body {
            writeln!(std::io::stdout(), "{}\n\n{}", figure.title, table.to_markdown())?;
        }
    }
    Ok(())
}
