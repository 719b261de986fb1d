//! Networks: from photos to embeddings, from those to distributions of votes, and from voters to their own.

mod backbone;
mod base;
mod import;
mod layers;
mod voter;
mod xception;

pub use backbone::{Backbone, BackboneConfig, Mlp, SmallCnn};
pub use base::{Base, BaseOutputs, OutputKind};
pub use import::{load_backbone, save_backbone};
pub use layers::{ConvolutionNorm, Separable};
pub use voter::{Panel, VoterInput, VoterModel, VoterModelConfig};
pub use xception::{EntryBlock, XCEPTION_FEATURES, XCEPTION_LEAST_SIDE, Xception, xception_map_side};
