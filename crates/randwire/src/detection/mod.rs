//! Features for a detector (section 4.3): a pyramid on the stages of a network, a small head on it, and scenes of digits to
//! find, in place of COCO.

pub mod average_precision;
mod boxes;
mod config;
mod detector;
mod figures;
mod loss;
mod pyramid;
pub mod scene;
mod train;

pub use boxes::{Bounds, Found, suppress};
pub use config::{DetectConfig, PRESETS};
pub use detector::{Detector, Location, Prediction};
pub use pyramid::{Pyramid, PyramidConfig};
pub use train::Detect;
