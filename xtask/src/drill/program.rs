//! A paper's program, and what becomes of it when it is started.

use std::{
    ffi::OsStr,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::papers::Paper;

/// How often a running program is asked whether it has ended.
const POLL: Duration = Duration::from_millis(2);

/// No run of a drill takes longer on any machine.
pub(super) const LONGEST: Duration = Duration::from_secs(600);

/// Bytes of standard error that are kept.
const MOST_OUTPUT: usize = 1 << 16;

/// The program of one paper, and the short experiment that it is drilled with.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) paper: String,
    /// As the program tells it.
    pub(crate) version: String,
    /// The file to start.
    pub(crate) path: PathBuf,
    /// Experiment; the paper's default if left out.
    pub(crate) experiment: Option<String>,
    /// Settings that make the run short.
    pub(crate) settings: Vec<String>,
}

impl Program {
    /// The program of a paper, which has to tell its version.
    ///
    /// # Errors
    ///
    /// A file that is no program of that paper.
    pub(super) fn open(paper: &Paper, path: PathBuf) -> anyhow::Result<Self> {
        let drill = &paper.citation.drill;
        Ok(Self {
            paper: paper.name.clone(),
            version: version(&paper.name, &path)?,
            path,
            experiment: drill.experiment.clone(),
            settings: drill.settings.clone(),
        })
    }

    /// Trains into `out`; what is there is replaced.
    pub(super) fn train(&self, out: &Path, seed: u64) -> Command {
        let mut command = self.verb("train");
        command
            .args(["--quiet", "--overwrite", "--seed", &seed.to_string(), "--out"])
            .arg(out);
        if let Some(experiment) = &self.experiment {
            command.args(["--experiment", experiment]);
        }
        command.args(self.settings.iter().flat_map(|setting| ["--set", setting]));
        command
    }

    /// Goes on with the run in `out`.
    pub(super) fn resume(&self, out: &Path, seed: u64) -> Command {
        let mut command = self.verb("train");
        command
            .args(["--quiet", "--resume", "--seed", &seed.to_string(), "--out"])
            .arg(out);
        if let Some(experiment) = &self.experiment {
            command.args(["--experiment", experiment]);
        }
        command
    }

    /// Goes on where the run in `out` has a checkpoint, and begins it anew otherwise.
    pub(super) fn go_on(&self, out: &Path, seed: u64) -> (Command, bool) {
        if generations(out).is_empty() {
            (self.train(out, seed), false)
        } else {
            (self.resume(out, seed), true)
        }
    }

    /// Computes the metrics of the run in `run`.
    pub(super) fn eval(&self, run: &Path) -> Command {
        let mut command = self.verb("eval");
        command.arg("--run").arg(run);
        command
    }

    /// The same program with one more setting.
    pub(super) fn with(&self, key: &str, value: u64) -> Self {
        let mut program = self.clone();
        program.settings.push(format!("{key}={value}"));
        program
    }

    /// Tells which backends the program has and the machine can use, in lines of JSON.
    pub(super) fn doctor(&self) -> Command {
        let mut command = self.verb("doctor");
        command.arg("--json");
        command
    }

    fn verb(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.path);
        command.arg(verb).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }
}

/// The version that a program tells, which begins with its name.
fn version(name: &str, path: &Path) -> anyhow::Result<String> {
    let told = Command::new(path).arg("--version").stdin(Stdio::null()).output();
    let told = told.with_context(|| format!("starting {}", path.display()))?;
    let words = String::from_utf8_lossy(&told.stdout);
    let version = words.trim().strip_prefix(name).and_then(|rest| rest.strip_prefix(' '));
    let version = version.with_context(|| format!("{} is no program of {name}", path.display()))?;
    Ok(version.to_owned())
}

/// The generations of a run's checkpoints, oldest first.
pub(super) fn generations(run: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(run.join("checkpoints")).into_iter().flatten().flatten();
    let is_generation = |name: &OsStr| name.as_encoded_bytes().starts_with(b"step-");
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| is_generation(&entry.file_name()))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

/// How a program ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: ExitStatus,
    /// What it wrote to standard error, the beginning.
    pub(super) errors: String,
    pub(super) took: Duration,
}

impl Ended {
    pub(super) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// How it ended and what it said, in one line.
    pub(super) fn in_words(&self) -> String {
        let said = self.errors.split_whitespace().collect::<Vec<_>>().join(" ");
        let said: String = said.chars().take(300).collect();
        format!("{}; it said: {said:?}", self.status)
    }

    /// Whether it panicked, or was ended by a signal, which no bad input and no failing disk may do.
    pub(super) fn crashed(&self) -> bool {
        self.code().is_none_or(|code| code > 100) || self.errors.contains("panicked at")
    }

    /// Whether it ended with exit code 1 and a message.
    pub(super) fn is_clear_error(&self) -> bool {
        self.code() == Some(1) && self.errors.contains("error: ") && !self.crashed()
    }
}

/// Runs a program to its end, or until `limit` is over, which is an error; its errors go through the file `log`.
pub(super) fn finish(command: Command, log: &Path, limit: Duration) -> anyhow::Result<Ended> {
    let mut running = Running::start(command, log)?;
    match running.wait(limit)? {
        Some(ended) => Ok(ended),
        None => {
            running.kill()?;
            anyhow::bail!("a program did not end within {} s", limit.as_secs());
        }
    }
}

/// Runs a program to its end as [`finish`] does, with all that it writes to standard output; `folder` is for its outputs.
pub(super) fn listen(mut command: Command, folder: &Path) -> anyhow::Result<(Ended, Vec<u8>)> {
    let said = folder.join("said");
    let file = File::create(&said).with_context(|| format!("creating {}", said.display()))?;
    command.stdout(file);
    let ended = finish(command, &folder.join("errors.log"), LONGEST)?;
    let said = fs::read(&said).with_context(|| format!("reading {}", said.display()))?;
    Ok((ended, said))
}

/// A program that runs.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    log: PathBuf,
    started: Instant,
}

impl Running {
    /// Starts a program; what it writes to standard error goes to the file `log`.
    pub(super) fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let errors = File::create(log).with_context(|| format!("creating {}", log.display()))?;
        Self::spawn(command.stderr(errors), log)
    }

    /// Starts a program whose standard error is set already.
    pub(super) fn spawn(command: &mut Command, log: &Path) -> anyhow::Result<Self> {
        let child = command
            .spawn()
            .with_context(|| format!("starting {}", command.get_program().display()))?;
        Ok(Self {
            child,
            log: log.to_owned(),
            started: Instant::now(),
        })
    }

    /// Waits for the end; none if it does not come within `limit`.
    pub(super) fn wait(&mut self, limit: Duration) -> anyhow::Result<Option<Ended>> {
        self.wait_until(limit, || false)
    }

    /// Waits for the end; none if it does not come within `limit`, or before `is_due`.
    pub(super) fn wait_until(&mut self, limit: Duration, is_due: impl Fn() -> bool) -> anyhow::Result<Option<Ended>> {
        let asked = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().context("waiting for a program")? {
                return Ok(Some(Ended {
                    status,
                    errors: self.errors(),
                    took: self.started.elapsed(),
                }));
            }
            if asked.elapsed() >= limit || is_due() {
                return Ok(None);
            }
            thread::sleep(POLL);
        }
    }

    /// Ends it at once (SIGKILL on Unix: nothing can be saved any more).
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().context("killing a program")?;
        self.child.wait().context("waiting for a killed program")?;
        Ok(())
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    fn errors(&self) -> String {
        let mut bytes = fs::read(&self.log).unwrap_or_default();
        bytes.truncate(MOST_OUTPUT);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// A drill that goes wrong leaves no program behind.
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn an_end_tells_code_and_words() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let ended = finish(shell("echo 'error: no disk' >&2; exit 1"), &log, LONGEST).unwrap();
        assert!(ended.is_clear_error() && !ended.crashed(), "{}", ended.in_words());
        let ended = finish(shell("kill -SEGV $$"), &log, LONGEST).unwrap();
        assert!(ended.crashed() && ended.code().is_none());
        let ended = finish(shell("echo \"thread 'main' panicked at\" >&2; exit 1"), &log, LONGEST).unwrap();
        assert!(ended.crashed() && !ended.is_clear_error());
    }

    #[test]
    fn a_program_tells_whose_it_is() {
        let cargo = Path::new(env!("CARGO"));
        assert!(version("cargo", cargo).unwrap().starts_with("1."));
        let error = version("toy", cargo).unwrap_err();
        assert!(error.to_string().contains("no program of toy"), "{error}");
    }

    #[test]
    fn a_program_that_hangs_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = finish(shell("sleep 60"), &folder.path().join("log"), Duration::from_millis(20)).unwrap_err();
        assert!(error.to_string().contains("did not end"), "{error}");
    }
}
