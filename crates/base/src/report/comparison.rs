//! The page that compares several runs.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use askama::Template;

use super::{
    REPORT,
    curves::{self, Curve, Source},
    html,
    saved::{SavedRun, Status},
};
use crate::{
    Result,
    figure::{Table, digits_for, mean_and_spread},
    journal::scalar,
    metrics,
    plot::Chart,
    progress::duration,
};

#[derive(Template)]
#[template(path = "comparison.html")]
struct ComparisonPage<'a> {
    title: String,
    summary: String,
    results: String,
    differences: String,
    curves: Vec<String>,
    runs: Vec<Row<'a>>,
    warnings: Vec<String>,
}

/// A run in the list of all.
struct Row<'a> {
    name: String,
    link: Option<String>,
    seed: &'a str,
    state: String,
    step: u64,
    backend: &'a str,
}

/// Runs that differ in nothing but their seed.
struct Group<'a> {
    name: String,
    runs: Vec<&'a SavedRun>,
    settings: Vec<(String, String)>,
}

/// The whole page; links are relative to where `out` will lie.
pub(super) fn draw(runs: &[SavedRun], out: &Path) -> Result<String> {
    let root = common_folder(runs);
    let groups = groups(runs, &root);
    let papers: Vec<&str> = distinct(runs.iter().filter_map(|run| run.fact("paper")));
    let rows = runs.iter().map(|run| Row {
        name: short_name(run, &root),
        link: link(&run.folder.join(REPORT), out),
        seed: run.fact("seed").unwrap_or("–"),
        state: state(run),
        step: run.step(),
        backend: run.fact("backend").unwrap_or("–"),
    });
    html::render(&ComparisonPage {
        title: if papers.is_empty() {
            "Runs".to_owned()
        } else {
            papers.join(", ")
        },
        summary: summary(runs.len(), groups.len()),
        results: html::table(&results(&groups))?,
        differences: html::table(&differences(&groups))?,
        curves: html::svgs(&charts(&groups))?,
        runs: rows.collect(),
        warnings: runs
            .iter()
            .flat_map(|run| {
                run.problems
                    .iter()
                    .map(|problem| format!("{}: {problem}", short_name(run, &root)))
            })
            .collect(),
    })
}

fn summary(runs: usize, groups: usize) -> String {
    let settings = if groups == 1 {
        "one configuration".to_owned()
    } else {
        format!("{groups} configurations")
    };
    format!("{runs} runs of {settings}; runs that differ only in their seed are taken together")
}

fn state(run: &SavedRun) -> String {
    match run.status() {
        Status::Finished { seconds } => format!("finished in {}", duration(seconds)),
        Status::Stopped { reason } => format!("stopped: {reason}"),
        Status::Unfinished => "unfinished".to_owned(),
    }
}

fn groups<'a>(runs: &'a [SavedRun], root: &Path) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for run in runs {
        let settings = settings(run);
        match groups.iter_mut().find(|group| group.settings == settings) {
            Some(group) => group.runs.push(run),
            None => groups.push(Group {
                name: without_seed(&short_name(run, root)),
                runs: vec![run],
                settings,
            }),
        }
    }
    // Groups must not share a name: where folders do not tell them apart, numbers do.
    for index in 1..groups.len() {
        let (before, rest) = groups.split_at_mut(index);
        let twins = before.iter().filter(|group| group.name == rest[0].name).count();
        if twins > 0 {
            let _ = write!(rest[0].name, " ({})", twins + 1);
        }
    }
    groups
}

/// Everything that was asked for except the seed, flat, in alphabetical order.
fn settings(run: &SavedRun) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    for name in ["paper", "experiment"] {
        settings.extend(run.fact(name).map(|value| (name.to_owned(), value.to_owned())));
    }
    match toml::from_str::<toml::Table>(&run.config) {
        Ok(mut table) => {
            table.remove("seed");
            flatten("", &table, &mut settings);
        }
        // A text that is no TOML is a setting as a whole.
        Err(_) => settings.push((super::CONFIG.to_owned(), run.config.clone())),
    }
    settings.sort();
    settings
}

fn flatten(prefix: &str, table: &toml::Table, settings: &mut Vec<(String, String)>) {
    for (name, value) in table {
        let name = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            toml::Value::Table(inner) => flatten(&name, inner, settings),
            toml::Value::String(text) => settings.push((name, text.clone())),
            other => settings.push((name, other.to_string())),
        }
    }
}

/// A row for each group, a column for each number of its last evaluations.
fn results(groups: &[Group<'_>]) -> Table {
    let scalars = |run: &SavedRun| run.evaluation().map(|(_, scalars)| scalars.clone()).unwrap_or_default();
    let names: Vec<String> = distinct(groups.iter().flat_map(|group| {
        group
            .runs
            .iter()
            .flat_map(|run| scalars(run).into_iter().map(|(name, _)| name))
    }));
    let columns = ["run".to_owned()].into_iter().chain(names.iter().cloned());
    let mut table = Table::new(columns.chain(["seconds of training".to_owned()]));
    for group in groups {
        let (counted, note) = group.counted();
        let mut row = vec![format!("{}{note}", group.name)];
        for name in &names {
            let values = counted.iter().filter_map(|run| scalar(&scalars(run), name));
            row.push(cell(&values.collect::<Vec<f64>>()));
        }
        let seconds = counted.iter().filter_map(|run| match run.status() {
            Status::Finished { seconds } => Some(seconds),
            _ => None,
        });
        row.push(cell(&seconds.collect::<Vec<f64>>()));
        table.push(row);
    }
    table
}

impl<'a> Group<'a> {
    /// The runs whose numbers count, and a remark: half a training must not move a mean.
    fn counted(&self) -> (Vec<&'a SavedRun>, String) {
        let finished: Vec<&SavedRun> = self.runs.iter().filter(|run| run.results.is_some()).copied().collect();
        let others = self.runs.len() - finished.len();
        match (finished.len(), others) {
            (_, 0) => (finished, String::new()),
            (0, _) => (self.runs.clone(), " (unfinished)".to_owned()),
            (_, others) => (finished, format!(" ({others} unfinished left out)")),
        }
    }
}

fn cell(values: &[f64]) -> String {
    mean_and_spread(values, digits_for(metrics::mean(values)))
}

/// The settings in which groups differ: a row for each, a column for each group.
fn differences(groups: &[Group<'_>]) -> Table {
    let mut table = Table::new(
        ["setting".to_owned()]
            .into_iter()
            .chain(groups.iter().map(|group| group.name.clone())),
    );
    let keys: Vec<&String> = distinct(
        groups
            .iter()
            .flat_map(|group| group.settings.iter().map(|(key, _)| key)),
    );
    for key in keys {
        let values: Vec<&str> = groups
            .iter()
            .map(|group| {
                group
                    .settings
                    .iter()
                    .find(|(name, _)| name == key)
                    .map_or("–", |(_, value)| value.as_str())
            })
            .collect();
        if values.windows(2).any(|pair| pair[0] != pair[1]) {
            table.push([key.as_str()].into_iter().chain(values));
        }
    }
    table
}

/// A chart for each scalar that was told more than once, evaluations first.
fn charts(groups: &[Group<'_>]) -> Vec<Chart> {
    let curves: Vec<(&str, Vec<Vec<Curve>>)> = groups
        .iter()
        .map(|group| {
            (
                group.name.as_str(),
                group.runs.iter().map(|run| curves::curves(&run.records)).collect(),
            )
        })
        .collect();
    let mut charts = Vec::new();
    for source in [Source::Evaluation, Source::Training] {
        let all = curves.iter().flat_map(|(_, runs)| runs.iter().flatten());
        let names = distinct(
            all.filter(|curve| curve.source == source)
                .map(|curve| curve.name.as_str()),
        );
        for name in names {
            let points = |run: &Vec<Curve>| {
                let curve = run.iter().find(|curve| curve.source == source && curve.name == name)?;
                Some(curve.points.clone())
            };
            let overlaid: Vec<_> = curves
                .iter()
                .map(|(group, runs)| (*group, runs.iter().filter_map(points).collect()))
                .collect();
            charts.push(curves::overlay(format!("{name} ({})", source.name()), &overlaid));
        }
    }
    charts
}

/// The deepest folder that holds all runs.
fn common_folder(runs: &[SavedRun]) -> PathBuf {
    let mut parents = runs.iter().map(|run| run.folder.parent().unwrap_or(Path::new("")));
    let first = parents.next().unwrap_or(Path::new(""));
    parents.fold(first.to_owned(), |common, folder| {
        common
            .components()
            .zip(folder.components())
            .take_while(|(one, other)| one == other)
            .map(|(one, _)| one)
            .collect()
    })
}

fn short_name(run: &SavedRun, root: &Path) -> String {
    match run.folder.strip_prefix(root) {
        Ok(path) if path.file_name().is_some() => path.to_string_lossy().into_owned(),
        _ => run.folder_name(),
    }
}

/// The name of a run's folder without the `-seed0` that it ends with by convention.
fn without_seed(name: &str) -> String {
    match name.rsplit_once("-seed") {
        Some((name, seed)) if !name.is_empty() && seed.parse::<u64>().is_ok() => name.to_owned(),
        _ => name.to_owned(),
    }
}

/// A relative address of a page that lies below the folder of `out`.
fn link(page: &Path, out: &Path) -> Option<String> {
    if !page.is_file() {
        return None;
    }
    let folder = match out.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let (page, folder) = (page.canonicalize().ok()?, folder.canonicalize().ok()?);
    let mut address = String::new();
    for part in page.strip_prefix(folder).ok()?.components() {
        if !address.is_empty() {
            address.push('/');
        }
        for byte in part.as_os_str().to_str()?.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
                address.push(char::from(byte));
            } else {
                let _ = write!(address, "%{byte:02X}");
            }
        }
    }
    Some(address)
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_at_the_end_is_a_seed() {
        assert_eq!(without_seed("mnist/ode-net-seed12"), "mnist/ode-net");
        for name in ["ode-net", "-seed1", "a-seedling", "seed1"] {
            assert_eq!(without_seed(name), name);
        }
    }

    #[test]
    fn links_are_relative_and_escaped() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("a b#1");
        std::fs::create_dir(&run).unwrap();
        std::fs::write(run.join(REPORT), "").unwrap();
        let out = folder.path().join("comparison.html");
        assert_eq!(link(&run.join(REPORT), &out).unwrap(), "a%20b%231/report.html");
        assert_eq!(link(&folder.path().join("missing.html"), &out), None);
    }
}
