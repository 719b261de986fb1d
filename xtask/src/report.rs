//! `cargo xtask report`.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::SystemTime,
};

use anyhow::{Context, bail};
use papers_base::{cli::ReportArgs, report};

use crate::workspace::Workspace;

/// Folders below `runs/` in which runs are looked for: paper and experiment, and one more for sweeps.
const DEPTH: usize = 4;

pub(crate) fn run(workspace: &Workspace, arguments: &ReportArgs) -> anyhow::Result<ExitCode> {
    let mut runs = arguments.runs.clone();
    for run in &runs {
        if !is_run(run) {
            bail!("{} is not the folder of a run: it has no run.json", run.display());
        }
    }
    if runs.is_empty() {
        let run = newest(workspace)?;
        writeln!(io::stderr(), "the newest run: {}", run.display())?;
        runs.push(run);
    }
    let page = report::draw(&runs, arguments.out.as_deref())?;
    writeln!(io::stdout(), "{}", page.display())?;
    Ok(ExitCode::SUCCESS)
}

/// The run that was written to last, below `runs/` here or in the workspace's root.
fn newest(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let mut found = Vec::new();
    for folder in [PathBuf::from("runs"), workspace.root().join("runs")] {
        find_runs(&folder, DEPTH, &mut found);
        if !found.is_empty() {
            break;
        }
    }
    let newest = found
        .into_iter()
        .max_by_key(|(written, _)| *written)
        .map(|(_, run)| run);
    newest.context("there is no run below runs/; train first: `cargo xtask train neural-ode`")
}

fn find_runs(folder: &Path, depth: usize, found: &mut Vec<(SystemTime, PathBuf)>) {
    if is_run(folder) {
        let journal = fs::metadata(folder.join("journal.jsonl")).or_else(|_| fs::metadata(folder.join("run.json")));
        let written = journal.and_then(|metadata| metadata.modified());
        found.push((written.unwrap_or(SystemTime::UNIX_EPOCH), folder.to_owned()));
        return;
    }
    if depth == 0 {
        return;
    }
    // A folder that cannot be read holds no run that could be reported.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            find_runs(&entry.path(), depth - 1, found);
        }
    }
}

fn is_run(folder: &Path) -> bool {
    folder.join("run.json").is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_run_written_to_last_is_the_newest() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("Cargo.toml"), "").unwrap();
        let workspace = Workspace::at(root.path()).unwrap();
        assert!(newest(&workspace).is_err());
        for (age, name) in [(10, "toy/a-seed0"), (5, "toy/b-seed0"), (20, "other/c-seed0")] {
            let run = root.path().join("runs").join(name);
            fs::create_dir_all(&run).unwrap();
            fs::write(run.join("run.json"), "{}").unwrap();
            let journal = fs::File::create(run.join("journal.jsonl")).unwrap();
            journal
                .set_modified(SystemTime::now() - std::time::Duration::from_secs(age))
                .unwrap();
        }
        assert!(newest(&workspace).unwrap().ends_with("toy/b-seed0"));
    }
}
