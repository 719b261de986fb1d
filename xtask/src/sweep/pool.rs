//! A local pool: as many runs at a time as fit this machine, each a process of its own.

use std::{
    collections::VecDeque,
    fs::{self, File},
    num::NonZeroUsize,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use papers_base::{cli::exit, commit};

use super::{
    display::Display,
    memory,
    plan::Local,
    runs::{FAILURE, OUTPUT, Run, State, Sweep},
    stop::Stop,
};

/// How often processes, signals and the display are looked after.
const POLL: Duration = Duration::from_millis(50);

/// How long a run waits whose folder another process uses, before it is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// A run that is killed so many times in a row, without getting further, counts as failed.
const MOST_DEATHS: u32 = 3;

/// Lines of output that are shown of a run that failed.
const SHOWN_LINES: usize = 5;

/// How the machine is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    /// Runs at a time, as long as there is memory.
    pub(super) jobs: usize,
    /// Threads of each.
    pub(super) threads: usize,
}

/// What became of the runs that were not finished before.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) failures: Vec<Failure>,
    /// How often it was asked to stop; the second time, runs were ended unsaved.
    pub(super) stops: u32,
}

/// A run that failed.
#[derive(Debug, PartialEq)]
pub(super) struct Failure {
    pub(super) run: Run,
    pub(super) reason: String,
    /// The last lines of its output.
    pub(super) lines: Vec<String>,
}

impl Share {
    /// Jobs × threads is the number of cores where the plan does not ask for something else. The number of runs is that
    /// of the whole plan, so that a sweep that goes on gives its runs as many threads as before.
    pub(super) fn new(asked: Local, cores: usize, runs: usize) -> Self {
        let asked_for = |number: Option<NonZeroUsize>| number.map(NonZeroUsize::get);
        let jobs = asked_for(asked.jobs).unwrap_or_else(|| match asked.threads {
            Some(threads) => (cores / threads).max(1),
            None => cores.min(runs).max(1),
        });
        let threads = asked_for(asked.threads).unwrap_or_else(|| (cores / jobs).max(1));
        Self { jobs, threads }
    }
}

/// Runs what is not finished.
pub(super) fn run(sweep: &Sweep, share: Share, stop: &Stop) -> anyhow::Result<Outcome> {
    let mut waiting = VecDeque::new();
    for run in &sweep.runs {
        let state = State::of(&run.folder);
        if !matches!(state, State::Finished(_)) {
            waiting.push_back(Task {
                run,
                state,
                deaths: 0,
                not_before: None,
            });
        }
    }
    let mut pool = Pool {
        display: Display::new(sweep.runs.len(), sweep.runs.len() - waiting.len(), share.jobs),
        sweep,
        share,
        waiting,
        workers: Vec::new(),
        peak: None,
        outcome: Outcome::default(),
    };
    while pool.has_work() {
        if stop.asked() {
            pool.stop();
        }
        pool.reap()?;
        pool.fill()?;
        pool.show();
        thread::sleep(POLL);
    }
    pool.display.close();
    Ok(std::mem::take(&mut pool.outcome))
}

struct Pool<'a> {
    sweep: &'a Sweep,
    share: Share,
    waiting: VecDeque<Task<'a>>,
    workers: Vec<Worker<'a>>,
    /// The most memory that any run has had, in KiB.
    peak: Option<u64>,
    outcome: Outcome,
    display: Display,
}

struct Task<'a> {
    run: &'a Run,
    /// How far it was when it was last started.
    state: State,
    /// How often it was killed without getting further.
    deaths: u32,
    /// When to try again, where another process was at it.
    not_before: Option<Instant>,
}

struct Worker<'a> {
    task: Task<'a>,
    child: Child,
    started: Instant,
}

impl<'a> Pool<'a> {
    fn has_work(&self) -> bool {
        let may_start = self.outcome.stops == 0 && !self.waiting.is_empty();
        may_start || !self.workers.is_empty()
    }

    /// Passes a request to stop on: the first time runs save and stop, the second time they are ended.
    fn stop(&mut self) {
        self.outcome.stops += 1;
        let is_first = self.outcome.stops == 1;
        self.display.line(match (is_first, self.workers.len()) {
            (true, 1) => "stopping: the run saves and stops; again to end it unsaved",
            (true, _) => "stopping: the runs save and stop; again to end them unsaved",
            (false, _) => "ending the runs",
        });
        for worker in &mut self.workers {
            if is_first {
                super::stop::ask(&mut worker.child);
            } else {
                // One that has ended by itself in the meantime needs no end.
                let _ = worker.child.kill();
            }
        }
    }

    /// Takes the workers that have ended out of the pool.
    fn reap(&mut self) -> anyhow::Result<()> {
        let mut index = 0;
        while let Some(worker) = self.workers.get_mut(index) {
            let peak = memory::peak(worker.child.id());
            self.peak = self.peak.max(peak);
            match worker.child.try_wait().context("waiting for a run")? {
                None => index += 1,
                Some(status) => {
                    let worker = self.workers.swap_remove(index);
                    self.ended(worker, status)?;
                }
            }
        }
        Ok(())
    }

    fn ended(&mut self, mut worker: Worker<'a>, status: ExitStatus) -> anyhow::Result<()> {
        let state = State::of(&worker.task.run.folder);
        let label = self.sweep.label(worker.task.run);
        if matches!(state, State::Finished(_)) {
            self.display.finished(&label, worker.started.elapsed());
            return Ok(());
        }
        if self.outcome.stops > 0 && (was_stopped(status) || status.success()) {
            return Ok(());
        }
        if status.code() == Some(exit::LOCKED.into()) {
            self.wait_for_other(worker.task, &label);
            return Ok(());
        }
        if !was_stopped(status) {
            return self.failed(worker.task.run, describe(status));
        }
        let task = &mut worker.task;
        task.deaths = if state == task.state { task.deaths + 1 } else { 0 };
        if task.deaths >= MOST_DEATHS {
            let reason = format!("{}, {MOST_DEATHS} times without getting further", describe(status));
            return self.failed(worker.task.run, reason);
        }
        self.display.line(&format!("{}; it goes on: {label}", describe(status)));
        self.waiting.push_front(Task { state, ..worker.task });
        Ok(())
    }

    /// Another process is at this run: one that a killed sweep left behind, or that a scheduler started. It is no failure,
    /// and whatever that process comes to is right.
    fn wait_for_other(&mut self, task: Task<'a>, label: &str) {
        if task.not_before.is_none() {
            self.display
                .line(&format!("another process is at it, which is waited for: {label}"));
        }
        let not_before = Some(Instant::now() + AGAIN);
        self.waiting.push_back(Task { not_before, ..task });
    }

    fn failed(&mut self, run: &Run, reason: String) -> anyhow::Result<()> {
        self.display.failed(&format!("{}: {reason}", self.sweep.label(run)));
        let output = fs::read(run.folder.join(OUTPUT)).unwrap_or_default();
        let output = String::from_utf8_lossy(&output);
        let lines: Vec<&str> = output.lines().collect();
        let shown = lines[lines.len().saturating_sub(SHOWN_LINES)..].iter();
        let failure = Failure {
            run: run.clone(),
            reason,
            lines: shown.map(|&line| line.to_owned()).collect(),
        };
        let text = format!("{}\n{}\n", failure.reason, failure.lines.join("\n"));
        commit::bytes(&run.folder.join(FAILURE), text.as_bytes())?;
        self.outcome.failures.push(failure);
        Ok(())
    }

    /// Starts runs while there is room.
    fn fill(&mut self) -> anyhow::Result<()> {
        while self.outcome.stops == 0 && self.workers.len() < self.room() {
            let Some(mut task) = self.next() else { break };
            // Another process may have taken it further in the meantime.
            task.state = State::of(&task.run.folder);
            if matches!(task.state, State::Finished(_)) {
                self.display.finished_elsewhere(&self.sweep.label(task.run));
                continue;
            }
            let child = self.spawn(&task)?;
            self.workers.push(Worker {
                task,
                child,
                started: Instant::now(),
            });
        }
        Ok(())
    }

    /// The next run that need not wait.
    fn next(&mut self) -> Option<Task<'a>> {
        let now = Instant::now();
        let is_due = |task: &Task<'_>| task.not_before.is_none_or(|moment| moment <= now);
        let place = self.waiting.iter().position(is_due)?;
        self.waiting.remove(place)
    }

    /// Runs that may go on at a time: the jobs asked for, fewer where the memory ends. Nothing limits before it is known
    /// what a run needs.
    fn room(&self) -> usize {
        let (Some(peak), Some(available)) = (self.peak, memory::available()) else {
            return self.share.jobs;
        };
        let present = self
            .workers
            .iter()
            .filter_map(|worker| memory::present(worker.child.id()));
        self.share.jobs.min(memory::fitting(peak, available, present.sum()))
    }

    fn spawn(&self, task: &Task<'_>) -> anyhow::Result<Child> {
        let Task { run, state, .. } = task;
        let folder = &run.folder;
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        // There is none as a rule.
        let _ = fs::remove_file(folder.join(FAILURE));
        let path = folder.join(OUTPUT);
        let writing = || format!("writing {}", path.display());
        // At its end, wherever that is: a process that a killed sweep left behind may be writing, too.
        let output = File::options().append(true).create(true).open(&path);
        let output = output.with_context(writing)?;
        output.set_len(0).with_context(writing)?;
        let is_begun = matches!(state, State::Begun { .. });
        let threads = self.sweep.threads(run, state, self.share.threads);
        let mut command = Command::new(&self.sweep.program);
        command
            .arg("train")
            .args(self.sweep.arguments(run, is_begun).to_args())
            .env("RAYON_NUM_THREADS", threads.to_string())
            .stdin(Stdio::null())
            .stderr(output.try_clone().context("a second handle of the output")?)
            .stdout(output);
        super::stop::keep_from_terminal(&mut command);
        let program = self.sweep.program.display();
        command.spawn().with_context(|| format!("starting {program}"))
    }

    fn show(&mut self) {
        let running = self.workers.iter().map(|worker| worker.started.elapsed());
        self.display.show(running, self.waiting.len());
    }
}

/// A pool that is left by an error leaves no process behind.
impl Drop for Pool<'_> {
    fn drop(&mut self) {
        for worker in &mut self.workers {
            // What has ended already is what is wanted.
            let _ = worker.child.kill();
            let _ = worker.child.wait();
        }
    }
}

/// Whether somebody ended the process, which says nothing against the run.
fn was_stopped(status: ExitStatus) -> bool {
    match status.code() {
        Some(code) => code == i32::from(exit::INTERRUPTED),
        None => true,
    }
}

fn describe(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("killed by signal {signal}");
    }
    let Some(code) = status.code() else {
        return status.to_string();
    };
    let meaning = match u8::try_from(code) {
        Ok(exit::DONE) => "the program ended well, but not the run",
        Ok(exit::USAGE) => "wrong usage",
        Ok(exit::INTERRUPTED) => "interrupted and saved",
        Ok(exit::DIVERGED) => "diverged",
        Ok(exit::LOCKED) => "the folder is in use",
        Ok(exit::BACKEND) => "no such backend or adapter",
        _ => "failed",
    };
    format!("{meaning} (exit code {code})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(jobs: usize, threads: usize, cores: usize, runs: usize) -> (usize, usize) {
        let (jobs, threads) = (NonZeroUsize::new(jobs), NonZeroUsize::new(threads));
        let share = Share::new(Local { jobs, threads }, cores, runs);
        (share.jobs, share.threads)
    }

    #[test]
    fn jobs_and_threads_fill_the_machine() {
        // Nothing asked: a job for each core, or for each run with what is left as threads.
        assert_eq!(share(0, 0, 8, 100), (8, 1));
        assert_eq!(share(0, 0, 8, 3), (3, 2));
        // One asked: the other fills up.
        assert_eq!(share(1, 0, 8, 100), (1, 8));
        assert_eq!(share(0, 4, 8, 100), (2, 4));
        assert_eq!(share(0, 16, 8, 100), (1, 16));
        // Both asked: as asked.
        assert_eq!(share(5, 5, 8, 1), (5, 5));
    }
}
