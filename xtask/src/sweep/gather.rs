//! What the runs of a sweep came to: a table with mean and spread, and a page that compares them.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use papers_base::{
    commit,
    figure::{Table, digits_for, mean_and_deviation, mean_and_spread},
    journal::{Scalars, scalar},
    plot::{self, Chart, Series, Style},
    report,
};

use super::{
    plan::{Plan, Target},
    runs::{Index, State},
    settings::Point,
};

/// The points of a plan, with what their finished runs came to.
pub(super) struct Gathered {
    rows: Vec<Row>,
    /// Names of the numbers, in the order of the table.
    metrics: Vec<String>,
    /// Settings in which the points differ.
    varied: Vec<String>,
    /// Runs of the plan, finished or not.
    planned: usize,
}

struct Row {
    point: Point,
    /// The last evaluation of each finished run.
    evaluations: Vec<Scalars>,
    folders: Vec<PathBuf>,
}

/// Pixels of a letter below a bar.
const LETTER: usize = 8;

/// Reads what is finished of a plan, wherever it was run.
pub(super) fn gather(plan: &Plan, target: &Target, sweeps: &Path) -> anyhow::Result<Gathered> {
    let folder = sweeps.join(&plan.name.0);
    let index = Index::load(&folder)?;
    let (mut rows, mut seen, mut planned): (Vec<Row>, Vec<PathBuf>, usize) = (Vec::new(), Vec::new(), 0);
    for point in plan.points(&target.experiments)? {
        let (mut evaluations, mut folders) = (Vec::new(), Vec::new());
        let mut is_new = true;
        for &seed in &plan.seeds.0 {
            let run = index.folder(&point, &target.backend, seed).map(|run| folder.join(run));
            // Two points may be the same in other words: one row is enough.
            is_new = run.as_ref().is_none_or(|run| !seen.contains(run));
            if !is_new {
                break;
            }
            if let Some(run) = run {
                if let State::Finished(scalars) = State::of(&run) {
                    evaluations.push(scalars);
                    folders.push(run.clone());
                }
                seen.push(run);
            }
        }
        if is_new {
            planned += plan.seeds.0.len();
            rows.push(Row {
                point,
                evaluations,
                folders,
            });
        }
    }
    let known = metrics(&rows);
    if known.is_empty() {
        bail!(
            "no run of {} is finished; run it first, without `gather`",
            folder.display()
        );
    }
    if let Some(unknown) = plan.metrics.iter().find(|metric| !known.contains(metric)) {
        let problem = format!("there is no metric `{unknown}`; there are: {}", known.join(", "));
        return Err(plan.problem(problem).into());
    }
    let metrics = if plan.metrics.is_empty() {
        known
    } else {
        plan.metrics.clone()
    };
    let varied = plan.varied().into_iter().map(str::to_owned).collect();
    Ok(Gathered {
        rows,
        metrics,
        varied,
        planned,
    })
}

/// Names of all numbers, in the order in which they first appear.
fn metrics(rows: &[Row]) -> Vec<String> {
    let mut names = Vec::new();
    for (name, _) in rows.iter().flat_map(|row| row.evaluations.iter().flatten()) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

impl Gathered {
    /// Writes both tables, a chart of them and the page into `folder`, prints the table, and tells what is missing.
    pub(super) fn save(&self, folder: &Path) -> anyhow::Result<()> {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        let markdown = self.markdown();
        commit::bytes(&folder.join("table.md"), markdown.as_bytes())?;
        commit::bytes(&folder.join("table.csv"), self.csv().as_bytes())?;
        commit::bytes(&folder.join("bars.svg"), self.bars()?.as_bytes())?;
        let runs: Vec<PathBuf> = self.rows.iter().flat_map(|row| row.folders.iter().cloned()).collect();
        let page = folder.join("comparison.html");
        report::compare(&runs, &page)?;
        let mut out = io::stdout();
        write!(out, "{markdown}")?;
        writeln!(out, "\n{}", page.display())?;
        if runs.len() < self.planned {
            let (finished, planned) = (runs.len(), self.planned);
            writeln!(
                io::stderr(),
                "{finished} of {planned} runs are finished; the table has no others"
            )?;
        }
        Ok(())
    }

    /// The table for people: a cell is the mean over seeds, with its spread.
    pub(super) fn markdown(&self) -> String {
        let mut table = Table::new(self.names().chain(self.metrics.iter().cloned()));
        for row in &self.rows {
            let numbers = self.metrics.iter().map(|metric| {
                let values = row.values(metric);
                let mean = mean_and_deviation(&values).map_or(0.0, |(mean, _)| mean);
                mean_and_spread(&values, digits_for(mean))
            });
            table.push(self.cells(row).into_iter().chain(numbers));
        }
        table.to_markdown()
    }

    /// The table for programs: mean, sample standard deviation and number of runs of each metric, every number exact.
    pub(super) fn csv(&self) -> String {
        let columns = self
            .metrics
            .iter()
            .flat_map(|metric| ["mean", "standard deviation", "n"].map(|what| format!("{metric} ({what})")));
        let mut table = Table::new(self.names().chain(columns));
        for row in &self.rows {
            let numbers = self.metrics.iter().flat_map(|metric| {
                let values = row.values(metric);
                let (mean, deviation) = mean_and_deviation(&values).unzip();
                let text = |number: Option<f64>| number.map(|number| number.to_string()).unwrap_or_default();
                [text(mean), text(deviation.flatten()), values.len().to_string()]
            });
            table.push(self.cells(row).into_iter().chain(numbers));
        }
        table.to_csv()
    }

    /// A bar for each point and metric: the mean over seeds, with a line of one deviation to both sides of its end.
    fn bars(&self) -> anyhow::Result<String> {
        let names: Vec<String> = self.rows.iter().map(|row| self.short_name(row)).collect();
        let longest = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
        let charts = self.metrics.iter().map(|metric| {
            let found = self.rows.iter().map(|row| mean_and_deviation(&row.values(metric)));
            let found = found
                .enumerate()
                .filter_map(|(place, found)| Some((place as f64, found?)));
            let (bars, deviation) = found
                .map(|(place, (mean, deviation))| ((place, mean), deviation.unwrap_or(0.0)))
                .unzip::<_, _, Vec<_>, Vec<_>>();
            Chart {
                title: metric.clone(),
                series: vec![Series::new("", bars, Style::Bars { deviation })],
                width: (names.len() * (longest * LETTER + LETTER)).clamp(560, 4000) as u32,
                x_names: names.clone(),
                ..Chart::default()
            }
        });
        Ok(plot::grid(&charts.collect::<Vec<_>>(), 1)?)
    }

    /// The settings of a point without their names: `ws 4 0.75` for `{ generator = "ws", k = 4, p = 0.75 }`.
    fn short_name(&self, row: &Row) -> String {
        let cells = self.varied.iter().map(|key| values_alone(&row.point.cell(key)));
        cells.collect::<Vec<_>>().join(" ")
    }

    /// Names of the columns that say which point a row is.
    fn names(&self) -> impl Iterator<Item = String> {
        ["experiment".to_owned()].into_iter().chain(self.varied.iter().cloned())
    }

    fn cells(&self, row: &Row) -> Vec<String> {
        let settings = self.varied.iter().map(|key| row.point.cell(key));
        [row.point.experiment.clone()].into_iter().chain(settings).collect()
    }
}

impl Row {
    fn values(&self, metric: &str) -> Vec<f64> {
        let value = |scalars: &Scalars| scalar(scalars, metric);
        self.evaluations.iter().filter_map(value).collect()
    }
}

/// What stands behind the equality signs of a setting, which may be a table.
fn values_alone(cell: &str) -> String {
    let parts = cell.trim_matches(['{', '}', ' ']).split(',');
    let values = parts.map(|part| part.split_once('=').map_or(part, |(_, value)| value));
    let values = values.map(|value| value.trim_matches(['"', '\'', ' ']));
    values.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::values_alone;

    #[test]
    fn names_below_bars_are_values() {
        assert_eq!(values_alone(r#"{ generator = "ws", k = 4, p = 0.75 }"#), "ws 4 0.75");
        assert_eq!(values_alone("\"dopri5\""), "dopri5");
        assert_eq!(values_alone("3"), "3");
    }
}
