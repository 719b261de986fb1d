//! The program run again by itself: with another number of threads, or to measure one thing in a fresh process.

use std::{
    env,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

/// Holds what a child is asked for.
const REQUEST: &str = "BURN_PAPERS_BENCH_CHILD";
/// Number of threads of the pool that the CPU backends share.
const THREADS: &str = "RAYON_NUM_THREADS";

/// What this process was started for by [`answer`], if it was, and if that is of such a `kind`. It should write its
/// answer to standard output and end.
pub fn request(kind: &str) -> Option<String> {
    let request = env::var(REQUEST).ok()?;
    Some(request.strip_prefix(kind)?.strip_prefix(' ')?.to_owned())
}

/// Runs this program again with the arguments that it has and a [`request`] of a `kind`; what it writes to standard
/// output.
///
/// # Errors
///
/// A program that cannot be started or fails, with what it wrote to standard error.
pub fn answer(kind: &str, request: &str, variables: &[(&str, &str)]) -> anyhow::Result<String> {
    let mut command = again()?;
    command
        .env(REQUEST, format!("{kind} {request}"))
        .envs(variables.iter().copied());
    let output = command
        .stdin(Stdio::null())
        .output()
        .context("starting this program again")?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!(
            "measuring {kind} of {request} in a process of its own: {}: {}",
            output.status,
            complaint.trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Makes sure that this process has so many threads: the pool has its size for good when it is first used, so that
/// the program is run again if it was started with another number. Returns if it was not.
///
/// # Errors
///
/// A program that cannot be started again.
pub fn ensure_threads(threads: Option<usize>) -> anyhow::Result<()> {
    let Some(threads) = threads.map(|threads| threads.to_string()) else {
        return Ok(());
    };
    if env::var(THREADS).is_ok_and(|set| set == threads) {
        return Ok(());
    }
    let mut command = again()?;
    command.env(THREADS, threads);
    become_program(command).context("starting this program again with other threads")
}

fn again() -> anyhow::Result<Command> {
    let mut command = Command::new(env::current_exe().context("the program's own path")?);
    command.args(env::args_os().skip(1));
    Ok(command)
}

/// Replaces this process, so that signals reach the program and its exit code is this one's.
#[cfg(unix)]
fn become_program(mut command: Command) -> std::io::Result<()> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn become_program(mut command: Command) -> std::io::Result<()> {
    let status = command.status()?;
    std::process::exit(status.code().unwrap_or(1));
}
