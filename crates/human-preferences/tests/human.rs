//! A run beside a person, from its first question to another run that learns from the same answers.
//!
//! Alone in its file: the run is interrupted by a signal, which is the whole program's.

#![cfg(unix)]

mod common;

use std::{
    collections::BTreeMap,
    fs::File,
    io::BufReader,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use human_preferences::{
    answer::Answer,
    clip::Clip,
    config::PreferenceConfig,
    labels::{LabelStore, import},
    reward_model::saved_comparisons,
    train::{DATABASE, PreferenceLearning},
};
use papers_core::{
    Context,
    base::{
        journal::{self, Event, Scalars, scalar},
        progress::Mode,
        provenance::Provenance,
    },
    checkpoint::{Reader, Store},
    testing,
    training::{self, Ending, Options, Summary},
};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use common::value;

/// How long anything may take that a person waits for.
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(5);
/// Labels of which the agent can do without a quarter: with 18 of them the run ends.
const LABELS: [&str; 2] = ["labels.total=24", "labels.initial=6"];
const ROUNDS: u64 = 8;

/// What a browser does with the page, and what was said there so far.
struct Person {
    agent: ureq::Agent,
    database: PathBuf,
    base: String,
    /// What counts, by pair.
    said: BTreeMap<i64, Answer>,
    /// Answers ever given.
    given: usize,
}

type Trial<T> = Result<T, String>;

impl Person {
    fn new(out: &Path, port: u16) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(10)))
            .build()
            .new_agent();
        Self {
            agent,
            database: out.join(DATABASE),
            base: format!("http://127.0.0.1:{port}"),
            said: BTreeMap::new(),
            given: 0,
        }
    }

    /// The token that the terminal shows as part of the address.
    fn token(&self) -> Option<String> {
        let connection = Connection::open_with_flags(&self.database, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
        let find = "SELECT value FROM meta WHERE key = 'token'";
        connection.query_row(find, [], |row| row.get(0)).ok()
    }

    /// Asks again and again until the run answers, as the page does; status and body.
    fn send(&self, path: &str, body: Option<&Value>) -> Trial<(u16, Value)> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let Some(token) = self.token() else {
                thread::sleep(PAUSE);
                continue;
            };
            let url = format!("{}{path}", self.base);
            let reply = match body {
                Some(body) => self
                    .agent
                    .post(url)
                    .header("x-session-token", token)
                    .send(body.to_string()),
                None => self.agent.get(url).header("x-session-token", token).call(),
            };
            if let Ok(mut reply) = reply {
                let text = reply.body_mut().read_to_string().map_err(|error| error.to_string())?;
                return Ok((reply.status().as_u16(), serde_json::from_str(&text).unwrap_or_default()));
            }
            thread::sleep(PAUSE);
        }
        Err(format!("{path}: nobody answers"))
    }

    /// Answers pair after pair until so many answers count.
    fn answer_until(&mut self, wanted: usize) -> Trial<()> {
        let mut waited = Instant::now();
        while self.said.len() < wanted {
            match self.send("/api/next?labeller=ada", None)? {
                (200, offer) => {
                    self.answer(offer["pair"].as_i64().ok_or("no pair")?)?;
                    waited = Instant::now();
                }
                (204, _) if waited.elapsed() < PATIENCE => thread::sleep(PAUSE),
                other => return Err(format!("the next pair: {other:?}")),
            }
        }
        Ok(())
    }

    /// Answers, and sends the answer once more, as a page does that did not hear that it arrived.
    fn answer(&mut self, pair: i64) -> Trial<()> {
        let answer = [Answer::Left, Answer::Right, Answer::Tie, Answer::Left, Answer::CantTell][self.given % 5];
        let id = format!("answer-{}", self.given);
        let body = json!({ "answer": answer, "client_id": id, "labeller": "ada", "latency_ms": 700 });
        let path = format!("/api/pairs/{pair}/answer");
        let first = self.send(&path, Some(&body))?;
        let again = self.send(&path, Some(&body))?;
        if first.0 != 200 || first != again {
            return Err(format!("an answer: {first:?}, {again:?}"));
        }
        self.given += 1;
        match self.said.insert(pair, answer) {
            Some(_) => Err(format!("pair {pair} was asked again")),
            None => Ok(()),
        }
    }

    /// Takes the latest answer back.
    fn take_back(&mut self) -> Trial<()> {
        let (status, offer) = self.send("/api/undo", Some(&json!({ "labeller": "ada" })))?;
        let pair = offer["pair"].as_i64().unwrap_or_default();
        match self.said.remove(&pair) {
            Some(_) if status == 200 => Ok(()),
            _ => Err(format!("nothing was taken back: {status} {offer}")),
        }
    }
}

fn train(config: &PreferenceConfig, out: &Path, resume: bool) -> papers_core::Result<Summary> {
    let options = Options {
        out: out.to_owned(),
        resume,
        overwrite: false,
        mode: Mode::Quiet,
        provenance: Provenance::collect("human-preferences", "0.0.0", "pendulum", 3, "flex"),
    };
    let mut context = Context::new(testing::device(), 3);
    context.folder = Some(out.to_owned());
    training::run::<PreferenceLearning>(config, &context, &options)
}

/// Asks this program to stop, as a terminal does.
fn interrupt() {
    let kill = format!("kill -USR1 {}", process::id());
    let status = Command::new("sh").args(["-c", &kill]).status();
    assert!(status.expect("a shell").success());
}

/// Trains beside a person; where that one gives up, the run is interrupted instead of waiting for ever.
fn train_beside(
    config: &PreferenceConfig,
    out: &Path,
    resume: bool,
    person: impl FnOnce() -> Trial<Then>,
) -> papers_core::Result<Summary> {
    thread::scope(|scope| {
        let run = scope.spawn(|| train(config, out, resume));
        let done = person();
        if !matches!(done, Ok(Then::GoOn)) && !run.is_finished() {
            interrupt();
        }
        let summary = run.join().expect("no panic");
        if let Err(problem) = done {
            panic!("{problem}; the run: {summary:?}");
        }
        summary
    })
}

/// What becomes of a run when the person goes.
enum Then {
    GoOn,
    Stop,
}

/// Waits for a checkpoint of so many rounds.
fn wait_for_round(out: &Path, round: u64) -> Trial<()> {
    let started = Instant::now();
    while !Store::new(out).latest().is_ok_and(|(reader, _)| reader.step() >= round) {
        if started.elapsed() > PATIENCE {
            return Err(format!("there is no checkpoint of round {round}"));
        }
        thread::sleep(PAUSE);
    }
    Ok(())
}

fn latest(out: &Path) -> Reader {
    Store::new(out).latest().expect("a checkpoint").0
}

type Learned = Vec<(Arc<Clip>, Arc<Clip>, [f64; 2])>;

/// What the reward model of a run learned from.
fn learned(out: &Path) -> Learned {
    let comparisons = saved_comparisons(&latest(out)).expect("comparisons").into_iter();
    comparisons
        .map(|comparison| (comparison.first, comparison.second, comparison.preference))
        .collect()
}

/// What each round measured.
fn rounds(out: &Path) -> Vec<Scalars> {
    let records = journal::read(out).expect("a journal").into_iter();
    let scalars = records.filter_map(|record| match record.event {
        Event::Progress { scalars, .. } => Some(scalars),
        _ => None,
    });
    scalars.collect()
}

/// Interrupts a run in the midst of a person's answers, goes on with it to the end, and returns what was said.
fn run_beside_a_person(out: &Path) -> BTreeMap<i64, Answer> {
    let free = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = free.local_addr().expect("its address").port();
    drop(free);
    let (port_set, rounds_set) = (
        format!("feedback.server.port={port}"),
        format!("schedule.steps={ROUNDS}"),
    );
    let sets = [
        "feedback.mode='human'",
        &port_set,
        &rounds_set,
        "schedule.report_every=1",
        "schedule.checkpoint_every=1",
    ];
    let config = common::pendulum(&[&LABELS[..], &sets].concat());
    let mut person = Person::new(out, port);
    let summary = train_beside(&config, out, false, || {
        person.answer_until(4)?;
        person.take_back()?;
        // Enough for the first round, in which 12 labels are due, and not for the second one with 15.
        person.answer_until(9)?;
        wait_for_round(out, 1)?;
        Ok(Then::Stop)
    });
    let summary = summary.expect("a run that was interrupted");
    assert_eq!((summary.ending, summary.step), (Ending::Interrupted, 1));

    let summary = train_beside(&config, out, true, || {
        person.answer_until(12)?;
        person.take_back()?;
        person.answer_until(18)?;
        Ok(Then::GoOn)
    });
    let summary = summary.expect("a run that came to its end");
    assert_eq!((summary.ending, summary.step), (Ending::Finished, ROUNDS));
    assert_eq!(value(&summary.scalars, "labels"), 18.0);
    person.said
}

#[test]
fn every_answer_counts_once_and_teaches_another_run_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("human");
    let said = run_beside_a_person(&out);
    let usable = said.values().filter(|answer| answer.preference().is_some()).count();

    let measured = rounds(&out);
    assert_eq!(measured.len() as u64, ROUNDS);
    for scalars in &measured {
        assert!(value(scalars, "reward_age") <= ROUNDS as f64);
        assert!(value(scalars, "pairs_waiting") <= 24.0);
        assert!(value(scalars, "clips_waiting") >= 0.0);
    }
    assert!(
        measured
            .iter()
            .any(|scalars| scalar(scalars, "query_variance").is_some())
    );

    let store = LabelStore::open(&out.join(DATABASE), "pendulum").expect("the database");
    let stats = store.stats(0).expect("counts");
    assert_eq!((stats.answered, stats.sources["page"]), (18, 18));
    assert_eq!(store.pairs().expect("a count"), 18 + stats.waiting);
    let known: Value = latest(&out).json("known").expect("what was brought");
    assert_eq!(known.as_array().map(Vec::len), Some(18));
    let of_person = learned(&out);
    assert_eq!(of_person.len(), usable);

    let file = folder.path().join("answers.jsonl");
    store.export(File::create(&file).expect("a file")).expect("answers");
    let exported = import(BufReader::new(File::open(&file).expect("the file"))).expect("the answers");
    let exported: Learned = exported
        .answers
        .into_iter()
        .filter_map(|recorded| Some((recorded.first, recorded.second, recorded.answer.preference()?)))
        .collect();
    assert_eq!(exported, of_person);

    let again = folder.path().join("replay");
    let file = format!("feedback.file='{}'", file.display());
    let config = common::pendulum(&[&LABELS[..], &["feedback.mode='replay'", &file]].concat());
    let summary = train(&config, &again, false).expect("a run from recorded answers");
    assert_eq!(summary.ending, Ending::Finished);
    assert_eq!(value(&summary.scalars, "labels"), 18.0);
    assert_eq!(learned(&again), of_person);
}
