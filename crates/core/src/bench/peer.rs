//! A program in another language that does the same work, in a process of its own.
//!
//! It is a Python script. It first writes a line `{"ready": "names and versions"}`; then, for each line of input
//! `CASE SECONDS`, it repeats the work of the case for at least so long and answers
//! `{"milliseconds": per unit, "units": of the work done once}`, `{"skipped": "why there is no counterpart"}`, or
//! `{"error": "why not"}`.

use std::{
    ffi::OsString,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::Duration,
};

use serde::Deserialize;
use tempfile::TempDir;

use super::case::Measurement;

/// The module that the papers' scripts import.
const TIMED: &str = include_str!("timed.py");

/// A peer's script, built into the program.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// Its text.
    pub text: &'static str,
    /// The packages that it needs, as `pip` knows them.
    pub packages: &'static [&'static str],
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PeerError {
    /// The interpreter cannot be started.
    #[error("cannot start `{}`; install Python 3, or name one with --python PATH", python.display())]
    NoPython {
        /// The interpreter.
        python: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The interpreter lacks a module.
    #[error(
        "`{python}` has no module `{module}`; install what the comparison needs with `{python} -m pip install {packages}`, or name another Python with --python PATH",
        python = python.display()
    )]
    NoModule {
        /// The interpreter.
        python: PathBuf,
        /// What it lacks.
        module: String,
        /// All packages that the script needs.
        packages: String,
    },
    /// The script could not be handed over.
    #[error("the script of the comparison cannot be written")]
    Script(#[source] std::io::Error),
    /// The script ended by itself.
    #[error("the comparison's Python ended: {complaint}")]
    Ended {
        /// The end of what it wrote to standard error.
        complaint: String,
    },
    /// No answer came in time; the script is ended.
    #[error("the comparison's Python was silent for {} s and is ended", patience.as_secs())]
    Silent {
        /// How long it was waited for.
        patience: Duration,
    },
    /// The peer has nothing to compare with, such as a library that is not installed.
    #[error("the comparison has no counterpart of {case}: {reason}")]
    Skipped {
        /// The case.
        case: String,
        /// Why.
        reason: String,
    },
    /// An answer that is none.
    #[error("the comparison's Python: {problem}")]
    Answer {
        /// What it said.
        problem: String,
    },
}

/// A running peer. It is killed when dropped.
pub struct Peer {
    about: String,
    python: PathBuf,
    packages: &'static [&'static str],
    patience: Duration,
    child: Child,
    requests: ChildStdin,
    answers: Receiver<String>,
    /// Reads standard error to its end.
    complaints: Option<JoinHandle<String>>,
    _folder: TempDir,
}

/// Longest wait for an answer. The first import of a large package from a cold disk can take a minute.
const PATIENCE: Duration = Duration::from_secs(300);
/// No honest answer is longer, in bytes.
const LONGEST_ANSWER: u64 = 1 << 16;
/// How much of standard error is kept, in bytes.
const LONGEST_COMPLAINT: usize = 2000;

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    Ready { ready: String },
    Measured { milliseconds: f64, units: usize },
    Skipped { skipped: String },
    Failed { error: String },
}

impl Peer {
    /// Starts the script with the number of threads as its argument, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// Any [`PeerError`].
    pub fn start(python: &Path, script: Script, threads: usize) -> Result<Self, PeerError> {
        Self::start_patiently(python, script, threads, PATIENCE)
    }

    pub(super) fn start_patiently(
        python: &Path,
        script: Script,
        threads: usize,
        patience: Duration,
    ) -> Result<Self, PeerError> {
        let folder = tempfile::tempdir().map_err(PeerError::Script)?;
        let file = folder.path().join("peer.py");
        std::fs::write(&file, script.text).map_err(PeerError::Script)?;
        std::fs::write(folder.path().join("timed.py"), TIMED).map_err(PeerError::Script)?;
        let mut command = Command::new(python);
        command.args([file.into_os_string(), OsString::from(threads.to_string())]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let no_python = |source| PeerError::NoPython {
            python: python.to_owned(),
            source,
        };
        let mut child = command.spawn().map_err(no_python)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(requests), Some(answers), Some(complaints)) = pipes else {
            unreachable!("all three are piped");
        };
        let mut peer = Self {
            about: String::new(),
            python: python.to_owned(),
            packages: script.packages,
            patience,
            child,
            requests,
            answers: lines(answers),
            complaints: Some(thread::spawn(|| last_words(complaints))),
            _folder: folder,
        };
        match peer.next_answer()? {
            Answer::Ready { ready } => peer.about = ready,
            _ => return Err(answer("it did not say that it is ready")),
        }
        Ok(peer)
    }

    /// What it says that it is.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Of its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Has a case measured.
    pub(super) fn measure(&mut self, case: &str, at_least: Duration) -> Result<Measurement, PeerError> {
        let request = format!("{case} {}\n", at_least.as_secs_f64());
        // A script that ended cannot be written to; why it ended is found when it is read from.
        let _ = self
            .requests
            .write_all(request.as_bytes())
            .and_then(|()| self.requests.flush());
        match self.next_answer()? {
            Answer::Measured { milliseconds, units } if milliseconds > 0.0 && units > 0 => {
                Ok(Measurement { milliseconds, units })
            }
            Answer::Measured { .. } => Err(answer("a measurement of nothing")),
            Answer::Skipped { skipped } => Err(PeerError::Skipped {
                case: case.to_owned(),
                reason: skipped,
            }),
            Answer::Failed { error } => Err(answer(format!("{case}: {error}"))),
            Answer::Ready { .. } => Err(answer("it said twice that it is ready")),
        }
    }

    fn next_answer(&mut self) -> Result<Answer, PeerError> {
        match self.answers.recv_timeout(self.patience) {
            Ok(line) => serde_json::from_str(&line).map_err(|_| answer(format!("not an answer: `{}`", line.trim()))),
            Err(RecvTimeoutError::Timeout) => {
                self.end();
                Err(PeerError::Silent {
                    patience: self.patience,
                })
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.why_ended()),
        }
    }

    fn why_ended(&mut self) -> PeerError {
        self.end();
        let complaint = self
            .complaints
            .take()
            .and_then(|reader| reader.join().ok())
            .unwrap_or_default();
        let missing = complaint
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix("ModuleNotFoundError: No module named "));
        match missing {
            Some(module) => PeerError::NoModule {
                python: self.python.clone(),
                module: module.trim_matches('\'').to_owned(),
                packages: self.packages.join(" "),
            },
            None => PeerError::Ended {
                complaint: complaint.trim().to_owned(),
            },
        }
    }

    fn end(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.end();
    }
}

impl std::fmt::Debug for Peer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Peer")
            .field("about", &self.about)
            .finish_non_exhaustive()
    }
}

fn answer(problem: impl Into<String>) -> PeerError {
    PeerError::Answer {
        problem: problem.into(),
    }
}

/// Lines as they come, from a thread of their own, so that waiting for one can end.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        loop {
            line.clear();
            match reader.by_ref().take(LONGEST_ANSWER).read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// The end of what is written to a pipe until it is closed.
fn last_words(mut pipe: impl Read) -> String {
    let mut kept = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = pipe.read(&mut piece) {
        kept.extend_from_slice(&piece[..read]);
        let excess = kept.len().saturating_sub(LONGEST_COMPLAINT);
        kept.drain(..excess);
    }
    String::from_utf8_lossy(&kept).into_owned()
}
