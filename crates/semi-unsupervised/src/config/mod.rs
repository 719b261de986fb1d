//! What a run is asked to do.

mod data;
mod labels;
mod sources;

pub use data::DataConfig;
pub use labels::{LabelRule, PriorRule, Regime};
pub use sources::{FolderConfig, SyntheticConfig, TableConfig};
