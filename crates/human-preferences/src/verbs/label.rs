use std::{path::PathBuf, thread, time::Duration};

use clap::{ArgMatches, Args, Command, FromArgMatches};
use papers_core::{cli::Verb, random::Streams, signals};

use super::open;
use crate::{
    feedback::{Counts, Synthetic},
    labels::NewAnswer,
    server::now,
};

pub(crate) const VERB: Verb = Verb { command, run };

/// Name under which the script answers.
const LABELLER: &str = "script";
/// How long it looks away where nothing waits for an answer.
const PAUSE: Duration = Duration::from_millis(50);

fn command() -> Command {
    let command = Command::new("label-scripted")
        .about("Answer a run's pairs by their true returns, in place of a person: to try the whole way")
        .long_about(
            "Answer the pairs that wait in the database of a run with `--feedback human`, by the clips' true returns. This \
             tries the whole way of a person's answers; what comes of it is no result of people, and the answers say so \
             (their source is `script`).",
        );
    Arguments::augment_args(command)
}

#[derive(Debug, Args)]
struct Arguments {
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    run: PathBuf,
    /// Go on until so many answers are given; without it, until no pair waits
    #[arg(long, value_name = "N")]
    until: Option<u64>,
    /// Share of answers that are turned around at random
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    noise: f64,
    /// Milliseconds from one answer to the next
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pause: u64,
    /// Seed of what is random in the answers
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "must be a number".to_owned())?;
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err("must be between 0 and 1".to_owned())
    }
}

fn run(matches: &ArgMatches) -> anyhow::Result<()> {
    let arguments = Arguments::from_arg_matches(matches)?;
    let mut store = open(&arguments.run)?;
    let oracle = Synthetic {
        noise: arguments.noise,
        boltzmann: None,
    };
    let streams = Streams::new(arguments.seed);
    let mut counts = Counts::default();
    signals::listen()?;
    while !signals::received() && arguments.until.is_none_or(|until| counts.total() < until) {
        let Some(offer) = store.next_pair(LABELLER, &[], now())? else {
            if arguments.until.is_none() {
                break;
            }
            thread::sleep(PAUSE);
            continue;
        };
        let [left, right] = store.true_returns(&offer)?;
        let mut generator = streams.at("label-scripted", offer.pair as u64, 0);
        let answer = oracle.compare(left, right, 1.0, &mut generator);
        store.answer(
            &NewAnswer {
                pair: offer.pair,
                client_id: &format!("script-{}-{}", offer.pair, now()),
                answer,
                labeller: LABELLER,
                latency: 0,
                source: "script",
            },
            now(),
        )?;
        counts.add(answer);
        thread::sleep(Duration::from_millis(arguments.pause));
    }
    super::print(&format!(
        "{} answers: {} left, {} right, {} ties, {} can't tell",
        counts.total(),
        counts.left,
        counts.right,
        counts.tie,
        counts.cant_tell
    ))
}
