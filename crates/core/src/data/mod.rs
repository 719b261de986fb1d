//! What it learns from: data sets by name, pictures as tensors, and the order in which they are visited.

mod sampler;
mod source;
mod tensors;

pub use sampler::Sampler;
pub use source::DataSource;
pub use tensors::{labels, pixels};
