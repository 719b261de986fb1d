//! The experiments behind a README's tables: planned runs, carried out or continued one after the other, and the
//! tables made of them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use papers_base::{
    cli::{ReproduceArgs, exit},
    commit,
    figure::{Body, Figure, mean_and_spread},
    journal::{self, Event, Scalars, scalar},
    progress::Mode,
    provenance::Provenance,
    report,
};
use serde::Serialize;

use crate::{
    Error, Result,
    cli::Paper,
    cli::commands::{backend, context, saved_or_trained},
    signals,
    training::Ending,
};

/// Seeds of no run on which anything was chosen; a paper's plan takes them all, or the first few of them.
pub const SEEDS: [u64; 5] = [20, 21, 22, 23, 24];

/// What `reproduce` does for a paper.
#[derive(Clone, Copy)]
pub struct Reproduction {
    /// The runs, in order; `quick` asks for those of a coffee break.
    pub plan: fn(quick: bool) -> Vec<PlannedRun>,
    /// The tables and figures made of the runs that were carried out, and the line for the front page.
    pub summarize: fn(quick: bool, runs: &[FinishedRun]) -> Result<Findings>,
}

/// One run of a plan.
#[derive(Debug, Clone)]
pub struct PlannedRun {
    /// Which row of which table the run belongs to, as in `mnist/ode-net`; runs of a row differ by their seed.
    pub row: String,
    /// Name of the experiment.
    pub experiment: &'static str,
    /// Its seed.
    pub seed: u64,
    /// Overrides, `key.path=value`.
    pub sets: Vec<String>,
}

impl PlannedRun {
    /// The runs of a row, one for each seed.
    pub fn row(
        row: &str,
        experiment: &'static str,
        seeds: &[u64],
        sets: &[impl AsRef<str>],
    ) -> impl Iterator<Item = Self> {
        seeds.iter().map(move |&seed| Self {
            row: row.to_owned(),
            experiment,
            seed,
            sets: sets.iter().map(|set| set.as_ref().to_owned()).collect(),
        })
    }
}

/// A run of a plan that came to its end.
#[derive(Debug, Clone)]
pub struct FinishedRun {
    /// What was planned.
    pub planned: PlannedRun,
    /// Where it lies.
    pub folder: PathBuf,
    /// Its last evaluation.
    pub scalars: Scalars,
    /// Seconds of training.
    pub seconds: f64,
}

impl FinishedRun {
    /// The value of a metric of the last evaluation.
    pub fn metric(&self, name: &str) -> Option<f64> {
        scalar(&self.scalars, name)
    }
}

/// The runs of a row.
pub fn of_row<'a>(runs: &'a [FinishedRun], row: &str) -> Vec<&'a FinishedRun> {
    runs.iter().filter(|run| run.planned.row == row).collect()
}

/// What runs measured by the end; those without the metric are left out.
pub fn values(runs: &[&FinishedRun], metric: &str) -> Vec<f64> {
    runs.iter().filter_map(|run| run.metric(metric)).collect()
}

/// Minutes of training, mean and spread.
pub fn minutes(runs: &[&FinishedRun]) -> String {
    let minutes: Vec<f64> = runs.iter().map(|run| run.seconds / 60.0).collect();
    mean_and_spread(&minutes, 1)
}

/// Mean over runs of a metric of each evaluation, by update; as long as the shortest run.
///
/// # Errors
///
/// A journal that cannot be read.
pub fn mean_curve(runs: &[&FinishedRun], metric: &str) -> Result<Vec<(f64, f64)>> {
    let curves = runs.iter().map(|run| curve(run, metric)).collect::<Result<Vec<_>>>()?;
    let length = curves.iter().map(Vec::len).min().unwrap_or(0);
    let point = |index: usize| {
        let sum: f64 = curves.iter().map(|curve| curve[index].1).sum();
        (curves[0][index].0, sum / curves.len() as f64)
    };
    Ok((0..length).map(point).collect())
}

fn curve(run: &FinishedRun, metric: &str) -> Result<Vec<(f64, f64)>> {
    let mut points = Vec::new();
    for record in journal::read(&run.folder)? {
        if let Event::Evaluation { step, scalars } = record.event {
            points.extend(scalar(&scalars, metric).map(|value| (step as f64, value)));
        }
    }
    Ok(points)
}

/// What a reproduction found.
#[derive(Debug)]
pub struct Findings {
    /// Tables and plots, in the order of the page.
    pub figures: Vec<Figure>,
    /// The line of the front page, if there is enough for one.
    pub headline: Option<Headline>,
}

/// The line of the front page.
#[derive(Debug, Clone, Serialize)]
pub struct Headline {
    /// What is measured.
    pub metric: String,
    /// Our number with its spread.
    pub ours: String,
    /// The paper's number.
    pub paper: String,
    /// How the two differ in set-up.
    pub note: String,
}

/// Runs the plan and writes `RESULTS.md`, `headline.json` and the figures; returns the process's exit code.
///
/// Runs that are finished are not repeated, unfinished ones are continued; runs whose data is missing are left out and
/// named.
pub(crate) fn run(paper: &Paper, arguments: &ReproduceArgs) -> Result<u8> {
    let Some(reproduction) = &paper.reproduction else {
        return Err(Error::Usage(format!("{} has nothing to reproduce yet", paper.name)));
    };
    let kind = if arguments.quick {
        "reproduce-quick"
    } else {
        "reproduce"
    };
    let root = Path::new("runs").join(paper.name).join(kind);
    let mut plan = (reproduction.plan)(arguments.quick);
    plan.retain(|run| {
        arguments.only.is_empty() || arguments.only.iter().any(|only| run.row.starts_with(only.as_str()))
    });
    if plan.is_empty() {
        return Err(Error::Usage("--only matches no row of the plan".to_owned()));
    }
    let backend = backend(arguments.backend.as_deref())?;
    let mut finished = Vec::new();
    let mut skipped = Vec::new();
    let total = plan.len();
    for (index, planned) in plan.into_iter().enumerate() {
        if signals::received() {
            eprintln!("stopped; the same command continues");
            return Ok(exit::INTERRUPTED);
        }
        eprintln!("[{}/{total}] {} seed {}", index + 1, planned.row, planned.seed);
        let folder = root.join(format!("{}-seed{}", planned.row, planned.seed));
        let context = context(&backend, planned.seed, arguments.data.clone())?;
        let provenance = Provenance::collect(paper.name, paper.version, planned.experiment, planned.seed, &backend);
        let outcome = saved_or_trained(
            paper,
            &planned,
            &context,
            &folder,
            Mode::detect(false, false),
            provenance,
        );
        match outcome {
            Ok(summary) if summary.ending == Ending::Interrupted => {
                eprintln!("stopped and saved; the same command continues");
                return Ok(exit::INTERRUPTED);
            }
            Ok(summary) => finished.push(FinishedRun {
                planned,
                folder,
                scalars: summary.scalars,
                seconds: summary.seconds,
            }),
            Err(error) if error.is_missing_data() => skipped.push(format!("{}: {error}", planned.row)),
            Err(error) => return Err(error),
        }
    }
    skipped.dedup();
    let findings = (reproduction.summarize)(arguments.quick, &finished)?;
    let out = arguments.out.clone().unwrap_or_else(|| root.clone());
    let page = write(&out, paper, arguments, &findings, &finished, &skipped)?;
    let folders: Vec<PathBuf> = finished.iter().map(|run| run.folder.clone()).collect();
    if folders.len() > 1 {
        // Beside the runs: it is a page to look at, no result to keep.
        let comparison = root.join("comparison.html");
        report::compare(&folders, &comparison)?;
        eprintln!("wrote {}", comparison.display());
    }
    eprintln!("wrote {}", page.display());
    Ok(exit::DONE)
}

/// A later quick run must not replace the long one's results: each has its own file. Returns the page.
fn write(
    out: &Path,
    paper: &Paper,
    arguments: &ReproduceArgs,
    findings: &Findings,
    runs: &[FinishedRun],
    skipped: &[String],
) -> Result<PathBuf> {
    fs::create_dir_all(out).map_err(Error::io("create", out))?;
    let mut page = String::new();
    let quick = arguments.quick;
    page += &format!("Printed by `cargo xtask reproduce {}", paper.name);
    page += if quick { " --quick" } else { "" };
    for only in &arguments.only {
        page += &format!(" --only {only}");
    }
    page += "`";
    let hours = runs.iter().map(|run| run.seconds).sum::<f64>() / 3600.0;
    page += &format!(": {} runs, {hours:.1} hours of training", runs.len());
    if let Some(first) = runs.first() {
        let saved = Provenance::load(&first.folder)?;
        page += &format!(", backend {}, {} threads, {}", saved.backend, saved.threads, saved.cpu);
    }
    page += ".\n";
    for figure in &findings.figures {
        page += &format!("\n### {}\n\n", figure.title);
        page += &match &figure.body {
            Body::Table(table) => table.to_markdown(),
            Body::Text(text) => format!("{text}\n"),
            Body::Svg(svg) => {
                commit::bytes(&out.join(format!("{}.svg", figure.name)), svg.as_bytes())?;
                format!("![{}](results/{}.svg)\n", figure.title, figure.name)
            }
            Body::Png(png) => {
                commit::bytes(&out.join(format!("{}.png", figure.name)), png)?;
                format!("![{}](results/{}.png)\n", figure.title, figure.name)
            }
        };
        if !figure.caption.is_empty() {
            page += &format!("\n{}\n", figure.caption);
        }
    }
    if !skipped.is_empty() {
        page += "\nNot run:\n\n";
        for line in skipped {
            page += &format!("- {line}\n");
        }
    }
    let results = out.join(if quick { "RESULTS-quick.md" } else { "RESULTS.md" });
    commit::bytes(&results, page.as_bytes())?;
    if let Some(headline) = findings.headline.as_ref().filter(|_| !quick) {
        let text = serde_json::to_string_pretty(headline).map_err(|error| Error::Usage(error.to_string()))?;
        commit::bytes(&out.join("headline.json"), format!("{text}\n").as_bytes())?;
    }
    Ok(results)
}
