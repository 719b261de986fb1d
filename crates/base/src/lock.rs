//! One writer per folder: a lock that the kernel releases with the process.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Write},
    path::Path,
    process,
};

use crate::{Error, Result, provenance};

/// Name of the lock file in the folder.
const FILE: &str = "lock";

/// No honest note of a holder is longer, in bytes.
const NOTE_LIMIT: u64 = 400;

/// The right to write to a folder, until it is dropped or its process ends, however it ends.
///
/// The lock is the kernel's; the text in the file only says who holds it. The file itself stays, since a file that is
/// removed and created anew would be two locks for a moment.
#[derive(Debug)]
pub struct RunLock {
    file: File,
}

impl RunLock {
    /// Takes the lock of `folder`, which exists, without waiting.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] at once, naming the holder, while another handle has it, in this process or another;
    /// [`Error::Io`] if the file system refuses, as some network file systems do.
    pub fn acquire(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let mut options = File::options();
        let opened = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(Error::io("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::Locked {
                    folder: folder.to_owned(),
                    holder: holder(&file),
                });
            }
            Err(TryLockError::Error(source)) => return Err(Error::io("lock", path)(source)),
        }
        let lock = Self { file };
        lock.sign().map_err(Error::io("write", path))?;
        Ok(lock)
    }

    /// Writes who holds the lock into its file.
    fn sign(&self) -> io::Result<()> {
        self.file.set_len(0)?;
        let (process, host, now) = (process::id(), provenance::host(), provenance::now());
        writeln!(&self.file, "process {process} on {host} since {now}")
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // The lock goes with the file; the note would only mislead a reader from then on.
        let _ = self.file.set_len(0);
    }
}

/// Who says to hold the lock. The holder may be writing just now, and the text may be anything.
fn holder(file: &File) -> String {
    let mut note = Vec::new();
    // Where a locked file cannot be read, the holder stays unknown.
    let _ = file.take(NOTE_LIMIT).read_to_end(&mut note);
    let note = String::from_utf8_lossy(&note);
    let line = note.lines().next().unwrap_or_default().trim();
    if line.is_empty() || line.contains(char::is_control) {
        return "another process".to_owned();
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::{BufRead, BufReader},
        process::{Command, Stdio},
        time::{Duration, Instant},
    };

    use super::*;

    #[test]
    fn a_second_handle_is_refused_at_once_and_told_who_holds_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let lock = RunLock::acquire(folder.path()).unwrap();
        let error = RunLock::acquire(folder.path()).unwrap_err();
        assert!(matches!(error, Error::Locked { .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains(&format!("process {} on ", process::id())), "{message}");
        assert!(message.contains("choose another --out"), "{message}");
        drop(lock);
        RunLock::acquire(folder.path()).unwrap();
    }

    #[test]
    fn folders_have_locks_of_their_own() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let _lock = RunLock::acquire(first.path()).unwrap();
        RunLock::acquire(second.path()).unwrap();
    }

    #[test]
    fn a_note_that_nobody_wrote_is_not_shown() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let holder = |note: &[u8]| {
            fs::write(&path, note).unwrap();
            holder(&File::open(&path).unwrap())
        };
        assert_eq!(holder(b""), "another process");
        assert_eq!(holder(b"\x1b[2J"), "another process");
        assert!(holder(&b"x".repeat(1 << 20)).len() <= 400);
    }

    #[test]
    fn a_note_left_by_a_killed_process_locks_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join(FILE),
            "process 1 on elsewhere since 2026-01-01T00:00:00Z\n",
        )
        .unwrap();
        RunLock::acquire(folder.path()).unwrap();
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = RunLock::acquire(&folder.path().join("missing")).unwrap_err();
        assert!(error.to_string().contains("missing"), "{error}");
    }

    /// Set for a copy of this test program that only holds the lock of the folder named.
    const HOLD: &str = "PAPERS_BASE_TEST_HOLD_LOCK";

    #[test]
    fn a_killed_process_releases_its_lock() {
        if let Some(folder) = std::env::var_os(HOLD) {
            let _lock = RunLock::acquire(Path::new(&folder)).unwrap();
            writeln!(io::stderr(), "holding").unwrap();
            // Until it is killed, or its parent is gone.
            let _ = io::stdin().read_line(&mut String::new());
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "lock::tests::a_killed_process_releases_its_lock",
                "--nocapture",
            ])
            .env(HOLD, folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.map_while(io::Result::ok).any(|line| line == "holding"));

        let message = RunLock::acquire(folder.path()).unwrap_err().to_string();
        assert!(message.contains(&format!("process {} on ", child.id())), "{message}");

        child.kill().unwrap();
        child.wait().unwrap();
        let start = Instant::now();
        while let Err(error) = RunLock::acquire(folder.path()) {
            assert!(start.elapsed() < Duration::from_secs(10), "{error}");
        }
    }
}
