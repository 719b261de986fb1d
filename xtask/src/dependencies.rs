//! What the crates depend on: counted, compared with recorded numbers, and kept apart.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use papers_base::commit;

use crate::{
    papers,
    process::{self, cargo},
    test::WITHOUT_BURN,
    workspace::{Workspace, read_toml},
};

/// More new dependencies than this, compared with the recorded number, need a reason and a new record.
const TOLERANCE: usize = 10;

/// Fails if `xtask` depends on Burn, which would make every command wait for Burn's build.
pub(crate) fn check_xtask_without_burn(workspace: &Workspace) -> anyhow::Result<()> {
    let crates = tree(workspace, &["--package", "xtask", "--edges", "normal"], "{p}")?;
    let burn: Vec<&String> = crates.iter().filter(|name| name.starts_with("burn")).collect();
    ensure!(
        burn.is_empty(),
        "xtask depends on Burn: {burn:?}; see `cargo tree -p xtask -e normal`"
    );
    ensure!(crates.len() > 1, "`cargo tree -p xtask` lists no dependency at all");
    Ok(())
}

/// Fails if tests resolve the dependencies of a paper to other features than training does: Burn would then be
/// compiled twice.
pub(crate) fn check_one_set_of_features(workspace: &Workspace) -> anyhow::Result<()> {
    // The packages without Burn are tested apart, in the dev profile.
    let excluded = WITHOUT_BURN.iter().flat_map(|package| ["--exclude", package]);
    let arguments: Vec<&str> = ["--workspace", "--edges", "normal,build,dev"]
        .into_iter()
        .chain(excluded)
        .collect();
    let tested = tree(workspace, &arguments, "{p} [{f}]")?;
    for paper in papers::discover(workspace)? {
        let selection = [
            "--package",
            &paper.name,
            "--no-default-features",
            "--features",
            papers::DEFAULT_BACKEND,
        ];
        let arguments = [selection.as_slice(), &["--edges", "normal,build"]].concat();
        let trained = tree(workspace, &arguments, "{p} [{f}]")?;
        // Our own crates are compiled again anyway, with their tests.
        let differing: Vec<&String> = trained
            .difference(&tested)
            .filter(|line| !is_ours(line, workspace))
            .collect();
        ensure!(
            differing.is_empty(),
            "training {} builds these crates with other features than the tests, so that Burn is compiled twice: {differing:?}; give the dependency the same features everywhere",
            paper.name
        );
    }
    Ok(())
}

/// Compares the numbers of dependencies with the recorded ones, or records them.
pub(crate) fn check_counts(workspace: &Workspace, record: bool) -> anyhow::Result<()> {
    let path = record_path(workspace);
    let counts = counts(workspace)?;
    if record {
        let mut text =
            "# Crates that each package is built from, itself included. `cargo xtask ci` fails at more than ten above;\n\
            # `cargo xtask ci --record-dependencies` writes this file.\n\n"
                .to_owned();
        text.extend(counts.iter().map(|(name, count)| format!("{name} = {count}\n")));
        commit::bytes(&path, text.as_bytes())?;
        return Ok(());
    }
    let recorded: BTreeMap<String, usize> = read_toml(&path)?;
    let mut out = io::stdout().lock();
    for (name, &count) in &counts {
        let Some(&before) = recorded.get(name) else {
            bail!(
                "{} has no number for {name}; write it with `cargo xtask ci --record-dependencies`",
                path.display()
            );
        };
        writeln!(out, "{name}: {count} crates, {before} recorded")?;
        ensure!(
            count <= before + TOLERANCE,
            "{name} is built from {count} crates, {before} were recorded; drop some, or say why in the change and write the new number with `cargo xtask ci --record-dependencies`"
        );
    }
    Ok(())
}

/// Numbers of crates, by package, and of the whole workspace.
fn counts(workspace: &Workspace) -> anyhow::Result<BTreeMap<String, usize>> {
    let edges = ["--edges", "normal,build"];
    let mut counts = BTreeMap::new();
    for folder in workspace.members()? {
        let name = package_name(&folder)?;
        let arguments = [["--package", name.as_str()], edges].concat();
        counts.insert(name.clone(), tree(workspace, &arguments, "{p}")?.len());
    }
    let arguments = [["--workspace"].as_slice(), &edges].concat();
    counts.insert("workspace".to_owned(), tree(workspace, &arguments, "{p}")?.len());
    Ok(counts)
}

fn package_name(folder: &Path) -> anyhow::Result<String> {
    let manifest: toml::Table = read_toml(&folder.join("Cargo.toml"))?;
    let name = manifest.get("package").and_then(|package| package.get("name"));
    let name = name.and_then(toml::Value::as_str);
    Ok(name
        .with_context(|| format!("{} has no package name", folder.display()))?
        .to_owned())
}

/// The distinct lines of `cargo tree`.
fn tree(workspace: &Workspace, arguments: &[&str], format: &str) -> anyhow::Result<BTreeSet<String>> {
    let mut command = cargo(workspace);
    command
        .args([
            "tree",
            "--locked",
            "--quiet",
            "--prefix",
            "none",
            "--no-dedupe",
            "--format",
            format,
        ])
        .args(arguments);
    let lines = process::output(command)?;
    Ok(lines
        .lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect())
}

/// Whether a line of `cargo tree` is about a member of the workspace, whose folder stands in it.
fn is_ours(line: &str, workspace: &Workspace) -> bool {
    line.contains(&format!("({}", workspace.root().display()))
}

fn record_path(workspace: &Workspace) -> PathBuf {
    workspace.root().join("xtask").join("dependencies.toml")
}
