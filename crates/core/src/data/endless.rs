use super::epochs::Epochs;
use crate::random::Streams;

/// Batches of an endless stream of indices: one fresh permutation after the other, cut into batches that are always
/// full.
///
/// A batch may begin in one permutation and end in the next, and a set smaller than a batch is gone through several
/// times in each; every item comes up equally often. Where an epoch must begin with a fresh batch and none may hold an
/// item twice, there is [`Sampler`](super::Sampler). Streams of different names are independent.
///
/// The position is the number of the step and nothing else, so a resumed run goes on with exactly the batch that the
/// interrupted one would have drawn.
#[derive(Debug, Clone)]
pub struct EndlessSampler {
    epochs: Epochs,
    batch: usize,
}

impl EndlessSampler {
    /// Batches of `batch` out of `length` items, in the order of stream `name`.
    ///
    /// # Panics
    ///
    /// If the set or the batch is empty.
    pub fn new(streams: Streams, name: &'static str, length: usize, batch: usize) -> Self {
        assert!(length > 0 && batch > 0, "a sampler needs items and a batch size");
        Self {
            epochs: Epochs::new(streams, name, length),
            batch,
        }
    }

    /// Indices of the batch of `step`, as many as were asked for.
    pub fn batch(&mut self, step: u64) -> Vec<usize> {
        let (length, batch) = (self.epochs.length() as u64, self.batch as u64);
        let mut position = step * batch;
        let mut indices = Vec::with_capacity(self.batch);
        while indices.len() < self.batch {
            let rest = &self.epochs.order(position / length)[(position % length) as usize..];
            let taken = rest.len().min(self.batch - indices.len());
            indices.extend_from_slice(&rest[..taken]);
            position += taken as u64;
        }
        indices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(length: usize, batch: usize) -> EndlessSampler {
        EndlessSampler::new(Streams::new(3), "labeled", length, batch)
    }

    fn stream(sampler: &mut EndlessSampler, steps: u64) -> Vec<usize> {
        (0..steps).flat_map(|step| sampler.batch(step)).collect()
    }

    #[test]
    fn every_epoch_is_another_permutation() {
        let stream = stream(&mut sampler(10, 4), 5);
        let (first, second) = stream.split_at(10);
        assert_ne!(first, second);
        for epoch in [first, second] {
            let mut sorted = epoch.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..10).collect::<Vec<_>>());
        }
    }

    #[test]
    fn batches_are_full_also_of_sets_smaller_than_one() {
        for (length, batch) in [(1, 64), (20, 64), (64, 64), (250, 64)] {
            let mut sampler = sampler(length, batch);
            assert!((0..9).all(|step| sampler.batch(step).len() == batch), "{length}");
        }
    }

    #[test]
    fn small_sets_are_gone_through_again_and_again() {
        let mut counts = [0; 3];
        for index in stream(&mut sampler(3, 8), 3) {
            counts[index] += 1;
        }
        assert_eq!(counts, [8; 3]);
    }

    #[test]
    fn a_fresh_sampler_continues_at_any_step_in_any_order() {
        let mut whole = sampler(10, 4);
        let all: Vec<Vec<usize>> = (0..9).map(|step| whole.batch(step)).collect();
        let mut jumping = sampler(10, 4);
        for step in [7, 2, 8, 3] {
            assert_eq!(jumping.batch(step), all[step as usize]);
        }
    }

    #[test]
    fn streams_of_other_names_are_in_another_order() {
        let mut other = EndlessSampler::new(Streams::new(3), "unlabeled", 100, 64);
        assert_ne!(other.batch(0), sampler(100, 64).batch(0));
    }
}
