use std::sync::Arc;

use papers_core::{Context, Result, random::Streams};

use super::{
    classes::{hidden_classes, prior_of},
    parts::{Parts, held_out},
    pictures,
    preparation::Preparation,
    rows::{Rows, RowsError},
    split::{Labels, Masking},
    table,
};
use crate::{
    config::{DataConfig, Regime},
    model::Likelihood,
    objective::Counts,
};

/// What a run learns from, selects on and reports on. No example is in two of the three.
#[derive(Debug, Clone)]
pub struct DataSet {
    /// Training rows as the model sees them, before zeros and ones are drawn. Labels are the truth, where it is known, and
    /// not for training: see [`labels`](Self::labels). The thread that prepares batches shares them.
    pub train: Arc<Rows>,
    /// Which training rows have labels and which are learned from without one.
    pub labels: Labels,
    /// Rows with their labels, to select and to name clusters with; may be empty.
    pub validation: Rows,
    /// Rows with their labels that the reported numbers are computed from, and nothing else.
    pub test: Rows,
    /// Names of the classes, in the order of their numbers.
    pub class_names: Vec<String>,
    /// Classes that are never labeled, ascending: all of them in unsupervised learning.
    pub hidden: Vec<usize>,
    /// `p(y)` of each class and each extra cluster.
    pub prior: Vec<f64>,
    /// Which classes have labels.
    pub regime: Regime,
    /// How values are modeled.
    pub likelihood: Likelihood,
    /// Whether every update draws zeros and ones.
    pub binarize: bool,
    /// What was done to values; a checkpoint holds it.
    pub preparation: Preparation,
    /// Height, width and channels of examples that are pictures.
    pub picture: Option<[usize; 3]>,
    /// Names of the values of an example that is no picture.
    pub columns: Vec<String>,
    /// What is odd about the data, for the user.
    pub warnings: Vec<String>,
}

impl DataSet {
    /// Reads the data, draws labels and prepares values. Everything drawn follows from the seed.
    ///
    /// # Errors
    ///
    /// Data that is not on this machine; [`papers_core::Error::Usage`] with the setting for what makes no sense or cannot be drawn.
    pub fn load(config: &DataConfig, context: &Context) -> Result<Self> {
        config.validate().map_err(papers_core::base::Error::from)?;
        let seed = config.split_seed.unwrap_or(context.seed);
        let streams = Streams::new(seed);
        let parts = match (&config.table, &config.folder) {
            (Some(table), _) => table::load(config, table, &streams)?,
            (_, Some(folder)) => pictures::of_folder(config, folder, &streams)?,
            _ if config.set == DataConfig::SYNTHETIC => Parts::synthetic(config, &streams)?,
            _ => pictures::of_catalogue(config, seed, context)?,
        };
        Self::of(config, parts, &streams)
    }

    fn of(config: &DataConfig, parts: Parts, streams: &Streams) -> Result<Self> {
        let class_names = parts.class_names;
        let (classes, mut warnings) = (class_names.len(), parts.warnings);
        let hidden = hidden_classes(config, &class_names, &parts.absent, &mut warnings)?;
        let (train, validation) = match config.validation {
            0 => {
                let none = parts.train.subset("validation", &[]);
                (parts.train, none)
            }
            count => held_out(parts.train, classes, "data.validation", count, streams)?,
        };
        let masking = Masking {
            regime: config.regime,
            hidden: &hidden,
            fraction: config.fraction,
            rule: config.label_rule,
            keep_labeled: config.keep_labeled,
        };
        let labels =
            Labels::draw(&train.labels, classes, &masking, streams).map_err(|error| error.named(&class_names))?;
        let prior = prior_of(config, &train, &class_names, &hidden, &mut warnings)?;

        let preparation = Preparation::of(&train, config.min_std(), config.standardize())?;
        Ok(Self {
            train: Arc::new(preparation.apply(train)?),
            validation: preparation.apply(validation)?,
            test: preparation.apply(parts.test)?,
            labels,
            class_names,
            hidden,
            prior,
            regime: config.regime,
            likelihood: config.likelihood(),
            binarize: config.binarize(),
            preparation,
            picture: parts.picture,
            columns: parts.columns,
            warnings,
        })
    }

    /// Number of classes, hidden ones included: `C`.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// Number of clusters, extra ones included: `K`.
    pub fn clusters(&self) -> usize {
        self.prior.len()
    }

    /// Classes with labels, ascending.
    pub fn known(&self) -> Vec<usize> {
        (0..self.classes())
            .filter(|class| !self.hidden.contains(class))
            .collect()
    }

    /// All classes, hidden ones last.
    pub(crate) fn known_first(&self) -> impl Iterator<Item = usize> {
        self.known().into_iter().chain(self.hidden.iter().copied())
    }

    /// The name of a class, and whether it is hidden.
    pub(crate) fn marked_name(&self, class: usize) -> String {
        let name = &self.class_names[class];
        match self.hidden.contains(&class) {
            true => format!("{name} (hidden)"),
            false => name.clone(),
        }
    }

    /// Values of an example that the model sees: `n_x`.
    pub fn values(&self) -> usize {
        self.preparation.values()
    }

    /// Numbers of training rows with and without labels, as the objective needs them.
    pub fn counts(&self) -> Counts {
        Counts {
            labeled: self.labels.labeled.len(),
            unlabeled: self.labels.unlabeled.len(),
        }
    }

    /// Number of labels of each class, 0 of hidden ones.
    pub fn labels_per_class(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes()];
        for class in self.labels.labeled.iter().filter_map(|&row| self.train.labels[row]) {
            counts[class] += 1;
        }
        counts
    }

    /// Whether a checkpoint is of a model of these values.
    ///
    /// # Errors
    ///
    /// [`RowsError::Saved`] if other values were kept, or standardized otherwise.
    pub fn check_saved(&self, saved: &Preparation) -> Result<(), RowsError> {
        if *saved == self.preparation {
            return Ok(());
        }
        Err(RowsError::Saved {
            kept: self.preparation.values(),
            columns: self.preparation.mask.kept.len(),
            saved_kept: saved.values(),
            saved_columns: saved.mask.kept.len(),
        })
    }

    /// A row that the model made as it would have been read: values that are left out have their mean.
    ///
    /// # Shapes
    ///
    /// - row: `[values]`
    /// - output: `[height, width, channels]` of a picture
    ///
    /// # Panics
    ///
    /// If the row has another length.
    pub fn restored(&self, row: &[f32]) -> Vec<f32> {
        self.preparation.undo(row)
    }
}
