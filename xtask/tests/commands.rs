//! The commands, seen from a shell.

use std::process::{Command, Output};

/// `xtask` with a cargo that does not exist: what answers, answers without a build.
fn without_cargo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .env("CARGO", "/no/such/cargo")
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn list_names_papers_and_data_sets_without_cargo() {
    let output = without_cargo(&["list"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("Neural Ordinary Differential Equations"), "{text}");
    assert!(text.contains("uci-digits"), "{text}");
}

#[test]
fn the_papers_of_the_list_are_those_of_cargo() {
    let list: serde_json::Value = serde_json::from_str(&stdout(&without_cargo(&["list", "--json"]))).unwrap();
    let listed: Vec<&str> = list["papers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|paper| paper["name"].as_str().unwrap())
        .collect();

    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version=1"])
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let papers = packages
        .iter()
        .filter(|package| package["metadata"]["paper"].is_object());
    let mut known: Vec<&str> = papers.map(|package| package["name"].as_str().unwrap()).collect();
    known.sort_unstable();
    assert_eq!(listed, known);
}

#[test]
fn every_command_has_help_without_cargo() {
    for task in [
        "list",
        "train",
        "eval",
        "report",
        "reproduce",
        "sweep",
        "data",
        "bench",
        "doctor",
        "test",
        "ci",
        "readme",
        "run",
        "completions",
        "man",
    ] {
        let output = without_cargo(&[task, "--help"]);
        assert!(output.status.success(), "{task}: {}", stderr(&output));
        assert!(
            stdout(&output).contains(&format!("Usage: cargo xtask {task}")),
            "{task}"
        );
    }
}

#[test]
fn unknown_names_are_wrong_usage_before_any_build() {
    for (arguments, message) in [
        (vec!["train", "neural-od"], "did you mean `neural-ode`?"),
        (vec!["train", "neural-ode", "--backend", "wgp"], "did you mean `wgpu`?"),
        (
            vec!["train", "neural-ode", "--experiment", "no-such"],
            "there is no experiment `no-such`",
        ),
        (
            vec!["run", "neural-ode", "--backend", "gpu", "--", "config"],
            "there are: flex",
        ),
        (vec!["data", "fetch", "mnits"], "did you mean `mnist`?"),
        (vec!["ci", "--only", "formt"], "did you mean `format`?"),
        (vec!["data", "preview", "mnist", "--split", "tset"], "train, test"),
    ] {
        let output = without_cargo(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
    }
}

#[test]
fn xtask_does_not_depend_on_burn() {
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["ci", "--only", "xtask-without-burn"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
}

#[test]
fn completions_know_papers_and_data_sets() {
    let script = stdout(&without_cargo(&["completions", "bash"]));
    assert!(script.contains("neural-ode"));
    assert!(script.contains("fashion-mnist"));
    assert!(script.contains("cargo xtask \"$@\""));
}

#[test]
fn the_manual_has_one_page_per_command() {
    let folder = tempfile::tempdir().unwrap();
    let output = without_cargo(&["man", "--out", folder.path().to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let page = std::fs::read_to_string(folder.path().join("cargo-xtask-train.1")).unwrap();
    assert!(page.contains("\\-\\-resume"), "{page}");
}

#[test]
fn a_preview_of_the_embedded_digits_needs_no_data_folder() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("digits.png");
    let output = without_cargo(&[
        "data",
        "preview",
        "uci-digits",
        "--split",
        "test",
        "--out",
        picture.to_str().unwrap(),
    ]);
    assert!(stdout(&output).contains("360 images"), "{}", stderr(&output));
    assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn a_missing_data_set_comes_with_its_remedy() {
    let empty = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["data", "verify", "mnist"])
        .env("BURN_PAPERS_DATA", empty.path())
        .env("XDG_CACHE_HOME", empty.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("cargo xtask data fetch mnist"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_wrong_plan_is_wrong_usage_before_any_build() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    for (text, message) in [
        (
            "name = 'a'\npaper = 'neural-ode'\nseed = 1",
            "plan.toml, line 3: unknown field `seed`",
        ),
        (
            "name = 'a'\npaper = 'neural-od'",
            "plan.toml, line 2: there is no paper `neural-od`",
        ),
    ] {
        std::fs::write(&plan, text).unwrap();
        for arguments in [vec!["sweep"], vec!["sweep", "gather"]] {
            let output = without_cargo(&[arguments.as_slice(), &[plan.to_str().unwrap()]].concat());
            assert_eq!(output.status.code(), Some(2), "{arguments:?}");
            assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
        }
    }
    let output = without_cargo(&["sweep", "no-such-plan.toml"]);
    assert!(
        stderr(&output).contains("reading the plan no-such-plan.toml"),
        "{}",
        stderr(&output)
    );
    assert_eq!(without_cargo(&["sweep"]).status.code(), Some(2));
}
