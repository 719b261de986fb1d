//! Sweeps of a fake paper.

mod emit;
mod plan;
mod pool;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::{
    gather,
    plan::{Plan, Target},
    pool::{self as runs_pool, Outcome, Share},
    runs::{State, Sweep},
    stop::Stop,
};
use crate::workspace::Workspace;

const PROGRAM: &str = include_str!("../../../tests/fake_paper.sh");

/// Two axes and two seeds: eight runs.
const GRID: &str = r#"
name = "grid"
paper = "neural-ode"
experiments = ["digits"]
seeds = [0, 1]
sets = { "schedule.steps" = 4 }
[axes]
rate = [0.1, 0.2]
kind = ["adam", "sgd"]
"#;

/// A folder with a fake program, and sweeps beside it.
struct Fake {
    folder: tempfile::TempDir,
}

impl Fake {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("toy");
        fs::write(&program, PROGRAM).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file beside the program changes what it does.
    fn with(self, name: &str) -> Self {
        fs::write(self.path(name), "").unwrap();
        self
    }

    fn sweep(&self, plan: &str) -> Sweep {
        self.try_sweep(plan).unwrap()
    }

    fn try_sweep(&self, plan: &str) -> anyhow::Result<Sweep> {
        let plan = Plan::parse("plan.toml", plan)?;
        let sweep = Sweep::resolve(&plan, &target(&plan), self.path("toy"), &self.path("sweeps"))?;
        sweep.save_index()?;
        Ok(sweep)
    }

    fn run(&self, plan: &str, jobs: usize) -> Outcome {
        let share = Share { jobs, threads: 1 };
        runs_pool::run(&self.sweep(plan), share, &Stop::default()).unwrap()
    }

    /// Takes back the last update of every other run of a finished sweep, as if it had been killed then.
    fn unfinish(&self, plan: &str) {
        for run in self.sweep(plan).runs.iter().step_by(2) {
            fs::remove_file(run.folder.join("results.json")).unwrap();
            fs::remove_file(run.folder.join("journal.jsonl")).unwrap();
            fs::remove_dir(run.folder.join("checkpoints/step-000000003")).unwrap();
            assert_eq!(State::of(&run.folder), State::Begun { step: 2 });
        }
        fs::remove_file(self.path("calls")).unwrap();
    }

    /// Both tables.
    fn tables(&self, plan: &str) -> (String, String) {
        let plan = Plan::parse("plan.toml", plan).unwrap();
        let gathered = gather::gather(&plan, &target(&plan), &self.path("sweeps")).unwrap();
        (gathered.markdown(), gathered.csv())
    }

    /// A line for each start of a run.
    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }
}

fn target(plan: &Plan) -> Target {
    plan.target(&Workspace::find().unwrap()).unwrap()
}

fn is_finished(folder: &Path) -> bool {
    matches!(State::of(folder), State::Finished(_))
}
