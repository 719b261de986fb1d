//! What a network is measured by: Recall@k, MAP@R and the agreement of clusters with classes.

use burn::prelude::*;
use papers_core::{Result, base::journal::Scalars, random::Streams};

use crate::{
    Embedder, EvaluationNorm, MetricError, Rows,
    config::EvaluationConfig,
    course::ClusterOn,
    data::{Benchmark, Examples, View},
    network::Network,
    retrieval::{Labeled, Protocol, Retrieval, agreement, clustering_agreement, retrieve},
};

/// Embeddings or features of pictures, not brought to length 1, from a network off the tape, some at a time. What is not asked
/// for is not kept.
///
/// # Shapes
///
/// - output: `[pictures, d]` or `[pictures, features]`
///
/// # Errors
///
/// A picture that cannot be read; a network that makes numbers that are not finite, with the first picture of which it
/// does.
pub(crate) fn points(
    model: &Embedder<Network>,
    view: &View,
    examples: &Examples,
    kept: ClusterOn,
    batch: usize,
    device: &Device,
) -> Result<Rows> {
    let (mut values, mut width) = (Vec::new(), 1);
    let all: Vec<usize> = (0..examples.len()).collect();
    for indices in all.chunks(batch) {
        let (features, embeddings) = model.forward(view.plain(examples, indices, device)?);
        let points = match kept {
            ClusterOn::Embedding => embeddings,
            ClusterOn::Features => features,
        };
        width = points.dims()[1];
        values.extend(points.try_into_vec_as::<f32>()?);
    }
    let points = Rows::new(values, width)?;
    points.check_finite(match kept {
        ClusterOn::Embedding => "embeddings",
        ClusterOn::Features => "features",
    })?;
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
            // Both have the same classes with the same numbers: `Benchmark::new` sees to it.
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
    let embed = |examples: &Examples| points(model, view, examples, ClusterOn::Embedding, config.batch, device);
    let queries = embed(&benchmark.queries)?;
    let gallery = benchmark.gallery.as_ref().map(embed).transpose()?;
    let measure = |norm: EvaluationNorm| -> Result<([Option<Rows>; 2], Retrieval)> {
        let queries = compared(&queries, norm, slice)?;
        let gallery = gallery.as_ref().map(|rows| compared(rows, norm, slice)).transpose()?;
        let found = retrieval(benchmark, &queries, gallery.as_ref(), &config.ks, device)?;
        Ok(([Some(queries), gallery], found))
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
        // All test pictures are clustered, queries and gallery.
        let examples = [Some(&benchmark.queries), benchmark.gallery.as_ref()];
        let labels: Vec<usize> = examples
            .into_iter()
            .flatten()
            .flat_map(Examples::labels)
            .copied()
            .collect();
        let values = unit.iter().flatten().flat_map(Rows::values).copied().collect();
        let rows = Rows::new(values, model.slices().dimension())?;
        let labeled = Labeled::new(&rows, &labels)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_norm_says_what_is_of_length_one() {
        let rows = Rows::new(vec![3.0, 4.0, 0.0, 12.0], 4).unwrap();
        let full = compared(&rows, EvaluationNorm::Full, 2).unwrap();
        assert_eq!(full.row(0), [3.0, 4.0, 0.0, 12.0].map(|x: f32| x / 13.0));
        let slices = compared(&rows, EvaluationNorm::Slice, 2).unwrap();
        assert_eq!(slices.row(0), [0.6, 0.8, 0.0, 1.0]);
    }
}
