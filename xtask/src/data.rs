//! `cargo xtask data`.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use indicatif::{ProgressBar, ProgressStyle};
use papers_base::{
    catalogue::{
        Catalogue, Dataset, DatasetFolder, FetchEvent, FetchOptions, FileState, Search, Split, cache_folder, fetch,
        import,
    },
    cli::exit,
    commit,
    images::{self, ImageSet},
};

use crate::{
    cli::{self, DataTask},
    list::state,
};

pub(crate) fn run(arguments: &cli::Data) -> anyhow::Result<ExitCode> {
    let catalogue = Catalogue::builtin()?;
    match &arguments.task {
        DataTask::List { search } => list(&catalogue, &Search::new(search.data.as_deref())?)?,
        DataTask::Fetch { names, optional, cache } => {
            let cache = target(cache)?;
            let options = FetchOptions {
                optional: *optional,
                ..FetchOptions::default()
            };
            for name in names {
                fetch_one(catalogue.get(name)?, &cache, &options)?;
            }
        }
        DataTask::Import { name, from, cache } => import_one(catalogue.get(name)?, from, &target(cache)?)?,
        DataTask::Verify { names, search } => {
            return verify(&catalogue, names, &Search::new(search.data.as_deref())?);
        }
        DataTask::Preview {
            name,
            split,
            per_class,
            out,
            search,
        } => {
            let dataset = catalogue.get(name)?;
            let set = read(dataset, *split, &Search::new(search.data.as_deref())?)?;
            let out = out.clone().unwrap_or_else(|| format!("{name}-{split}.png").into());
            preview(&set, usize::from(*per_class), &out)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn target(cache: &cli::CacheFolder) -> anyhow::Result<PathBuf> {
    Ok(match &cache.to {
        Some(folder) => folder.clone(),
        None => cache_folder()?,
    })
}

fn list(catalogue: &Catalogue, search: &Search) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for dataset in catalogue.datasets() {
        writeln!(out, "{}", dataset.name)?;
        writeln!(
            out,
            "  {}: {}, {}{}",
            dataset.title,
            dataset.summary,
            megabytes(dataset.bytes(false)),
            match dataset.bytes(true) {
                0 => String::new(),
                bytes => format!(" (and {} optional)", megabytes(bytes)),
            }
        )?;
        for (split, files) in &dataset.splits {
            writeln!(out, "  {split}: {} items", files.items)?;
        }
        writeln!(out, "  License: {}", dataset.license)?;
        writeln!(out, "  {}", dataset.homepage)?;
        writeln!(out, "  {}\n", state(search, dataset))?;
    }
    writeln!(out, "Looked in:")?;
    for root in search.roots() {
        let absent = if root.path.is_dir() { "" } else { " (not there)" };
        writeln!(out, "  {}{absent}", root.path.display())?;
    }
    Ok(())
}

fn fetch_one(dataset: &Dataset, cache: &Path, options: &FetchOptions) -> anyhow::Result<()> {
    let mut display = Display::new();
    let folder = fetch(dataset, cache, options, &mut |event| {
        display.show(&event);
    })?;
    writeln!(io::stdout(), "{} is in {}", dataset.name, folder.path().display())?;
    Ok(())
}

/// Shows a fetch on standard error: a bar on a terminal, a line per file elsewhere.
struct Display {
    bar: Option<ProgressBar>,
}

impl Display {
    fn new() -> Self {
        Self { bar: None }
    }

    fn show(&mut self, event: &FetchEvent<'_>) {
        match event {
            FetchEvent::Terms { dataset } => self.line(&terms(dataset)),
            FetchEvent::Present { file } => self.line(&format!("{}: already there, checksum good", file.name)),
            FetchEvent::Started {
                file,
                url,
                resumed_from,
                total,
            } => {
                let from = match resumed_from {
                    0 => String::new(),
                    bytes => format!(", going on after {}", megabytes(*bytes)),
                };
                self.line(&format!("{}: {} from {url}{from}", file.name, megabytes(*total)));
                self.bar = io::stderr().is_terminal().then(|| bar(*resumed_from, *total));
            }
            FetchEvent::Received { bytes } => {
                if let Some(bar) = &self.bar {
                    bar.set_position(*bytes);
                }
            }
            FetchEvent::Failed { failure } => self.line(&format!("  {}", failure.problem)),
            FetchEvent::Quarantined { path } => self.line(&format!("  a bad file is now {}", path.display())),
            FetchEvent::Finished { file } => self.line(&format!("{}: complete, checksum good", file.name)),
            _ => {}
        }
    }

    fn line(&mut self, text: &str) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        // If standard error is closed, the fetch goes on.
        let _ = writeln!(io::stderr(), "{text}");
    }
}

fn bar(position: u64, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("  {bar:32} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    let bar = ProgressBar::new(total).with_position(position);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// License and citation, as they are shown before anything is fetched or imported.
fn terms(dataset: &Dataset) -> String {
    format!(
        "{}\n  License:  {}\n  Please cite: {}\n  {}",
        dataset.title, dataset.license, dataset.citation, dataset.homepage
    )
}

fn import_one(dataset: &Dataset, from: &Path, cache: &Path) -> anyhow::Result<()> {
    let mut err = io::stderr();
    writeln!(err, "{}", terms(dataset))?;
    let folder = import(dataset, from, cache, &mut |file| {
        // If standard error is closed, the import goes on.
        let _ = writeln!(err, "{}", file.name);
    })?;
    writeln!(io::stdout(), "{} is in {}", dataset.name, folder.path().display())?;
    Ok(())
}

/// Verifies the named data sets, which have to be there, or all that are.
fn verify(catalogue: &Catalogue, names: &[String], search: &Search) -> anyhow::Result<ExitCode> {
    let mut folders = Vec::new();
    if names.is_empty() {
        let real = catalogue.datasets().iter().filter(|dataset| !dataset.embedded);
        folders.extend(real.filter_map(|dataset| search.find(dataset).ok()));
    } else {
        for name in names {
            folders.push(search.find(catalogue.get(name)?)?);
        }
    }
    let mut out = io::stdout().lock();
    let mut all_good = true;
    for folder in &folders {
        writeln!(out, "{} in {}", folder.dataset().name, folder.path().display())?;
        for (file, state) in folder.verify()? {
            let (is_good, text) = match state {
                FileState::Missing if file.optional => (true, "not here, and optional".to_owned()),
                state => judge(&state),
            };
            all_good &= is_good;
            writeln!(out, "  {:<28} {text}", file.name)?;
        }
    }
    if folders.is_empty() {
        writeln!(out, "no data set is on this machine; see `cargo xtask data list`")?;
    }
    Ok(if all_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(exit::FAILED)
    })
}

fn judge(state: &FileState) -> (bool, String) {
    match state {
        FileState::Good { digest } => (true, format!("good, {digest}")),
        FileState::Missing => (false, "missing".to_owned()),
        FileState::WrongSize { expected, found } => (false, format!("BAD: {found} bytes instead of {expected}")),
        FileState::WrongDigest { expected, found } => (false, format!("BAD: {found} instead of {expected}")),
        FileState::Unrecorded { found } => (false, format!("never imported, nothing to compare with: {found}")),
        _ => (false, "in an unknown state".to_owned()),
    }
}

fn read(dataset: &Dataset, split: Split, search: &Search) -> anyhow::Result<ImageSet> {
    if dataset.embedded {
        return Ok(images::digits(split)?);
    }
    let folder: DatasetFolder = search.find(dataset)?;
    Ok(ImageSet::read(&folder, split)?)
}

fn preview(set: &ImageSet, per_class: usize, out: &Path) -> anyhow::Result<()> {
    let preview = images::preview(set, per_class)?;
    commit::bytes(out, &preview.png)?;
    let mut terminal = io::stdout().lock();
    writeln!(
        terminal,
        "{}: {} images, {}x{}x{}, values 0 to {}",
        set.name,
        set.len(),
        set.height,
        set.width,
        set.channels,
        set.maximum
    )?;
    for (name, count) in &preview.counts {
        writeln!(terminal, "  {name:<16} {count:>7}")?;
    }
    writeln!(terminal, "{}", out.display())?;
    Ok(())
}

/// A size for people, in decimal units.
fn megabytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}
