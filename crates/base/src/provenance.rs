//! Where a run's numbers come from: `run.json`.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    io::Read,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::{Error, Result, commit};

/// Name of the file in the run's folder.
const FILE: &str = "run.json";

/// No honest record is longer, in bytes.
const LIMIT: u64 = 1 << 20;

/// What was run, and on what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Name of the paper's crate.
    pub paper: String,
    /// Version of the paper's crate.
    pub version: String,
    /// Name of the experiment.
    pub experiment: String,
    /// The run's seed.
    pub seed: u64,
    /// The backend as it was asked for, such as `flex` or `wgpu:1`.
    pub backend: String,
    /// Threads of the CPU backends.
    pub threads: usize,
    /// Model of the processor, or its architecture where the system does not tell.
    pub cpu: String,
    /// The operating system.
    pub os: String,
    /// Commit of the sources, if the program was built in a git repository that is still there.
    pub git: Option<Git>,
    /// When the run was started, or last resumed: RFC 3339, UTC.
    pub started: String,
    /// The command line, quoted for a shell; of the program's path only its name.
    pub command: String,
}

/// State of the source repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Git {
    /// Full hash of the commit.
    pub commit: String,
    /// Whether tracked files differ from the commit.
    pub dirty: bool,
}

impl Provenance {
    /// Describes a run that begins now in this process.
    ///
    /// What the machine does not tell is left out; nothing here fails.
    pub fn collect(paper: &str, version: &str, experiment: &str, seed: u64, backend: &str) -> Self {
        Self {
            paper: paper.to_owned(),
            version: version.to_owned(),
            experiment: experiment.to_owned(),
            seed,
            backend: backend.to_owned(),
            threads: threads(env::var("RAYON_NUM_THREADS").ok().as_deref()),
            cpu: cpu(&fs::read_to_string("/proc/cpuinfo").unwrap_or_default()),
            os: os(&fs::read_to_string("/etc/os-release").unwrap_or_default()),
            git: Git::read(Path::new(env!("CARGO_MANIFEST_DIR"))),
            started: now(),
            command: command(env::args_os()),
        }
    }

    /// Writes `run.json` into the folder of a run.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; an earlier record is untouched then.
    pub fn save(&self, folder: &Path) -> Result<()> {
        let path = folder.join(FILE);
        let mut json = serde_json::to_vec_pretty(self).map_err(|error| damaged(&path, &error))?;
        json.push(b'\n');
        commit::bytes(&path, &json)
    }

    /// Reads `run.json` from the folder of a run.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if there is none; [`Error::Damaged`] if it is not what [`save`](Self::save) writes.
    pub fn load(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let file = File::open(&path).map_err(Error::io("read", &path))?;
        let mut json = Vec::new();
        file.take(LIMIT)
            .read_to_end(&mut json)
            .map_err(Error::io("read", &path))?;
        serde_json::from_slice(&json).map_err(|error| damaged(&path, &error))
    }
}

impl Git {
    /// The state of the repository that tracks the manifest in `folder`; nothing without git or such a repository.
    fn read(folder: &Path) -> Option<Self> {
        let git = |arguments: &[&str]| {
            let mut command = Command::new("git");
            command.arg("-C").arg(folder).arg("--no-optional-locks").args(arguments);
            // Set inside of hooks, where they may name another repository.
            for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
                command.env_remove(variable);
            }
            let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
            let text = String::from_utf8(output.stdout).ok()?;
            output.status.success().then(|| text.trim().to_owned())
        };
        // A repository around a package that was only unpacked there says nothing about it.
        git(&["ls-files", "--error-unmatch", "Cargo.toml"])?;
        Some(Self {
            commit: git(&["rev-parse", "HEAD"])?,
            dirty: !git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty(),
        })
    }
}

/// The present time: RFC 3339, UTC, seconds.
pub(crate) fn now() -> String {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    utc(since_1970.unwrap_or_default())
}

/// Name of this machine in its network.
pub(crate) fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| env::var("COMPUTERNAME").or_else(|_| env::var("HOSTNAME")).ok());
    match name.as_deref().map(str::trim) {
        Some(name) if !name.is_empty() => name.to_owned(),
        _ => "this machine".to_owned(),
    }
}

/// The time that lies so far after the beginning of 1970, in the proleptic Gregorian calendar.
fn utc(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Years begin in March here, so that the leap day is the last one; 719468 days lead from 0000-03-01 to 1970.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year, if month < 10 { month + 3 } else { month - 9 });
    let year = if month <= 2 { year + 1 } else { year };
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Threads of the pool that the CPU backends share, which the variable RAYON_NUM_THREADS can set.
fn threads(variable: Option<&str>) -> usize {
    let asked = variable
        .and_then(|number| number.parse().ok())
        .filter(|&number| number > 0);
    asked.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from))
}

fn cpu(cpuinfo: &str) -> String {
    value(cpuinfo, "model name", ':')
        .unwrap_or(env::consts::ARCH)
        .to_owned()
}

fn os(release: &str) -> String {
    let kind = format!("{} {}", env::consts::OS, env::consts::ARCH);
    match value(release, "PRETTY_NAME", '=') {
        Some(name) => format!("{} ({kind})", name.trim_matches('"')),
        None => kind,
    }
}

/// The first value of `name` in lines of `name`, separator, value.
fn value<'a>(text: &'a str, name: &str, separator: char) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(separator));
    let (_, value) = pairs.find(|(key, _)| key.trim() == name)?;
    Some(value.trim()).filter(|value| !value.is_empty())
}

fn command(arguments: impl Iterator<Item = impl AsRef<OsStr>>) -> String {
    let mut words = Vec::new();
    for (position, argument) in arguments.enumerate() {
        let argument = argument.as_ref();
        let name = Path::new(argument).file_name().filter(|_| position == 0);
        words.push(quote(&name.unwrap_or(argument).to_string_lossy()));
    }
    words.join(" ")
}

/// One word for a POSIX shell.
pub fn quote(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./=:,+@%".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn damaged(path: &Path, error: &serde_json::Error) -> Error {
    Error::Damaged {
        path: path.to_owned(),
        problem: format!("not the record of a run: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy() -> Provenance {
        Provenance::collect("toy", "0.1.0", "spirals", u64::MAX, "flex")
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let folder = tempfile::tempdir().unwrap();
        let saved = toy();
        saved.save(folder.path()).unwrap();
        assert_eq!(Provenance::load(folder.path()).unwrap(), saved);
    }

    #[test]
    fn a_record_says_what_the_machine_is() {
        let record = toy();
        assert!(record.threads > 0);
        assert!(!record.cpu.is_empty());
        assert!(record.os.contains(env::consts::OS), "{}", record.os);
        assert!(record.started.ends_with('Z'), "{}", record.started);
        assert!(!record.command.starts_with('/'), "{}", record.command);
    }

    #[test]
    fn damage_is_named_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let damaged = |content: &[u8]| {
            fs::write(folder.path().join(FILE), content).unwrap();
            match Provenance::load(folder.path()).unwrap_err() {
                error @ Error::Damaged { .. } => error.to_string(),
                other => panic!("another error: {other}"),
            }
        };
        toy().save(folder.path()).unwrap();
        let whole = fs::read(folder.path().join(FILE)).unwrap();
        let message = damaged(&whole[..whole.len() / 2]);
        assert!(message.contains("run.json") && message.contains("line"), "{message}");
        let text = String::from_utf8(whole).unwrap();
        let message = damaged(text.replace("\"seed\"", "\"seeds\"").as_bytes());
        assert!(message.contains("missing field `seed`"), "{message}");
        damaged(b"");
        damaged(b"\xff\xfe");
        damaged(&b"[".repeat(2 << 20));
    }

    #[test]
    fn a_missing_record_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = Provenance::load(folder.path()).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
        assert!(error.to_string().contains("run.json"), "{error}");
    }

    #[test]
    fn times_are_those_of_the_calendar() {
        // From `date -u -d @SECONDS +%FT%TZ`.
        for (seconds, time) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
            (1_772_323_200, "2026-03-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(utc(Duration::from_secs(seconds)), time);
        }
    }

    #[test]
    fn the_processor_has_its_model_or_its_architecture() {
        assert_eq!(
            cpu("processor\t: 0\nmodel name\t: Toy 3000 @ 2 GHz\nmodel name\t: other"),
            "Toy 3000 @ 2 GHz"
        );
        assert_eq!(cpu("model name\t:\n"), env::consts::ARCH);
        assert_eq!(cpu(""), env::consts::ARCH);
    }

    #[test]
    fn threads_are_those_of_the_pool() {
        assert_eq!(threads(Some("3")), 3);
        for unset in [None, Some("0"), Some("many")] {
            assert_eq!(threads(unset), thread::available_parallelism().unwrap().get());
        }
    }

    #[test]
    fn a_command_can_be_pasted_into_a_shell() {
        let words = ["/home/somebody/target/toy", "train", "--set", "a.b=it's", "--out", ""];
        assert_eq!(command(words.iter()), r"toy train --set 'a.b=it'\''s' --out ''");
    }

    #[test]
    fn a_folder_outside_of_a_repository_has_no_commit() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        assert_eq!(Git::read(folder.path()), None);
    }

    #[test]
    fn a_repository_has_its_commit_and_whether_files_changed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Cargo.toml"), "").unwrap();
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"];
            let mut command = Command::new("git");
            command.arg("-C").arg(folder.path()).args(identity).args(arguments);
            for variable in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
                command.env_remove(variable);
            }
            command.output().is_ok_and(|output| output.status.success())
        };
        if !git(&["init", "--quiet"]) {
            // Without git there is nothing to read, which the test above covers.
            return;
        }
        assert_eq!(Git::read(folder.path()), None, "an untracked manifest");
        assert!(git(&["add", "Cargo.toml"]) && git(&["commit", "--quiet", "--no-gpg-sign", "-m", "first"]));
        let clean = Git::read(folder.path()).unwrap();
        assert!(clean.commit.len() >= 40 && !clean.dirty, "{clean:?}");
        fs::write(folder.path().join("Cargo.toml"), "changed").unwrap();
        assert_eq!(Git::read(folder.path()), Some(Git { dirty: true, ..clean }));
    }
}
