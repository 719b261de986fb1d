//! Pictures and tables of a run.
use crate::train::MetricLearning;
use papers_core::{Result, base::figure::Figure};
pub(crate) fn all(_run: &MetricLearning) -> Result<Vec<Figure>> {
    Ok(Vec::new())
}
