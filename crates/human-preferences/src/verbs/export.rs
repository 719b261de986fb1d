use std::{
    io::{self, BufWriter, Write},
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
        Some(path) => write_file(&arguments.run, path),
        None => write(&arguments.run, &mut io::stdout().lock()),
    }
}

/// Writes line by line under another name: however much there is, it is not held in memory, and the file is whole or not
/// there.
fn write_file(run: &Path, path: &Path) -> anyhow::Result<()> {
    // What is wrong with the run is told with all that led to it.
    let mut failure = None;
    let written = commit::file(path, |file| {
        write(run, &mut BufWriter::new(file)).map_err(|error| {
            let reason = io::Error::other(error.to_string());
            failure = Some(error);
            reason
        })
    });
    match failure {
        Some(error) => Err(error.context(format!("nothing was written to {}", path.display()))),
        None => Ok(written?),
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        actions::Actions,
        clip::{Clip, Observations},
        config::PRESETS,
        labels::{LabelStore, Layout, NewAnswer, NewPair, NewSegment, digest, import},
        train::DATABASE,
    };

    /// A folder with `answers` answers of people.
    fn run_with(answers: usize) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("config.toml"), PRESETS[0].toml).expect("a configuration");
        let mut store = LabelStore::open(&folder.path().join(DATABASE), "pendulum").expect("a database");
        let mut segment = |number: usize| {
            let observations = Observations::Floats {
                size: 1,
                values: vec![number as f32],
            };
            let actions = Actions::Discrete {
                actions: 1,
                chosen: vec![0],
            };
            let clip = Clip::new(number as u64, 0, observations, actions).expect("a clip");
            let data = serde_json::to_vec(&clip).expect("a text");
            store
                .add_segment(&NewSegment {
                    digest: &digest(&data),
                    run: "run",
                    seed: 0,
                    start: 0,
                    steps: 1,
                    data: &data,
                    film: &[],
                    sheet: &[],
                    layout: Layout {
                        frames: 0,
                        columns: 0,
                        width: 0,
                        height: 0,
                        rate: 1.0,
                    },
                    true_return: None,
                })
                .expect("a clip")
        };
        let segments: Vec<i64> = (0..=answers).map(&mut segment).collect();
        for (number, pair) in segments.windows(2).enumerate() {
            let pair = NewPair {
                first: pair[0],
                second: pair[1],
                is_swapped: false,
                variance: None,
                model_version: 0,
            };
            let pair = store
                .add_pair(&pair, 0)
                .expect("a database")
                .expect("a pair that is new");
            let answer = NewAnswer {
                pair,
                client_id: &number.to_string(),
                answer: Answer::Left,
                labeller: "somebody",
                latency: 0,
                source: "page",
            };
            store.answer(&answer, 0).expect("an answer");
        }
        folder
    }

    #[test]
    fn a_file_holds_what_is_written_without_one() {
        let run = run_with(20);
        let path = run.path().join("answers.jsonl");
        write_file(run.path(), &path).expect("a file");
        let mut lines = Vec::new();
        write(run.path(), &mut lines).expect("lines");
        assert_eq!(fs::read(&path).expect("the file"), lines);
        assert_eq!(import(lines.as_slice()).expect("answers").answers.len(), 20);
    }

    #[test]
    fn an_export_that_fails_says_why_and_leaves_the_file_of_before() {
        let (run, target) = (
            tempfile::tempdir().expect("a folder"),
            tempfile::tempdir().expect("a folder"),
        );
        let path = target.path().join("answers.jsonl");
        fs::write(&path, "of before").expect("a file");
        let error = write_file(run.path(), &path).expect_err("no run");
        let text = format!("{error:#}");
        assert!(text.contains("answers.jsonl") && text.contains("config.toml"), "{text}");
        assert_eq!(fs::read(&path).expect("the file"), b"of before");
        assert_eq!(fs::read_dir(target.path()).expect("the folder").count(), 1);
    }
}
