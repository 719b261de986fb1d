use super::epochs::Epochs;
use crate::random::Streams;

/// Mini-batches of indices: a fresh permutation each epoch, the last incomplete batch dropped.
///
/// No batch holds an item twice. Where batches must be full whatever the size of the set, as for streams that are drawn
/// from side by side, there is [`EndlessSampler`](super::EndlessSampler).
///
/// The position is the number of the step and nothing else, so a resumed run goes on with exactly the batch that the
/// interrupted one would have drawn.
#[derive(Debug, Clone)]
pub struct Sampler {
    epochs: Epochs,
    batch: usize,
}

impl Sampler {
    /// Batches of `batch` out of `length` items, in the order of stream `name`. A batch larger than the set is the set.
    ///
    /// # Panics
    ///
    /// If the set or the batch is empty.
    pub fn new(streams: Streams, name: &'static str, length: usize, batch: usize) -> Self {
        assert!(length > 0 && batch > 0, "a sampler needs items and a batch size");
        Self {
            epochs: Epochs::new(streams, name, length),
            batch: batch.min(length),
        }
    }

    /// Batches in one epoch.
    fn batches_per_epoch(&self) -> u64 {
        (self.epochs.length() / self.batch) as u64
    }

    /// The epoch (from 0) that `step` belongs to.
    pub fn epoch_of(&self, step: u64) -> u64 {
        step / self.batches_per_epoch()
    }

    /// Indices of the batch of `step`.
    pub fn batch(&mut self, step: u64) -> &[usize] {
        let start = (step % self.batches_per_epoch()) as usize * self.batch;
        let order = self.epochs.order(self.epoch_of(step));
        &order[start..start + self.batch]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler() -> Sampler {
        Sampler::new(Streams::new(3), "shuffle", 10, 3)
    }

    #[test]
    fn an_epoch_visits_no_item_twice() {
        let mut sampler = sampler();
        let mut seen: Vec<usize> = (0..3).flat_map(|step| sampler.batch(step).to_vec()).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), 9);
    }

    #[test]
    fn epochs_differ() {
        let mut sampler = sampler();
        assert_ne!(sampler.batch(0).to_vec(), sampler.batch(3).to_vec());
    }

    #[test]
    fn a_fresh_sampler_continues_at_any_step() {
        let mut whole = sampler();
        let all: Vec<Vec<usize>> = (0..8).map(|step| whole.batch(step).to_vec()).collect();
        assert_eq!(sampler().batch(7), all[7]);
    }
}
