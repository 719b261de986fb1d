//! Pictures and tables of a run.

mod galleries;
mod maps;
mod tables;

use papers_core::{Result, base::figure::Figure};

use crate::{EvaluationNorm, Rows, evaluate::compared, train::MetricLearning};

/// Embeddings of the first test in one form.
struct Embedded {
    queries: Rows,
    gallery: Option<Rows>,
}

/// Everything that the report shows.
pub(crate) fn all(run: &MetricLearning) -> Result<Vec<Figure>> {
    let test = &run.pictures().tests[0];
    let norm = run.config().evaluation.norm;
    // One pass through the network for everything that is drawn.
    let queries = run.embeddings(&test.queries)?;
    let gallery = test
        .gallery
        .as_ref()
        .map(|examples| run.embeddings(examples))
        .transpose()?;
    let slice = run.config().slices().width();
    let embedded = |norm: EvaluationNorm| -> Result<Embedded> {
        let gallery = gallery.as_ref().map(|rows| compared(rows, norm, slice)).transpose()?;
        let queries = compared(&queries, norm, slice)?;
        Ok(Embedded { queries, gallery })
    };
    let Embedded { queries, gallery } = embedded(norm)?;
    let mut figures = vec![tables::run(run), tables::recall(run, &queries, gallery.as_ref())?];
    figures.push(galleries::neighbors(run, &queries, gallery.as_ref())?);
    figures.push(maps::embedding(run, &queries)?);
    if let Some(division) = run.course().division() {
        let slices = embedded(EvaluationNorm::Slice)?;
        figures.push(tables::divisions(division));
        figures.push(tables::stability(division)?);
        figures.push(tables::times(run));
        if let Some(figure) = tables::causes(run, division, &slices.queries)? {
            figures.push(figure);
        }
        let whole = Embedded { queries, gallery };
        figures.extend(galleries::learners(run, division, &whole, &slices)?);
    }
    Ok(figures)
}
