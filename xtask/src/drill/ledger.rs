//! What a drill found, and the file that remembers it.

use std::{env, fs, io, path::Path, thread, time::Duration};

use anyhow::Context as _;
use papers_base::{commit, provenance::Provenance};
use serde_json::{Map, Value, json};

use super::Ground;

/// Most failures that a ledger line tells; the rest are counted.
pub(super) const MOST_FAILURES: usize = 20;

/// What a drill says about the thing it tried.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Verdict {
    /// Everything held.
    Passed,
    /// What did not hold.
    Failed(Vec<String>),
    /// The machine lacks what the drill needs.
    Skipped(String),
}

/// What a drill found.
#[derive(Debug, Clone)]
pub(crate) struct Findings {
    failures: Vec<String>,
    skipped: Option<String>,
    /// How often it was done, where that is not what was asked for.
    done: Option<usize>,
    facts: Map<String, Value>,
}

impl Findings {
    pub(super) fn new() -> Self {
        Self {
            failures: Vec::new(),
            skipped: None,
            done: None,
            facts: Map::new(),
        }
    }

    /// A drill that this machine cannot run.
    pub(super) fn skipped(reason: impl Into<String>) -> Self {
        Self {
            skipped: Some(reason.into()),
            ..Self::new()
        }
    }

    /// Notes something that did not hold.
    pub(super) fn fail(&mut self, what: impl Into<String>) {
        self.failures.push(what.into());
    }

    /// Notes `what` unless `holds`.
    pub(super) fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.fail(what());
        }
    }

    /// Notes a number or a text for the ledger.
    pub(super) fn fact(&mut self, name: &str, value: impl Into<Value>) {
        self.facts.insert(name.to_owned(), value.into());
    }

    /// Notes how often something was done, where there was less to do than was asked for.
    pub(super) fn did(&mut self, count: usize) {
        self.done = Some(count);
    }

    /// Adds one to a number of the ledger.
    pub(super) fn count(&mut self, name: &str) {
        let counted = self.facts.get(name).and_then(Value::as_u64).unwrap_or(0);
        self.fact(name, counted + 1);
    }

    pub(crate) fn verdict(&self) -> Verdict {
        match &self.skipped {
            _ if !self.failures.is_empty() => Verdict::Failed(self.failures.clone()),
            Some(reason) => Verdict::Skipped(reason.clone()),
            None => Verdict::Passed,
        }
    }
}

impl Verdict {
    /// In one line, for people.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Passed => "passed".to_owned(),
            Self::Failed(failures) => format!("FAILED, {} findings", failures.len()),
            Self::Skipped(reason) => format!("skipped: {reason}"),
        }
    }
}

/// What all lines of one call tell: the sources, before the ledger itself is changed, and the machine, without its name.
pub(super) struct About {
    date: String,
    commit: Option<String>,
    machine: String,
}

impl About {
    pub(super) fn learn() -> Self {
        let about = Provenance::collect("xtask", env!("CARGO_PKG_VERSION"), "drill", 0, "");
        let cores = thread::available_parallelism().map_or(0, usize::from);
        Self {
            date: about.started,
            commit: about.git.map(|git| match git.dirty {
                true => format!("{} and changes", git.commit),
                false => git.commit,
            }),
            machine: format!("{cores} cores, {}, {}", about.cpu, about.os),
        }
    }
}

/// One line of the ledger.
pub(super) fn line(drill: &str, about: &About, ground: &Ground, took: Duration, findings: &Findings) -> String {
    let programs = ground.programs.iter();
    let programs: Map<String, Value> = programs
        .map(|program| (program.paper.clone(), program.version.clone().into()))
        .collect();
    let mut line = json!({
        "drill": drill,
        "date": about.date,
        "commit": about.commit,
        "machine": about.machine,
        "xtask": env!("CARGO_PKG_VERSION"),
        "programs": programs,
        "n": findings.done.unwrap_or(ground.n as usize),
        "seed": ground.seed,
        "seconds": (took.as_secs_f64() * 10.0).round() / 10.0,
        "findings": findings.facts,
    });
    match findings.verdict() {
        Verdict::Passed => line["verdict"] = "passed".into(),
        Verdict::Failed(failures) => {
            line["verdict"] = "failed".into();
            let told = failures.iter().take(MOST_FAILURES);
            line["failures"] = told.map(|failure| without_places(failure, &ground.folder)).collect();
            line["failures_in_all"] = failures.len().into();
        }
        Verdict::Skipped(reason) => line["verdict"] = format!("skipped: {reason}").into(),
    }
    line.to_string()
}

/// A text without the folders of this machine.
fn without_places(text: &str, folder: &Path) -> String {
    let temporary = env::temp_dir();
    let places = [(folder, "(drill)"), (temporary.as_path(), "(temporary)")];
    places.iter().fold(text.to_owned(), |text, (place, name)| {
        text.replace(&place.display().to_string(), name)
    })
}

/// Adds a line to the ledger at `path`, creating it if needed.
pub(super) fn record(path: &Path, line: &str) -> anyhow::Result<()> {
    let mut ledger = match fs::read(path) {
        Ok(ledger) => ledger,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    }
    ledger.extend_from_slice(line.as_bytes());
    ledger.push(b'\n');
    Ok(commit::bytes(path, &ledger)?)
}

#[cfg(test)]
mod tests {
    use super::{super::program::Program, *};

    #[test]
    fn a_line_tells_what_failed() {
        let mut findings = Findings::new();
        findings.count("kills");
        findings.count("kills");
        findings.fail("the weights in /x/drill/run differ");
        let program = Program {
            paper: "toy".to_owned(),
            version: "1.2.3".to_owned(),
            path: "toy".into(),
            experiment: None,
            settings: Vec::new(),
        };
        let ground = Ground {
            programs: vec![program],
            n: 12,
            seed: 3,
            folder: "/x/drill".into(),
            undisturbed: std::rc::Rc::default(),
        };
        let line = line("kill", &About::learn(), &ground, Duration::from_millis(1260), &findings);
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["verdict"], "failed");
        assert_eq!(line["failures"], json!(["the weights in (drill)/run differ"]));
        assert_eq!(line["findings"]["kills"], 2);
        assert_eq!(line["programs"], json!({ "toy": "1.2.3" }));
        assert_eq!(
            (&line["n"], &line["seed"], &line["seconds"]),
            (&json!(12), &json!(3), &json!(1.3))
        );
        assert!(line["machine"].as_str().unwrap().contains(" cores, "));
    }

    #[test]
    fn failures_outweigh_what_was_skipped() {
        let mut findings = Findings::skipped("no root");
        assert_eq!(findings.verdict().in_words(), "skipped: no root");
        findings.fail("x");
        assert_eq!(findings.verdict(), Verdict::Failed(vec!["x".to_owned()]));
    }

    #[test]
    fn the_ledger_grows_by_lines() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docs/drills.jsonl");
        record(&path, "{\"a\":1}").unwrap();
        record(&path, "{\"b\":2}").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "{\"a\":1}\n{\"b\":2}\n");
    }
}
