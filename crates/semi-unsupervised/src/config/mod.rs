//! What a run is asked to do.

mod data;

pub use data::{DataConfig, FolderConfig, LabelRule, PriorRule, Regime, SyntheticConfig, TableConfig};
