//! `cargo xtask list`.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use papers_base::catalogue::{Catalogue, Dataset, Search};
use serde_json::json;

use crate::{
    cli,
    papers::{self, DEFAULT_BACKEND, Experiment, Paper},
    workspace::Workspace,
};

pub(crate) fn run(workspace: &Workspace, arguments: &cli::List) -> anyhow::Result<ExitCode> {
    let papers = papers::discover(workspace)?;
    let catalogue = Catalogue::builtin()?;
    let search = Search::new(None)?;
    let mut out = io::stdout().lock();
    if arguments.json {
        let list = json!({
            "papers": papers.iter().map(describe).collect::<Vec<_>>(),
            "datasets": catalogue.datasets().iter().map(|dataset| json!({
                "name": dataset.name,
                "title": dataset.title,
                "license": dataset.license,
                "state": state(&search, dataset),
            })).collect::<Vec<_>>(),
        });
        writeln!(out, "{list:#}")?;
        return Ok(ExitCode::SUCCESS);
    }
    for paper in &papers {
        write_paper(&mut out, paper)?;
    }
    writeln!(out, "Data sets")?;
    for dataset in catalogue.datasets() {
        writeln!(
            out,
            "  {:<16} {:<48} {}",
            dataset.name,
            dataset.summary,
            state(&search, dataset)
        )?;
    }
    writeln!(
        out,
        "\n* what `cargo xtask train PAPER` runs; others: --experiment NAME. Help: cargo xtask --help"
    )?;
    Ok(ExitCode::SUCCESS)
}

fn write_paper(out: &mut impl Write, paper: &Paper) -> io::Result<()> {
    let citation = &paper.citation;
    writeln!(out, "{}", paper.name)?;
    writeln!(
        out,
        "  {}. {}, {}. {}",
        citation.title, citation.authors, citation.venue, citation.url
    )?;
    let backends: Vec<String> = paper
        .backends
        .iter()
        .map(|&backend| match backend {
            DEFAULT_BACKEND => format!("{backend} (default)"),
            _ => backend.to_owned(),
        })
        .collect();
    writeln!(out, "  Backends: {}", backends.join(", "))?;
    let width = paper
        .experiments
        .iter()
        .map(|experiment| experiment.name.len())
        .max()
        .unwrap_or(0);
    let indent = " ".repeat(width);
    for experiment in &paper.experiments {
        let about = &experiment.about;
        let mark = if paper.is_default(experiment) { '*' } else { ' ' };
        writeln!(out, "  {mark} {:<width$}  {}", experiment.name, about.summary)?;
        writeln!(
            out,
            "    {indent}  {}; data: {}; {}",
            about.reproduces,
            data(experiment),
            about.cost
        )?;
    }
    writeln!(out)
}

fn data(experiment: &Experiment) -> String {
    match experiment.about.data.as_slice() {
        [] => "none needed".to_owned(),
        names => names.join(", "),
    }
}

fn describe(paper: &Paper) -> serde_json::Value {
    json!({
        "name": paper.name,
        "title": paper.citation.title,
        "authors": paper.citation.authors,
        "venue": paper.citation.venue,
        "year": paper.citation.year,
        "url": paper.citation.url,
        "datasets": paper.citation.datasets,
        "backends": paper.backends,
        "experiments": paper.experiments.iter().map(|experiment| json!({
            "name": experiment.name,
            "default": paper.is_default(experiment),
            "summary": experiment.about.summary,
            "reproduces": experiment.about.reproduces,
            "data": experiment.about.data,
            "cost": experiment.about.cost,
        })).collect::<Vec<_>>(),
    })
}

/// Where a data set is, or how to get it.
pub(crate) fn state(search: &Search, dataset: &Dataset) -> String {
    if dataset.embedded {
        return "built in".to_owned();
    }
    match search.find(dataset) {
        Ok(folder) => format!("in {}", folder.path().display()),
        Err(_) if dataset.is_fetchable() => format!("missing: cargo xtask data fetch {}", dataset.name),
        Err(_) => format!("missing: cargo xtask data import {} --from DIR", dataset.name),
    }
}
