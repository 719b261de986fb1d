//! Progress of a run: a bar on a terminal, plain lines elsewhere, JSON for programs.

use std::{
    collections::VecDeque,
    fmt,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

mod notices;

pub use self::notices::Notices;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::{
    figure::number,
    journal::{ScalarMap, Scalars},
};

/// Redraws of the bar per second.
const REDRAWS: u8 = 8;

/// Time between two plain lines.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Time between two samples of the rate, and how many are kept: the rate is that of the last minute.
const BETWEEN_SAMPLES: Duration = Duration::from_secs(1);
const SAMPLES: usize = 60;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A bar on standard error.
    Bar,
    /// Lines on standard error, a few a minute.
    Lines,
    /// One JSON object a line on standard output.
    Json,
    /// Nothing.
    Quiet,
}

impl Mode {
    /// What the flags say; without flags a bar on a terminal and lines elsewhere.
    pub fn detect(json: bool, quiet: bool) -> Self {
        match (json, quiet) {
            (true, _) => Self::Json,
            (false, true) => Self::Quiet,
            (false, false) if io::stderr().is_terminal() => Self::Bar,
            (false, false) => Self::Lines,
        }
    }
}

/// How a run ended, for programs that follow it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// `finished`, `stopped-early`, `interrupted` or `failed`.
    pub ending: &'static str,
    /// Folder of the run.
    pub folder: PathBuf,
    /// Numbers of the last evaluation.
    pub scalars: Scalars,
}

/// The last line of a run in JSON.
#[derive(Serialize)]
struct End<'a> {
    event: &'static str,
    ending: &'static str,
    step: u64,
    steps: u64,
    folder: &'a Path,
    scalars: ScalarMap,
}

/// Shows how far a run has come.
///
/// What cannot be shown (a closed pipe) is dropped: a run does not end because nobody watches.
pub struct Progress {
    steps: u64,
    step: u64,
    rate: Rate,
    latest: Scalars,
    sink: Sink,
}

enum Sink {
    Bar {
        bar: ProgressBar,
        redrawn: Instant,
    },
    Lines {
        out: Box<dyn Write + Send>,
        written: Option<Instant>,
    },
    Json(Box<dyn Write + Send>),
    Quiet,
}

impl Progress {
    /// Progress toward `steps` updates.
    pub fn new(steps: u64, mode: Mode) -> Self {
        let now = Instant::now();
        let sink = match mode {
            Mode::Bar => Sink::Bar {
                bar: bar(steps),
                redrawn: now,
            },
            Mode::Lines => Sink::Lines {
                out: Box::new(io::stderr()),
                written: None,
            },
            Mode::Json => Sink::Json(Box::new(io::stdout())),
            Mode::Quiet => Sink::Quiet,
        };
        Self::with_sink(steps, sink)
    }

    fn with_sink(steps: u64, sink: Sink) -> Self {
        Self {
            steps,
            step: 0,
            rate: Rate::default(),
            latest: Scalars::new(),
            sink,
        }
    }

    /// So many updates are applied. The first call says where this process begins: the rate counts from there.
    pub fn set(&mut self, step: u64) {
        if matches!(self.sink, Sink::Quiet) {
            return;
        }
        self.advance(step, Instant::now());
    }

    /// So many updates are applied, and the last one measured this.
    pub fn update(&mut self, step: u64, scalars: &Scalars) {
        if matches!(self.sink, Sink::Quiet) {
            return;
        }
        let now = Instant::now();
        self.latest.clone_from(scalars);
        self.advance(step, now);
        let line = format!("{}  {}", self.pace(now), Values(scalars));
        match &mut self.sink {
            Sink::Lines { out, written } => {
                let is_due = written.is_none_or(|written| now.duration_since(written) >= BETWEEN_LINES);
                if is_due || step == self.steps {
                    let _ = writeln!(out, "step {step}/{}  {line}", self.steps);
                    *written = Some(now);
                }
            }
            Sink::Json(_) => self.json("progress", Some(scalars), now),
            Sink::Bar { .. } | Sink::Quiet => {}
        }
    }

    /// The paper's numbers after so many updates; always shown.
    pub fn evaluation(&mut self, step: u64, scalars: &Scalars) {
        let now = Instant::now();
        self.advance(step, now);
        let line = format!("step {step}/{}  evaluation: {}", self.steps, Values(scalars));
        match &mut self.sink {
            Sink::Bar { bar, .. } => bar.println(line),
            Sink::Lines { out, .. } => {
                let _ = writeln!(out, "{line}");
            }
            Sink::Json(_) => self.json("evaluation", Some(scalars), now),
            Sink::Quiet => {}
        }
    }

    /// Nothing more comes; the bar stays where it is, and programs are told how it ended.
    pub fn finish(&mut self, outcome: &Outcome) {
        match &mut self.sink {
            Sink::Bar { bar, .. } => {
                bar.set_position(self.step);
                bar.abandon_with_message(Values(&self.latest).to_string());
            }
            Sink::Lines { out, .. } => {
                let _ = out.flush();
            }
            Sink::Json(out) => {
                let line = End {
                    event: "end",
                    ending: outcome.ending,
                    step: self.step,
                    steps: self.steps,
                    folder: &outcome.folder,
                    scalars: ScalarMap(outcome.scalars.clone()),
                };
                if let Ok(line) = serde_json::to_string(&line) {
                    let _ = writeln!(out, "{line}");
                    let _ = out.flush();
                }
            }
            Sink::Quiet => {}
        }
    }

    fn advance(&mut self, step: u64, now: Instant) {
        self.step = step;
        self.rate.sample(step, now);
        let Sink::Bar { bar, redrawn } = &mut self.sink else {
            return;
        };
        if now.duration_since(*redrawn) < Duration::from_secs(1) / u32::from(REDRAWS) {
            return;
        }
        *redrawn = now;
        bar.set_position(step);
        let pace = Pace::new(&self.rate, step, self.steps, now);
        bar.set_message(format!("{pace}  {}", Values(&self.latest)));
    }

    fn pace(&self, now: Instant) -> Pace {
        Pace::new(&self.rate, self.step, self.steps, now)
    }

    fn json(&mut self, event: &'static str, scalars: Option<&Scalars>, now: Instant) {
        let pace = self.pace(now);
        let line = Line {
            event,
            step: self.step,
            steps: self.steps,
            steps_per_second: pace.steps_per_second,
            seconds_left: pace.seconds_left,
            scalars: scalars.map(|scalars| ScalarMap(scalars.clone())),
        };
        if let (Sink::Json(out), Ok(line)) = (&mut self.sink, serde_json::to_string(&line)) {
            let _ = writeln!(out, "{line}");
            let _ = out.flush();
        }
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Progress");
        shown
            .field("step", &self.step)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

/// A duration in words: `45 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "unknown".to_owned();
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    let whole = seconds.round() as u64;
    match (whole / 3600, whole / 60 % 60, whole % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// What `--json` prints.
#[derive(Serialize)]
struct Line {
    event: &'static str,
    step: u64,
    steps: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    steps_per_second: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seconds_left: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scalars: Option<ScalarMap>,
}

/// Updates per second over the last minute.
#[derive(Debug, Default)]
struct Rate {
    samples: VecDeque<(u64, Instant)>,
}

impl Rate {
    fn sample(&mut self, step: u64, now: Instant) {
        if self
            .samples
            .back()
            .is_some_and(|(_, last)| now.duration_since(*last) < BETWEEN_SAMPLES)
        {
            return;
        }
        if self.samples.len() == SAMPLES {
            self.samples.pop_front();
        }
        self.samples.push_back((step, now));
    }

    fn steps_per_second(&self, step: u64, now: Instant) -> Option<f64> {
        let (first, since) = self.samples.front()?;
        let seconds = now.duration_since(*since).as_secs_f64();
        let steps = step.checked_sub(*first).filter(|&steps| steps > 0)?;
        (seconds > 0.0).then(|| steps as f64 / seconds)
    }
}

/// Rate and time left.
struct Pace {
    steps_per_second: Option<f64>,
    seconds_left: Option<f64>,
}

impl Pace {
    fn new(rate: &Rate, step: u64, steps: u64, now: Instant) -> Self {
        let steps_per_second = rate.steps_per_second(step, now);
        Self {
            steps_per_second,
            seconds_left: steps_per_second.map(|rate| steps.saturating_sub(step) as f64 / rate),
        }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.steps_per_second, self.seconds_left) {
            (Some(rate), Some(left)) if rate < 1.0 => {
                write!(formatter, "{:.1} s/step, {} left", 1.0 / rate, duration(left))
            }
            (Some(rate), Some(left)) => write!(formatter, "{} steps/s, {} left", short_rate(rate), duration(left)),
            _ => formatter.write_str("starting"),
        }
    }
}

fn short_rate(rate: f64) -> String {
    if rate < 10.0 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    }
}

/// `loss 0.25  kl 1.5`
struct Values<'a>(&'a Scalars);

impl fmt::Display for Values<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.0.iter().enumerate() {
            let space = if index == 0 { "" } else { "  " };
            write!(formatter, "{space}{name} {}", number(*value))?;
        }
        Ok(())
    }
}

fn bar(steps: u64) -> ProgressBar {
    let target = ProgressDrawTarget::stderr_with_hz(REDRAWS);
    let bar = ProgressBar::with_draw_target(Some(steps), target);
    // The template is checked by a test.
    if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
        bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏ "));
    }
    bar
}

const TEMPLATE: &str = "{bar:16.cyan} {pos}/{len}  {wide_msg}";

#[cfg(test)]
mod tests;
