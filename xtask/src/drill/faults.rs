//! Failing one I/O call of a program: strace counts the calls of its main thread, and lets the Nth fail.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use super::program::{LONGEST, finish};

/// Calls that touch files, as strace names them; `?`: not every processor has it.
const FILE_CALLS: &str = "openat,read,write,?pwrite64,?lseek,fsync,fdatasync,?rename,?renameat,?renameat2,?mkdir,mkdirat,ftruncate,\
                          ?unlink,unlinkat,?rmdir,?chmod,fchmod,?fchmodat,flock,?getdents64,?copy_file_range,?sendfile";

/// Calls of a connection.
const NETWORK_CALLS: &str = "?connect,?sendto,?recvfrom";

/// One call that can fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    /// Name of the call.
    call: String,
    /// How many of this name there were, this one included.
    number: u32,
    /// The call as strace tells it, in short.
    line: String,
}

impl Point {
    /// For people.
    pub(super) fn in_words(&self) -> String {
        format!("{} {} failed ({})", self.call, self.number, self.line)
    }

    /// Whether the call removes something, so that its failure leaves something.
    pub(super) fn is_removal(&self) -> bool {
        // A folder that is removed is renamed and listed first.
        ["unlink", "unlinkat", "rmdir"].contains(&self.call.as_str()) || self.line.contains("/.old-")
    }
}

/// Why no call can be made to fail here; none if it can.
pub(super) fn obstacle() -> Option<String> {
    let mut probe = Command::new("strace");
    probe.args(["-qq", "-o", "/dev/null", "-e", "inject=fsync:error=EIO:when=1", "true"]);
    match probe.stdin(Stdio::null()).stderr(Stdio::null()).status() {
        Ok(status) if status.success() => None,
        Ok(_) => Some("strace may not trace programs here".to_owned()),
        Err(_) => Some("strace is missing; on Debian: apt install strace".to_owned()),
    }
}

/// Runs a program undisturbed, and tells its calls that touch what is below `folder`, or a connection.
pub(super) fn points(command: &Command, folder: &Path, logs: &Path) -> anyhow::Result<Vec<Point>> {
    let trace = logs.join("trace.log");
    let calls = format!("trace={FILE_CALLS},{NETWORK_CALLS}");
    let mut strace = Command::new("strace");
    strace
        .args(["-y", "-qq", "-s", "16", "-e", "signal=none", "-e", &calls, "-o"])
        .arg(&trace);
    let ended = finish(follow(strace, command), &logs.join("errors.log"), LONGEST)?;
    ensure!(
        ended.status.success(),
        "the traced program failed: {}",
        ended.in_words()
    );
    let text = fs::read(&trace).with_context(|| format!("reading {}", trace.display()))?;
    Ok(parse(&String::from_utf8_lossy(&text), &folder.display().to_string()))
}

/// The same program, with this call failing.
pub(super) fn failing(command: &Command, point: &Point) -> Command {
    let inject = format!("inject={}:error=EIO:when={}", point.call, point.number);
    let mut strace = Command::new("strace");
    strace.args(["-qq", "-o", "/dev/null", "-e", "signal=none", "-e"]);
    strace.arg(format!("trace={}", point.call)).args(["-e", &inject]);
    follow(strace, command)
}

/// `n` of the points, evenly spread.
pub(super) fn spread(points: &[Point], n: u32) -> Vec<&Point> {
    let wanted = (n as usize).min(points.len()).max(1);
    (0..wanted)
        .filter_map(|place| points.get(place * points.len() / wanted))
        .collect()
}

fn follow(mut strace: Command, command: &Command) -> Command {
    strace
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    strace
}

fn parse(trace: &str, folder: &str) -> Vec<Point> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut points = Vec::new();
    for line in trace.lines() {
        let Some((call, rest)) = line.split_once('(') else {
            continue;
        };
        let number = counts.entry(call).or_default();
        *number += 1;
        // A call that failed by itself is no place for a failure: it looks for what need not be there.
        let is_ours = rest.contains(folder) || rest.contains("<socket:");
        if is_ours && !rest.contains(" = -1 ") {
            points.push(Point {
                call: call.to_owned(),
                number: *number,
                line: in_short(rest, folder),
            });
        }
    }
    points
}

/// A call without what only this machine has: the folder, and where the program was started.
fn in_short(call: &str, folder: &str) -> String {
    let call = call.replace(folder, "");
    let call = match call.strip_prefix("AT_FDCWD<").and_then(|rest| rest.split_once('>')) {
        Some((_, rest)) => format!("AT_FDCWD{rest}"),
        None => call,
    };
    call.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "openat(AT_FDCWD</>, \"/lib/x.so\", O_RDONLY) = 3\n\
                         openat(AT_FDCWD</>, \"/tmp/run/a\", O_RDWR) = 3</tmp/run/a>\n\
                         write(3</tmp/run/a>, \"x\", 1) = 1\n\
                         openat(AT_FDCWD</>, \"/tmp/run/b\", O_RDWR) = -1 ENOENT (No such file)\n\
                         fsync(3</tmp/run/a>) = 0\n\
                         recvfrom(4<socket:[7]>, \"x\", 1) = 1\n";

    #[test]
    fn calls_are_counted_by_name_and_chosen_by_folder() {
        let found: Vec<_> = parse(TRACE, "/tmp/run")
            .into_iter()
            .map(|point| (point.call, point.number))
            .collect();
        let expected = [("openat", 2), ("write", 1), ("fsync", 1), ("recvfrom", 1)];
        assert_eq!(found, expected.map(|(call, number)| (call.to_owned(), number)));
        let words = parse(TRACE, "/tmp/run").swap_remove(0).in_words();
        assert_eq!(words, "openat 2 failed (AT_FDCWD, \"/a\", O_RDWR) = 3</a>)");
    }

    #[test]
    fn points_are_spread_evenly() {
        let points: Vec<Point> = (0..10)
            .map(|number| Point {
                call: "write".to_owned(),
                number,
                line: String::new(),
            })
            .collect();
        let numbers = |n| {
            spread(&points, n)
                .into_iter()
                .map(|point| point.number)
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers(4), [0, 2, 5, 7]);
        assert_eq!(numbers(99).len(), 10);
        assert!(spread(&[], 4).is_empty());
    }
}
