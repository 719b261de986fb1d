use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{
    base::{config, figure::Table},
    cli::{Verb, context_of},
    device::pool,
    training,
};

use super::print;
use crate::{config::PhotofeelerConfig, train::Photofeeler};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

#[derive(Debug, Clone, Args)]
struct HumansArgs {
    /// Folder of a run
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Draws of votes
    #[arg(long, value_name = "N", default_value_t = 100)]
    draws: usize,
    /// Where to compute
    #[arg(short, long, value_name = "NAME")]
    backend: Option<String>,
    /// Folder to look for data sets in first
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

fn command() -> Command {
    let command = Command::new("humans")
        .about("Say how many people's raw votes a trained model is worth")
        .after_help(
            "Draws 1, 2, 3, 5, 10, 20 and 40 raw votes of each photo to measure with and correlates their mean with the reference: the truth of \
             simulated voters, or the mean of the votes that were not drawn. The model is compared with the same reference.\n\nExample:\n  \
             photofeeler humans runs/photofeeler/portraits-seed0",
        );
    HumansArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = HumansArgs::from_arg_matches(matches)?;
    let context = context_of(&arguments.run, arguments.backend.as_deref(), arguments.data.clone())?;
    let draws = format!("evaluation.human_draws={}", arguments.draws.max(1));
    let saved: PhotofeelerConfig = config::of_run(&arguments.run, &[draws])?;
    let (experiment, _) = training::restore::<Photofeeler>(&saved, &context, &arguments.run)?;
    let experiment = &experiment;
    let findings = pool::run(&context.device, || experiment.findings())?;
    let mut table = Table::new(["raw votes", "Pearson of their mean", "Pearson of the model"]);
    for point in &findings.humans.points {
        table.push([
            point.votes.to_string(),
            format!("{:.3}", point.people),
            format!("{:.3}", point.model),
        ]);
    }
    print(&table.to_markdown())?;
    match findings.humans.equivalence() {
        Some(equivalence) => print(&format!("\nThe model is worth {equivalence} raw votes.\n")),
        None => print("\nNo photo to measure with has enough votes.\n"),
    }
}
