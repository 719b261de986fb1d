//! What a network is measured by: Recall@k, MAP@R and the agreement of clusters with classes.

use burn::prelude::*;
use papers_core::{Result, base::journal::Scalars, random::Streams};

use crate::{
    Embedder, EvaluationNorm, MetricError, Rows,
    config::EvaluationConfig,
    data::{Benchmark, Examples, View},
    network::Network,
    retrieval::{Labeled, Protocol, Retrieval, agreement, clustering_agreement, retrieve},
};

/// What a network makes of pictures, neither brought to length 1.
#[derive(Debug, Clone)]
pub(crate) struct Points {
    /// `[pictures, features]`
    pub(crate) features: Rows,
    /// `[pictures, d]`
    pub(crate) embeddings: Rows,
}

/// Passes pictures through a network off the tape, some at a time.
///
/// # Errors
///
/// A picture that cannot be read; a network that makes numbers that are not finite, with the first picture of which it
/// does.
pub(crate) fn points(
    model: &Embedder<Network>,
    view: &View,
    examples: &Examples,
    batch: usize,
    device: &Device,
) -> Result<Points> {
    let (mut features, mut embeddings) = (Vec::new(), Vec::new());
    let mut widths = [1, 1];
    let all: Vec<usize> = (0..examples.len()).collect();
    for indices in all.chunks(batch) {
        let (of_features, of_embeddings) = model.forward(view.plain(examples, indices, device)?);
        widths = [of_features.dims()[1], of_embeddings.dims()[1]];
        features.extend(of_features.try_into_vec_as::<f32>()?);
        embeddings.extend(of_embeddings.try_into_vec_as::<f32>()?);
    }
    let points = Points {
        features: Rows::new(features, widths[0])?,
        embeddings: Rows::new(embeddings, widths[1])?,
    };
    points.embeddings.check_finite("embeddings")?;
    Ok(points)
}

/// Embeddings as they are compared.
pub(crate) fn compared(rows: &Rows, norm: EvaluationNorm, slice: usize) -> std::result::Result<Rows, MetricError> {
    match norm {
        EvaluationNorm::Full => rows.normalized("embeddings"),
        EvaluationNorm::Slice => rows.normalized_by("embeddings", slice),
    }
}

/// Recall and MAP@R of a benchmark.
pub(crate) fn retrieval(
    benchmark: &Benchmark,
    queries: &Rows,
    gallery: Option<&Rows>,
    ks: &[usize],
    device: &Device,
) -> std::result::Result<Retrieval, MetricError> {
    let queries = Labeled::new(queries, benchmark.queries.labels())?;
    match (gallery, &benchmark.gallery) {
        (Some(rows), Some(examples)) => {
            // Numbers of classes are those of each part: both have the same classes, in the same order.
            let gallery = Labeled::new(rows, examples.labels())?;
            retrieve(queries, Protocol::Gallery(gallery), ks, device)
        }
        _ => retrieve(queries, Protocol::OtherQueries, ks, device),
    }
}

/// All numbers of a benchmark.
///
/// # Errors
///
/// What [`points`] and retrieval report.
pub(crate) fn scalars(
    model: &Embedder<Network>,
    view: &View,
    benchmark: &Benchmark,
    config: &EvaluationConfig,
    prefix: &str,
    device: &Device,
) -> Result<Scalars> {
    let slice = model.slices().width();
    let embed = |examples: &Examples| {
        Ok::<_, papers_core::Error>(points(model, view, examples, config.batch, device)?.embeddings)
    };
    let queries = embed(&benchmark.queries)?;
    let gallery = benchmark.gallery.as_ref().map(embed).transpose()?;
    let measure = |norm: EvaluationNorm| -> Result<(Rows, Retrieval)> {
        let queries = compared(&queries, norm, slice)?;
        let gallery = gallery.as_ref().map(|rows| compared(rows, norm, slice)).transpose()?;
        let found = retrieval(benchmark, &queries, gallery.as_ref(), &config.ks, device)?;
        Ok((queries, found))
    };
    let (unit, found) = measure(config.norm)?;
    let name = |what: &str| format!("{prefix}{what}");
    let mut scalars: Scalars = config
        .ks
        .iter()
        .zip(&found.recall)
        .map(|(k, &recall)| (name(&format!("recall_at_{k}")), recall))
        .collect();
    scalars.push((name("map_at_r"), found.map_at_r));
    if model.slices().learners() > 1 {
        let other = match config.norm {
            EvaluationNorm::Full => EvaluationNorm::Slice,
            EvaluationNorm::Slice => EvaluationNorm::Full,
        };
        let (_, other) = measure(other)?;
        scalars.push((name(&format!("recall_at_{}_other_norm", config.ks[0])), other.recall[0]));
    }
    if config.agreement {
        let labeled = Labeled::new(&unit, benchmark.queries.labels())?;
        scalars.push((name("nmi"), clustering_agreement(labeled, &Streams::new(0), device)?));
    }
    Ok(scalars)
}

/// Recall@k of the pixels themselves: the floor.
pub(crate) fn pixel_recall(view: &View, benchmark: &Benchmark, k: usize, device: &Device) -> Result<f64> {
    let all: Vec<usize> = (0..benchmark.queries.len()).collect();
    let pictures = view.plain(&benchmark.queries, &all, device)?.flatten::<2>(1, 3);
    let rows = Rows::of_tensor(pictures)?;
    Ok(retrieval(benchmark, &rows, None, &[k], device)?.recall[0])
}

/// How a partition of the training pictures agrees with each of their causes.
pub(crate) fn cause_agreement(assignment: &[usize], examples: &Examples) -> Vec<(String, f64)> {
    let causes = examples.causes().iter();
    causes
        .map(|cause| (cause.name.clone(), agreement(assignment, &cause.values)))
        .collect()
}
