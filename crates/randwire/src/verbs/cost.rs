use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use papers_core::{
    base::figure::{Table, mean_and_deviation},
    cli::Verb,
};

use super::GeneratorArgs;
use crate::{
    config::MOST_SIDE,
    figures::cost_table,
    network::{Cost, NetworkConfig, Operation},
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

#[derive(Debug, Args)]
struct CostArgs {
    #[command(flatten)]
    generator: GeneratorArgs,
    /// Regime of table 1
    #[arg(long, value_enum, default_value_t = Regime::Small)]
    regime: Regime,
    /// C: channels of a stage of width 1; the paper's are 78 in the small regime, 109 and 154 in the regular one
    #[arg(short, long, value_name = "C")]
    channels: Option<usize>,
    /// What a node computes
    #[arg(long, value_name = "NAME", default_value = "separable", value_parser = operation)]
    operation: Operation,
    /// Fit the channels to so many millions of multiply-adds
    #[arg(long, value_name = "MILLIONS", conflicts_with = "channels")]
    fit: Option<f64>,
    /// Height and width of a picture
    #[arg(long, value_name = "PIXELS", default_value_t = 224)]
    size: usize,
    /// Number of classes
    #[arg(long, value_name = "N", default_value_t = 1000)]
    classes: usize,
    /// Seed of the first network
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Networks of which mean and deviation are printed
    #[arg(long, value_name = "N", default_value_t = 100)]
    networks: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Regime {
    /// conv2 dense, then three graphs of 32 nodes
    Small,
    /// Graphs of 16, 32, 32 and 32 nodes
    Regular,
}

fn operation(name: &str) -> Result<Operation, String> {
    let known = Operation::ALL.into_iter().find(|operation| operation.name() == name);
    let names = Operation::ALL.map(Operation::name).join(", ");
    known.ok_or_else(|| format!("there are {names}"))
}

/// A million times the small regime.
const MOST_MILLIONS: f64 = 1e9;
/// A thousand times ImageNet's.
const MOST_CLASSES: usize = 1_000_000;

fn command() -> Command {
    let command = Command::new("cost")
        .about("Count weights and multiply-adds of a network, stage by stage, and of many networks of a generator")
        .after_help(
            "Examples:\n  randwire cost                                       the small regime of table 2\n  \
             randwire cost --regime regular --channels 154 --size 320\n  \
             randwire cost --operation dense --fit 580           as many multiply-adds with another operation",
        );
    CostArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = CostArgs::from_arg_matches(matches)?;
    let generator = arguments.generator.generator();
    let config = match arguments.regime {
        Regime::Small => NetworkConfig::small(arguments.channels.unwrap_or(78), generator),
        Regime::Regular => NetworkConfig::regular(arguments.channels.unwrap_or(109), generator),
    };
    if let Some(millions) = arguments.fit {
        anyhow::ensure!(
            millions > 0.0 && millions <= MOST_MILLIONS,
            "--fit must be above 0 and at most {MOST_MILLIONS}, not {millions}"
        );
    }
    let config = NetworkConfig {
        operation: arguments.operation,
        multiply_adds: arguments.fit.map_or(0, |millions| (1e6 * millions) as usize),
        ..config
    };
    config.validate()?;
    anyhow::ensure!(
        (2..=MOST_CLASSES).contains(&arguments.classes),
        "--classes must be at least 2 and at most {MOST_CLASSES}"
    );
    anyhow::ensure!(arguments.size <= MOST_SIDE, "--size must be at most {MOST_SIDE}");
    config
        .check(arguments.size, arguments.size)
        .map_err(|problem| anyhow::anyhow!("--size: {problem}"))?;
    let (classes, size) = (arguments.classes, [arguments.size; 2]);
    let graphs = config.graphs(arguments.seed)?;
    let config = config.fitted(&graphs, 3, classes, size);
    let first = cost_table(&config.cost(&graphs, 3, classes, size), &graphs);
    super::print(&format!(
        "{generator}, C = {}, seed {}, pictures of {side}×{side}\n\n{}",
        config.channels,
        arguments.seed,
        first.to_markdown(),
        side = arguments.size
    ))?;
    if arguments.networks == 0 {
        return Ok(());
    }
    let cost = |seed| Ok(config.cost(&config.graphs(seed)?, 3, classes, size));
    let seeds = (0..arguments.networks).map(|number| arguments.seed.wrapping_add(number));
    let costs: Vec<Cost> = seeds.map(cost).collect::<papers_core::Result<_>>()?;
    super::print(&format!(
        "\n{} networks:\n\n{}",
        costs.len(),
        many(&costs).to_markdown()
    ))
}

fn many(costs: &[Cost]) -> Table {
    let mut table = Table::new(["millions", "mean", "deviation"]);
    let mut row = |what: &str, of: fn(&Cost) -> usize| {
        let millions: Vec<f64> = costs.iter().map(|cost| of(cost) as f64 / 1e6).collect();
        let (mean, deviation) = mean_and_deviation(&millions).unwrap_or_default();
        let deviation = deviation.map_or(String::new(), |deviation| format!("{deviation:.3}"));
        table.push([what.to_owned(), format!("{mean:.3}"), deviation]);
    };
    row("weights", Cost::parameters);
    row("multiply-adds", |cost| cost.multiply_adds);
    row("of weighted sums", |cost| cost.gate_multiply_adds);
    table
}
