/// Why there are no weights.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ResamplingError {
    /// A latent number that is NaN or infinite.
    #[error(
        "the latent {what} of row {row}, dimension {dimension}, is {value}; a smaller learning rate keeps the encoder finite"
    )]
    NonFinite {
        /// Mean or log-variance.
        what: &'static str,
        /// Row, from 0.
        row: usize,
        /// Latent dimension, from 0.
        dimension: usize,
        /// The number.
        value: f64,
    },
    /// There is nothing to draw from.
    #[error("there are no rows to weigh; give at least one row with one latent dimension")]
    Empty,
    /// Numbers that make no whole rows.
    #[error("{values} latent numbers are no whole rows of {dimensions} dimensions")]
    Ragged {
        /// Numbers.
        values: usize,
        /// Dimensions of a row.
        dimensions: usize,
    },
    /// A matrix of another shape than is needed.
    #[error("{what} have {} rows of {} dimensions, and {} rows of {} are needed", found[0], found[1], expected[0], expected[1])]
    Shape {
        /// What has the wrong shape.
        what: &'static str,
        /// Rows and dimensions that are needed.
        expected: [usize; 2],
        /// Those that are there.
        found: [usize; 2],
    },
    /// A histogram without bins, or with too many.
    #[error("a histogram needs a number of bins from 1, not {bins}")]
    Bins {
        /// The number asked for.
        bins: usize,
    },
    /// Values so far apart that their distance is no number.
    #[error("the values of latent dimension {dimension} are too far apart for a histogram")]
    Range {
        /// Latent dimension, from 0.
        dimension: usize,
    },
    /// A setting out of its range.
    #[error("`{name}` {problem}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it has to be, and what it is.
        problem: String,
    },
    /// Weights that give nothing a chance.
    #[error("no row has a weight above 0 (or one is no number), so none can be drawn; use a larger alpha or smoothing")]
    Degenerate,
    /// A strategy that needs what it was not given.
    #[error("the strategy `{strategy}` needs {what}")]
    Missing {
        /// The strategy.
        strategy: &'static str,
        /// What it needs.
        what: &'static str,
    },
}
