//! Which pictures are labeled, unlabeled, selected on and reported on, and the batches made of them.

mod batches;
mod pictures;

pub use batches::{Batches, HostBatch};
pub use pictures::Pictures;
