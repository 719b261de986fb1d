use std::path::PathBuf;

use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use crate::model::Likelihood;

/// Which examples, and which of them are labeled (section 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Name of a set of pictures of the catalogue, such as `uci-digits`, `mnist` or `fashion-mnist`; `synthetic`, `table`
    /// for a CSV file of one's own, or `folder` for pictures of one's own.
    pub set: String,
    /// Which classes have labels.
    pub regime: Regime,
    /// Examples of the training part that are used at all, drawn with the seed; 0 for all.
    #[serde(default)]
    pub train: usize,
    /// Examples of those that are set aside with their labels, to select and to name clusters with; 0 for none.
    #[serde(default)]
    pub validation: usize,
    /// Examples of the test part, the first ones; 0 for all.
    #[serde(default)]
    pub test: usize,
    /// Squares of so many pixels a side become one, their mean; 1 for none.
    #[serde(default = "one")]
    pub pool: usize,
    /// Values whose deviation over the training examples is at most this are left out. Left out: 0.1 for pictures, as the
    /// authors do, and 0 for others, which keeps what varies.
    #[serde(default)]
    pub min_std: Option<f64>,
    /// How values are modeled. Left out: pictures by Bernoulli variables, others by Gaussians.
    #[serde(default)]
    pub likelihood: Option<Likelihood>,
    /// Whether every update draws zeros and ones with the values as probabilities, as the authors do. Left out: where
    /// values are modeled by Bernoulli variables.
    #[serde(default)]
    pub binarize: Option<bool>,
    /// Whether values are brought to mean 0 and deviation 1 over the training examples. Left out: where they are modeled by
    /// Gaussians, but not for `synthetic`, whose values are of that size already.
    #[serde(default)]
    pub standardize: Option<bool>,
    /// Classes that are never labeled, by number from 0.
    #[serde(default)]
    pub hidden: Vec<usize>,
    /// Classes that are never labeled, by name; together with those of `hidden`.
    #[serde(default)]
    pub hidden_names: Vec<String>,
    /// Share of the examples of each known class that are labeled, above 0; 1 for all labels that there are.
    #[serde(default = "all")]
    pub fraction: f64,
    /// How many labels of each known class that is.
    #[serde(default)]
    pub label_rule: LabelRule,
    /// Whether labeled examples are among those without labels, too.
    #[serde(default)]
    pub keep_labeled: bool,
    /// Seed of the draw of examples and labels; that of the run, if left out.
    #[serde(default)]
    pub split_seed: Option<u64>,
    /// Number of clusters besides one for each class.
    #[serde(default)]
    pub extra: usize,
    /// What the prior of classes is made of.
    #[serde(default)]
    pub prior: PriorRule,
    /// Sizes of the set, where `set` is `synthetic`.
    #[serde(default)]
    pub synthetic: Option<SyntheticConfig>,
    /// The files, where `set` is `table`.
    #[serde(default)]
    pub table: Option<TableConfig>,
    /// The pictures, where `set` is `folder`.
    #[serde(default)]
    pub folder: Option<FolderConfig>,
}

/// Which classes have labels (section 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Regime {
    /// All; examples without a label are not used.
    Supervised,
    /// All, of few examples each.
    SemiSupervised,
    /// Some, of few examples each; others have none and are only among the examples without labels.
    SemiUnsupervised,
    /// None; `data.hidden`, `data.fraction` and `data.keep_labeled` are not looked at.
    Unsupervised,
}

impl Regime {
    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Supervised => "supervised",
            Self::SemiSupervised => "semi-supervised",
            Self::SemiUnsupervised => "semi-unsupervised",
            Self::Unsupervised => "unsupervised",
        }
    }

    /// Whether some examples have labels.
    pub fn has_labeled(self) -> bool {
        self != Self::Unsupervised
    }

    /// Whether examples without labels are learned from.
    pub fn has_unlabeled(self) -> bool {
        self != Self::Supervised
    }
}

/// How many labels a known class gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LabelRule {
    /// The fraction of its own examples, rounded down.
    #[default]
    PerClassFraction,
    /// As many as any other: the fraction of all examples, of hidden classes too, dealt out to all classes, rounded down
    /// both times. So the authors' code does.
    EqualCount,
}

/// What the prior of classes `p(y)` is made of. Without any labels it is uniform.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriorRule {
    /// The same for all classes; hidden ones share theirs with the extra clusters.
    #[default]
    Uniform,
    /// The frequencies of the training examples; hidden classes share theirs with the extra clusters.
    Empirical,
    /// As the authors' code does: hidden classes and extra clusters share the number of hidden classes over that of all,
    /// whatever their frequencies, and the whole is brought to 1.
    EmpiricalAuthors,
}

/// Sizes of the synthetic set: class `c` is normal with deviation 1 around `distance` times the unit vector of axis `c`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SyntheticConfig {
    /// Number of classes.
    pub classes: usize,
    /// Axes that a class may lie on; at least as many as classes.
    pub dimensions: usize,
    /// Further values that say nothing about the class.
    pub noise: usize,
    /// How far the middle of a class is from the origin.
    pub distance: f64,
    /// Training examples of each class.
    pub train_per_class: usize,
    /// Test examples of each class.
    pub test_per_class: usize,
}

impl Default for SyntheticConfig {
    fn default() -> Self {
        Self {
            classes: 6,
            dimensions: 12,
            noise: 8,
            distance: 4.0,
            train_per_class: 200,
            test_per_class: 200,
        }
    }
}

/// CSV files of one's own: a line of column names, then numbers and a class in each line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableConfig {
    /// The training examples.
    pub train: PathBuf,
    /// The test examples, with the same columns and all with a label. Classes that have labels here and none among the
    /// training examples are hidden ones.
    #[serde(default)]
    pub test: Option<PathBuf>,
    /// Training examples with a label that are tested on in place of those of a file `test`, and not learned from.
    #[serde(default)]
    pub held_out: usize,
    /// Name of the column of classes. A row where it is empty has no label.
    #[serde(default = "label")]
    pub label: String,
    /// Columns that are not used, such as a number of each row.
    #[serde(default)]
    pub ignore: Vec<String>,
}

/// A folder tree of pictures, some with a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FolderConfig {
    /// The folder.
    pub path: PathBuf,
    /// Table with the columns `file` and `label`; without one the names of sub-folders are the labels, and pictures
    /// in `unlabeled` have none.
    #[serde(default)]
    pub labels: Option<PathBuf>,
    /// Pictures are cropped to a square and resized to so many pixels a side.
    pub side: usize,
    /// Values per pixel: 1 for gray, 3 for colors.
    #[serde(default = "one")]
    pub channels: usize,
    /// Pictures with a label that are kept out of training and tested on.
    pub held_out: usize,
}

fn one() -> usize {
    1
}

fn all() -> f64 {
    1.0
}

fn label() -> String {
    "label".to_owned()
}

impl DataConfig {
    /// The name that stands for the synthetic set.
    pub const SYNTHETIC: &str = "synthetic";
    /// The name that stands for tables of one's own.
    pub const TABLE: &str = "table";
    /// The name that stands for pictures of one's own.
    pub const FOLDER: &str = "folder";

    /// All of a set in a regime, with every other setting as it is where it is left out.
    pub fn new(set: impl Into<String>, regime: Regime) -> Self {
        Self {
            set: set.into(),
            regime,
            train: 0,
            validation: 0,
            test: 0,
            pool: 1,
            min_std: None,
            likelihood: None,
            binarize: None,
            standardize: None,
            hidden: Vec::new(),
            hidden_names: Vec::new(),
            fraction: all(),
            label_rule: LabelRule::default(),
            keep_labeled: false,
            split_seed: None,
            extra: 0,
            prior: PriorRule::default(),
            synthetic: None,
            table: None,
            folder: None,
        }
    }

    /// Whether examples are pictures.
    pub fn is_pictures(&self) -> bool {
        ![Self::SYNTHETIC, Self::TABLE].contains(&self.set.as_str())
    }

    /// How values are modeled.
    pub fn likelihood(&self) -> Likelihood {
        self.likelihood.unwrap_or(match self.is_pictures() {
            true => Likelihood::Bernoulli,
            false => Likelihood::Gaussian,
        })
    }

    /// Whether every update draws zeros and ones.
    pub fn binarize(&self) -> bool {
        self.binarize.unwrap_or(self.likelihood() == Likelihood::Bernoulli)
    }

    /// Whether values are brought to mean 0 and deviation 1.
    pub fn standardize(&self) -> bool {
        let is_gaussian = self.likelihood() == Likelihood::Gaussian;
        self.standardize.unwrap_or(is_gaussian && self.set != Self::SYNTHETIC)
    }

    /// The deviation at and below which values are left out.
    pub fn min_std(&self) -> f64 {
        self.min_std.unwrap_or(if self.is_pictures() { 0.1 } else { 0.0 })
    }

    /// Refuses settings that do not fit together or make no sense.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Invalid`], with the setting as in `data.fraction`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.validate_values()?;
        self.validate_labels()?;
        self.validate_sources()
    }

    fn validate_values(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data");
        let problem = "must name a data set, such as `uci-digits`";
        checks.require(!self.set.is_empty(), "set", problem)?;
        let problem = "must be at least 1, which pools nothing";
        checks.require(self.pool > 0, "pool", problem)?;
        let problem = "is for pictures only; leave it at 1";
        checks.require(self.is_pictures() || self.pool == 1, "pool", problem)?;
        checks.not_negative("min_std", self.min_std())?;
        let is_gaussian = self.likelihood() == Likelihood::Gaussian;
        let problem = "is for values modeled by Bernoulli variables only; leave it out, or set `data.likelihood='bernoulli'`";
        checks.require(!(self.binarize() && is_gaussian), "binarize", problem)?;
        let problem = "is for values modeled by Gaussians only; leave it out, or set `data.likelihood='gaussian'`";
        checks.require(is_gaussian || !self.standardize(), "standardize", problem)
    }

    fn validate_labels(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data");
        if self.regime == Regime::Unsupervised {
            let problem = "must be `uniform` without labels, since frequencies of classes are not known then";
            return checks.require(self.prior == PriorRule::Uniform, "prior", problem);
        }
        let is_share = self.fraction > 0.0 && self.fraction <= 1.0;
        let problem = format_args!(
            "must be above 0 and at most 1, not {}; for no labels at all set `data.regime='unsupervised'`",
            self.fraction
        );
        checks.require(is_share, "fraction", problem)?;
        let twice = |index: usize| self.hidden[..index].contains(&self.hidden[index]);
        if let Some(index) = (0..self.hidden.len()).find(|&index| twice(index)) {
            let problem = format!("names class {} twice", self.hidden[index]);
            return checks.require(false, "hidden", problem);
        }
        let twice = |index: usize| self.hidden_names[..index].contains(&self.hidden_names[index]);
        if let Some(index) = (0..self.hidden_names.len()).find(|&index| twice(index)) {
            let problem = format!("names class `{}` twice", self.hidden_names[index]);
            return checks.require(false, "hidden_names", problem);
        }
        let hides = !(self.hidden.is_empty() && self.hidden_names.is_empty());
        let problem = format_args!(
            "leaves classes {} without labels, and `data.regime='{}'` needs some of every class; set \
             `data.regime='semi-unsupervised'`, or hide none",
            self.hidden_list(),
            self.regime.name(),
        );
        checks.require(!hides || self.regime == Regime::SemiUnsupervised, "hidden", problem)
    }

    fn validate_sources(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data");
        let tables = [
            (Self::SYNTHETIC, "synthetic", self.synthetic.is_some()),
            (Self::TABLE, "table", self.table.is_some()),
            (Self::FOLDER, "folder", self.folder.is_some()),
        ];
        for (set, key, is_there) in tables {
            let problem = format_args!("is for `data.set='{set}'` only");
            checks.require(self.set == set || !is_there, key, problem)?;
        }
        let problem = "must say where the table is, as in `--set data.table.train='train.csv'`";
        checks.require(self.set != Self::TABLE || self.table.is_some(), "table", problem)?;
        let problem = "must say where the pictures are, as in `--set data.folder.path='pictures'`";
        checks.require(self.set != Self::FOLDER || self.folder.is_some(), "folder", problem)?;
        if let Some(synthetic) = &self.synthetic {
            synthetic.validate()?;
        }
        if let Some(table) = &self.table {
            table.validate()?;
        }
        match &self.folder {
            Some(folder) => folder.validate(),
            None => Ok(()),
        }
    }

    /// The hidden classes, for messages.
    fn hidden_list(&self) -> String {
        let numbers = self.hidden.iter().map(usize::to_string);
        let names = self.hidden_names.iter().map(|name| format!("`{name}`"));
        numbers.chain(names).collect::<Vec<_>>().join(", ")
    }
}

impl SyntheticConfig {
    /// Values of an example.
    pub fn values(&self) -> usize {
        self.dimensions + self.noise
    }

    fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data.synthetic");
        checks.at_least(1, "classes", self.classes)?;
        checks.require(
            self.dimensions >= self.classes,
            "dimensions",
            format_args!("must be at least `classes`, {}, not {}", self.classes, self.dimensions),
        )?;
        checks.not_negative("distance", self.distance)?;
        checks.at_least(1, "train_per_class", self.train_per_class)?;
        checks.at_least(1, "test_per_class", self.test_per_class)?;
        let examples = self.train_per_class.saturating_add(self.test_per_class);
        let size = examples.saturating_mul(self.classes).saturating_mul(self.dimensions.saturating_add(self.noise));
        let problem = format_args!("and the other sizes make a set of {size} values, more than {MOST_VALUES}");
        checks.require(size <= MOST_VALUES, "train_per_class", problem)
    }
}

/// More values than a synthetic set needs.
const MOST_VALUES: usize = 1 << 28;

impl TableConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data.table");
        let problem = "either a file `test` or a number `held_out` above 0 says what is tested on, not both";
        checks.require(self.test.is_some() != (self.held_out > 0), "test", problem)?;
        let problem = "must be the name of the column of classes";
        checks.require(!self.label.is_empty(), "label", problem)?;
        let problem = "names the column of classes, which is used";
        checks.require(!self.ignore.contains(&self.label), "ignore", problem)
    }
}

impl FolderConfig {
    fn validate(&self) -> Result<(), ConfigError> {
        let checks = Checks::of("data.folder");
        let problem = "must be 1 for gray or 3 for colors";
        checks.require([1, 3].contains(&self.channels), "channels", problem)?;
        checks.at_least(1, "side", self.side)?;
        let problem = "must be at least 1: without test pictures there is nothing to report";
        checks.require(self.held_out > 0, "held_out", problem)
    }
}
