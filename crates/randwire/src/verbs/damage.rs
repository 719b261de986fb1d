use std::path::PathBuf;

use anyhow::Context as _;
use burn::module::Module as _;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{
    base::{commit, figure::Body},
    cli::Verb,
    device::pool,
};

use super::RunArgs;
use crate::{config::DamageConfig, damage::Study};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

#[derive(Debug, Args)]
struct DamageArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Test pictures that damaged networks are scored on, the first ones
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pictures: usize,
    /// Nodes and edges to remove, as many of each, drawn at random; all of them if left out
    #[arg(long, value_name = "N")]
    parts: Option<usize>,
    /// Folder for damage.svg and removals.csv; that of the run if left out
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn command() -> Command {
    let command = Command::new("damage").about(
        "Remove nodes and edges of a trained network, one at a time, and show what each costs against its degree (figure 5)",
    );
    DamageArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = DamageArgs::from_arg_matches(matches)?;
    anyhow::ensure!(arguments.pictures > 0, "--pictures must be at least 1");
    let (experiment, context) = arguments.run.restored()?;
    let model = experiment.model().valid();
    let network = super::wired(&model)?;
    let asked = DamageConfig {
        pictures: arguments.pictures,
        parts: arguments.parts.unwrap_or(0),
    };
    let pictures = experiment.pictures();
    let study = pool::run(&context.device, || {
        Study::of(network, pictures, &asked, &context.streams)
    })?;
    for (name, value) in study.correlations() {
        super::print(&format!("{name:<24} {value:.4}\n"))?;
    }
    let out = arguments.out.unwrap_or(arguments.run.run);
    std::fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    for figure in study.figures()? {
        let (name, text) = match figure.body {
            Body::Svg(svg) => (format!("{}.svg", figure.name), svg),
            Body::Table(table) => (format!("{}.csv", figure.name), table.to_csv()),
            Body::Text(_) | Body::Png(_) => continue,
        };
        commit::bytes(&out.join(&name), text.as_bytes())?;
        eprintln!("wrote {}", out.join(name).display());
    }
    Ok(())
}
