use std::path::PathBuf;

use anyhow::Context as _;
use clap::{ArgMatches, Args, Command, FromArgMatches, ValueEnum};
use papers_core::{base::figure::Table, cli::Verb};

use super::GeneratorArgs;
use crate::{
    graph::{Connectivity, Drawing, Graph, format::Format, stage_seed},
    network::Removal,
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

#[derive(Debug, Args)]
struct GraphArgs {
    #[command(flatten)]
    generator: GeneratorArgs,
    /// Nodes of the graph; the two virtual ones do not count
    #[arg(short, long, value_name = "N", default_value_t = 32)]
    nodes: usize,
    /// Seed of the network
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Which of the network's stages, from 0: each has a graph of its own
    #[arg(long, value_name = "N", default_value_t = 0)]
    stage: usize,
    /// Draw until the graph is connected, so many times at most; otherwise graphs may fall apart, as in the paper
    #[arg(long, value_name = "N")]
    tries: Option<usize>,
    /// A file with a graph, to be looked at or written in another format: .txt, .json or .dot
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "stage", "nodes", "generator", "tries"])]
    from: Option<PathBuf>,
    /// Draw a node or an edge as removed: dashed, where a picture or DOT is written
    #[arg(long, value_name = "NODE|FROM-TO", value_parser = super::removal)]
    without: Option<Removal>,
    /// How to write it; by the ending of --out, or as a table of numbers if that is left out
    #[arg(long, value_enum)]
    format: Option<Output>,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    /// The number of nodes, the number of edges, and a line `u v` for each edge
    Edges,
    /// `{"nodes": 3, "edges": [[0, 1], [1, 2]]}`
    Json,
    /// The language of Graphviz
    Dot,
    /// A picture
    Svg,
    /// Numbers about the graph
    Table,
}

fn command() -> Command {
    let command = Command::new("graph")
        .about("Draw a random graph, or read one, and write it as edges, JSON, DOT or a picture")
        .after_help(
            "Examples:\n  randwire graph --out ws.svg\n  randwire graph --generator ba -m 5 --seed 1 --stage 2 --format dot\n  \
             randwire graph --from mine.dot --out mine.json\n  randwire graph --without 3-5 --out damaged.svg",
        );
    GraphArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = GraphArgs::from_arg_matches(matches)?;
    let graph = arguments.graph()?;
    let output = arguments.output()?;
    let mut drawing = Drawing::new(&graph);
    if let Some(removal) = arguments.without {
        anyhow::ensure!(
            matches!(output, Output::Svg | Output::Dot),
            "--without is for pictures: write svg or dot, as with `--out graph.svg`"
        );
        removal.check(&graph).context("--without")?;
        drawing = drawing.without(removal);
    }
    let text = match output {
        Output::Edges => Format::Edges.write(&graph),
        Output::Json => Format::Json.write(&graph),
        Output::Dot => drawing.to_dot(),
        Output::Svg => drawing.to_svg(),
        Output::Table => table(&graph).to_markdown(),
    };
    super::write(arguments.out.as_deref(), &text)
}

impl GraphArgs {
    fn graph(&self) -> anyhow::Result<Graph> {
        if let Some(path) = &self.from {
            return Format::read(path).with_context(|| path.display().to_string());
        }
        let connectivity = match self.tries {
            None => Connectivity::Allow,
            Some(tries) => Connectivity::Require { tries },
        };
        let seed = stage_seed(self.seed, self.stage);
        Ok(self.generator.generator().seeded(self.nodes, seed, connectivity)?)
    }

    fn output(&self) -> anyhow::Result<Output> {
        if let Some(output) = self.format {
            return Ok(output);
        }
        let Some(out) = &self.out else { return Ok(Output::Table) };
        if out.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("svg")) {
            return Ok(Output::Svg);
        }
        Ok(match Format::of(out)? {
            Format::Edges => Output::Edges,
            Format::Json => Output::Json,
            Format::Dot => Output::Dot,
        })
    }
}

fn table(graph: &Graph) -> Table {
    let mut table = Table::new(["what", "count"]);
    let largest = |of: fn(&Graph, usize) -> usize| (0..graph.nodes()).map(|node| of(graph, node)).max().unwrap_or(0);
    for (what, count) in [
        ("nodes", graph.nodes()),
        ("edges", graph.edge_count()),
        ("inputs", graph.inputs().len()),
        ("outputs", graph.outputs().len()),
        ("isolated nodes", graph.isolated().len()),
        ("parts", graph.components()),
        ("levels", graph.depth()),
        ("largest in-degree", largest(Graph::in_degree)),
        ("largest out-degree", largest(Graph::out_degree)),
        ("weights of sums", graph.weights()),
        ("edges that can be dropped", graph.droppable_edges().len()),
    ] {
        table.push([what.to_owned(), count.to_string()]);
    }
    table
}
