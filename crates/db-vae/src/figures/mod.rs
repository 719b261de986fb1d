//! Tables, drawings and pictures of a run.

use papers_core::{Result, base::figure::Figure};

use crate::train::DebiasedDetector;

pub(crate) fn all(_: &DebiasedDetector) -> Result<Vec<Figure>> {
    Ok(Vec::new())
}
