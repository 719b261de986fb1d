use papers_core::Error;

/// Why an update was not made. The weights are what they were before.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// A temperature with which nothing can be sharpened.
    #[error("the temperature must be positive, not {0}")]
    Temperature(f64),
    /// A parameter that no Beta distribution has.
    #[error("alpha must be positive, not {0}; to mix nothing, set `mix` to `none`")]
    Alpha(f64),
    /// A probability below zero, or not a number.
    #[error("row {row} has the negative probability {value}")]
    NegativeProbability {
        /// The row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Probabilities that do not sum to 1.
    #[error("the probabilities of row {row} sum to {sum}, not to 1")]
    NotNormalized {
        /// The row.
        row: usize,
        /// Their sum.
        sum: f64,
    },
    /// Fewer examples than the network can learn from at once.
    #[error(
        "a batch of {found} is too small: this network needs {needed}, since batch normalization compares examples"
    )]
    BatchTooSmall {
        /// Examples in the batch.
        found: usize,
        /// Examples that the network needs.
        needed: usize,
    },
    /// Other augmentations of the unlabeled examples than the method works with.
    #[error("the batch has {found} augmentations of its unlabeled examples, the method needs {needed}")]
    Augmentations {
        /// Augmentations in the batch.
        found: usize,
        /// Augmentations that the method needs.
        needed: usize,
    },
    /// Parts of a batch that are not of one size.
    #[error(
        "the batch has {labeled} labeled examples, {targets} targets and {unlabeled} unlabeled examples; all must be as many"
    )]
    Sizes {
        /// Labeled examples.
        labeled: usize,
        /// Rows of targets.
        targets: usize,
        /// Examples of the first unlabeled part that is of another size.
        unlabeled: usize,
    },
    /// A loss left the finite numbers.
    #[error("step {step}: the labeled loss is {loss_x}, the unlabeled loss {loss_u} with weight {weight}")]
    NonFinite {
        /// The update.
        step: u64,
        /// The loss of labeled examples.
        loss_x: f64,
        /// The loss of unlabeled examples, before its weight.
        loss_u: f64,
        /// Its weight.
        weight: f64,
    },
    /// The device could not be read.
    #[error("reading from the device: {0}")]
    Device(String),
}

impl From<StepError> for Error {
    fn from(error: StepError) -> Self {
        match error {
            StepError::NonFinite {
                step,
                loss_x,
                loss_u,
                weight,
            } => {
                // Losses can be finite where predictions are not, and the sum of them where its terms are.
                let terms = [("loss_x", loss_x), ("loss_u", loss_u)];
                let found = terms.into_iter().find(|(_, value)| !value.is_finite());
                let (term, value) = found.unwrap_or(("a prediction or the sum of the losses", f64::NAN));
                let scalars = vec![
                    ("loss_x".to_owned(), loss_x),
                    ("loss_u".to_owned(), loss_u),
                    ("weight_u".to_owned(), weight),
                ];
                Self::diverged(term, value, step, scalars)
            }
            other => Self::Usage(other.to_string()),
        }
    }
}
