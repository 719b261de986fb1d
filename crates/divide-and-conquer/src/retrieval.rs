//! How well classes are found: Recall@k, MAP@R, and the agreement of clusters with classes.

use std::collections::BTreeMap;

use burn::prelude::Device;
use papers_core::{
    base::clustering::{Contingency, Normalization},
    random::Streams,
};

use crate::{
    MetricError, Rows,
    clustering::KMeans,
    neighbors::{Excluded, Neighbor, nearest},
    rows::Real,
};

/// Points whose classes are known.
#[derive(Debug, Clone, Copy)]
pub struct Labeled<'a, T = f32> {
    /// The points.
    pub rows: &'a Rows<T>,
    /// The class of each.
    pub labels: &'a [usize],
}

impl<'a, T: Real> Labeled<'a, T> {
    /// Joins points and labels.
    ///
    /// # Errors
    ///
    /// [`MetricError::Labels`] if there are not as many.
    pub fn new(rows: &'a Rows<T>, labels: &'a [usize]) -> Result<Self, MetricError> {
        if rows.len() != labels.len() {
            let (rows, labels) = (rows.len(), labels.len());
            return Err(MetricError::Labels { labels, rows });
        }
        Ok(Self { rows, labels })
    }
}

/// Where the neighbors of a query are looked for.
#[derive(Debug, Clone, Copy)]
pub enum Protocol<'a, T = f32> {
    /// Among the other queries: CUB-200-2011, CARS196, Stanford Online Products.
    OtherQueries,
    /// In a gallery of other pictures: In-shop.
    Gallery(Labeled<'a, T>),
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrieval {
    /// For each of the `k` asked for: the share of queries with one of their class among their `k` nearest.
    pub recall: Vec<f64>,
    /// Mean over the queries of the average precision at `R`, where `R` is how many others of the query's class there are
    /// (Musgrave et al. 2020); 0 of a query without any.
    pub map_at_r: f64,
}

/// Recall@k and MAP@R.
///
/// Squared Euclidean distances, ties by index; the query itself is left out by its index, so that other pictures in the
/// same place count. A query whose class has no other member is a miss. A `k` beyond the gallery means all of it.
///
/// # Errors
///
/// [`MetricError::Empty`] without queries or `ks`, [`MetricError::Galleries`] where the classes of queries and gallery
/// differ, and those of [`nearest`].
pub fn retrieve<T: Real>(
    queries: Labeled<'_, T>,
    protocol: Protocol<'_, T>,
    ks: &[usize],
    device: &Device,
) -> Result<Retrieval, MetricError> {
    let (gallery, excluded) = match protocol {
        Protocol::OtherQueries => (queries, Excluded::Itself),
        Protocol::Gallery(gallery) => {
            check_classes(queries.labels, gallery.labels)?;
            (gallery, Excluded::Nothing)
        }
    };
    let most = *ks.iter().max().ok_or(MetricError::Empty("numbers of neighbors"))?;
    if queries.rows.is_empty() {
        return Err(MetricError::Empty("queries"));
    }
    let own = usize::from(excluded == Excluded::Itself);
    let sizes = sizes(gallery.labels);
    let others = |query: usize| sizes.get(&queries.labels[query]).map_or(0, |size| size - own);
    // R of the largest class would cost more than it tells where classes are huge.
    let largest = (0..queries.rows.len()).map(others).max().unwrap_or(0);
    let k = most.max(largest.min(MOST_R)).min(gallery.rows.len()).max(1);
    let found = nearest(queries.rows, gallery.rows, excluded, k, device, |query, neighbors| {
        Found::of(queries.labels[query], neighbors, gallery.labels, others(query))
    })?;
    let count = found.len() as f64;
    let recall = |&k: &usize| {
        found
            .iter()
            .filter(|found| found.first.is_some_and(|rank| rank < k))
            .count() as f64
            / count
    };
    Ok(Retrieval {
        recall: ks.iter().map(recall).collect(),
        map_at_r: found.iter().map(|found| found.precision).sum::<f64>() / count,
    })
}

/// Classes with more members are looked at as if they had so many.
const MOST_R: usize = 1000;

/// What the neighbors of one query say.
struct Found {
    /// Place of the first one of its class.
    first: Option<usize>,
    /// Average precision at R.
    precision: f64,
}

impl Found {
    fn of(label: usize, neighbors: &[Neighbor], labels: &[usize], others: usize) -> Self {
        let is_right = |neighbor: &Neighbor| labels[neighbor.index] == label;
        let others = others.min(MOST_R);
        let (mut right, mut sum) = (0.0, 0.0);
        for (place, neighbor) in neighbors.iter().take(others).enumerate() {
            if is_right(neighbor) {
                right += 1.0;
                sum += right / (place + 1) as f64;
            }
        }
        Self {
            first: neighbors.iter().position(is_right),
            precision: if others == 0 { 0.0 } else { sum / others as f64 },
        }
    }
}

/// Members of each class.
fn sizes(labels: &[usize]) -> BTreeMap<usize, usize> {
    let mut sizes = BTreeMap::new();
    for &label in labels {
        *sizes.entry(label).or_insert(0) += 1;
    }
    sizes
}

fn check_classes(queries: &[usize], gallery: &[usize]) -> Result<(), MetricError> {
    let (of_queries, of_gallery) = (sizes(queries), sizes(gallery));
    let lacks = |there, of: &BTreeMap<usize, usize>, other: &BTreeMap<usize, usize>| {
        let class = of.keys().copied().find(|class| !other.contains_key(class))?;
        Some((class, there))
    };
    let first = [
        lacks("queries", &of_queries, &of_gallery),
        lacks("gallery", &of_gallery, &of_queries),
    ];
    match first.into_iter().flatten().min() {
        Some((class, there)) => Err(MetricError::Galleries { class, there }),
        None => Ok(()),
    }
}

/// The same partition with the numbers from 0 on, in the same order, and how many there are.
fn dense(labels: &[usize]) -> (Vec<usize>, usize) {
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let place = |label: &usize| classes.binary_search(label).expect("a class of the list");
    (labels.iter().map(place).collect(), classes.len())
}

/// Agreement of k-means clusters of the points, as many as there are classes, with the classes: normalized mutual
/// information, `2·I / (H + H')`.
///
/// # Errors
///
/// Those of [`KMeans::run`].
pub fn clustering_agreement<T: Real>(
    points: Labeled<'_, T>,
    streams: &Streams,
    device: &Device,
) -> Result<f64, MetricError> {
    let (truth, classes) = dense(points.labels);
    let means = KMeans::new(classes);
    let clusters = means.run(points.rows, streams, "agreement", 0, device)?;
    Ok(agreement(&clusters.assignment, &truth))
}

/// Normalized mutual information of two partitions, arithmetic mean of the entropies.
///
/// # Panics
///
/// If they are of different numbers of points, or of none.
pub fn agreement(one: &[usize], other: &[usize]) -> f64 {
    let ((one, parts), (other, of_other)) = (dense(one), dense(other));
    let counts = Contingency::new(&one, &other, parts, of_other).expect("two partitions of the same points");
    counts.normalized_mutual_information(Normalization::Arithmetic)
}
