//! Commands that only this paper has.

pub(crate) mod cost;
pub(crate) mod damage;
pub(crate) mod export;
pub(crate) mod features;
pub(crate) mod graph;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use papers_core::{
    Context,
    base::{commit, config},
    cli::context_of,
    training,
};

use crate::{
    config::RandWireConfig,
    graph::Generator,
    network::{Damage, RandWire, Removal},
    train::{Classify, Model},
};

// A run on a command line. No documentation: it would be the help of the command.
#[derive(Debug, Args)]
struct RunArgs {
    /// Folder of a run with a trained network
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Where to compute
    #[arg(short, long, value_name = "NAME")]
    backend: Option<String>,
    /// Folder to look for data sets in first
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl RunArgs {
    /// The run as its newest checkpoint has it.
    fn restored(&self) -> anyhow::Result<(Classify, Context)> {
        let context = context_of(&self.run, self.backend.as_deref(), self.data.clone())?;
        let saved: RandWireConfig = config::of_run(&self.run, &[])?;
        let (experiment, _) = training::restore::<Classify>(&saved, &context, &self.run)?;
        Ok((experiment, context))
    }
}

fn wired(model: &Model) -> anyhow::Result<&RandWire> {
    model
        .wired()
        .context("the run trained a residual network, which has no wires")
}

/// One piece of output; a reader that went away is an error and no panic.
fn print(text: &str) -> anyhow::Result<()> {
    write!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// Writes a file, or standard output if none is named.
fn write(out: Option<&Path>, text: &str) -> anyhow::Result<()> {
    match out {
        None => print(text),
        Some(out) => {
            commit::bytes(out, text.as_bytes())?;
            eprintln!("wrote {}", out.display());
            Ok(())
        }
    }
}

/// A part of a graph on a command line: `3` is a node, `3-5` an edge.
fn removal(text: &str) -> Result<Removal, String> {
    let node = |text: &str| {
        text.parse()
            .map_err(|_| format!("`{text}` is not the number of a node"))
    };
    match text.split_once('-') {
        None => Ok(Removal::Node(node(text)?)),
        Some((one, other)) => {
            let (one, other): (usize, usize) = (node(one)?, node(other)?);
            Ok(Removal::Edge([one.min(other), one.max(other)]))
        }
    }
}

/// A part of a network on a command line: `1:3` is a node of stage 1, `1:3-5` an edge.
fn damage(text: &str) -> Result<Damage, String> {
    let form = || "the form is STAGE:NODE or STAGE:FROM-TO, as in 1:3 or 1:3-5".to_owned();
    let (stage, part) = text.split_once(':').ok_or_else(form)?;
    Ok(Damage {
        stage: stage.parse().map_err(|_| form())?,
        removal: removal(part)?,
    })
}

// A generator on a command line.
#[derive(Debug, Clone, Args)]
struct GeneratorArgs {
    /// Family of graphs
    #[arg(long, value_enum, default_value_t = Family::Ws)]
    generator: Family,
    /// Neighbors of a node on the ring of WS
    #[arg(short, long, value_name = "K", default_value_t = 4)]
    k: usize,
    /// Probability of an edge in ER, of moving one in WS
    #[arg(short, long, value_name = "P", default_value_t = 0.75)]
    p: f64,
    /// Edges of a new node in BA
    #[arg(short, long, value_name = "M", default_value_t = 5)]
    m: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Family {
    /// Erdős-Rényi
    Er,
    /// Barabási-Albert
    Ba,
    /// Watts-Strogatz
    Ws,
    /// One node after the other
    Chain,
    /// Every pair joined
    Complete,
}

impl GeneratorArgs {
    fn generator(&self) -> Generator {
        let &Self { generator, k, p, m } = self;
        match generator {
            Family::Er => Generator::Er { p },
            Family::Ba => Generator::Ba { m },
            Family::Ws => Generator::Ws { k, p },
            Family::Chain => Generator::Chain,
            Family::Complete => Generator::Complete,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_nodes_or_edges_of_a_stage() {
        assert_eq!(removal("3"), Ok(Removal::Node(3)));
        assert_eq!(removal("5-3"), Ok(Removal::Edge([3, 5])));
        assert!(removal("3-").unwrap_err().contains("`` is not the number of a node"));
        let damaged = damage("1:3-5").unwrap();
        assert_eq!((damaged.stage, damaged.removal), (1, Removal::Edge([3, 5])));
        for text in ["3-5", "x:3", ":3"] {
            assert!(damage(text).unwrap_err().contains("STAGE:NODE"), "{text}");
        }
    }
}
