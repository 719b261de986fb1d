use papers_core::base::config::{Checks, ConfigError};
use serde::{Deserialize, Serialize};

use super::{FolderConfig, LabelRule, PriorRule, Regime, SyntheticConfig, TableConfig};
use crate::model::Likelihood;

/// Which examples, and which of them are labeled (section 4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// Name of a set of pictures of the catalogue, such as `uci-digits`, `mnist` or `fashion-mnist`; `synthetic`, `table`
    /// for a CSV file of one's own, or `folder` for pictures of one's own. Parts that a set has besides those for training
    /// and testing are not used.
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

fn one() -> usize {
    1
}

fn all() -> f64 {
    1.0
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
        let problem =
            "is for values modeled by Bernoulli variables only; leave it out, or set `data.likelihood='bernoulli'`";
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
