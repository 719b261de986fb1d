use std::path::{Path, PathBuf};

use anyhow::Context as _;
use burn::module::Module as _;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{base::commit, cli::Verb};

use super::RunArgs;
use crate::{
    figures,
    graph::{Drawing, format::Format},
    network::{Block, RandWire, Stage},
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

#[derive(Debug, Args)]
struct ExportArgs {
    #[command(flatten)]
    run: RunArgs,
    /// Folder to write to; `export` in the run's folder if left out
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
}

fn command() -> Command {
    let command = Command::new("export")
        .about("Write the wires of a trained network as files that other programs read")
        .after_help(
            "For each wired stage: stage-I.txt, .json and .dot, which `network.files` takes to wire another network alike, \
             stage-I.svg with wires as wide as their gates are open, and gates.csv with a line for each wire. The weights lie \
             in the run's folder already: weights/model.safetensors.\n\nExample:\n  randwire export runs/randwire/digits-seed0",
        );
    ExportArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = ExportArgs::from_arg_matches(matches)?;
    let (experiment, _) = arguments.run.restored()?;
    let model = experiment.model().valid();
    let out = arguments.out.unwrap_or_else(|| arguments.run.run.join("export"));
    std::fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    write(super::wired(&model)?, &out)?;
    eprintln!("wrote {}", out.display());
    Ok(())
}

fn write(network: &RandWire, out: &Path) -> anyhow::Result<()> {
    let mut gates = "stage,from,to,share\n".to_owned();
    for (number, block) in network.backbone.stages.iter().enumerate() {
        let Block::Wired(stage) = block else { continue };
        let shares = figures::shares(stage)?;
        for (format, ending) in [(Format::Edges, "txt"), (Format::Json, "json"), (Format::Dot, "dot")] {
            let path = out.join(format!("stage-{number}.{ending}"));
            commit::bytes(&path, format.write(&stage.graph).as_bytes())?;
        }
        let drawing = Drawing::new(&stage.graph).with_shares(&shares).to_svg();
        commit::bytes(&out.join(format!("stage-{number}.svg")), drawing.as_bytes())?;
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
    use crate::{graph::Generator, network::NetworkConfig};

    #[test]
    fn exported_graphs_wire_a_network_alike() {
        let folder = tempfile::tempdir().unwrap();
        let config = NetworkConfig::small(4, Generator::Ws { k: 4, p: 0.75 });
        let graphs = config.graphs(3).unwrap();
        let network = config.init(3, 10, &graphs, &papers_core::testing::device());
        write(&network, folder.path()).unwrap();
        for ending in ["txt", "json", "dot"] {
            let file = |stage: usize| folder.path().join(format!("stage-{stage}.{ending}"));
            let again = NetworkConfig {
                files: (1..4).map(file).collect(),
                ..config.clone()
            };
            assert_eq!(again.graphs(0).unwrap(), graphs);
        }
        let gates = std::fs::read_to_string(folder.path().join("gates.csv")).unwrap();
        let edges: usize = graphs.iter().flatten().map(|graph| graph.edge_count()).sum();
        assert_eq!(gates.lines().count(), edges + 1);
        assert!(gates.lines().any(|line| line.ends_with(",0.5")));
    }
}
