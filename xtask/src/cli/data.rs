use std::path::PathBuf;

use clap::{Args, Subcommand};
use papers_base::catalogue::Split;

#[derive(Debug, Args)]
pub(crate) struct Data {
    #[command(subcommand)]
    pub(crate) task: DataTask,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DataTask {
    /// List the data sets and where they are
    List {
        #[command(flatten)]
        search: SearchFolder,
    },
    /// Fetch data sets from their official addresses, comparing checksums
    Fetch {
        /// The data sets
        #[arg(required = true)]
        names: Vec<String>,
        /// Fetch also files that most work does not need, such as the extra part of SVHN
        #[arg(long)]
        optional: bool,
        #[command(flatten)]
        cache: CacheFolder,
    },
    /// Copy a data set from a folder into the cache, comparing checksums
    Import {
        /// The data set
        name: String,
        /// Folder with the files under their official names, or with a folder of the set's name
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        #[command(flatten)]
        cache: CacheFolder,
    },
    /// Compare files with their checksums
    Verify {
        /// The data sets; all that are on this machine if left out
        names: Vec<String>,
        #[command(flatten)]
        search: SearchFolder,
    },
    /// Draw some images of each class, and count the classes
    Preview {
        /// The data set
        name: String,
        /// Part of the set
        #[arg(long, default_value = "train", value_parser = parse_split)]
        split: Split,
        /// Images per class
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=200))]
        per_class: u16,
        /// PNG file to write; `<data set>-<split>.png` if left out
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        #[command(flatten)]
        search: SearchFolder,
    },
}

#[derive(Debug, Args)]
pub(crate) struct SearchFolder {
    /// Folder to look in first
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CacheFolder {
    /// Folder to put the data set in, instead of the cache
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,
}

fn parse_split(text: &str) -> Result<Split, String> {
    Split::ALL
        .into_iter()
        .find(|split| split.name() == text)
        .ok_or_else(|| format!("there are: {}", Split::ALL.map(Split::name).join(", ")))
}
