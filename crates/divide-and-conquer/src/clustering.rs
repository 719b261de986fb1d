//! k-means: the algorithm of Lloyd, with restarts, exact ties, and no empty cluster.

use burn::prelude::Device;
use papers_core::random::Streams;

use crate::{
    MetricError, Rows,
    neighbors::{Excluded, Neighbor, nearest},
    rows::Real,
};

/// How points are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KMeans {
    /// Number of clusters, `K`.
    pub clusters: usize,
    /// Starts, of which the one with the least objective is taken.
    pub restarts: usize,
    /// Iterations of each, at most.
    pub iterations: usize,
}

/// Points divided into clusters.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustering<T = f32> {
    /// Center of each cluster, `[clusters, width]`.
    pub centroids: Rows<T>,
    /// The cluster of each point: that of the nearest centroid, ties to the lowest.
    pub assignment: Vec<usize>,
    /// Sum over the points of the squared distance to their centroid.
    pub objective: f64,
    /// Iterations of the start that was taken.
    pub iterations: usize,
}

/// One iteration.
#[derive(Debug, Clone, PartialEq)]
pub struct Iteration<T = f32> {
    /// Nearest centroid of each point before the update.
    pub assignment: Vec<usize>,
    /// Points of each cluster.
    pub counts: Vec<usize>,
    /// Sum over the points of the squared distance to their centroid before the update.
    pub objective: f64,
    /// The centroids after it.
    pub centroids: Rows<T>,
    /// Empty clusters and the points that their centroids were moved to.
    pub relocated: Vec<[usize; 2]>,
}

impl KMeans {
    /// So many clusters, 5 starts of 100 iterations at most.
    pub fn new(clusters: usize) -> Self {
        Self {
            clusters,
            restarts: 5,
            iterations: 100,
        }
    }

    /// Divides the points. Each start takes random points as centroids, drawn from stream `name` at `step`.
    ///
    /// # Errors
    ///
    /// [`MetricError::Clusters`] if there are fewer points than clusters, or no clusters; those of [`nearest`].
    pub fn run<T: Real>(
        &self,
        points: &Rows<T>,
        streams: &Streams,
        name: &str,
        step: u64,
        device: &Device,
    ) -> Result<Clustering<T>, MetricError> {
        if self.clusters == 0 || self.clusters > points.len() {
            let (points, clusters) = (points.len(), self.clusters);
            return Err(MetricError::Clusters { points, clusters });
        }
        points.check_finite("points to divide")?;
        let mut best: Option<Clustering<T>> = None;
        for restart in 0..self.restarts.max(1) {
            let order = streams.permutation(&format!("{name}/{restart}"), step, points.len());
            let found = self.from(points, points.select(&order[..self.clusters]), device)?;
            if best.as_ref().is_none_or(|best| found.objective < best.objective) {
                best = Some(found);
            }
        }
        Ok(best.expect("one start at least"))
    }

    /// Divides the points from given centroids, until nothing changes any more.
    ///
    /// # Errors
    ///
    /// Those of [`nearest`].
    pub fn from<T: Real>(
        &self,
        points: &Rows<T>,
        mut centroids: Rows<T>,
        device: &Device,
    ) -> Result<Clustering<T>, MetricError> {
        let mut iterations = 0;
        let mut before: Option<Vec<usize>> = None;
        while iterations < self.iterations {
            let step = iterate(points, &centroids, device)?;
            let is_settled = step.relocated.is_empty() && before.as_ref() == Some(&step.assignment);
            if is_settled || step.objective == 0.0 {
                break;
            }
            iterations += 1;
            centroids = step.centroids;
            before = Some(step.assignment);
        }
        let (assignment, distances) = assign(points, &centroids, device)?;
        Ok(Clustering {
            objective: distances.iter().sum(),
            centroids,
            assignment,
            iterations,
        })
    }
}

/// The nearest centroid of each point, and its squared distance.
fn assign<T: Real>(
    points: &Rows<T>,
    centroids: &Rows<T>,
    device: &Device,
) -> Result<(Vec<usize>, Vec<f64>), MetricError> {
    let first = |_, neighbors: &[Neighbor]| (neighbors[0].index, neighbors[0].squared_distance);
    let found = nearest(points, centroids, Excluded::Nothing, 1, device, first)?;
    Ok(found.into_iter().unzip())
}

/// One iteration of Lloyd: points go to their nearest centroid, centroids to the mean of their points.
///
/// The centroid of an empty cluster, in ascending order, goes to the point that is farthest from its own centroid, ties
/// to the lowest; no point serves twice. The mean of the cluster that the point came from stays that of all its points.
///
/// # Errors
///
/// Those of [`nearest`].
pub fn iterate<T: Real>(points: &Rows<T>, centroids: &Rows<T>, device: &Device) -> Result<Iteration<T>, MetricError> {
    let (assignment, distances) = assign(points, centroids, device)?;
    let (clusters, width) = (centroids.len(), points.width());
    let mut counts = vec![0_usize; clusters];
    let mut sums = vec![0.0_f64; clusters * width];
    for (point, &cluster) in points.iter().zip(&assignment) {
        counts[cluster] += 1;
        let sums = &mut sums[cluster * width..(cluster + 1) * width];
        sums.iter_mut()
            .zip(point)
            .for_each(|(sum, &value)| *sum += value.into());
    }
    let mut values = vec![T::nearest(0.0); clusters * width];
    for (cluster, mean) in values.chunks_exact_mut(width).enumerate() {
        let sums = &sums[cluster * width..(cluster + 1) * width];
        let count = counts[cluster].max(1) as f64;
        mean.iter_mut()
            .zip(sums)
            .for_each(|(mean, &sum)| *mean = T::nearest(sum / count));
    }
    let empty = (0..clusters).filter(|&cluster| counts[cluster] == 0);
    let relocated: Vec<[usize; 2]> = empty
        .zip(farthest(&distances))
        .map(|(cluster, point)| [cluster, point])
        .collect();
    for &[cluster, point] in &relocated {
        values[cluster * width..(cluster + 1) * width].copy_from_slice(points.row(point));
    }
    Ok(Iteration {
        objective: distances.iter().sum(),
        centroids: Rows::new(values, width)?,
        assignment,
        counts,
        relocated,
    })
}

/// Points by their distance, the farthest first, ties by index.
fn farthest(distances: &[f64]) -> impl Iterator<Item = usize> {
    let mut order: Vec<usize> = (0..distances.len()).collect();
    order.sort_by(|&one, &other| distances[other].total_cmp(&distances[one]));
    order.into_iter()
}
