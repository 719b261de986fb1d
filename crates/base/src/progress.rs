//! Progress of a run: a bar on a terminal, plain lines elsewhere, JSON for programs.

use std::{
    collections::VecDeque,
    fmt,
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

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

    /// Nothing more comes; the bar stays where it is.
    pub fn finish(&mut self) {
        let now = Instant::now();
        match &mut self.sink {
            Sink::Bar { bar, .. } => {
                bar.set_position(self.step);
                bar.abandon_with_message(Values(&self.latest).to_string());
            }
            Sink::Lines { out, .. } => {
                let _ = out.flush();
            }
            Sink::Json(_) => self.json("end", None, now),
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

const TEMPLATE: &str = "{bar:24.cyan} {pos}/{len}  {wide_msg}";

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Shared {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn loss(value: f64) -> Scalars {
        vec![("loss".to_owned(), value)]
    }

    #[test]
    fn the_rate_counts_from_where_the_process_began() {
        let start = Instant::now();
        let mut rate = Rate::default();
        rate.sample(5000, start);
        let later = start + Duration::from_secs(10);
        rate.sample(5100, later);
        assert_eq!(rate.steps_per_second(5100, later), Some(10.0));
    }

    #[test]
    fn the_rate_forgets_what_is_older_than_its_window() {
        let start = Instant::now();
        let mut rate = Rate::default();
        let mut step = 0;
        for second in 0..200 {
            // A slow beginning, as while caches warm up; then ten steps a second.
            step += if second < 100 { 1 } else { 10 };
            rate.sample(step, start + Duration::from_secs(second));
        }
        let now = start + Duration::from_secs(199);
        assert_eq!(rate.steps_per_second(step, now), Some(10.0));
    }

    #[test]
    fn the_first_step_has_no_rate() {
        let now = Instant::now();
        let mut rate = Rate::default();
        rate.sample(7, now);
        assert_eq!(rate.steps_per_second(7, now), None);
        assert_eq!(Pace::new(&rate, 7, 10, now).to_string(), "starting");
    }

    #[test]
    fn slow_steps_are_told_in_seconds_per_step() {
        let start = Instant::now();
        let mut rate = Rate::default();
        rate.sample(0, start);
        let pace = Pace::new(&rate, 5, 20, start + Duration::from_secs(20));
        assert_eq!(pace.to_string(), "4.0 s/step, 1 min 0 s left");
    }

    #[test]
    fn plain_lines_come_seldom_but_evaluations_always() {
        let shared = Shared::default();
        let out: Box<dyn Write + Send> = Box::new(shared.clone());
        let mut progress = Progress::with_sink(100, Sink::Lines { out, written: None });
        progress.set(0);
        for step in 1..=99 {
            progress.update(step, &loss(0.5));
        }
        progress.evaluation(50, &loss(0.25));
        progress.evaluation(60, &loss(0.25));
        progress.update(100, &loss(0.125));
        let text = shared.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert!(lines[0].starts_with("step 1/100"), "{text}");
        assert_eq!(lines[1], "step 50/100  evaluation: loss 0.25");
        assert!(
            lines[3].starts_with("step 100/100") && lines[3].ends_with("loss 0.125"),
            "{text}"
        );
    }

    #[test]
    fn every_line_of_json_is_an_object() {
        let shared = Shared::default();
        let mut progress = Progress::with_sink(10, Sink::Json(Box::new(shared.clone())));
        progress.set(4);
        progress.update(5, &loss(f64::NAN));
        progress.evaluation(5, &loss(2.0));
        progress.finish();
        let lines: Vec<serde_json::Value> = shared
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let events: Vec<&str> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
        assert_eq!(events, ["progress", "evaluation", "end"]);
        assert_eq!(lines[0]["scalars"]["loss"], "NaN");
        assert_eq!(lines[1]["scalars"]["loss"], 2.0);
        assert_eq!((&lines[2]["step"], &lines[2]["steps"]), (&5.into(), &10.into()));
    }

    #[test]
    fn durations_are_told_in_two_units_at_most() {
        let cases = [
            (0.04, "0.0 s"),
            (9.94, "9.9 s"),
            (59.6, "1 min 0 s"),
            (200.0, "3 min 20 s"),
            (7500.0, "2 h 5 min"),
            (f64::INFINITY, "unknown"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(duration(seconds), expected);
        }
    }

    #[test]
    fn the_template_of_the_bar_is_valid() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
    }

    #[test]
    fn flags_decide_the_mode() {
        assert_eq!(Mode::detect(true, false), Mode::Json);
        assert_eq!(Mode::detect(true, true), Mode::Json);
        assert_eq!(Mode::detect(false, true), Mode::Quiet);
    }
}
