use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{
    Error,
    base::{
        commit,
        figure::Table,
        images::{ImageSet, Listing},
    },
    cli::Verb,
    device::{self, pool},
};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::print;
use crate::{
    bundle::{Bundle, name},
    data::{Inputs, picture},
    rater::{Rater, Rating},
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

/// Pictures that are read and rated together.
const TOGETHER: usize = 64;

#[derive(Debug, Clone, Args)]
struct RateArgs {
    /// Folder of a run, or a file of models made by `bundle`
    #[arg(value_name = "RUN|BUNDLE")]
    model: PathBuf,
    /// Folder of pictures, PNG and JPEG
    #[arg(long, value_name = "DIR")]
    photos: PathBuf,
    /// CSV file to write; standard output if left out
    #[arg(long, value_name = "CSV")]
    out: Option<PathBuf>,
    /// Names of voters whose own scores are told, too
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    voters: Vec<String>,
    /// Where to compute
    #[arg(short, long, value_name = "NAME")]
    backend: Option<String>,
}

fn command() -> Command {
    let command = Command::new("rate")
        .about("Rate a folder of pictures with a trained run and write CSV")
        .after_help(
            "A score is what the voters that the model learned from would say of the photo, no property of who is on it: do not decide about \
             people with it.\n\nColumns: photo, model, score (mean over the panel), base (without voters), spread (deviation over the panel), \
             bin_0 to bin_9 (mean distribution), and `voter NAME` with `unknown NAME` for each voter that is asked for; a voter whom the model \
             does not know is like the mean of those it knows. Pictures that cannot be read are listed.\n\nExample:\n  photofeeler rate \
             runs/photofeeler/mebeauty-seed0 --photos DIR --out scores.csv",
        );
    RateArgs::augment_args(command)
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = RateArgs::from_arg_matches(matches)?;
    let device = match arguments.backend.as_deref() {
        Some(backend) => device::resolve(backend)?,
        None => device::resolve(device::default_backend()?)?,
    };
    let raters = match arguments.model.is_dir() {
        true => vec![Rater::of_run(&arguments.model, &device)?],
        false => Bundle::load(&arguments.model, &device)?.raters().to_vec(),
    };
    let listing = Listing::of_one_class(&arguments.photos, "photos")?;
    let (table, unreadable) = pool::run(&device, || rated(&raters, &listing, &arguments))?;
    for problem in &unreadable {
        log::warn!("left out: {problem}");
    }
    if table.rows.is_empty() {
        return Err(Error::usage(format_args!(
            "no picture of {} could be rated",
            arguments.photos.display()
        ))
        .into());
    }
    match &arguments.out {
        None => print(&table.to_csv())?,
        Some(out) => {
            commit::bytes(out, table.to_csv().as_bytes())?;
            eprintln!("wrote {} ratings to {}", table.rows.len(), out.display());
        }
    }
    Ok(())
}

/// The table of ratings, and the files that cannot be read. Pictures are decoded by all cores, and only what networks see of them is kept.
fn rated(raters: &[Rater], listing: &Listing, arguments: &RateArgs) -> anyhow::Result<(Table, Vec<String>)> {
    let sizes = raters.iter().map(Rater::picture_size).collect::<Result<Vec<_>, _>>()?;
    let mut wanted = sizes.clone();
    wanted.sort_unstable();
    wanted.dedup();
    let mut table = Table::new(columns(&arguments.voters));
    let mut unreadable = Vec::new();
    for files in listing.files().chunks(TOGETHER) {
        let read = |file: &String| -> Result<Vec<Vec<u8>>, String> {
            let picture =
                picture::read(&arguments.photos.join(file)).map_err(|problem| format!("{file}: {problem}"))?;
            let fitted = wanted
                .iter()
                .map(|&[side, channels]| picture::fit(&picture, side, channels));
            Ok(fitted.collect())
        };
        let read: Vec<Result<Vec<Vec<u8>>, String>> = files.par_iter().map(read).collect();
        let mut names = Vec::new();
        let mut images = vec![Vec::new(); wanted.len()];
        for (file, fitted) in files.iter().zip(read) {
            match fitted {
                Ok(fitted) => {
                    names.push(file.as_str());
                    images.iter_mut().zip(fitted).for_each(|(all, one)| all.extend(one));
                }
                Err(problem) => unreadable.push(problem),
            }
        }
        if names.is_empty() {
            continue;
        }
        let inputs: Vec<Inputs> = wanted
            .iter()
            .zip(images)
            .map(|(&[side, channels], images)| Inputs::Pictures(square_set(&arguments.photos, images, side, channels)))
            .collect();
        for (rater, size) in raters.iter().zip(&sizes) {
            let place = wanted.partition_point(|other| other < size);
            let voters: Vec<Option<usize>> = arguments.voters.iter().map(|voter| rater.voter(voter)).collect();
            let ratings = rater
                .rate(&inputs[place], &voters)
                .with_context(|| format!("rating {}", arguments.photos.display()))?;
            let model = name(rater.rates());
            for (file, rating) in names.iter().zip(ratings) {
                table.push(row(file, &model, &rating, &voters));
            }
        }
    }
    Ok((table, unreadable))
}

fn columns(voters: &[String]) -> Vec<String> {
    let fixed = ["photo", "model", "score", "base", "spread"].map(str::to_owned);
    let bins = (0..crate::votes::BINS).map(|bin| format!("bin_{bin}"));
    let voters = voters
        .iter()
        .flat_map(|voter| [format!("voter {voter}"), format!("unknown {voter}")]);
    fixed.into_iter().chain(bins).chain(voters).collect()
}

fn row(file: &str, model: &str, rating: &Rating, voters: &[Option<usize>]) -> Vec<String> {
    let told = |value: f64| format!("{value:.4}");
    let mut row = vec![file.to_owned(), model.to_owned(), told(rating.score), told(rating.base)];
    row.push(rating.spread.map_or_else(String::new, told));
    match &rating.shares {
        Some(shares) => row.extend(shares.iter().copied().map(told)),
        None => row.extend(std::iter::repeat_n(String::new(), crate::votes::BINS)),
    }
    for (place, voter) in voters.iter().enumerate() {
        row.push(rating.of_voters.get(place).copied().map_or_else(String::new, told));
        row.push(voter.is_none().to_string());
    }
    row
}

fn square_set(folder: &Path, images: Vec<u8>, side: usize, channels: usize) -> ImageSet {
    ImageSet {
        name: folder.display().to_string(),
        images,
        labels: Vec::new(),
        height: side,
        width: side,
        channels,
        maximum: u8::MAX,
        classes: 0,
        class_names: Vec::new(),
    }
}
