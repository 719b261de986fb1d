use crate::random::Streams;

/// Fresh permutations of `0..length`, one for each epoch; the last one that was asked for is kept.
#[derive(Debug, Clone)]
pub(super) struct Epochs {
    streams: Streams,
    name: &'static str,
    length: usize,
    last: Option<(u64, Vec<usize>)>,
}

impl Epochs {
    /// The permutations of stream `name`.
    pub(super) fn new(streams: Streams, name: &'static str, length: usize) -> Self {
        Self {
            streams,
            name,
            length,
            last: None,
        }
    }

    /// Items of an epoch.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// The order of an epoch.
    pub(super) fn order(&mut self, epoch: u64) -> &[usize] {
        if self.last.as_ref().is_none_or(|(current, _)| *current != epoch) {
            self.last = None;
        }
        let (_, order) = self
            .last
            .get_or_insert_with(|| (epoch, self.streams.permutation(self.name, epoch, self.length)));
        order
    }
}
