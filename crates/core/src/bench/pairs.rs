use papers_base::metrics;
use serde::Serialize;

/// Middle and ends of some numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one, or the mean of the two in the middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

impl Spread {
    /// Of at least one number.
    ///
    /// # Panics
    ///
    /// Without numbers.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Self {
        let mut numbers: Vec<f64> = numbers.into_iter().collect();
        numbers.sort_by(f64::total_cmp);
        Self {
            median: metrics::median(&numbers),
            min: numbers[0],
            max: numbers[numbers.len() - 1],
        }
    }
}

/// Measurements of two things by turns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pairs {
    ours: Vec<f64>,
    theirs: Vec<f64>,
}

impl Pairs {
    /// Measures both by turns, `repeat` times each, after one measurement of each that does not count.
    ///
    /// The order is A B, B A, A B, ...: what one leaves to the next, such as a warm processor, goes to both alike.
    ///
    /// # Errors
    ///
    /// The first of either.
    pub fn measure(
        repeat: usize,
        mut ours: impl FnMut() -> anyhow::Result<f64>,
        mut theirs: impl FnMut() -> anyhow::Result<f64>,
    ) -> anyhow::Result<Self> {
        let mut pairs = Self::default();
        ours()?;
        theirs()?;
        for pair in 0..repeat {
            if pair % 2 == 0 {
                pairs.ours.push(ours()?);
                pairs.theirs.push(theirs()?);
            } else {
                pairs.theirs.push(theirs()?);
                pairs.ours.push(ours()?);
            }
        }
        Ok(pairs)
    }

    /// All measurements of either, in the order of the pairs.
    pub fn samples(&self) -> [&[f64]; 2] {
        [&self.ours, &self.theirs]
    }

    /// Of ours.
    ///
    /// # Panics
    ///
    /// Without measurements.
    pub fn ours(&self) -> Spread {
        Spread::of(self.ours.iter().copied())
    }

    /// Of theirs.
    ///
    /// # Panics
    ///
    /// Without measurements.
    pub fn theirs(&self) -> Spread {
        Spread::of(self.theirs.iter().copied())
    }

    /// Ours divided by theirs, pair by pair.
    ///
    /// # Panics
    ///
    /// Without measurements.
    pub fn ratio(&self) -> Spread {
        Spread::of(self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| ours / theirs))
    }
}
