//! `cargo xtask test`.

use std::process::{Command, ExitCode};

use anyhow::bail;

use crate::{
    cli,
    papers::{self, ALL_BACKENDS},
    process::{self, cargo},
    workspace::Workspace,
};

/// Packages that need no Burn. They are tested in the dev profile, where they are built in seconds and cannot change
/// the features that Burn is compiled with.
pub(crate) const WITHOUT_BURN: [&str; 2] = ["papers-base", "xtask"];

pub(crate) fn run(workspace: &Workspace, arguments: &cli::Test) -> anyhow::Result<ExitCode> {
    let mut commands = match &arguments.package {
        Some(package) => vec![package_tests(workspace, package)],
        None if arguments.backends => vec![backend_tests(workspace)?],
        None => vec![tests_without_burn(workspace), tests_with_burn(workspace)],
    };
    let mut code = ExitCode::SUCCESS;
    for command in &mut commands {
        command.arg("--").args(&arguments.rest);
    }
    for command in commands {
        let result = process::run(command)?;
        if result != ExitCode::SUCCESS {
            code = result;
        }
    }
    Ok(code)
}

/// The tests of the packages that need no Burn.
pub(crate) fn tests_without_burn(workspace: &Workspace) -> Command {
    let mut command = cargo(workspace);
    command.arg("test");
    select_without_burn(&mut command);
    command
}

/// The tests of the core and of all papers.
pub(crate) fn tests_with_burn(workspace: &Workspace) -> Command {
    let mut command = cargo(workspace);
    command.arg("test");
    select_with_burn(&mut command);
    command
}

/// The tests that compare backends with each other, of all papers that have them.
pub(crate) fn backend_tests(workspace: &Workspace) -> anyhow::Result<Command> {
    let mut command = cargo(workspace);
    command.args([
        "test",
        "--release",
        "--no-default-features",
        "--features",
        ALL_BACKENDS,
        "--test",
        "backends",
    ]);
    let mut any = false;
    for paper in papers::discover(workspace)? {
        if paper.folder.join("tests/backends.rs").is_file() {
            command.args(["--package", &paper.name]);
            any = true;
        }
    }
    if !any {
        bail!("no paper has tests/backends.rs");
    }
    Ok(command)
}

/// Selects the packages that need no Burn, in the profile in which they are checked.
pub(crate) fn select_without_burn(command: &mut Command) {
    command.args(WITHOUT_BURN.map(|package| format!("--package={package}")));
}

/// Selects all other packages, in the profile in which they are checked.
pub(crate) fn select_with_burn(command: &mut Command) {
    command
        .args(["--release", "--workspace"])
        .args(WITHOUT_BURN.map(|package| format!("--exclude={package}")));
}

fn package_tests(workspace: &Workspace, package: &str) -> Command {
    let mut command = cargo(workspace);
    command.args(["test", "--package", package]);
    if !WITHOUT_BURN.contains(&package) {
        command.arg("--release");
    }
    command
}
