//! Starting other programs.

use std::{
    env,
    ffi::OsStr,
    io::{self, Write},
    process::{Command, ExitCode, ExitStatus},
};

use anyhow::Context;

use crate::workspace::Workspace;

/// A call of the cargo that called us, in the workspace's root.
///
/// `cargo run` gives its program variables about the program's own package. They are taken away, or build scripts
/// that look at them would run again at each change between a call from here and one from the shell.
pub(crate) fn cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(workspace.root());
    for (name, _) in env::vars_os() {
        if is_about_our_package(&name) {
            command.env_remove(name);
        }
    }
    command
}

fn is_about_our_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    [
        "CARGO_PKG_",
        "CARGO_MANIFEST_",
        "CARGO_BIN_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
        || name == "OUT_DIR"
}

/// Runs a program in our place: it has our terminal, gets every signal itself, and its exit code is ours.
#[cfg(unix)]
pub(crate) fn replace(mut command: Command) -> anyhow::Result<ExitCode> {
    use std::os::unix::process::CommandExt;

    io::stdout().flush()?;
    // Comes back only if the program could not be started.
    let error = command.exec();
    Err(error).with_context(|| format!("starting {}", command.get_program().display()))
}

/// Runs a program and returns its exit code; it shares our terminal.
#[cfg(not(unix))]
pub(crate) fn replace(command: Command) -> anyhow::Result<ExitCode> {
    run(command)
}

/// Runs a program to its end and returns its exit code.
pub(crate) fn run(mut command: Command) -> anyhow::Result<ExitCode> {
    io::stdout().flush()?;
    let status = command
        .status()
        .with_context(|| format!("starting {}", command.get_program().display()))?;
    Ok(exit_code(status))
}

/// The exit code of a program, as a shell gives it: 128 and the signal's number if a signal ended it.
pub(crate) fn exit_code(status: ExitStatus) -> ExitCode {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return ExitCode::from(128_u8.saturating_add(u8::try_from(signal).unwrap_or(0)));
    }
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

/// What a program writes to standard output; its errors go to the terminal.
pub(crate) fn output(mut command: Command) -> anyhow::Result<String> {
    let name = command.get_program().display().to_string();
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .with_context(|| format!("starting {name}"))?;
    anyhow::ensure!(output.status.success(), "`{name}` failed");
    String::from_utf8(output.stdout).with_context(|| format!("the output of {name}"))
}
