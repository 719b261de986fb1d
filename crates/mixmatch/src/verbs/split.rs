use std::path::PathBuf;

use anyhow::Context as _;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{
    base::{catalogue::Split, figure::Table},
    cli::Verb,
    data::{DataSource, LabelSplit, LabelSplitConfig},
};

/// For [`Paper::verb`](papers_core::cli::Paper::verb).
pub(crate) const VERB: Verb = Verb { command, run };

/// What is drawn from.
#[derive(Debug, Args)]
struct SplitArgs {
    /// Name of the data set
    #[arg(long, value_name = "NAME", default_value = "uci-digits")]
    set: String,
    /// Labeled pictures, in the proportions of the classes
    #[arg(long, value_name = "N", default_value_t = 20)]
    labels: usize,
    /// Pictures kept out of training for validation
    #[arg(long, value_name = "N", default_value_t = 0)]
    validation: usize,
    /// Seed of the draw
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Refuse splits in which a class has no label
    #[arg(long)]
    strict: bool,
    /// File to write, for `--set data.split_file='FILE'`; `<set>-<labels>-seed<seed>.json` if left out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder with data sets, besides the usual places
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

fn command() -> Command {
    SplitArgs::augment_args(
        Command::new("split").about("Draw which pictures are labeled, and save their numbers as JSON"),
    )
}

#[expect(clippy::print_stdout, reason = "this is what the command prints")]
fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = SplitArgs::from_arg_matches(matches)?;
    let set = DataSource::new(arguments.data).images(&arguments.set, Split::Train)?;
    let request = LabelSplitConfig {
        labels: arguments.labels,
        validation: arguments.validation,
        include_labeled: false,
        strict: arguments.strict,
    };
    let (split, warnings) = LabelSplit::draw(&set.labels, set.classes, &request, arguments.seed)?;
    let mut table = Table::new(["class", "pictures", "labeled", "unlabeled", "validation"]);
    let counts = |indices: &[usize]| set.subset("part", indices).class_counts();
    let parts = [&split.labeled, &split.unlabeled, &split.validation].map(|indices| counts(indices));
    for (class, (name, all)) in set.class_names.iter().zip(set.class_counts()).enumerate() {
        let parts = parts.iter().map(|part| part[class].to_string());
        table.push([name.clone(), all.to_string()].into_iter().chain(parts));
    }
    print!("{}", table.to_markdown());
    for warning in warnings {
        eprintln!("warning: {warning}");
    }
    let out = arguments.out.unwrap_or_else(|| {
        PathBuf::from(format!(
            "{}-{}-seed{}.json",
            arguments.set, arguments.labels, arguments.seed
        ))
    });
    split
        .save(&out)
        .with_context(|| format!("cannot write {}", out.display()))?;
    eprintln!("wrote {}", out.display());
    Ok(())
}
