//! How right a model is: about photos, about single votes, and beside what people are worth.

mod calibration;
mod findings;
mod humans;
mod interval;
mod model;
mod votes;

pub use calibration::{Calibration, Reliability};
pub(crate) use findings::leniency;
pub use findings::{Findings, LabelQuality};
pub use humans::{Equivalence, HUMAN_COUNTS, HumanCurve, HumanPoint, interpolate, people_correlation};
pub use interval::{Line, mean_absolute_error, pearson_interval, root_mean_squared_error};
pub use model::{Model, draw_panel};
pub use votes::VoteFindings;
