use std::path::PathBuf;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{base::images::Listing, cli::Verb, device::pool};
use rayon::prelude::*;

use super::{
    Embedding, RunArgs,
    embedded::{Index, Origin},
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

#[derive(Debug, Args)]
struct IndexArgs {
    /// Folder of a run with a trained network
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Folder of pictures, with sub-folders or without
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    /// File to write; index.safetensors in the run's folder if left out
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Leave out pictures that cannot be read, and name them
    #[arg(long)]
    skip_bad: bool,
    #[command(flatten)]
    how: RunArgs,
}

fn command() -> Command {
    let command = Command::new("index")
        .about("Embed a folder of your own pictures with a trained network, for `query`")
        .after_help(
            "The file is safetensors with a tensor `embeddings` [pictures, d].\n\nExample:\n  divide-and-conquer index \
             runs/divide-and-conquer/folder-seed0 photos\n  divide-and-conquer query \
             runs/divide-and-conquer/folder-seed0/index.safetensors photos/a.jpg",
        );
    IndexArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = IndexArgs::from_arg_matches(matches)?;
    let embedding = Embedding::open(&arguments.run, &arguments.how)?;
    let listing = Listing::of_one_class(&arguments.folder, "pictures")?;
    let look = |index: usize| match arguments.skip_bad {
        true => listing.read(index).map(drop),
        false => listing.size(index).map(drop),
    };
    let bad: Vec<(usize, String)> = (0..listing.len())
        .into_par_iter()
        .filter_map(|index| {
            look(index)
                .err()
                .map(|error| (index, format!("{:#}", anyhow::Error::from(error))))
        })
        .collect();
    if !bad.is_empty() && !arguments.skip_bad {
        let reasons: Vec<&str> = bad.iter().take(10).map(|(_, reason)| reason.as_str()).collect();
        anyhow::bail!(
            "{} of {} pictures cannot be read; --skip-bad leaves them out:\n  {}",
            bad.len(),
            listing.len(),
            reasons.join("\n  ")
        );
    }
    bad.iter().for_each(|(_, reason)| eprintln!("left out: {reason}"));
    let is_good = |index: &usize| bad.iter().all(|(bad, _)| bad != index);
    let good: Vec<usize> = (0..listing.len()).filter(is_good).collect();
    anyhow::ensure!(!good.is_empty(), "none of the pictures can be read");
    let rows = pool::run(&embedding.context.device, || embedding.of(&listing, &good))?;
    let index = Index {
        origin: Origin {
            run: std::path::absolute(&arguments.run)?,
            step: embedding.step,
            folder: std::path::absolute(&arguments.folder)?,
            files: good.iter().map(|&index| listing.files()[index].clone()).collect(),
        },
        rows,
    };
    let out = arguments.out.unwrap_or_else(|| arguments.run.join("index.safetensors"));
    index.save(&out)?;
    super::print(&format!(
        "{} pictures, {} numbers each\n",
        index.rows.len(),
        index.rows.width()
    ))?;
    eprintln!("wrote {}", out.display());
    Ok(())
}
