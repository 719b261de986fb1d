//! Tables, drawings and pictures of a run.

mod pictures;
mod scores;
mod tables;
mod voters;

use papers_core::{Result, base::figure::Figure};

use crate::train::Photofeeler;

/// All figures of the present state.
pub(crate) fn all(run: &Photofeeler) -> Result<Vec<Figure>> {
    let findings = run.findings()?;
    let mut figures = vec![
        tables::setup(run, &findings),
        tables::photos(&findings),
        tables::votes(&findings),
    ];
    figures.extend(tables::labels(&findings));
    figures.push(scores::predicted(&findings)?);
    figures.extend(scores::people(&findings)?);
    figures.extend(scores::calibration(&findings)?);
    figures.push(scores::distributions(run, &findings)?);
    figures.extend(voters::map(run, &findings)?);
    figures.extend(voters::leniency(run, &findings)?);
    figures.extend(pictures::extremes(run, &findings)?);
    Ok(figures)
}
