//! What it learns from: data sets by name, pictures as tensors and in random views, the order in which they are
//! visited, which of them have labels, and batches that are ready when they are needed.

mod augmentation;
pub mod cuts;
mod endless;
mod epochs;
mod label_split;
mod part;
mod prefetch;
mod sampler;
mod source;
mod tensors;
mod whitening;

pub use augmentation::{Augmentation, Placement, augmented};
pub use endless::EndlessSampler;
pub use label_split::{LabelSplit, LabelSplitConfig, LabelSplitError, UNKNOWN};
pub use part::{drawn, first};
pub use prefetch::Prefetch;
pub use sampler::Sampler;
pub use source::DataSource;
pub use tensors::{labels, pixels, signed_pixels};
pub use whitening::Whitening;
