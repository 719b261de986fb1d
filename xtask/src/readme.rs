//! `cargo xtask readme`: the generated parts of the README files.

use std::{fmt::Write as _, fs, io::Write as _, path::PathBuf, process::ExitCode};

use anyhow::{Context, bail};
use papers_base::commit;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    cli,
    papers::{self, Paper},
    workspace::Workspace,
};

/// A file, and what it should be.
struct Page {
    path: PathBuf,
    present: String,
    wanted: String,
}

pub(crate) fn run(workspace: &Workspace, arguments: &cli::Readme) -> anyhow::Result<ExitCode> {
    if arguments.check {
        check(workspace)?;
        return Ok(ExitCode::SUCCESS);
    }
    for page in pages(workspace)? {
        if page.present != page.wanted {
            commit::bytes(&page.path, page.wanted.as_bytes())?;
            writeln!(std::io::stdout(), "renewed {}", page.path.display())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails if a generated part is not what `cargo xtask readme` would write.
pub(crate) fn check(workspace: &Workspace) -> anyhow::Result<()> {
    for page in pages(workspace)? {
        if page.present != page.wanted {
            bail!("{} is stale; renew it with `cargo xtask readme`", page.path.display());
        }
    }
    Ok(())
}

fn pages(workspace: &Workspace) -> anyhow::Result<Vec<Page>> {
    let papers = papers::discover(workspace)?;
    let mut pages = vec![page(workspace.root().join("README.md"), "papers", &table(&papers)?)?];
    for paper in &papers {
        let results = paper.folder.join("results/RESULTS.md");
        let readme = paper.folder.join("README.md");
        if results.is_file() && readme.is_file() {
            let text = fs::read_to_string(&results).with_context(|| format!("reading {}", results.display()))?;
            pages.push(page(readme, "results", &text)?);
        }
    }
    Ok(pages)
}

fn page(path: PathBuf, block: &str, content: &str) -> anyhow::Result<Page> {
    let present = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let wanted = replace_block(&present, block, content).with_context(|| path.display().to_string())?;
    Ok(Page { path, present, wanted })
}

/// Puts `content` between the markers `<!-- block:begin -->` and `<!-- block:end -->`.
fn replace_block(text: &str, block: &str, content: &str) -> anyhow::Result<String> {
    let (begin, end) = (format!("<!-- {block}:begin -->"), format!("<!-- {block}:end -->"));
    let (before, rest) = text
        .split_once(&begin)
        .with_context(|| format!("the marker {begin} is missing"))?;
    let (_, after) = rest
        .split_once(&end)
        .with_context(|| format!("the marker {end} is missing"))?;
    Ok(format!("{before}{begin}\n{}\n{end}{after}", content.trim_end()))
}

/// The table of papers.
fn table(papers: &[Paper]) -> anyhow::Result<String> {
    let mut table = "| paper | crate | measured | ours | paper's |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for paper in papers {
        let citation = &paper.citation;
        let headline = headline(paper)?;
        writeln!(
            table,
            "| [{}]({}), {}, {} | [`{name}`](crates/{folder}) | {} | {} | {} |",
            cell(&citation.title),
            citation.url,
            cell(&citation.authors),
            cell(&citation.venue),
            headline.as_ref().map_or_else(String::new, Headline::measured),
            headline
                .as_ref()
                .map_or_else(|| "not yet measured".to_owned(), |headline| value(&headline.ours)),
            headline
                .as_ref()
                .map_or_else(String::new, |headline| value(&headline.paper)),
            name = paper.name,
            folder = paper.folder.file_name().unwrap_or_default().to_string_lossy(),
        )?;
    }
    Ok(table)
}

/// `results/headline.json` of a paper: the one number for the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Headline {
    metric: String,
    ours: Value,
    paper: Value,
    note: Option<String>,
}

impl Headline {
    fn measured(&self) -> String {
        match &self.note {
            Some(note) => format!("{} ({})", cell(&self.metric), cell(note)),
            None => cell(&self.metric),
        }
    }
}

fn headline(paper: &Paper) -> anyhow::Result<Option<Headline>> {
    let path = paper.folder.join("results/headline.json");
    if !path.is_file() {
        return Ok(None);
    }
    let json = fs::read(&path).with_context(|| format!("reading {}", path.display()))?;
    let headline = serde_json::from_slice(&json).with_context(|| format!("parsing {}", path.display()))?;
    Ok(Some(headline))
}

/// A number or a text of the headline; nothing for `null`.
fn value(value: &Value) -> String {
    match value {
        Value::Null => "none given".to_owned(),
        Value::String(text) => cell(text),
        other => other.to_string(),
    }
}

/// Text that cannot end a cell or a row.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "before\n<!-- papers:begin -->\nold\n<!-- papers:end -->\nafter\n";

    #[test]
    fn only_the_block_changes() {
        let new = replace_block(TEXT, "papers", "new\n\n").unwrap();
        assert_eq!(new, TEXT.replace("old", "new"));
        assert_eq!(replace_block(&new, "papers", "new").unwrap(), new);
    }

    #[test]
    fn a_missing_marker_is_named() {
        let error = replace_block("no block", "papers", "").unwrap_err().to_string();
        assert!(error.contains("<!-- papers:begin -->"), "{error}");
    }

    #[test]
    fn a_headline_shows_text_and_numbers() {
        let json = r#"{"metric": "test error", "ours": 0.5, "paper": "0.42 %", "note": null}"#;
        let headline: Headline = serde_json::from_str(json).unwrap();
        assert_eq!(
            (value(&headline.ours), value(&headline.paper)),
            ("0.5".to_owned(), "0.42 %".to_owned())
        );
        assert_eq!(headline.measured(), "test error");
    }
}
