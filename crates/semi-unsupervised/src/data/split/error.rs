use papers_core::Error;

use crate::config::Regime;

/// Why labels cannot be dealt out as asked.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// A hidden class that does not exist.
    #[error("`data.hidden`: there is no class {class}; classes go from 0 up to, not including, {classes}")]
    HiddenClass {
        /// What was asked for.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A hidden class that is named twice.
    #[error("`data.hidden`: class {class} is named twice")]
    HiddenTwice {
        /// The class.
        class: usize,
    },
    /// No class is left to label.
    #[error(
        "`data.hidden`: all {classes} classes are hidden, so there is nothing to label; set `data.regime='unsupervised'`"
    )]
    AllHidden {
        /// Number of classes.
        classes: usize,
    },
    /// Nothing is hidden where that is the point.
    #[error(
        "`data.hidden`: no class is hidden and there is no extra cluster; name classes in `data.hidden` or \
         `data.hidden_names`, add clusters with `data.extra`, or set `data.regime='semi-supervised'`"
    )]
    NothingHidden,
    /// A share that is none.
    #[error("`data.fraction`: must be above 0 and at most 1, not {fraction}")]
    Fraction {
        /// What was asked for.
        fraction: f64,
    },
    /// A known class that gets no label.
    #[error(
        "`data.fraction`: {fraction} gives class {class} {count} labels of its {there} examples; ask for more, hide the \
         class in `data.hidden`, or set `data.label_rule` to another"
    )]
    NoLabel {
        /// The class.
        class: usize,
        /// The computed number of labels.
        count: usize,
        /// Its examples.
        there: usize,
        /// What was asked for.
        fraction: f64,
    },
    /// A known class with fewer examples than it would get labels.
    #[error(
        "`data.label_rule`: every class gets {count} labels, and class {class} has only {there} examples; ask for fewer \
         with `data.fraction`, or set `data.label_rule='per-class-fraction'`"
    )]
    TooFew {
        /// The class.
        class: usize,
        /// The computed number of labels.
        count: usize,
        /// Its examples.
        there: usize,
    },
    /// Classes of which nothing is labeled, where all must be.
    #[error(
        "`data.regime`: no example of the classes {} has a label, and `{}` learning needs some of every class; set \
         `data.regime='semi-unsupervised'`",
        list(classes),
        regime.name()
    )]
    ClassesWithoutLabel {
        /// The classes.
        classes: Vec<usize>,
        /// What was asked for.
        regime: Regime,
    },
    /// A label that is of no class.
    #[error("row {row} has the label {label}, and labels go from 0 up to, not including, {classes}")]
    NoSuchClass {
        /// The row.
        row: usize,
        /// Its label.
        label: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A labeled row of a class that is never labeled.
    #[error("row {row} is among the labeled rows, and its class {class} is hidden")]
    HiddenLabel {
        /// The row.
        row: usize,
        /// Its class.
        class: usize,
    },
    /// A row that cannot be labeled.
    #[error("row {row} cannot be labeled: it is named twice, has no class, or is not among the {rows} rows")]
    NoSuchRow {
        /// The row.
        row: usize,
        /// Number of rows.
        rows: usize,
    },
    /// Nothing without a label.
    #[error(
        "`data.fraction`: no row is left without a label, and `{}` learning needs some; label fewer, or set \
         `data.keep_labeled=true`",
        regime.name()
    )]
    NoUnlabeled {
        /// What was asked for.
        regime: Regime,
    },
}

impl From<LabelError> for Error {
    fn from(error: LabelError) -> Self {
        Self::usage(error)
    }
}

impl LabelError {
    /// The error for people, who call classes by their names.
    pub(in crate::data) fn named(self, class_names: &[String]) -> Error {
        let classes = match &self {
            Self::NoLabel { class, .. } | Self::TooFew { class, .. } | Self::HiddenLabel { class, .. } => vec![*class],
            Self::ClassesWithoutLabel { classes, .. } => classes.clone(),
            _ => Vec::new(),
        };
        let names = classes.into_iter().filter_map(|class| {
            let name = class_names.get(class).filter(|name| **name != class.to_string())?;
            Some(format!("class {class} is `{name}`"))
        });
        let names: Vec<String> = names.collect();
        match names.is_empty() {
            true => self.into(),
            false => Error::Usage(format!("{self} ({})", names.join(", "))),
        }
    }
}

fn list(classes: &[usize]) -> String {
    classes.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}
