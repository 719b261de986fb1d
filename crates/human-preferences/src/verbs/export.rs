use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{
    base::{commit, provenance::Provenance},
    checkpoint::Store,
    cli::Verb,
};

use super::{config_of, database_of, open};
use crate::{
    answer::Answer,
    labels::{Exporter, Origin},
    reward_model::{Comparison, saved_comparisons},
};

pub(crate) const VERB: Verb = Verb { command, run };

fn command() -> Command {
    let command = Command::new("export")
        .about("Write the answers of a run as lines of JSON, for `feedback.mode=replay`")
        .long_about(
            "Write the answers of a run as lines of JSON: each clip once, before the first answer about it.\n\nAnswers of \
             people come from the run's database, with labeller and time. Those of an oracle or a script come from the \
             newest checkpoint, which holds what is learned from: \"can't tell\" is not among them.",
        );
    Arguments::augment_args(command)
}

#[derive(Debug, Args)]
struct Arguments {
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// File to write; standard output if left out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = Arguments::from_arg_matches(matches)?;
    match &arguments.out {
        Some(path) => {
            let mut lines = Vec::new();
            write(&arguments.run, &mut lines)?;
            Ok(commit::bytes(path, &lines)?)
        }
        None => write(&arguments.run, &mut io::stdout().lock()),
    }
}

fn write(run: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    if database_of(run).is_some() {
        open(run)?.export(&mut *out)?;
    } else {
        from_checkpoint(run, out)?;
    }
    out.flush()?;
    Ok(())
}

/// What a run was taught by an oracle or a script.
fn from_checkpoint(run: &Path, out: &mut impl Write) -> anyhow::Result<()> {
    let config = config_of(run)?;
    let saved = Provenance::load(run)?;
    let (reader, _) = Store::new(run).latest()?;
    let comparisons = saved_comparisons(&reader).with_context(|| {
        format!(
            "{} learned from no comparison ({})",
            run.display(),
            config.feedback.mode.name()
        )
    })?;
    let mut exporter = Exporter::new(out, &config.environment.name);
    for comparison in &comparisons {
        let [first, second] = [&comparison.first, &comparison.second].map(|clip| serde_json::to_vec(clip.as_ref()));
        let origin = Origin {
            labeller: config.feedback.mode.name().to_owned(),
            latency: 0,
            source: format!("{} seed {}", saved.experiment, saved.seed),
            created: 0,
        };
        exporter.write(&first?, &second?, answer(comparison), origin)?;
    }
    Ok(())
}

/// The answer behind a preference.
fn answer(comparison: &Comparison) -> Answer {
    let [first, second] = comparison.preference;
    if first > second {
        Answer::Left
    } else if first < second {
        Answer::Right
    } else {
        Answer::Tie
    }
}
