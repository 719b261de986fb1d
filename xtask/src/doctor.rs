//! `cargo xtask doctor`: what this machine can do, and how to do more.

use std::{
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    thread,
};

use papers_base::catalogue::{Catalogue, Search, cache_folder};
use serde::Deserialize;

use crate::{
    compile::{is_built, target_folder},
    list::state,
    papers::{self, ALL_BACKENDS, Paper, REMOTE},
    process::cargo,
    workspace::Workspace,
};

/// Free bytes that a build of Burn with one backend needs, with room for a second one.
const BUILD_BYTES: u64 = 6_000_000_000;

/// Memory that a build needs to not swap, in bytes.
const BUILD_MEMORY: u64 = 4_000_000_000;

pub(crate) fn run(workspace: &Workspace) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    write_machine(&mut out, workspace)?;
    let target = target_folder(workspace)?;
    write_disks(&mut out, &target)?;
    write_graphics(&mut out)?;
    for paper in papers::discover(workspace)? {
        write_backends(&mut out, &paper, &target)?;
    }
    write_data(&mut out)?;
    Ok(ExitCode::SUCCESS)
}

fn write_machine(out: &mut impl Write, workspace: &Workspace) -> anyhow::Result<()> {
    writeln!(out, "Machine")?;
    entry(out, "system", &format!("{} on {}", system(), env::consts::ARCH))?;
    let cores = thread::available_parallelism().map_or_else(|_| "unknown".to_owned(), |cores| cores.to_string());
    entry(out, "cores", &cores)?;
    match memory() {
        Some((total, available)) => {
            entry(
                out,
                "memory",
                &format!("{}, {} available", gigabytes(total), gigabytes(available)),
            )?;
            if available < BUILD_MEMORY {
                remedy(
                    out,
                    "a build may run short of memory; build with fewer jobs: CARGO_BUILD_JOBS=1",
                )?;
            }
        }
        None => entry(out, "memory", "unknown on this system")?,
    }
    let mut rustc = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.current_dir(workspace.root());
    entry(out, "compiler", &version(rustc))?;
    entry(out, "cargo", &version(cargo(workspace)))?;
    Ok(())
}

fn write_disks(out: &mut impl Write, target: &Path) -> anyhow::Result<()> {
    writeln!(out, "\nDisk")?;
    let free = free_space(target);
    entry(out, "build folder", &place(target, free))?;
    if free.is_some_and(|free| free < BUILD_BYTES) {
        remedy(
            out,
            "a build needs some 6 GB; set CARGO_TARGET_DIR to a folder on a larger disk",
        )?;
    }
    match cache_folder() {
        Ok(cache) => entry(out, "data cache", &place(&cache, free_space(&cache)))?,
        Err(error) => entry(out, "data cache", &error.to_string())?,
    }
    Ok(())
}

fn write_graphics(out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "\nGraphics (for the wgpu backend; `flex` needs none of this)")?;
    if !cfg!(target_os = "linux") {
        entry(out, "driver", "part of this system")?;
        return Ok(());
    }
    let loader = vulkan_loader();
    match &loader {
        Some(path) => entry(out, "Vulkan loader", &path.display().to_string())?,
        None => {
            entry(out, "Vulkan loader", "missing")?;
            remedy(out, "on Debian: apt install libvulkan1")?;
        }
    }
    let drivers = vulkan_drivers();
    if drivers.is_empty() {
        entry(out, "Vulkan drivers", "none")?;
        remedy(
            out,
            "without a GPU, Mesa's software driver does; on Debian: apt install mesa-vulkan-drivers",
        )?;
    } else {
        entry(out, "Vulkan drivers", &drivers.join(", "))?;
    }
    let nvidia = Path::new("/dev/nvidia0").exists();
    entry(
        out,
        "NVIDIA device",
        if nvidia {
            "present (the cuda backend needs the CUDA toolkit)"
        } else {
            "none"
        },
    )?;
    Ok(())
}

/// What the paper's program says about backends, if there is one; otherwise what was compiled.
fn write_backends(out: &mut impl Write, paper: &Paper, target: &Path) -> anyhow::Result<()> {
    writeln!(out, "\nBackends of {}", paper.name)?;
    let reports = ask_program(&target.join("release").join(&paper.name));
    for &backend in paper.backends.iter().filter(|backend| **backend != ALL_BACKENDS) {
        let report = reports.iter().find(|report| report.backend == backend);
        match report {
            Some(report) if report.state == READY => {
                entry(out, backend, format!("{}  {}", report.state, report.detail).trim_end())?;
            }
            Some(report) if report.state != NOT_COMPILED => {
                entry(out, backend, &format!("{}: {}", report.state, report.detail))?;
            }
            _ if is_built(target, backend) => {
                entry(
                    out,
                    backend,
                    "compiled; the program is rebuilt in seconds when it is asked for",
                )?;
            }
            _ => {
                entry(out, backend, "not compiled yet")?;
                let address = if backend == REMOTE { ":ADDRESS" } else { "" };
                remedy(
                    out,
                    &format!("cargo xtask train {} --backend {backend}{address}", paper.name),
                )?;
            }
        }
    }
    Ok(())
}

fn write_data(out: &mut impl Write) -> anyhow::Result<()> {
    writeln!(out, "\nData sets")?;
    let search = Search::new(None)?;
    for dataset in Catalogue::builtin()?.datasets() {
        entry(out, &dataset.name, &state(&search, dataset))?;
    }
    for root in search.roots().iter().filter(|root| !root.path.is_dir()) {
        entry(out, "not there", &root.path.display().to_string())?;
    }
    Ok(())
}

fn entry(out: &mut impl Write, name: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {name:<16} {text}")
}

fn remedy(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "  {:<16} -> {text}", "")
}

/// One line of `<paper> doctor --json`.
#[derive(Debug, Deserialize)]
struct BackendReport {
    backend: String,
    state: String,
    detail: String,
}

const READY: &str = "ready";
const NOT_COMPILED: &str = "not compiled in";

/// Asks a paper's program; a program that is not there or older than this command says nothing.
fn ask_program(program: &Path) -> Vec<BackendReport> {
    let output = Command::new(program).args(["doctor", "--json"]).output();
    let text = output.map(|output| output.stdout).unwrap_or_default();
    let lines = String::from_utf8_lossy(&text);
    lines
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

fn version(mut command: Command) -> String {
    let output = command.arg("--version").output();
    output.ok().filter(|output| output.status.success()).map_or_else(
        || "not found".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}

fn system() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(|| env::consts::OS.to_owned(), |name| name.trim_matches('"').to_owned())
}

/// Total and available memory in bytes, where `/proc/meminfo` tells.
fn memory() -> Option<(u64, u64)> {
    parse_memory(&fs::read_to_string("/proc/meminfo").ok()?)
}

fn parse_memory(text: &str) -> Option<(u64, u64)> {
    let bytes = |name: &str| -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        let kibibytes: u64 = line
            .trim_start_matches(':')
            .trim()
            .strip_suffix("kB")?
            .trim()
            .parse()
            .ok()?;
        Some(kibibytes * 1024)
    };
    Some((bytes("MemTotal")?, bytes("MemAvailable")?))
}

/// Free bytes on the disk of a folder, or of its nearest parent that exists.
#[cfg(unix)]
fn free_space(folder: &Path) -> Option<u64> {
    let existing = folder.ancestors().find(|ancestor| ancestor.is_dir())?;
    let disk = rustix::fs::statvfs(existing).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Free bytes on the disk of a folder: not known on this system.
#[cfg(not(unix))]
fn free_space(_folder: &Path) -> Option<u64> {
    None
}

fn place(folder: &Path, free: Option<u64>) -> String {
    match free {
        Some(free) => format!("{} ({} free)", folder.display(), gigabytes(free)),
        None => folder.display().to_string(),
    }
}

fn gigabytes(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}

/// The library through which programs reach Vulkan drivers.
fn vulkan_loader() -> Option<PathBuf> {
    let folders = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
        "/usr/lib",
        "/usr/local/lib",
    ];
    let more = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    let folders = folders.into_iter().map(PathBuf::from).chain(env::split_paths(&more));
    folders
        .map(|folder| folder.join("libvulkan.so.1"))
        .find(|path| path.exists())
}

/// Names of the installed Vulkan drivers.
fn vulkan_drivers() -> Vec<String> {
    let mut names = Vec::new();
    for folder in [
        "/usr/share/vulkan/icd.d",
        "/etc/vulkan/icd.d",
        "/usr/local/share/vulkan/icd.d",
    ] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if let Some((name, _)) = name.split_once("_icd") {
                names.push(if name == "lvp" {
                    "lvp (software)".to_owned()
                } else {
                    name.to_owned()
                });
            }
        }
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_kibibytes() {
        let text = "MemTotal:        8000000 kB\nMemFree: 1 kB\nMemAvailable:    4000000 kB\n";
        assert_eq!(parse_memory(text), Some((8_192_000_000, 4_096_000_000)));
        assert_eq!(parse_memory("MemTotal: ? kB"), None);
    }

    #[test]
    fn a_missing_program_says_nothing() {
        assert!(ask_program(Path::new("/no/such/program")).is_empty());
    }

    #[test]
    fn free_space_of_a_folder_to_come_is_that_of_its_parent() {
        let folder = tempfile::tempdir().unwrap();
        let is_known = free_space(&folder.path().join("to/come")).is_some();
        assert_eq!(is_known, cfg!(unix));
    }
}
