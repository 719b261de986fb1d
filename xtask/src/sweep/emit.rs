//! Manifests for schedulers. Each run is one command line that needs the program and the shared folder, nothing else:
//! it ends at once where the run is finished, goes on from a checkpoint where there is one, and begins anew elsewhere.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use clap::ValueEnum;
use papers_base::{catalogue::Digest, cli::TrainArgs, commit, provenance::quote};

use super::runs::{Run, State, Sweep};

/// A scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scheduler {
    /// An array job for `sbatch`
    Slurm,
    /// An indexed Job for `kubectl apply -f`
    K8s,
    /// A task array for `hq submit`
    Hq,
    /// Lines for GNU parallel or xargs
    Parallel,
}

/// A sweep with absolute paths and a program of its own, which later builds do not touch.
pub(super) fn shared(mut sweep: Sweep) -> anyhow::Result<Sweep> {
    let absolute = |path: &Path| std::path::absolute(path).with_context(|| format!("the place of {}", path.display()));
    sweep.folder = absolute(&sweep.folder)?;
    for run in &mut sweep.runs {
        run.folder = absolute(&run.folder)?;
    }
    sweep.data = sweep.data.as_deref().map(absolute).transpose()?;
    sweep.program = copy_program(&sweep)?;
    Ok(sweep)
}

/// Copies the program into the folder of the sweep, named by its content.
fn copy_program(sweep: &Sweep) -> anyhow::Result<PathBuf> {
    let reading = || format!("reading {}", sweep.program.display());
    let digest = Digest::sha256(&fs::read(&sweep.program).with_context(reading)?).to_string();
    let digits = digest
        .rsplit(':')
        .next()
        .unwrap_or_default()
        .get(..12)
        .unwrap_or_default();
    let name = sweep.program.file_name().unwrap_or_default().to_string_lossy();
    let folder = sweep.folder.join("programs");
    let path = folder.join(format!("{name}-{digits}"));
    if !path.is_file() {
        fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
        let part = folder.join(format!(".commit-{}", std::process::id()));
        // With its permissions.
        fs::copy(&sweep.program, &part).with_context(reading)?;
        commit::place(&part, &path)?;
    }
    Ok(path)
}

/// The manifest of all runs that are not finished; `None` if all are.
pub(super) fn manifest(sweep: &Sweep, scheduler: Scheduler, jobs: usize, threads: usize) -> Option<String> {
    let unfinished = sweep.runs.iter().filter_map(|run| {
        let state = State::of(&run.folder);
        (!matches!(state, State::Finished(_))).then(|| line(sweep, run, sweep.threads(run, &state, threads)))
    });
    let lines: Vec<String> = unfinished.collect();
    if lines.is_empty() {
        return None;
    }
    Some(match scheduler {
        Scheduler::Slurm => slurm(sweep, &lines, threads),
        Scheduler::K8s => kubernetes(sweep, &lines, jobs, threads),
        Scheduler::Hq => hyperqueue(sweep, &lines, threads),
        Scheduler::Parallel => parallel(&lines, jobs),
    })
}

/// The command line of a run, for a POSIX shell. `exec` makes the program the process that the scheduler signals.
fn line(sweep: &Sweep, run: &Run, threads: usize) -> String {
    let word = |word: &Path| quote(&word.to_string_lossy());
    let train = |is_begun| {
        let arguments = TrainArgs {
            out: None,
            ..sweep.arguments(run, is_begun)
        };
        let words = arguments.to_args();
        let words: Vec<String> = words.iter().map(|argument| word(Path::new(argument))).collect();
        let program = word(&sweep.program);
        format!(
            "exec env RAYON_NUM_THREADS={threads} {program} train --out \"$d\" {}",
            words.join(" ")
        )
    };
    format!(
        "d={}; if [ -f \"$d/results.json\" ]; then exit 0; fi; set -- \"$d\"/checkpoints/step-*; \
         if [ -d \"$1\" ]; then {}; else mkdir -p \"$d\" && {}; fi",
        word(&run.folder),
        train(true),
        train(false)
    )
}

/// A `case` over the variable with the index of the run.
fn cases(variable: &str, lines: &[String]) -> String {
    let mut text = format!("case \"${variable}\" in\n");
    for (index, line) in lines.iter().enumerate() {
        let _ = writeln!(text, "{index}) {line} ;;");
    }
    text += "*) echo \"no run has the number ";
    let _ = writeln!(text, "${variable}\" >&2; exit 2 ;;\nesac");
    text
}

fn slurm(sweep: &Sweep, lines: &[String], threads: usize) -> String {
    let (name, last) = (name(sweep), lines.len() - 1);
    let output = sweep.folder.join("slurm-%A_%a.log");
    format!(
        "#!/bin/bash\n\
         #SBATCH --job-name={name}\n\
         #SBATCH --array=0-{last}\n\
         #SBATCH --ntasks=1\n\
         #SBATCH --cpus-per-task={threads}\n\
         #SBATCH --output=\"{}\"\n\
         #SBATCH --open-mode=append\n\
         #SBATCH --requeue\n\
         # A minute before the time is up, the run saves and stops. Submit this file again to go on: what is finished ends at once.\n\
         #SBATCH --signal=B:TERM@60\n\
         # Partition, time and memory: sbatch --partition=... --time=01:00:00 --mem=2G THIS_FILE\n\n{}",
        output.display(),
        cases("SLURM_ARRAY_TASK_ID", lines)
    )
}

fn hyperqueue(sweep: &Sweep, lines: &[String], threads: usize) -> String {
    let (name, last) = (name(sweep), lines.len() - 1);
    let output = |kind: &str| {
        sweep
            .folder
            .join(format!("hq-%{{JOB_ID}}-%{{TASK_ID}}.{kind}"))
            .display()
            .to_string()
    };
    format!(
        "#!/bin/bash\n\
         # Submit this file under a name that ends with .sh: hq submit sweep.sh. Again to go on: what is finished ends at once.\n\
         #HQ --name={name}\n\
         #HQ --array=0-{last}\n\
         #HQ --cpus={threads}\n\
         #HQ --stdout=\"{}\"\n\
         #HQ --stderr=\"{}\"\n\n{}",
        output("out"),
        output("err"),
        cases("HQ_TASK_ID", lines)
    )
}

fn parallel(lines: &[String], jobs: usize) -> String {
    format!(
        "# PARALLEL_SHELL=/bin/sh parallel --jobs {jobs} --termseq TERM,60000,KILL,25 < THIS_FILE\n\
         # or: xargs -d '\\n' -n 1 -P {jobs} sh -c < THIS_FILE\n{}\n",
        lines.join("\n")
    )
}

fn kubernetes(sweep: &Sweep, lines: &[String], jobs: usize, threads: usize) -> String {
    let script = cases("JOB_COMPLETION_INDEX", lines);
    let script: String = script.lines().map(|line| format!("              {line}\n")).collect();
    let (name, count) = (name(sweep), lines.len());
    // A text of JSON is one of YAML.
    let folder = serde_json::Value::from(sweep.folder.to_string_lossy()).to_string();
    format!(
        "# Change three things before `kubectl apply -f THIS_FILE`: the image (any Linux with the program's C library), the claim\n\
         # of the volume, and the path in the volume where this sweep's folder lies. It is mounted under the path that it has here.\n\
         apiVersion: batch/v1\n\
         kind: Job\n\
         metadata:\n  \
           name: {name}\n\
         spec:\n  \
           completionMode: Indexed\n  \
           completions: {count}\n  \
           parallelism: {}\n  \
           # A pod that is lost goes on from its run's checkpoint; a run that fails does not end the others.\n  \
           backoffLimitPerIndex: 3\n  \
           template:\n    \
             spec:\n      \
               restartPolicy: Never\n      \
               terminationGracePeriodSeconds: 60\n      \
               containers:\n        \
                 - name: run\n          \
                   image: debian:stable-slim\n          \
                   command: [\"/bin/sh\", \"-c\"]\n          \
                   args:\n            \
                     - |\n\
         {script}          \
                   resources:\n            \
                     requests:\n              \
                       cpu: \"{threads}\"\n          \
                   volumeMounts:\n            \
                     - name: sweep\n              \
                       mountPath: {folder}\n              \
                       subPath: \"\"\n      \
               volumes:\n        \
                 - name: sweep\n          \
                   persistentVolumeClaim:\n            \
                     claimName: sweeps\n",
        jobs.min(count)
    )
}

/// The sweep's name as all schedulers take it: lowercase letters, digits and dashes.
fn name(sweep: &Sweep) -> String {
    let name = sweep
        .folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let name = name.replace(['_', '.'], "-");
    name.trim_end_matches('-').to_owned()
}
