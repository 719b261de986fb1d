use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Poisson};

/// Online bootstrap: each comparison enters a member's training data a Poisson(1) number of times; where that is 0, it
/// is held out for the member's validation.
///
/// As the data grow this is drawing with replacement, of which a share 1/e is not drawn (section 2.2.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bootstrap {
    /// How often each comparison is in the training data.
    counts: Vec<u32>,
}

impl Bootstrap {
    /// From known counts.
    pub fn of_counts(counts: Vec<u32>) -> Self {
        Self { counts }
    }

    /// One more comparison.
    pub fn draw(&mut self, generator: &mut ChaCha8Rng) {
        let poisson = Poisson::new(1.0).expect("a rate of 1 is allowed");
        let count: f64 = poisson.sample(generator);
        self.counts.push(count as u32);
    }

    /// One comparison less.
    pub(super) fn forget(&mut self, index: usize) {
        self.counts.remove(index);
    }

    /// How often each comparison is in the training data.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The training data: indices of comparisons, repeated as they were drawn.
    pub fn training(&self) -> Vec<usize> {
        let indices = self.counts.iter().enumerate();
        indices
            .flat_map(|(index, &count)| std::iter::repeat_n(index, count as usize))
            .collect()
    }

    /// Indices of the comparisons that are held out.
    pub fn held_out(&self) -> Vec<usize> {
        let indices = self.counts.iter().enumerate();
        indices
            .filter(|(_, count)| **count == 0)
            .map(|(index, _)| index)
            .collect()
    }
}
