//! Building and running a paper's program, with a script in cargo's place.
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

/// A workspace with the paper `toy`, whose program is a script.
struct Fake {
    folder: tempfile::TempDir,
}

impl Fake {
    fn new(program: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("crates/toy/experiments")).unwrap();
        fs::create_dir_all(root.join("xtask")).unwrap();
        fs::write(root.join("Cargo.toml"), "[workspace]\nmembers = [\"crates/*\"]\n").unwrap();
        fs::write(
            root.join("crates/toy/Cargo.toml"),
            "[package]\nname = \"toy\"\n[package.metadata.paper]\ntitle = \"Toy\"\nauthors = \"A\"\nvenue = \"V\"\nyear = 2000\nurl = \"u\"\n[features]\nflex = []\nwgpu = []\n",
        )
        .unwrap();
        fs::write(
            root.join("crates/toy/experiments/small.toml"),
            "[about]\nsummary = \"s\"\nreproduces = \"r\"\ndata = []\ncost = \"c\"\n",
        )
        .unwrap();
        write_script(&root.join("program"), program);
        let artifact = format!(
            "{{\"reason\":\"compiler-artifact\",\"target\":{{\"name\":\"toy\"}},\"executable\":\"{}\"}}",
            root.join("program").display()
        );
        let target = root.join("target");
        write_script(
            &root.join("cargo"),
            &format!(
                "if [ \"$1\" = metadata ]; then echo '{{\"target_directory\":\"{}\"}}'; exit; fi\n\
                 echo \"$@\" >> {}\n\
                 echo \"    Finished nothing\" >&2\n\
                 echo '{artifact}'\n",
                target.display(),
                root.join("calls").display()
            ),
        );
        Self { folder }
    }

    fn xtask(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .env("CARGO", self.folder.path().join("cargo"))
            .env("CARGO_MANIFEST_DIR", self.folder.path().join("xtask"))
            .args(arguments);
        command
    }

    fn calls(&self) -> String {
        fs::read_to_string(self.folder.path().join("calls")).unwrap_or_default()
    }

    /// A plan of four runs of the paper `toy`, with `program` in the place of its program.
    fn with_plan() -> Self {
        let fake = Self::new("");
        let root = fake.folder.path();
        fs::write(root.join("program"), include_str!("fake_paper.sh")).unwrap();
        let plan = "name = 'tiny'\npaper = 'toy'\nseeds = [0, 1]\n[axes]\nrate = [1, 2]\n[local]\nthreads = 1\n";
        fs::write(root.join("plan.toml"), plan).unwrap();
        fake
    }

    /// `xtask sweep`, in the workspace's root.
    fn sweep(&self, arguments: &[&str]) -> Command {
        let mut command = self.xtask(&[&["sweep"], arguments].concat());
        command.current_dir(self.folder.path());
        command
    }

    /// Makes Burn look compiled.
    fn pretend_built(&self, backend: &str) {
        let deps = self.folder.path().join("target/release/deps");
        fs::create_dir_all(&deps).unwrap();
        fs::write(deps.join(format!("libburn_{backend}-1.rlib")), "").unwrap();
    }
}

fn write_script(path: &Path, body: &str) {
    fs::write(path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn only_the_backend_asked_for_is_built() {
    let fake = Fake::new("exit 0");
    assert!(
        fake.xtask(&["train", "toy", "--backend", "wgpu:1"])
            .output()
            .unwrap()
            .status
            .success()
    );
    let calls = fake.calls();
    assert!(calls.contains("--release --no-default-features"), "{calls}");
    assert!(calls.contains("--package toy --bin toy --features wgpu"), "{calls}");
}

#[test]
fn the_program_gets_the_arguments_and_gives_its_exit_code() {
    let fake = Fake::new("echo \"$@\"; exit 4");
    let arguments = [
        "train",
        "toy",
        "--experiment",
        "small",
        "--seed",
        "7",
        "--set",
        "a.b=1 2",
        "--resume",
    ];
    let output = fake.xtask(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.starts_with("train "), "{text}");
    for argument in ["--experiment small", "--seed 7", "--set a.b=1 2", "--resume"] {
        assert!(text.contains(argument), "{argument}: {text}");
    }
}

#[test]
fn the_first_build_says_what_it_does_and_later_ones_are_silent() {
    let fake = Fake::new("exit 0");
    let first = fake.xtask(&["run", "toy", "--", "config"]).output().unwrap();
    let text = String::from_utf8(first.stderr).unwrap();
    assert!(text.contains("Burn itself is compiled first"), "{text}");
    fake.pretend_built("flex");
    let later = fake.xtask(&["run", "toy", "--", "config"]).output().unwrap();
    assert_eq!(String::from_utf8(later.stderr).unwrap(), "");
}

#[test]
fn a_termination_signal_reaches_the_program() {
    let fake = Fake::new("trap 'exit 3' TERM; echo ready; while :; do sleep 0.02; done");
    let mut child = fake
        .xtask(&["train", "toy"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    let kill = format!("kill -TERM {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn a_failed_build_runs_nothing() {
    let fake = Fake::new("echo ran");
    write_script(
        &fake.folder.path().join("cargo"),
        "echo '{\"target_directory\":\"/none\"}'; [ \"$1\" = metadata ]",
    );
    let output = fake.xtask(&["train", "toy"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("building toy with the flex backend failed")
    );
}

#[test]
fn a_sweep_runs_once_and_gathers_a_table() {
    let fake = Fake::with_plan();
    let text = |arguments: &[&str]| {
        let output = fake.sweep(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    };
    let planned = text(&["plan.toml", "--dry-run"]);
    assert!(planned.contains("4 runs: 0 finished, 0 begun"), "{planned}");
    assert!(planned.contains("small rate=2 seed=1"), "{planned}");
    assert!(!fake.folder.path().join("runs").exists());

    let table = text(&["plan.toml", "--jobs", "2"]);
    assert!(table.starts_with("| experiment | rate | score | loss |"), "{table}");
    assert!(text(&["plan.toml", "--dry-run"]).contains("4 runs: 4 finished"));
    assert_eq!(text(&["plan.toml"]), table);
    assert_eq!(text(&["gather", "plan.toml"]), table);
    let calls = fs::read_to_string(fake.folder.path().join("calls")).unwrap();
    assert_eq!(calls.matches("seed ").count(), 4, "{calls}");
    assert_eq!(text(&["plan.toml", "--emit", "slurm"]), "", "all is done");
}

#[test]
fn an_interrupted_sweep_says_so_and_a_second_one_is_refused() {
    let fake = Fake::with_plan();
    let slow = fake.folder.path().join("slow");
    fs::write(&slow, "").unwrap();
    let mut child = fake
        .sweep(&["plan.toml", "--jobs", "1"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !fs::read_to_string(fake.folder.path().join("calls")).is_ok_and(|calls| calls.contains("seed")) {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(fake.sweep(&["plan.toml"]).output().unwrap().status.code(), Some(5));
    let kill = format!("kill -INT {}", child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    let text = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
    assert!(text.contains("are not finished; the same command goes on"), "{text}");

    fs::remove_file(slow).unwrap();
    assert!(fake.sweep(&["plan.toml"]).output().unwrap().status.success());
}

#[test]
fn a_sweep_that_is_killed_again_and_again_gives_the_table_of_one_that_is_not() {
    let table = |fake: &Fake| fs::read_to_string(fake.folder.path().join("runs/sweeps/tiny/table.csv")).unwrap();
    let serial = Fake::with_plan();
    assert!(
        serial
            .sweep(&["plan.toml", "--jobs", "1"])
            .output()
            .unwrap()
            .status
            .success()
    );

    let killed = Fake::with_plan();
    fs::write(killed.folder.path().join("slow"), "").unwrap();
    // A run takes 600 ms; what a killed sweep leaves behind goes on, and the next sweep meets it.
    for moment in [60, 150, 260, 370, 480] {
        let mut sweep = killed.sweep(&["plan.toml", "--jobs", "2"]);
        let mut child = sweep.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(moment));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let output = killed.sweep(&["plan.toml", "--jobs", "2"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(!text.contains("failed"), "{text}");
    assert_eq!(table(&killed), table(&serial));
}

#[test]
fn a_sweep_takes_the_program_of_a_folder_and_builds_nothing() {
    let fake = Fake::with_plan();
    let root = fake.folder.path();
    fs::create_dir(root.join("programs")).unwrap();
    let with_programs = ["plan.toml", "--dry-run", "--programs", "programs"];
    let missing = fake.sweep(&with_programs).output().unwrap();
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("there is no program"));
    fs::copy(root.join("program"), root.join("programs/toy")).unwrap();
    assert!(fake.sweep(&with_programs).output().unwrap().status.success());
    assert_eq!(fake.calls(), "");
}
