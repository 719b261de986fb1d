//! The paper's study of outputs, sizes and backbones, on any experiment.

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
    data::generator::SIDE,
    model::{OutputKind, XCEPTION_LEAST_SIDE},
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
    /// What is compared on the axis: names of outputs, numbers of rows and columns, or backbones as in `cnn:16:32:64` and `xception`
    #[arg(long, value_name = "VALUE", value_delimiter = ',')]
    values: Vec<String>,
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
             are not public, and its photos neither.\n\nExample:\n  photofeeler study --axis output --set data.generator.votes=3\n  photofeeler study --axis backbone --values cnn:16:32:64,cnn:32:64",
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
    let rows = rows(&arguments, &experiment)?;
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
fn rows(arguments: &StudyArgs, experiment: &str) -> Result<Vec<(String, PhotofeelerConfig)>> {
    let resolve = |extra: &[String]| -> Result<PhotofeelerConfig> {
        let all: Vec<&str> = arguments.sets.iter().chain(extra).map(String::as_str).collect();
        Ok(config::experiment(PRESETS, experiment, &all)?)
    };
    let plain = resolve(&[])?;
    let values = match arguments.values.is_empty() {
        false => arguments.values.clone(),
        true => usual_values(arguments.axis, &plain)?,
    };
    let row = |value: &String| -> Result<(String, PhotofeelerConfig)> {
        let settings = match arguments.axis {
            Axis::Output => output(value, &plain),
            Axis::Size => vec![size(value, &plain)?],
            Axis::Backbone => vec![backbone(value)?],
        };
        Ok((value.clone(), resolve(&settings)?))
    };
    values.iter().map(row).collect()
}

/// What is compared if nobody says so: the paper's outputs and what of its sizes and backbones pictures are large enough for.
fn usual_values(axis: Axis, plain: &PhotofeelerConfig) -> Result<Vec<String>> {
    let has_features = plain.data.has_features();
    let texts = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>();
    Ok(match axis {
        Axis::Output => OutputKind::ALL.iter().map(|output| output.name().to_owned()).collect(),
        Axis::Size if has_features => {
            return Err(Error::usage(
                "numbers in place of pictures have no size: choose another experiment",
            ));
        }
        Axis::Size if plain.data.set == SetKind::Procedural => texts(&["8", "16", "32"]),
        Axis::Size if plain.data.side >= XCEPTION_LEAST_SIDE => texts(&["224", "299", "448", "600"]),
        Axis::Size => texts(&["24", "48", "96"]),
        Axis::Backbone if has_features => texts(&["mlp:16:8", "mlp:64:32", "mlp:128:64:32", "mlp:256:64"]),
        Axis::Backbone => {
            let mut values = texts(&["cnn:8:16", "cnn:16:32:64", "cnn:16:32:64:128", "cnn:32:64:128"]);
            if plain.data.set != SetKind::Procedural && plain.data.side >= XCEPTION_LEAST_SIDE {
                values.push("xception".to_owned());
            }
            values
        }
    })
}

fn output(value: &str, plain: &PhotofeelerConfig) -> Vec<String> {
    let mut settings = vec![format!("output='{value}'")];
    if value != OutputKind::Voter.name() {
        settings.push(format!("schedule.steps={}", plain.phase_1.steps));
    }
    settings
}

/// Rows and columns.
fn size(value: &str, plain: &PhotofeelerConfig) -> Result<String> {
    let side: usize = value
        .parse()
        .map_err(|_| Error::usage(format_args!("--values: `{value}` is no number of rows and columns")))?;
    if plain.data.set != SetKind::Procedural {
        return Ok(format!("data.side={side}"));
    }
    let pooling = SIDE.checked_div(side).filter(|pooling| pooling * side == SIDE);
    let pooling = pooling.ok_or_else(|| {
        Error::usage(format_args!(
            "--values: portraits are of {SIDE}×{SIDE} pixels or a half, a fourth or an eighth of it, not `{value}`"
        ))
    })?;
    Ok(format!("data.generator.pooling={pooling}"))
}

/// As in `cnn:16:32`, `mlp:64` or `xception`.
fn backbone(value: &str) -> Result<String> {
    let (kind, sizes) = value.split_once(':').unwrap_or((value, ""));
    let sizes = sizes.replace(':', ",");
    Ok(match kind {
        "xception" if sizes.is_empty() => "backbone={kind='xception'}".to_owned(),
        "cnn" => format!("backbone={{kind='cnn',channels=[{sizes}]}}"),
        "mlp" => format!("backbone={{kind='mlp',hidden=[{sizes}]}}"),
        _ => {
            return Err(Error::usage(format_args!(
                "--values: `{value}` is no backbone; write xception, or sizes as in cnn:16:32:64 or mlp:64:32"
            )));
        }
    })
}
