//! The runs of a sweep: where each lies, how far it is, and the command that takes it further.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use papers_base::{
    catalogue::Digest,
    cli::{TrainArgs, exit},
    commit,
    journal::{self, Event, Scalars},
    provenance::Provenance,
};

use super::{
    plan::{Plan, Target},
    settings::Point,
};

/// The folder of all sweeps.
pub(super) const SWEEPS: &str = "runs/sweeps";

/// Which folder holds which run, for `gather`.
const INDEX: &str = "sweep.json";

/// What the run wrote to standard output and standard error since it was last started.
pub(super) const OUTPUT: &str = "output.log";

/// How the run failed; it is gone when the run is started again.
pub(super) const FAILURE: &str = "failure.txt";

/// Hex digits of a digest in the name of a folder.
const DIGITS: usize = 12;

/// A plan with a folder for each run.
pub(super) struct Sweep {
    /// The folder of the sweep.
    pub(super) folder: PathBuf,
    /// The paper's program.
    pub(super) program: PathBuf,
    pub(super) backend: String,
    /// Folder of data sets.
    pub(super) data: Option<PathBuf>,
    pub(super) points: Vec<Point>,
    /// Each folder once, in the order of the plan.
    pub(super) runs: Vec<Run>,
}

/// One run of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    /// Index of its point.
    pub(super) point: usize,
    pub(super) seed: u64,
    pub(super) folder: PathBuf,
}

/// How far a run is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum State {
    /// Its journal has an end, and its results are saved.
    Finished(Scalars),
    /// There is a checkpoint to go on from.
    Begun { step: u64 },
    /// There is nothing to go on from.
    New,
}

impl Sweep {
    /// Asks the paper's program for the configuration of each point, which decides on the folders of its runs.
    pub(super) fn resolve(plan: &Plan, target: &Target, program: PathBuf, sweeps: &Path) -> anyhow::Result<Self> {
        let folder = sweeps.join(&plan.name.0);
        let points = plan.points(&target.experiments)?;
        let mut runs: Vec<Run> = Vec::new();
        for (point, settings) in points.iter().enumerate() {
            let config = resolved_config(plan, &program, settings)?;
            for &seed in &plan.seeds.0 {
                let digest = digest(target, &settings.experiment, &config, seed);
                let name = format!("{digest}-seed{seed}");
                let folder = folder.join(&settings.experiment).join(name);
                runs.push(Run { point, seed, folder });
            }
        }
        // Points that differ in words only, such as a default that is also written out, are one.
        let mut seen = std::collections::HashSet::new();
        runs.retain(|run| seen.insert(run.folder.clone()));
        Ok(Self {
            folder,
            program,
            backend: target.backend.clone(),
            data: None,
            points,
            runs,
        })
    }

    /// A run as people read it.
    pub(super) fn label(&self, run: &Run) -> String {
        match self.points.get(run.point) {
            Some(point) => format!("{point} seed={}", run.seed),
            None => format!("seed={}", run.seed),
        }
    }

    /// The arguments of the paper's program that begin a run, or go on with it.
    pub(super) fn arguments(&self, run: &Run, is_begun: bool) -> TrainArgs {
        let point = self.points.get(run.point);
        TrainArgs {
            experiment: point.map(|point| point.experiment.clone()),
            backend: Some(self.backend.clone()),
            seed: run.seed,
            // A resumed run keeps its configuration. One that was killed before its first checkpoint is begun anew.
            set: point.filter(|_| !is_begun).map(Point::sets).unwrap_or_default(),
            config: None,
            out: Some(run.folder.clone()),
            resume: is_begun,
            overwrite: !is_begun,
            data: self.data.clone(),
            json: false,
            quiet: true,
        }
    }

    /// Threads of a run: one that is begun keeps the number that it has, since numbers may depend on it.
    pub(super) fn threads(&self, run: &Run, state: &State, threads: usize) -> usize {
        match state {
            State::Begun { .. } => Provenance::load(&run.folder).map_or(threads, |saved| saved.threads),
            _ => threads,
        }
    }

    /// Notes which folder holds which run, beside what earlier plans of this name noted.
    pub(super) fn save_index(&self) -> anyhow::Result<()> {
        fs::create_dir_all(&self.folder).with_context(|| format!("creating {}", self.folder.display()))?;
        let mut index = Index::load(&self.folder)?;
        for run in &self.runs {
            let Some(point) = self.points.get(run.point) else {
                continue;
            };
            let folder = run.folder.strip_prefix(&self.folder).unwrap_or(&run.folder);
            let key = key(point, &self.backend, run.seed);
            index.0.insert(key, folder.to_string_lossy().into_owned());
        }
        let mut json = serde_json::to_vec_pretty(&index.0).context("writing the index")?;
        json.push(b'\n');
        Ok(commit::bytes(&self.folder.join(INDEX), &json)?)
    }
}

/// Folders of runs by what they run.
pub(super) struct Index(BTreeMap<String, String>);

impl Index {
    /// The index of a sweep; an empty one where nothing was planned yet.
    pub(super) fn load(sweep: &Path) -> anyhow::Result<Self> {
        let path = sweep.join(INDEX);
        match fs::read(&path) {
            Ok(json) => Ok(Self(
                serde_json::from_slice(&json).with_context(|| format!("reading {}", path.display()))?,
            )),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self(BTreeMap::new())),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    /// The folder of a run below that of the sweep, if it was planned.
    pub(super) fn folder(&self, point: &Point, backend: &str, seed: u64) -> Option<&str> {
        self.0.get(&key(point, backend, seed)).map(String::as_str)
    }
}

fn key(point: &Point, backend: &str, seed: u64) -> String {
    format!("{point} seed={seed} backend={backend}")
}

impl State {
    /// Reads how far the run in `folder` is.
    ///
    /// A journal that cannot be read is no end: the run goes on from its checkpoint, which remembers the journal too.
    pub(super) fn of(folder: &Path) -> Self {
        if folder.join("results.json").is_file()
            && let Ok(records) = journal::read(folder)
            && let Some(Event::Finished { scalars, .. }) = records.into_iter().next_back().map(|record| record.event)
        {
            return Self::Finished(scalars);
        }
        newest_checkpoint(folder).map_or(Self::New, |step| Self::Begun { step })
    }
}

/// Updates that the newest checkpoint of a run holds.
fn newest_checkpoint(folder: &Path) -> Option<u64> {
    let entries = fs::read_dir(folder.join("checkpoints")).ok()?;
    let steps = entries.flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_prefix("step-")?.parse().ok()
    });
    steps.max()
}

/// What determines the result of a run, as a short digest.
fn digest(target: &Target, experiment: &str, config: &str, seed: u64) -> String {
    let (paper, backend) = (&target.paper.name, &target.backend);
    let text = format!("{paper}\n{experiment}\n{backend}\n{seed}\n{config}");
    let digest = Digest::sha256(text.as_bytes()).to_string();
    let digits = digest.rsplit(':').next().unwrap_or_default();
    digits.chars().take(DIGITS).collect()
}

/// The configuration of a point as the paper's program prints it.
fn resolved_config(plan: &Plan, program: &Path, point: &Point) -> anyhow::Result<String> {
    let mut command = Command::new(program);
    command.args(["config", "--experiment", &point.experiment]);
    // With `=`, since a value may begin with a dash.
    command.args(point.sets().iter().map(|set| format!("--set={set}")));
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {}", program.display()))?;
    if output.status.success() {
        return String::from_utf8(output.stdout).context("the configuration that the program printed");
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim().trim_start_matches("error: ");
    if output.status.code() == Some(exit::USAGE.into()) {
        return Err(plan.problem(format!("the point `{point}`: {said}")).into());
    }
    bail!("`{} config` failed with {}: {said}", program.display(), output.status)
}
