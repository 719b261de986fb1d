//! Updates of both phases, and the weights that are kept of them.

mod base;
mod chosen;
mod voter;

pub use base::{BaseBatch, BaseLearner};
pub use chosen::Chosen;
pub use voter::{JointBatch, VoteRow, VoterBatch, VoterLearner, mean_cross_entropy};
