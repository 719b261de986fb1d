use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{cli::Verb, device};

use super::print;
use crate::{
    bundle::{Bundle, name},
    rater::Rater,
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

#[derive(Debug, Clone, Args)]
struct BundleArgs {
    /// Folders of trained runs, at most one for each trait and gender of subjects
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// File to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn command() -> Command {
    let command = Command::new("bundle")
        .about("Put trained models into one file: the paper has six, one for each trait and gender of subjects")
        .after_help("Example:\n  photofeeler bundle runs/a runs/b --out models.bundle\n  photofeeler rate models.bundle --photos DIR");
    BundleArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = BundleArgs::from_arg_matches(matches)?;
    let device = device::resolve(device::default_backend()?)?;
    let raters = arguments.runs.iter().map(|run| Rater::of_run(run, &device));
    let bundle = Bundle::new(raters.collect::<papers_core::Result<Vec<_>>>()?)?;
    bundle.save(&arguments.out)?;
    for rater in bundle.raters() {
        print(&format!("{}: {} voters\n", name(rater.rates()), rater.about.seen.len()))?;
    }
    let lacking = bundle.lacking();
    if !lacking.is_empty() {
        print(&format!(
            "of the paper's six models there is none for {}\n",
            lacking.join(", ")
        ))?;
    }
    Ok(())
}
