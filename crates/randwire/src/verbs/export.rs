use std::path::{Path, PathBuf};

use anyhow::Context as _;
use burn::module::Module as _;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{base::commit, cli::Verb};

use super::RunArgs;
use crate::{
    figures,
    graph::{Drawing, format::Format},
    network::{Block, Damage, RandWire, Stage},
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

#[derive(Debug, Args)]
struct ExportArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Draw a node or an edge as removed: dashed, in pictures and DOT
    #[arg(long, value_name = "STAGE:NODE|STAGE:FROM-TO", value_parser = super::damage)]
    without: Option<Damage>,
    /// Folder to write to; `export` in the run's folder if left out
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn command() -> Command {
    let command = Command::new("export")
        .about("Write the wires of a trained network as files that other programs read")
        .after_help(
            "For each wired stage: stage-I.txt, .json and .dot, which `network.files` takes to wire another network alike, \
             stage-I.svg, where wires are as wide as their gates are open, as in the .dot, and gates.csv with a line for each wire. The weights lie \
             in the run's folder already: weights/model.safetensors.\n\nExample:\n  randwire export runs/randwire/digits-seed0",
        );
    ExportArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = ExportArgs::from_arg_matches(matches)?;
    let (experiment, _) = arguments.run.restored()?;
    let model = experiment.model().valid();
    let network = super::wired(&model)?;
    if let Some(Damage { stage, removal }) = arguments.without {
        let graph = network.backbone.stages.get(stage).and_then(Block::graph);
        let graph = graph.with_context(|| format!("--without: there is no wired stage {stage}"))?;
        removal.check(graph).context("--without")?;
    }
    let out = arguments.out.unwrap_or_else(|| arguments.run.run.join("export"));
    std::fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    write(network, arguments.without, &out)?;
    eprintln!("wrote {}", out.display());
    Ok(())
}

fn write(network: &RandWire, without: Option<Damage>, out: &Path) -> anyhow::Result<()> {
    let mut gates = "stage,from,to,share\n".to_owned();
    for (number, block) in network.backbone.stages.iter().enumerate() {
        let Block::Wired(stage) = block else { continue };
        let shares = figures::shares(stage)?;
        let mut drawing = Drawing::new(&stage.graph).with_shares(&shares);
        if let Some(damage) = without.filter(|damage| damage.stage == number) {
            drawing = drawing.without(damage.removal);
        }
        for (ending, text) in [
            ("txt", Format::Edges.write(&stage.graph)),
            ("json", Format::Json.write(&stage.graph)),
            ("dot", drawing.to_dot()),
            ("svg", drawing.to_svg()),
        ] {
            commit::bytes(&out.join(format!("stage-{number}.{ending}")), text.as_bytes())?;
        }
        lines(number, stage, &shares, &mut gates);
    }
    Ok(commit::bytes(&out.join("gates.csv"), gates.as_bytes())?)
}

/// A line for each wire.
fn lines(number: usize, stage: &Stage, shares: &[Vec<f64>], text: &mut String) {
    for (to, shares) in shares.iter().enumerate() {
        for (from, share) in stage.graph.predecessors(to).iter().zip(shares) {
            text.push_str(&format!("{number},{from},{to},{share}\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        graph::Generator,
        network::{NetworkConfig, Removal},
    };

    #[test]
    fn exported_graphs_wire_a_network_alike() {
        let folder = tempfile::tempdir().unwrap();
        let config = NetworkConfig::small(4, Generator::Ws { k: 4, p: 0.75 });
        let graphs = config.graphs(3).unwrap();
        let network = config.init(3, 10, &graphs, &papers_core::testing::device());
        let without = Damage {
            stage: 2,
            removal: Removal::Node(3),
        };
        write(&network, Some(without), folder.path()).unwrap();
        for ending in ["txt", "json", "dot"] {
            let file = |stage: usize| folder.path().join(format!("stage-{stage}.{ending}"));
            let again = NetworkConfig {
                files: (1..4).map(file).collect(),
                ..config.clone()
            };
            assert_eq!(again.graphs(0).unwrap(), graphs);
        }
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(read("stage-1.dot").contains("label=\"0.50\"") && !read("stage-1.dot").contains("dashed"));
        assert!(read("stage-2.dot").contains("style=dashed") && read("stage-2.svg").contains("wire gone"));
        let gates = read("gates.csv");
        let edges: usize = graphs.iter().flatten().map(|graph| graph.edge_count()).sum();
        assert_eq!(gates.lines().count(), edges + 1);
        assert!(gates.lines().any(|line| line.ends_with(",0.5")));
    }
}
