//! Pictures and tables of a run.

mod galleries;
mod maps;
mod tables;

use papers_core::{Result, base::figure::Figure};

use crate::train::MetricLearning;

/// Everything that the report shows.
pub(crate) fn all(run: &MetricLearning) -> Result<Vec<Figure>> {
    let test = &run.pictures().tests[0];
    let norm = run.config().evaluation.norm;
    let queries = run.unit_embeddings(&test.queries, norm)?;
    let gallery = match &test.gallery {
        Some(examples) => Some(run.unit_embeddings(examples, norm)?),
        None => None,
    };
    let mut figures = vec![tables::run(run), tables::recall(run, &queries, gallery.as_ref())?];
    figures.push(galleries::neighbors(run, &queries, gallery.as_ref())?);
    figures.push(maps::embedding(run, &queries)?);
    if let Some(division) = run.course().division() {
        figures.push(tables::divisions(division));
        figures.push(tables::stability(division)?);
        if let Some(figure) = tables::causes(run, division)? {
            figures.push(figure);
        }
        figures.extend(galleries::learners(run, division, &queries, gallery.as_ref())?);
    }
    Ok(figures)
}
