//! Commands that only this paper has.

pub(crate) mod cost;
pub(crate) mod damage;
pub(crate) mod graph;

use std::{io::Write as _, path::Path};

use clap::{Args, ValueEnum};
use papers_core::base::commit;

use crate::graph::Generator;

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
