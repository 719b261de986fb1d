//! The papers of the workspace, read from the crates themselves.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt, fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use papers_base::{config::About, suggest::nearest};
use serde::Deserialize;

use crate::workspace::{Workspace, read_toml};

/// The feature that builds several backends into one program.
pub(crate) const ALL_BACKENDS: &str = "all-backends";

/// The backend that is built where none is named.
pub(crate) const DEFAULT_BACKEND: &str = "flex";

/// The feature of devices that another machine serves; it is named with their address.
pub(crate) const REMOTE: &str = "remote";

/// Features that choose a backend, in the order in which they are shown.
pub(crate) const BACKENDS: [&str; 6] = [DEFAULT_BACKEND, "ndarray", "wgpu", "cuda", REMOTE, ALL_BACKENDS];

/// One crate with a `[package.metadata.paper]` table.
#[derive(Debug, Clone)]
pub(crate) struct Paper {
    /// Name of the crate, of its program, and of the paper on command lines.
    pub(crate) name: String,
    /// Where the crate is.
    pub(crate) folder: PathBuf,
    /// What the manifest says about the paper.
    pub(crate) citation: Citation,
    /// Features that choose a backend.
    pub(crate) backends: Vec<&'static str>,
    /// Named runs, the default first, then in alphabetical order.
    pub(crate) experiments: Vec<Experiment>,
}

/// The `[package.metadata.paper]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Citation {
    pub(crate) title: String,
    pub(crate) authors: String,
    pub(crate) venue: String,
    pub(crate) year: u16,
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) datasets: Vec<String>,
    /// Flags of `train` that stand for a setting, by name: `--feedback human` for `--set feedback.mode=human`.
    #[serde(default)]
    pub(crate) flags: BTreeMap<String, String>,
    /// The short run that `cargo xtask drill` is hard on.
    #[serde(default)]
    pub(crate) drill: DrillRun,
}

/// The `[package.metadata.paper.drill]` table.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct DrillRun {
    /// The experiment; the paper's default if left out.
    pub(crate) experiment: Option<String>,
    /// Settings that make it a run of a second or two with several checkpoints and a line of the journal for each step.
    pub(crate) settings: Vec<String>,
    /// Whether drills that need only one program take this one.
    pub(crate) is_quickest: bool,
}

impl Default for DrillRun {
    fn default() -> Self {
        Self {
            experiment: None,
            settings: [
                "schedule.steps=20",
                "schedule.report_every=1",
                "schedule.checkpoint_every=4",
            ]
            .map(str::to_owned)
            .to_vec(),
            is_quickest: false,
        }
    }
}

/// A file of `experiments/`.
#[derive(Debug, Clone)]
pub(crate) struct Experiment {
    pub(crate) name: String,
    pub(crate) about: About,
}

/// Reads every paper crate of the workspace, in alphabetical order.
pub(crate) fn discover(workspace: &Workspace) -> anyhow::Result<Vec<Paper>> {
    let mut papers = Vec::new();
    for folder in workspace.members()? {
        papers.extend(read(&folder)?);
    }
    papers.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(papers)
}

/// Looks a paper up by the name of its crate.
pub(crate) fn find(workspace: &Workspace, name: &str) -> anyhow::Result<Paper> {
    let mut papers = discover(workspace)?;
    match papers.iter().position(|paper| paper.name == name) {
        Some(position) => Ok(papers.swap_remove(position)),
        None => Err(UnknownName::new("paper", name, papers.iter().map(|paper| paper.name.as_str())).into()),
    }
}

impl Paper {
    /// Refuses an experiment that this paper does not have.
    pub(crate) fn check_experiment(&self, name: &str) -> Result<(), UnknownName> {
        let known = || self.experiments.iter().map(|experiment| experiment.name.as_str());
        if known().any(|known| known == name) {
            return Ok(());
        }
        Err(UnknownName::new("experiment", name, known()))
    }

    /// The feature to build for a backend as it is named at run time, such as `wgpu:1`.
    pub(crate) fn feature(&self, backend: Option<&str>) -> Result<&'static str, UnknownName> {
        let backend = backend.unwrap_or(DEFAULT_BACKEND);
        let name = backend.split_once(':').map_or(backend, |(name, _)| name);
        let known = self.backends.iter().copied();
        let feature = known.clone().find(|known| *known == name);
        feature.ok_or_else(|| UnknownName::new("backend", name, known))
    }

    /// The feature to build for a backend to compute on, which the remote one is with an address only.
    pub(crate) fn computing_feature(&self, backend: Option<&str>) -> anyhow::Result<&'static str> {
        let feature = self.feature(backend)?;
        let is_addressed = || backend.is_some_and(|backend| backend.contains(':'));
        if feature == REMOTE && !is_addressed() {
            return Err(Misuse(
                "`remote` needs an address, as in remote:127.0.0.1:4777; `cargo xtask serve-device` prints it",
            )
            .into());
        }
        Ok(feature)
    }

    /// Whether this experiment is run where none is named.
    pub(crate) fn is_default(&self, experiment: &Experiment) -> bool {
        experiment.about.default || self.experiments.len() == 1
    }
}

/// A name on the command line that nothing has.
#[derive(Debug)]
pub(crate) struct UnknownName {
    kind: &'static str,
    name: String,
    nearest: Option<String>,
    known: Vec<String>,
}

impl UnknownName {
    pub(crate) fn new<'a>(kind: &'static str, name: &str, known: impl Iterator<Item = &'a str>) -> Self {
        let known: Vec<String> = known.map(str::to_owned).collect();
        Self {
            kind,
            name: name.to_owned(),
            nearest: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
            known,
        }
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name, .. } = self;
        write!(formatter, "there is no {kind} `{name}`")?;
        if let Some(nearest) = &self.nearest {
            write!(formatter, "; did you mean `{nearest}`?")?;
        }
        match self.known.as_slice() {
            [] => write!(formatter, "\n  there is none at all"),
            known => write!(formatter, "\n  there are: {}", known.join(", ")),
        }
    }
}

impl Error for UnknownName {}

/// Something on the command line that makes no sense.
#[derive(Debug)]
pub(crate) struct Misuse(pub(crate) &'static str);

impl fmt::Display for Misuse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl Error for Misuse {}

fn read(folder: &Path) -> anyhow::Result<Option<Paper>> {
    let manifest: Manifest = read_toml(&folder.join("Cargo.toml"))?;
    let Some(citation) = manifest.package.metadata.paper else {
        return Ok(None);
    };
    let is_feature = |name: &&str| manifest.features.contains_key(*name);
    Ok(Some(Paper {
        name: manifest.package.name,
        folder: folder.to_owned(),
        citation,
        backends: BACKENDS.into_iter().filter(is_feature).collect(),
        experiments: read_experiments(&folder.join("experiments"))?,
    }))
}

fn read_experiments(folder: &Path) -> anyhow::Result<Vec<Experiment>> {
    let mut experiments = Vec::new();
    if !folder.is_dir() {
        return Ok(experiments);
    }
    for entry in fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        experiments.push(Experiment {
            name: path.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            about: About::parse(&text).with_context(|| format!("the [about] table of {}", path.display()))?,
        });
    }
    experiments.sort_by(|a, b| (!a.about.default, &a.name).cmp(&(!b.about.default, &b.name)));
    Ok(experiments)
}

#[derive(Deserialize)]
struct Manifest {
    package: Package,
    #[serde(default)]
    features: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    #[serde(default)]
    metadata: Tables,
}

#[derive(Default, Deserialize)]
struct Tables {
    paper: Option<Citation>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neural_ode() -> Paper {
        find(&Workspace::find().unwrap(), "neural-ode").unwrap()
    }

    #[test]
    fn a_paper_is_read_from_its_manifest() {
        let paper = neural_ode();
        assert_eq!(paper.citation.title, "Neural Ordinary Differential Equations");
        assert_eq!(paper.backends, BACKENDS);
    }

    #[test]
    fn crates_without_a_paper_are_no_papers() {
        let papers = discover(&Workspace::find().unwrap()).unwrap();
        assert!(
            papers
                .iter()
                .all(|paper| !["papers-base", "papers-core", "xtask"].contains(&paper.name.as_str()))
        );
    }

    #[test]
    fn an_unknown_paper_names_the_nearest() {
        let error = find(&Workspace::find().unwrap(), "neural_ode").unwrap_err().to_string();
        assert!(error.contains("did you mean `neural-ode`?"), "{error}");
    }

    #[test]
    fn an_unknown_backend_lists_all() {
        let error = neural_ode().feature(Some("gpu")).unwrap_err().to_string();
        assert!(
            error.contains("flex, ndarray, wgpu, cuda, remote, all-backends"),
            "{error}"
        );
    }

    #[test]
    fn a_backend_with_an_index_has_the_feature_of_the_backend() {
        assert_eq!(neural_ode().feature(Some("wgpu:1")).unwrap(), "wgpu");
        assert_eq!(neural_ode().feature(None).unwrap(), "flex");
    }

    #[test]
    fn another_machine_is_computed_on_at_an_address() {
        let feature = |backend| neural_ode().computing_feature(Some(backend));
        assert_eq!(feature("remote:[::1]:4777").unwrap(), "remote");
        assert!(feature("remote").unwrap_err().is::<Misuse>());
        assert_eq!(feature("flex").unwrap(), "flex");
    }
}
