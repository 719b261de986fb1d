//! `cargo xtask ci`: what continuous integration runs, here.

use std::{
    io::{self, Write},
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

use papers_base::cli::exit;

use crate::{
    cli, dependencies,
    papers::UnknownName,
    process::{self, cargo},
    readme,
    test::{self, select_with_burn, select_without_burn},
    workspace::Workspace,
};

/// One check.
struct Step {
    name: &'static str,
    /// Whether it compiles Burn.
    is_slow: bool,
    /// Whether it runs only when asked for.
    is_extra: bool,
    run: fn(&Workspace) -> anyhow::Result<Outcome>,
}

enum Outcome {
    Passed,
    Failed(String),
    Skipped(String),
}

/// The checks, quick ones first.
const STEPS: &[Step] = &[
    step("format", |workspace| {
        cargo_step(workspace, &["fmt", "--all", "--", "--check"])
    }),
    step("readme", |workspace| check(readme::check(workspace))),
    step("xtask-without-burn", |workspace| {
        check(dependencies::check_xtask_without_burn(workspace))
    }),
    step("one-set-of-features", |workspace| {
        check(dependencies::check_one_set_of_features(workspace))
    }),
    step("dependencies", |workspace| {
        check(dependencies::check_counts(workspace, false))
    }),
    step("deny", |workspace| {
        tool(
            workspace,
            "cargo-deny",
            &["--offline", "check", "bans", "licenses", "sources"],
        )
    }),
    step("typos", |workspace| tool(workspace, "typos", &[])),
    step("lint-base", |workspace| lint(workspace, select_without_burn)),
    step("test-base", |workspace| status(test::tests_without_burn(workspace))),
    slow("lint", |workspace| lint(workspace, select_with_burn)),
    slow("docs", docs),
    slow("test", |workspace| status(test::tests_with_burn(workspace))),
    Step {
        is_extra: true,
        ..slow("backends", |workspace| status(test::backend_tests(workspace)?))
    },
];

const fn step(name: &'static str, run: fn(&Workspace) -> anyhow::Result<Outcome>) -> Step {
    Step {
        name,
        is_slow: false,
        is_extra: false,
        run,
    }
}

const fn slow(name: &'static str, run: fn(&Workspace) -> anyhow::Result<Outcome>) -> Step {
    Step {
        is_slow: true,
        ..step(name, run)
    }
}

pub(crate) fn run(workspace: &Workspace, arguments: &cli::Ci) -> anyhow::Result<ExitCode> {
    if arguments.record_dependencies {
        dependencies::check_counts(workspace, true)?;
        return Ok(ExitCode::SUCCESS);
    }
    let names = || STEPS.iter().map(|step| step.name);
    if let Some(name) = arguments
        .skip
        .iter()
        .chain(&arguments.only)
        .find(|name| !names().any(|known| known == **name))
    {
        return Err(UnknownName::new("step", name, names()).into());
    }
    let is_wanted = |step: &&Step| {
        let is_named = |list: &[String]| list.iter().any(|name| name == step.name);
        let by_default = (!step.is_extra || arguments.backends) && (!step.is_slow || !arguments.fast);
        let is_chosen = if arguments.only.is_empty() {
            by_default
        } else {
            is_named(&arguments.only)
        };
        is_chosen && !is_named(&arguments.skip)
    };
    let mut results = Vec::new();
    for step in STEPS.iter().filter(is_wanted) {
        writeln!(io::stdout(), "\n== {}", step.name)?;
        let start = Instant::now();
        let outcome = (step.run)(workspace).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")));
        writeln!(
            io::stdout(),
            "== {}: {}",
            step.name,
            describe(&outcome, start.elapsed())
        )?;
        results.push((step.name, outcome, start.elapsed()));
    }
    writeln!(io::stdout(), "\nSummary")?;
    for (name, outcome, elapsed) in &results {
        writeln!(io::stdout(), "  {name:<20} {}", describe(outcome, *elapsed))?;
    }
    let has_failed = results
        .iter()
        .any(|(_, outcome, _)| matches!(outcome, Outcome::Failed(_)));
    Ok(if has_failed {
        ExitCode::from(exit::FAILED)
    } else {
        ExitCode::SUCCESS
    })
}

fn describe(outcome: &Outcome, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    match outcome {
        Outcome::Passed => format!("ok       {seconds:>6.1} s"),
        Outcome::Failed(reason) if reason.is_empty() => format!("FAILED   {seconds:>6.1} s"),
        Outcome::Failed(reason) => format!("FAILED   {seconds:>6.1} s  {reason}"),
        Outcome::Skipped(reason) => format!("skipped: {reason}"),
    }
}

fn check(result: anyhow::Result<()>) -> anyhow::Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

fn status(command: Command) -> anyhow::Result<Outcome> {
    let is_success = process::run(command)? == ExitCode::SUCCESS;
    Ok(if is_success {
        Outcome::Passed
    } else {
        Outcome::Failed(String::new())
    })
}

fn cargo_step(workspace: &Workspace, arguments: &[&str]) -> anyhow::Result<Outcome> {
    let mut command = cargo(workspace);
    command.args(arguments);
    status(command)
}

fn lint(workspace: &Workspace, select: fn(&mut Command)) -> anyhow::Result<Outcome> {
    let mut command = cargo(workspace);
    command.args(["clippy", "--all-targets"]);
    select(&mut command);
    command.args(["--", "--deny", "warnings"]);
    status(command)
}

/// Documentation of all packages but `xtask`, which has none for readers.
fn docs(workspace: &Workspace) -> anyhow::Result<Outcome> {
    let mut command = cargo(workspace);
    command
        .args(["doc", "--release", "--no-deps", "--workspace", "--exclude=xtask"])
        .env("RUSTDOCFLAGS", "--deny warnings");
    status(command)
}

/// Runs a tool that a contributor may not have.
fn tool(workspace: &Workspace, name: &str, arguments: &[&str]) -> anyhow::Result<Outcome> {
    let command = |arguments: &[&str]| {
        let mut command = Command::new(name);
        command.current_dir(workspace.root()).args(arguments);
        command
    };
    let probe = command(&["--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        return Ok(Outcome::Skipped(format!("{name} is not installed")));
    }
    status(command(arguments))
}
