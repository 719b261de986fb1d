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
    network::RandWire,
    train::{Classify, Model},
};

/// A run on a command line.
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

/// A generator on a command line.
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
