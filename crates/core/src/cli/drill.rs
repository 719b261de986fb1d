//! `drill`: is what a killed run leaves behind really enough?

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use rand::RngExt;

use super::Paper;
use crate::{checkpoint::Store, random::Streams};

/// How often a run is asked whether it has ended.
const POLL: Duration = Duration::from_millis(2);

#[derive(Debug, Args)]
pub(super) struct DrillArgs {
    /// Name of the experiment
    #[arg(long, short)]
    experiment: Option<String>,
    /// Kills in all; a run that comes to its end before is compared and begun anew
    #[arg(long, default_value_t = 20)]
    kills: u32,
    /// Seed of the runs and of the moments
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Updates between checkpoints
    #[arg(long, default_value_t = 10)]
    checkpoint_every: u64,
    /// Override one setting, as in `schedule.steps=200`
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Folder to look for data sets in first
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

/// Trains once undisturbed, then again and again with SIGKILL at random moments, and compares the weights at the end.
pub(super) fn run(paper: &Paper, arguments: &DrillArgs) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("a temporary folder")?;
    let whole = folder.path().join("whole");
    let started = Instant::now();
    let status = training(paper, arguments, &whole, false)?
        .status()
        .context("starting the program")?;
    ensure!(
        status.success(),
        "the undisturbed run failed; run `train` with the same settings to see why"
    );
    let duration = started.elapsed();
    let expected = outcome(&whole)?;
    eprintln!(
        "undisturbed: {:.1} s, {} files to compare",
        duration.as_secs_f64(),
        expected.len()
    );

    let mut moments = Streams::new(arguments.seed).at("drill", 0, 0);
    let (mut kills, mut finished) = (0, 0);
    while kills < arguments.kills || finished == 0 {
        let out = folder.path().join(format!("killed-{finished}"));
        loop {
            let resume = Store::new(&out).latest().is_ok();
            let moment = duration.mul_f64(moments.random::<f64>());
            let moment = (kills < arguments.kills).then_some(moment);
            if run_until(training(paper, arguments, &out, resume)?, moment)? {
                break;
            }
            kills += 1;
            let from = if resume { "a resumed" } else { "a fresh" };
            eprintln!("kill {kills} of {}: {from} run", arguments.kills);
        }
        finished += 1;
        ensure!(
            outcome(&out)? == expected,
            "the run in {} ended with other weights",
            out.display()
        );
    }
    super::commands::print(&format!(
        "{kills} kills; {finished} killed runs came to their end, all with the weights of the undisturbed one, byte for byte"
    ))
}

fn training(paper: &Paper, arguments: &DrillArgs, out: &Path, resume: bool) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe().context("the program's own path")?);
    command
        .args(["train", "--quiet", "--seed", &arguments.seed.to_string(), "--out"])
        .arg(out);
    command.args([
        "--experiment",
        arguments.experiment.as_deref().unwrap_or(paper.default_experiment),
    ]);
    if let Some(data) = &arguments.data {
        command.arg("--data").arg(data);
    }
    if resume {
        command.arg("--resume");
    } else {
        command.arg("--overwrite");
        command.args([
            "--set",
            &format!("schedule.checkpoint_every={}", arguments.checkpoint_every),
        ]);
        command.args(arguments.set.iter().flat_map(|set| ["--set", set]));
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
    Ok(command)
}

/// Runs a program until it ends or `moment` is over; whether it came to its end.
fn run_until(mut command: Command, moment: Option<Duration>) -> anyhow::Result<bool> {
    let started = Instant::now();
    let mut child = command.spawn().context("starting the program")?;
    loop {
        if let Some(status) = child.try_wait().context("waiting for the program")? {
            if !status.success() {
                bail!("a run failed by itself after an earlier kill: {status}");
            }
            return Ok(true);
        }
        if moment.is_some_and(|moment| started.elapsed() >= moment) {
            // SIGKILL on Unix: nothing can be saved any more.
            child.kill().context("killing the program")?;
            child.wait().context("waiting for the killed program")?;
            return Ok(false);
        }
        thread::sleep(POLL);
    }
}

/// The trained weights and the final metrics of a run, by file name.
fn outcome(run: &Path) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let weights = run.join("weights");
    for entry in fs::read_dir(&weights).with_context(|| format!("reading {}", weights.display()))? {
        let path = entry?.path();
        let bytes = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
        files.insert(
            path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            bytes,
        );
    }
    let results = run.join("results.json");
    files.insert(
        "results.json".to_owned(),
        fs::read(&results).with_context(|| format!("reading {}", results.display()))?,
    );
    Ok(files)
}
