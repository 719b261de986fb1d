//! The paper's study of outputs, sizes and backbones (section 4.1), on any experiment.

use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use papers_core::{
    Context, Error, Experiment as _, Result,
    base::{
        config,
        figure::{Table, mean_and_spread},
        journal::{Scalars, scalar},
    },
    cli::Verb,
    data::DataSource,
    device::{self, pool},
};

use super::print;
use crate::{
    config::{PRESETS, PhotofeelerConfig, SetKind},
    model::OutputKind,
    reproduce::SEEDS,
    train::Photofeeler,
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Axis {
    /// Regression, classification, distribution, earth mover's distance, voters
    Output,
    /// Rows and columns of pictures
    Size,
    /// Networks from photos to embeddings
    Backbone,
}

#[derive(Debug, Clone, Args)]
struct StudyArgs {
    /// What is compared
    #[arg(long, value_enum, default_value_t = Axis::Output)]
    axis: Axis,
    /// The experiment; `features` for outputs and `portraits` for the other axes if left out
    #[arg(long, value_name = "NAME")]
    experiment: Option<String>,
    /// Seeds, from 1 to 5
    #[arg(long, value_name = "N", default_value_t = 5)]
    seeds: usize,
    /// Overrides a setting
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
    /// Where to compute
    #[arg(short, long, value_name = "NAME")]
    backend: Option<String>,
    /// Folder to look for data sets in first
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

fn command() -> Command {
    let command = Command::new("study")
        .about("Compare outputs, sizes of pictures or backbones over seeds, as the paper's study does")
        .after_help(
            "The paper found, from worst to best: regression, classification, distribution, voters; larger pictures and Xception best. Its numbers \
             are not public, and its photos neither.\n\nExample:\n  photofeeler study --axis output --set data.generator.votes=3",
        );
    StudyArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = StudyArgs::from_arg_matches(matches)?;
    if !(1..=SEEDS.len()).contains(&arguments.seeds) {
        return Err(Error::usage(format_args!("--seeds must be from 1 to {}", SEEDS.len())).into());
    }
    let default = if arguments.axis == Axis::Output {
        "features"
    } else {
        "portraits"
    };
    let experiment = arguments.experiment.clone().unwrap_or_else(|| default.to_owned());
    let device = match arguments.backend.as_deref() {
        Some(backend) => device::resolve(backend)?,
        None => device::resolve(device::default_backend()?)?,
    };
    let mut table = Table::new(["row", "Pearson", "Spearman", "Pearson with single raw votes"]);
    let rows = rows(arguments.axis, &experiment, &arguments.sets)?;
    let total = rows.len() * arguments.seeds;
    let mut done = 0;
    for (label, config) in rows {
        let mut measured = Vec::new();
        for &seed in &SEEDS[..arguments.seeds] {
            done += 1;
            eprintln!("[{done}/{total}] {label} seed {seed}");
            let context = Context {
                data: DataSource::new(arguments.data.clone()),
                ..Context::new(device.clone(), seed)
            };
            measured.push(pool::run(&device, || trained(&config, &context))?);
        }
        let of = |metric: &str| {
            let values: Vec<f64> = measured.iter().filter_map(|scalars| scalar(scalars, metric)).collect();
            mean_and_spread(&values, 3)
        };
        let votes = if config.output == OutputKind::Voter {
            "votes_voter_model"
        } else {
            "votes_base"
        };
        table.push([label, of("pearson"), of("spearman"), of(votes)]);
    }
    print(&table.to_markdown())
}

fn trained(config: &PhotofeelerConfig, context: &Context) -> Result<Scalars> {
    let mut run = Photofeeler::new(config, context)?;
    run.train()?;
    run.evaluate()
}

/// The rows of a table: label and configuration.
fn rows(axis: Axis, experiment: &str, sets: &[String]) -> Result<Vec<(String, PhotofeelerConfig)>> {
    let resolve = |extra: &[String]| -> Result<PhotofeelerConfig> {
        let all: Vec<&str> = sets.iter().chain(extra).map(String::as_str).collect();
        Ok(config::experiment(PRESETS, experiment, &all)?)
    };
    let plain = resolve(&[])?;
    let settings: Vec<(String, Vec<String>)> = match axis {
        Axis::Output => OutputKind::ALL
            .iter()
            .map(|output| {
                let mut extra = vec![format!("output='{}'", output.name())];
                if *output != OutputKind::Voter {
                    extra.push(format!("schedule.steps={}", plain.phase_1.steps));
                }
                (output.name().to_owned(), extra)
            })
            .collect(),
        Axis::Size if plain.data.has_features() => {
            return Err(Error::usage(
                "numbers in place of pictures have no size: choose another experiment",
            ));
        }
        Axis::Size if plain.data.set == SetKind::Procedural => [4, 2, 1]
            .map(|pooling| {
                let side = crate::data::generator::SIDE / pooling;
                (
                    format!("{side}×{side}"),
                    vec![format!("data.generator.pooling={pooling}")],
                )
            })
            .to_vec(),
        Axis::Size => [24, 48, 96]
            .map(|side| (format!("{side}×{side}"), vec![format!("data.side={side}")]))
            .to_vec(),
        Axis::Backbone if plain.data.has_features() => [vec![16, 8], vec![64, 32], vec![128, 64, 32], vec![256, 64]]
            .map(|hidden| {
                (
                    format!("mlp {hidden:?}"),
                    vec![format!("backbone={{kind='mlp',hidden={hidden:?}}}")],
                )
            })
            .to_vec(),
        Axis::Backbone => [vec![8, 16], vec![16, 32, 64], vec![16, 32, 64, 128], vec![32, 64, 128]]
            .map(|channels| {
                (
                    format!("cnn {channels:?}"),
                    vec![format!("backbone={{kind='cnn',channels={channels:?}}}")],
                )
            })
            .to_vec(),
    };
    settings
        .into_iter()
        .map(|(label, extra)| Ok((label, resolve(&extra)?)))
        .collect()
}
