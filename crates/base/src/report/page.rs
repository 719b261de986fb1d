//! The page of one run.

use askama::Template;

use super::{
    curves,
    html::{self, Shown},
    saved::{SavedRun, Status},
};
use crate::{
    Result,
    figure::{Table, number},
    journal::{Event, Record},
    plot::{Series, Style},
    progress::duration,
};

/// Events that a page lists; the first ones are left out.
const MOST_EVENTS: usize = 200;

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage {
    title: String,
    paper: String,
    badge: Badge,
    facts: Vec<String>,
    reason: Option<String>,
    warnings: Vec<String>,
    results_title: String,
    results: Vec<(String, String)>,
    curves: Vec<String>,
    has_bands: bool,
    figures: Vec<Shown>,
    events: String,
    config: String,
    provenance: String,
}

/// How a run ended, in a word.
struct Badge {
    class: &'static str,
    text: &'static str,
}

impl Badge {
    fn of(status: &Status) -> Self {
        let (class, text) = match status {
            Status::Finished { .. } => ("good", "finished"),
            Status::Stopped { .. } => ("bad", "stopped"),
            Status::Unfinished => ("open", "unfinished"),
        };
        Self { class, text }
    }
}

/// The whole page.
pub(super) fn draw(run: &SavedRun) -> Result<String> {
    let status = run.status();
    let evaluation = run.evaluation();
    let results_title = match (&run.results, evaluation) {
        (None, Some((step, _))) => format!("Newest evaluation, after {step} updates"),
        _ => "Results".to_owned(),
    };
    let charts = curves::charts(&run.records);
    let is_band = |series: &Series| matches!(series.style, Style::Band { .. });
    let results = evaluation.map(|(_, scalars)| scalars.as_slice()).unwrap_or_default();
    html::render(&RunPage {
        title: run.name(),
        paper: run.fact("paper").unwrap_or_default().to_owned(),
        badge: Badge::of(&status),
        facts: facts(run, &status),
        reason: match status {
            Status::Stopped { reason } => Some(reason),
            _ => None,
        },
        warnings: warnings(run),
        results_title,
        results: results
            .iter()
            .map(|(name, value)| (name.clone(), number(*value)))
            .collect(),
        has_bands: charts.iter().flat_map(|chart| &chart.series).any(is_band),
        curves: html::svgs(&charts)?,
        figures: run.figures.iter().map(Shown::new).collect::<Result<_>>()?,
        events: html::table(&events(&run.records))?,
        config: run.config.clone(),
        provenance: html::table(&provenance(run))?,
    })
}

/// The line below the title.
fn facts(run: &SavedRun, status: &Status) -> Vec<String> {
    let mut facts = Vec::new();
    let step = run.step();
    facts.push(match run.planned_steps() {
        Some(planned) if !matches!(status, Status::Finished { .. }) => format!("{step} of {planned} updates"),
        _ => format!("{step} updates"),
    });
    if let Status::Finished { seconds } = status {
        facts.push(format!("{} of training", duration(*seconds)));
    }
    facts.extend(run.fact("seed").map(|seed| format!("seed {seed}")));
    facts.extend(run.fact("backend").map(|backend| format!("backend {backend}")));
    facts.extend(run.fact("threads").map(|threads| format!("{threads} threads")));
    facts.extend(run.fact("started").map(|started| format!("started {started}")));
    facts
}

fn warnings(run: &SavedRun) -> Vec<String> {
    let told = run.records.iter().filter_map(|record| match &record.event {
        Event::Warning { message } => Some(message.clone()),
        _ => None,
    });
    run.problems.iter().cloned().chain(told).collect()
}

/// What happened besides training and evaluation.
fn events(records: &[Record]) -> Table {
    let mut table = Table::new(["time", "update", "event", ""]);
    let Some(first) = records.first() else {
        return table;
    };
    let last_checkpoint = records
        .iter()
        .rposition(|record| matches!(record.event, Event::Checkpoint { .. }))
        .unwrap_or(records.len());
    let mut checkpoints = 0_u64;
    for (index, record) in records.iter().enumerate() {
        let (event, detail) = match &record.event {
            Event::Progress { .. } | Event::Evaluation { .. } => continue,
            Event::Checkpoint { .. } => {
                checkpoints += 1;
                if index != last_checkpoint {
                    continue;
                }
                ("checkpoint", format!("the newest of {checkpoints}"))
            }
            Event::Resumed { .. } => ("resumed", String::new()),
            Event::Warning { message } => ("warning", message.clone()),
            Event::Stopped { reason, .. } => ("stopped", reason.clone()),
            Event::Finished { seconds, .. } => ("finished", format!("{} of training", duration(*seconds))),
        };
        let step = record
            .event
            .step()
            .map_or_else(|| "–".to_owned(), |step| step.to_string());
        let time = format!("+{}", duration((record.time - first.time).max(0.0)));
        table.push([time, step, event.to_owned(), detail]);
    }
    let surplus = table.rows.len().saturating_sub(MOST_EVENTS);
    table.rows.drain(..surplus);
    table
}

fn provenance(run: &SavedRun) -> Table {
    let mut table = Table::new(["", ""]);
    for (name, value) in &run.provenance {
        table.push([name, value]);
    }
    table
}
