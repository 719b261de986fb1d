//! Which examples there are, which of them are labeled and selected or reported on, and the batches made of them.

pub mod batches;
mod classes;
mod parts;
pub mod pictures;
pub mod preparation;
pub mod prior;
pub mod rows;
mod set;
pub mod split;
pub mod synthetic;
pub mod table;

pub(crate) use batches::upload;
pub use batches::{Batch, BatchSizes, Batches, HostBatch, HostRows};
pub use preparation::{Mask, Preparation, Standardization};
pub use prior::{PriorError, class_prior};
pub use rows::{Rows, RowsError};
pub use set::DataSet;
pub use split::{LabelError, Labels, label_counts};
pub use table::TableError;
