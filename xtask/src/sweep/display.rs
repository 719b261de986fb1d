//! How a sweep goes on, on standard error: a bar on a terminal, a line for each end of a run elsewhere.

use std::{
    io::{self, IsTerminal, Write},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use papers_base::progress::duration;

pub(super) struct Display {
    bar: Option<ProgressBar>,
    runs: usize,
    jobs: usize,
    finished: usize,
    failed: usize,
    /// Runs that finished here, and the seconds that they took.
    measured: (u32, f64),
}

impl Display {
    /// Shows `runs`, of which some are finished already.
    pub(super) fn new(runs: usize, finished: usize, jobs: usize) -> Self {
        Self {
            bar: io::stderr().is_terminal().then(|| bar(runs)),
            runs,
            jobs,
            finished,
            failed: 0,
            measured: (0, 0.0),
        }
    }

    pub(super) fn finished(&mut self, label: &str, took: Duration) {
        self.finished += 1;
        self.measured = (self.measured.0 + 1, self.measured.1 + took.as_secs_f64());
        let took = duration(took.as_secs_f64());
        self.line(&format!("{} finished in {took}: {label}", self.count()));
    }

    pub(super) fn finished_elsewhere(&mut self, label: &str) {
        self.finished += 1;
        self.line(&format!("{} finished by another process: {label}", self.count()));
    }

    pub(super) fn failed(&mut self, text: &str) {
        self.failed += 1;
        self.line(&format!("{} failed: {text}", self.count()));
    }

    pub(super) fn line(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            // If standard error is closed, the sweep goes on.
            None => drop(writeln!(io::stderr(), "{text}")),
        }
    }

    /// Renews the bar.
    pub(super) fn show(&mut self, running: impl Iterator<Item = Duration>, waiting: usize) {
        let Some(bar) = &self.bar else { return };
        let running: Vec<f64> = running.map(|elapsed| elapsed.as_secs_f64()).collect();
        let left = self
            .remaining(&running, waiting)
            .map(|seconds| format!(", {} left", duration(seconds)));
        bar.set_position((self.finished + self.failed) as u64);
        bar.set_message(format!(
            "{} running, {} failed{}",
            running.len(),
            self.failed,
            left.unwrap_or_default()
        ));
    }

    pub(super) fn close(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// Seconds until the end, if the other runs take as long as those that finished here.
    fn remaining(&self, running: &[f64], waiting: usize) -> Option<f64> {
        let (count, seconds) = self.measured;
        if count == 0 {
            return None;
        }
        let mean = seconds / f64::from(count);
        let begun: f64 = running.iter().map(|elapsed| (mean - elapsed).max(0.0)).sum();
        let lanes = self.jobs.min(running.len() + waiting).max(1);
        Some((begun + mean * waiting as f64) / lanes as f64)
    }

    fn count(&self) -> String {
        format!("[{}/{}]", self.finished + self.failed, self.runs)
    }
}

fn bar(runs: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} done, {msg}");
    let bar = ProgressBar::new(runs as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_takes_as_long_as_what_is_done() {
        let mut display = Display::new(10, 0, 2);
        assert_eq!(display.remaining(&[1.0], 5), None, "nothing is measured yet");
        display.finished("a", Duration::from_secs(8));
        display.finished("b", Duration::from_secs(12));
        // Two run for 4 and 20 seconds of about 10, three wait: (6 + 0 + 30) / 2.
        assert_eq!(display.remaining(&[4.0, 20.0], 3), Some(18.0));
    }
}
