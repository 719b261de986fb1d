use std::path::PathBuf;

use anyhow::Context as _;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{
    base::{
        commit,
        figure::Table,
        images::{self, ImageSet, Listing, Tile},
    },
    cli::Verb,
    device::pool,
};

use super::{Embedding, RunArgs, embedded::Index};
use crate::{
    data::thumbnails,
    neighbors::{Excluded, nearest},
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

/// Pixels a side of the pictures on a sheet.
const SIDE: usize = 96;

#[derive(Debug, Args)]
struct QueryArgs {
    /// File that `index` wrote
    #[arg(value_name = "INDEX")]
    index: PathBuf,
    /// Pictures to find the neighbors of
    #[arg(value_name = "PICTURE", required = true)]
    pictures: Vec<PathBuf>,
    /// Neighbors of each
    #[arg(short, long, value_name = "N", default_value_t = 5)]
    k: usize,
    /// Also draw pictures and neighbors, as a PNG file
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// The run that the index was made with, if it has moved
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,
    #[command(flatten)]
    how: RunArgs,
}

fn command() -> Command {
    QueryArgs::augment_args(Command::new("query").about("Find the pictures of an index that are nearest to others"))
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = QueryArgs::from_arg_matches(matches)?;
    anyhow::ensure!(arguments.k > 0, "-k must be at least 1");
    let index = Index::load(&arguments.index)?;
    let run = arguments.run.as_ref().unwrap_or(&index.origin.run);
    let embedding = Embedding::open(run, &arguments.how)?;
    anyhow::ensure!(
        embedding.step == index.origin.step && embedding.config.dimension == index.rows.width(),
        "the index was made with the network after {} updates, and {} now has {}; make it anew with `index`",
        index.origin.step,
        run.display(),
        embedding.step
    );
    let mut table = Table::new(["picture", "rank", "neighbor", "distance"]);
    let (mut tiles, mut shape) = (Vec::new(), None);
    for picture in &arguments.pictures {
        let listing = alone(picture)?;
        let rows = pool::run(&embedding.context.device, || embedding.of(&listing, &[0]))?;
        let device = &embedding.context.device;
        let found = nearest(
            &rows,
            &index.rows,
            Excluded::Nothing,
            arguments.k,
            device,
            |_, neighbors| neighbors.to_vec(),
        )?;
        let found = found.into_iter().next().unwrap_or_default();
        for (rank, neighbor) in found.iter().enumerate() {
            table.push([
                picture.display().to_string(),
                (rank + 1).to_string(),
                index.origin.files[neighbor.index].clone(),
                format!("{:.4}", neighbor.squared_distance.sqrt()),
            ]);
        }
        if arguments.sheet.is_some() {
            let query = thumbnails(&listing, &[0], SIDE)?;
            tiles.push(tile(&query, 0, "query".to_owned()));
            let files = found
                .iter()
                .map(|neighbor| (index.origin.files[neighbor.index].clone(), "picture".to_owned()));
            let neighbors = Listing::of_files(&index.origin.folder, files.collect())?;
            let all: Vec<usize> = (0..neighbors.len()).collect();
            let pictures = thumbnails(&neighbors, &all, SIDE)?;
            tiles.extend(
                found
                    .iter()
                    .enumerate()
                    .map(|(rank, neighbor)| tile(&pictures, rank, format!("{:.3}", neighbor.squared_distance.sqrt()))),
            );
            shape = Some(query);
        }
    }
    super::print(&table.to_markdown())?;
    if let (Some(path), Some(shape)) = (&arguments.sheet, shape) {
        commit::bytes(
            path,
            &images::sheet(&shape, &tiles, arguments.k.min(index.rows.len()) + 1)?,
        )?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

/// A listing of one picture.
fn alone(picture: &std::path::Path) -> anyhow::Result<Listing> {
    let name = picture.file_name().and_then(|name| name.to_str());
    let name = name.with_context(|| format!("{} is no picture", picture.display()))?;
    let folder = picture.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(std::path::Path::new("."));
    Ok(Listing::of_files(folder, vec![(name.to_owned(), "query".to_owned())])?)
}

fn tile(set: &ImageSet, index: usize, line: String) -> Tile {
    Tile {
        pixels: set.image(index).to_vec(),
        lines: vec![line],
        marked: false,
    }
}
