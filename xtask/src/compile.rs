//! Building a program for one backend.

use std::{
    fs,
    io::{self, BufRead, BufReader, IsTerminal, Read, Write},
    path::{self, Path, PathBuf},
    process::Stdio,
    thread,
};

use anyhow::{Context, bail, ensure};
use serde::Deserialize;

use crate::{
    papers::{ALL_BACKENDS, Paper},
    process::{self, cargo},
    workspace::Workspace,
};

/// Columns of cargo's progress bar, which it cannot ask a pipe for.
const PROGRESS_COLUMNS: &str = "80";

/// The program of `paper`: that of a folder where one is named, and built otherwise.
pub(crate) fn find_or_build(
    workspace: &Workspace,
    paper: &Paper,
    feature: &str,
    programs: Option<&Path>,
) -> anyhow::Result<PathBuf> {
    let Some(folder) = programs else {
        return build(workspace, paper, feature);
    };
    let path = path::absolute(folder.join(&paper.name)).context("the place of the program")?;
    ensure!(path.is_file(), "there is no program {}", path.display());
    Ok(path)
}

/// Builds the program of `paper` with one backend's feature; see [`build_program`].
pub(crate) fn build(workspace: &Workspace, paper: &Paper, feature: &str) -> anyhow::Result<PathBuf> {
    build_program(workspace, &paper.name, &paper.name, feature)
}

/// Builds a program that links Burn, in release mode, and returns its path; `features` are separated by commas.
///
/// Cargo's own progress goes to standard error. If everything is fresh already, nothing is printed.
pub(crate) fn build_program(
    workspace: &Workspace,
    package: &str,
    program: &str,
    features: &str,
) -> anyhow::Result<PathBuf> {
    announce(&target_folder(workspace)?, program, features)?;
    let mut command = cargo(workspace);
    command
        .args([
            "build",
            "--release",
            "--no-default-features",
            "--message-format=json-render-diagnostics",
        ])
        .args(["--package", package, "--bin", program, "--features", features])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if io::stderr().is_terminal() {
        command
            .args(["--color", "always"])
            .env("CARGO_TERM_PROGRESS_WHEN", "always")
            .env("CARGO_TERM_PROGRESS_WIDTH", PROGRESS_COLUMNS);
    }
    let mut child = command.spawn().context("starting cargo")?;
    let messages = child.stdout.take().context("cargo has no standard output")?;
    let progress = child.stderr.take().context("cargo has no standard error")?;
    let forwarding = thread::spawn(move || forward(progress, &mut io::stderr().lock()));

    let mut executable = None;
    for line in BufReader::new(messages).lines() {
        let line = line.context("reading cargo's messages")?;
        // Lines that are no such message are none of our business.
        if let Ok(Message {
            executable: Some(path),
            target,
        }) = serde_json::from_str(&line)
            && target.name == program
        {
            executable = Some(path);
        }
    }
    let status = child.wait().context("waiting for cargo")?;
    let _ = forwarding.join();
    if !status.success() {
        bail!("building {program} with the {features} backend failed");
    }
    executable.with_context(|| format!("cargo built no program for {program}; has the crate a src/main.rs?"))
}

/// The folder that cargo builds into.
pub(crate) fn target_folder(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    #[derive(Deserialize)]
    struct Metadata {
        target_directory: PathBuf,
    }
    let mut command = cargo(workspace);
    command.args(["metadata", "--no-deps", "--format-version=1"]);
    let metadata: Metadata = serde_json::from_str(&process::output(command)?).context("reading `cargo metadata`")?;
    Ok(metadata.target_directory)
}

/// Whether Burn was compiled with each of these backends before.
pub(crate) fn is_built(target: &Path, features: &str) -> bool {
    features.split(',').all(|feature| has_library(target, feature))
}

fn has_library(target: &Path, feature: &str) -> bool {
    // The facade depends on all others, so that it is compiled last; the backend's own crate says which one it is.
    let backend = if feature == ALL_BACKENDS { "wgpu" } else { feature };
    let prefix = format!("libburn_{backend}-");
    fs::read_dir(target.join("release/deps")).is_ok_and(|entries| {
        entries
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
    })
}

/// Tells before a long build what it does and how long it takes.
fn announce(target: &Path, program: &str, features: &str) -> io::Result<()> {
    if is_built(target, features) {
        return Ok(());
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    writeln!(
        io::stderr(),
        "Building {program} with the {features} backend. Burn itself is compiled first, once: about {} on the {cores} core{} of this machine.\nLater builds take seconds. Build folder: {}",
        minutes(features, cores),
        if cores == 1 { "" } else { "s" },
        target.display()
    )
}

/// How long Burn takes to compile: measured processor minutes, spread over the cores.
fn minutes(feature: &str, cores: usize) -> String {
    let processor_minutes = match feature {
        "flex" => 11,
        "ndarray" => 18,
        "wgpu" | "cuda" => 40,
        _ => 44,
    };
    // More than eight cores do not help: the last crates wait for each other.
    match usize::div_ceil(processor_minutes, cores.clamp(1, 8)) {
        1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

/// Passes cargo's progress on, except for the summary of a build in which nothing was compiled.
fn forward(progress: impl Read, out: &mut impl Write) {
    let mut progress = BufReader::new(progress);
    let mut has_compiled = false;
    let mut piece = Vec::new();
    while matches!(read_piece(&mut progress, &mut piece), Ok(1..)) {
        let text = String::from_utf8_lossy(&piece);
        has_compiled |= text.contains("Compiling") || text.contains("Building");
        let is_idle_summary = !has_compiled && text.contains("Finished");
        if !is_idle_summary && (out.write_all(&piece).is_err() || out.flush().is_err()) {
            // Nobody is looking; cargo still must not meet a closed pipe.
            let _ = io::copy(&mut progress, &mut io::sink());
            return;
        }
    }
}

/// Reads up to and with the next line feed or carriage return, which ends each state of a progress bar.
fn read_piece(reader: &mut impl BufRead, piece: &mut Vec<u8>) -> io::Result<usize> {
    piece.clear();
    loop {
        let buffer = reader.fill_buf()?;
        let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        let length = end.map_or(buffer.len(), |end| end + 1);
        piece.extend_from_slice(&buffer[..length]);
        reader.consume(length);
        if end.is_some() || length == 0 {
            return Ok(piece.len());
        }
    }
}

#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    target: Target,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(progress: &str) -> String {
        let mut out = Vec::new();
        forward(progress.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_fresh_build_is_silent() {
        assert_eq!(
            forwarded("    Finished `release` profile [optimized] target(s) in 0.10s\n"),
            ""
        );
    }

    #[test]
    fn a_real_build_is_shown_as_it_is() {
        let progress = "   Compiling a v1\n    Building [=> ] 1/2\r    Finished `release` profile\n";
        assert_eq!(forwarded(progress), progress);
    }

    #[test]
    fn warnings_of_a_fresh_build_are_shown() {
        let progress = "warning: unused\n    Finished `release` profile\n";
        assert_eq!(forwarded(progress), "warning: unused\n");
    }

    #[test]
    fn the_estimate_is_the_measured_one() {
        // Measured on two cores: five and a half minutes for flex, twenty-two and a half for all backends.
        assert_eq!(minutes("flex", 2), "6 minutes");
        assert_eq!(minutes("all-backends", 2), "22 minutes");
        assert_eq!(minutes("flex", 64), "2 minutes");
    }

    #[test]
    fn a_backend_counts_as_built_when_its_library_is_there() {
        let target = tempfile::tempdir().unwrap();
        assert!(!is_built(target.path(), "flex"));
        fs::create_dir_all(target.path().join("release/deps")).unwrap();
        fs::write(target.path().join("release/deps/libburn_flex-01.rlib"), "").unwrap();
        assert!(is_built(target.path(), "flex"));
        assert!(!is_built(target.path(), "wgpu"));
    }
}
