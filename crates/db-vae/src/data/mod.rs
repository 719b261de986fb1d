//! Faces, pictures without one, and the hidden groups that a detector is measured by.

mod archive;
mod cbcl;
mod celeba;
pub mod drawn;
mod drawn_set;
mod error;
mod fairface;
mod set;

use papers_core::{Context, Result};

pub use error::DataError;
pub use set::{Attribute, Comparable, DataSet, Grouped, by_label, from_values, pictures};
pub(crate) use set::{append, picture_set};

use crate::config::DataConfig;

impl DataSet {
    /// Draws or reads what a configuration asks for.
    ///
    /// # Errors
    ///
    /// A set that is not on this machine, a file that cannot be read, or fewer pictures than were asked for.
    pub fn load(config: &DataConfig, context: &Context) -> Result<Self> {
        let set = match config {
            DataConfig::Drawn(config) => drawn_set::load(config),
            DataConfig::Fairface(config) => fairface::load(config, context),
            DataConfig::Cbcl(config) => cbcl::load(config, context),
            DataConfig::Celeba(config) => celeba::load(config),
        }?;
        Ok(set.checked()?)
    }
}
