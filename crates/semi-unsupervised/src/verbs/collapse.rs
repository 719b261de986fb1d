use std::{io::Write as _, path::PathBuf};

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
    /// Print JSON for other programs
    #[arg(long)]
    json: bool,
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
    let json = arguments.json;
    let text = pool::run(&context.device, move || -> anyhow::Result<String> {
        let findings = experiment.findings()?;
        if json {
            return Ok(serde_json::to_string(&findings.diagnosis)?);
        }
        let data = experiment.data();
        let alpha = saved.objective.effective_alpha(data.counts());
        let figures = [
            Some(figures::diagnosis(&findings.diagnosis, alpha)),
            figures::capture(&findings.assessed, &experiment.anchors(), data),
            Some(figures::clusters(&findings.diagnosis, &findings.assessed, data)),
        ];
        let tables = figures.into_iter().flatten().filter_map(|figure| match figure.body {
            Body::Table(table) => Some(format!("{}\n\n{}", figure.title, table.to_markdown())),
            _ => None,
        });
        Ok(tables.collect::<Vec<_>>().join("\n"))
    })?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}
