//! The plan of a sweep: a TOML file. `docs/sweep.toml` is an example with comments.

use std::{error::Error, fmt, fs, num::NonZeroUsize, path::Path};

use anyhow::Context;
use papers_base::suggest::nearest;
use serde::Deserialize;
use toml::Spanned;

use super::settings::{Axes, Settings};
use crate::{
    papers::{self, ALL_BACKENDS, DEFAULT_BACKEND, Paper},
    workspace::Workspace,
};

/// More seeds than this are a typing error.
const MOST_SEEDS: u64 = 10_000;

/// Letters of the longest name of a sweep.
const LONGEST_NAME: usize = 60;

/// What a sweep runs, as its file says it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    pub(super) name: Name,
    paper: Spanned<String>,
    experiments: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    pub(super) seeds: Seeds,
    #[serde(default)]
    pub(super) sets: Settings,
    #[serde(default)]
    pub(super) axes: Axes,
    #[serde(default)]
    pub(super) points: Vec<Settings>,
    backend: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) metrics: Vec<String>,
    #[serde(default)]
    pub(super) local: Local,
    #[serde(skip)]
    source: Source,
}

/// How runs share this machine.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Local {
    /// Runs at a time.
    pub(super) jobs: Option<NonZeroUsize>,
    /// Threads of each run.
    pub(super) threads: Option<NonZeroUsize>,
}

/// The name of a sweep, fit for a folder.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Name(pub(super) String);

/// Seeds, each once.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "SeedsForm")]
pub(super) struct Seeds(pub(super) Vec<u64>);

/// Where a plan stands.
#[derive(Debug, Clone, Default)]
struct Source {
    file: String,
    text: String,
}

/// What the plan's names stand for.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) paper: Paper,
    pub(super) experiments: Vec<String>,
    /// The backend as it is named at run time, such as `wgpu:1`.
    pub(super) backend: String,
    /// The feature to build.
    pub(super) feature: &'static str,
}

impl Plan {
    pub(super) fn load(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("reading the plan {}", path.display()))?;
        Ok(Self::parse(&path.display().to_string(), &text)?)
    }

    pub(super) fn parse(file: &str, text: &str) -> Result<Self, PlanError> {
        let source = Source {
            file: file.to_owned(),
            text: text.to_owned(),
        };
        match toml::from_str::<Self>(text) {
            Ok(plan) => Ok(Self { source, ..plan }),
            Err(error) => Err(source.error(error.span().map(|span| span.start), with_suggestion(error.message()))),
        }
    }

    /// Looks the paper, its experiments and the backend up.
    pub(super) fn target(&self, workspace: &Workspace) -> anyhow::Result<Target> {
        let paper = match papers::find(workspace, self.paper.get_ref()) {
            Err(error) if error.is::<papers::UnknownName>() => return Err(self.blame(&self.paper, &error).into()),
            paper => paper?,
        };
        let backend = self.backend.as_ref();
        let name = backend.map_or(DEFAULT_BACKEND, |backend| backend.get_ref().as_str());
        let feature = match (paper.computing_feature(Some(name)), backend) {
            (Ok(ALL_BACKENDS), Some(backend)) => {
                let problem = format!("`{ALL_BACKENDS}` is no backend to compute on; name one of them");
                return Err(self.blame(backend, &problem).into());
            }
            (Err(error), Some(backend)) => return Err(self.blame(backend, &error).into()),
            (feature, _) => feature?,
        };
        let (backend, experiments) = (name.to_owned(), self.experiments(&paper)?);
        Ok(Target {
            paper,
            experiments,
            backend,
            feature,
        })
    }

    fn experiments(&self, paper: &Paper) -> Result<Vec<String>, PlanError> {
        let Some(named) = &self.experiments else {
            let default = paper.experiments.iter().find(|experiment| paper.is_default(experiment));
            let default = default.map(|experiment| vec![experiment.name.clone()]);
            return default.ok_or_else(|| self.problem("this paper has no default experiment; name `experiments`"));
        };
        if named.is_empty() {
            return Err(self.problem("`experiments` is empty; leave it out for the paper's default"));
        }
        let checked = named.iter().map(|experiment| {
            let name = experiment.get_ref();
            paper
                .check_experiment(name)
                .map_err(|error| self.blame(experiment, &error))?;
            Ok(name.clone())
        });
        checked.collect()
    }

    /// An error about the plan as a whole.
    pub(super) fn problem(&self, problem: impl Into<String>) -> PlanError {
        self.source.error(None, problem.into())
    }

    /// An error about one of its names.
    fn blame(&self, name: &Spanned<String>, problem: &impl ToString) -> PlanError {
        self.source.error(Some(name.span().start), problem.to_string())
    }
}

impl Source {
    fn error(&self, position: Option<usize>, problem: String) -> PlanError {
        let before = position.and_then(|position| self.text.get(..position));
        PlanError {
            file: self.file.clone(),
            line: before.map(|before| before.matches('\n').count() + 1),
            problem,
        }
    }
}

impl Default for Seeds {
    fn default() -> Self {
        Self(vec![0])
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        let begins_well = name.starts_with(|letter: char| letter.is_ascii_alphanumeric());
        if !begins_well || !name.chars().all(fits) || name.len() > LONGEST_NAME {
            return Err(format!(
                "the name of a sweep is the name of its folder: at most {LONGEST_NAME} letters, digits, `-`, `_` and `.`, \
                 a letter or a digit first"
            ));
        }
        Ok(Self(name))
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "seeds are a list, as in [0, 1, 2], or a range, as in \"0..3\""
)]
enum SeedsForm {
    List(Vec<u64>),
    Range(String),
}

impl TryFrom<SeedsForm> for Seeds {
    type Error = String;

    fn try_from(form: SeedsForm) -> Result<Self, String> {
        let seeds = match form {
            SeedsForm::List(seeds) => seeds,
            SeedsForm::Range(text) => range(&text)
                .ok_or_else(|| format!("`{text}` is no range of seeds; write \"0..5\" for the seeds 0 to 4"))?,
        };
        if seeds.is_empty() {
            return Err("there has to be a seed".to_owned());
        }
        if let Some(twice) = (1..seeds.len()).find(|&index| seeds[..index].contains(&seeds[index])) {
            return Err(format!("the seed {} is named twice", seeds[twice]));
        }
        Ok(Self(seeds))
    }
}

fn range(text: &str) -> Option<Vec<u64>> {
    let (start, end) = text.split_once("..")?;
    let (start, end): (u64, u64) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
    (start < end && end - start <= MOST_SEEDS).then(|| (start..end).collect())
}

/// What the parser says, and the known name that is most like an unknown one.
fn with_suggestion(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    match (message.starts_with("unknown field"), names.next()) {
        (true, Some(unknown)) => match nearest(unknown, names) {
            Some(nearest) => format!("{message}; did you mean `{nearest}`?"),
            None => message.to_owned(),
        },
        _ => message.to_owned(),
    }
}

/// A plan that cannot be carried out.
#[derive(Debug)]
pub(crate) struct PlanError {
    file: String,
    line: Option<usize>,
    problem: String,
}

impl fmt::Display for PlanError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, problem } = self;
        match line {
            Some(line) => write!(formatter, "{file}, line {line}: {problem}"),
            None => write!(formatter, "{file}: {problem}"),
        }
    }
}

impl Error for PlanError {}
