//! Which pictures are labeled, unlabeled, selected on and reported on, and the batches made of them.

mod batches;
mod pictures;
mod whitening;

pub use batches::{Batches, HostBatch};
pub use pictures::Pictures;
pub use whitening::Whitening;
