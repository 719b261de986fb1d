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
    progress.finish(&Outcome {
        ending: "finished",
        folder: "runs/a".into(),
        scalars: vec![("error".to_owned(), 0.5)],
    });
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
