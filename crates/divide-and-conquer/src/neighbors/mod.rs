//! Exact nearest neighbors in bounded memory.
//!
//! Matrix products give every distance up to rounding: `|y|² - 2·x·y` orders the points `y` of a gallery by their distance
//! to `x`. What lies within twice the rounding error of the `k`-th smallest is then measured exactly, and ordered by
//! distance and index. So the result is that of a brute-force search to the last tie, whatever the size of the blocks,
//! the number of threads, the order in which a matrix product sums, and how coarsely the device multiplies.

mod precision;
#[cfg(test)]
mod tests;

use burn::{prelude::*, tensor::DType};
use rayon::prelude::*;

use self::precision::{Precision, check_lengths, scale_of};
use crate::{
    MetricError, Rows,
    rows::{Real, squared_distance, squared_length},
};

/// Queries that are compared at a time, and points of the gallery with them: 8 MB of distances.
pub(crate) const QUERIES: usize = 512;
pub(crate) const TILE: usize = 4096;
/// Galleries up to which everything is measured exactly.
const FEW: usize = 64;
/// Numbers that are looked at before it is asked whether one of them is small.
const SCAN: usize = 64;

/// A point of the gallery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbor {
    /// Its row.
    pub index: usize,
    /// Squared Euclidean distance from the query.
    pub squared_distance: f64,
}

/// Which points of the gallery a query cannot find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Excluded {
    /// None: queries are not in the gallery.
    Nothing,
    /// The one of the query's own index: queries are the gallery. Other points in the same place are found.
    Itself,
}

/// Finds the `k` nearest points of a gallery for every query, or all if there are fewer, and hands them to `visit`,
/// nearest first, ties by index; its results are returned in the order of the queries.
///
/// Takes the gallery's size twice and about 20 MB, and memory that grows with `k` but not with the number of queries.
///
/// # Errors
///
/// [`MetricError::Widths`], [`MetricError::NonFinite`], [`MetricError::TooLong`], [`MetricError::Empty`] of an empty
/// gallery or `k = 0`, and what the device reports.
pub fn nearest<T: Real, R: Send>(
    queries: &Rows<T>,
    gallery: &Rows<T>,
    excluded: Excluded,
    k: usize,
    device: &Device,
    visit: impl Fn(usize, &[Neighbor]) -> R + Sync,
) -> Result<Vec<R>, MetricError> {
    nearest_beyond(FEW, queries, gallery, excluded, k, device, visit)
}

/// The same; galleries of up to `few` are measured exactly as a whole.
fn nearest_beyond<T: Real, R: Send>(
    few: usize,
    queries: &Rows<T>,
    gallery: &Rows<T>,
    excluded: Excluded,
    k: usize,
    device: &Device,
    visit: impl Fn(usize, &[Neighbor]) -> R + Sync,
) -> Result<Vec<R>, MetricError> {
    if queries.width() != gallery.width() {
        let (left, right) = (queries.width(), gallery.width());
        return Err(MetricError::Widths { left, right });
    }
    if gallery.is_empty() || k == 0 {
        return Err(MetricError::Empty("points to find"));
    }
    queries.check_finite("queries")?;
    gallery.check_finite("the gallery")?;
    check_lengths(queries, "queries")?;
    check_lengths(gallery, "the gallery")?;
    let k = k.min(gallery.len());
    if gallery.len() <= few {
        let nearest = |query: usize| visit(query, &among_few(queries.row(query), gallery, excluded, query, k));
        return Ok((0..queries.len()).into_par_iter().map(nearest).collect());
    }
    let search = Search::new(queries, gallery, excluded, k, device);
    let mut results = Vec::with_capacity(queries.len());
    for first in (0..queries.len()).step_by(QUERIES) {
        let last = (first + QUERIES).min(queries.len());
        results.extend(search.block(first, last, &visit)?);
    }
    Ok(results)
}

/// Measures everything, as for the centroids of a few clusters.
fn among_few<T: Real>(query: &[T], gallery: &Rows<T>, excluded: Excluded, itself: usize, k: usize) -> Vec<Neighbor> {
    let is_found = |index: &usize| excluded == Excluded::Nothing || *index != itself;
    let neighbor = |index: usize| Neighbor {
        index,
        squared_distance: squared_distance(query, gallery.row(index)),
    };
    let neighbors = (0..gallery.len()).filter(is_found).map(neighbor);
    if k > 1 {
        return sorted(neighbors.collect(), k);
    }
    // What k-means asks for, again and again.
    let nearer = |best: Neighbor, other: Neighbor| match other.squared_distance < best.squared_distance {
        true => other,
        false => best,
    };
    neighbors.reduce(nearer).into_iter().collect()
}

/// The first `k` by distance, ties by index.
fn sorted(mut neighbors: Vec<Neighbor>, k: usize) -> Vec<Neighbor> {
    neighbors.sort_unstable_by(|one, other| {
        let by_distance = one.squared_distance.total_cmp(&other.squared_distance);
        by_distance.then(one.index.cmp(&other.index))
    });
    neighbors.truncate(k);
    neighbors
}

struct Search<'a, T> {
    queries: &'a Rows<T>,
    gallery: &'a Rows<T>,
    excluded: Excluded,
    k: usize,
    device: &'a Device,
    /// `[y, |y|²]` of some points each, `[points, width + 1]`.
    tiles: Vec<Tensor<2>>,
    /// Largest length of a point of the gallery, times `scale`.
    longest: f64,
    /// What all points are multiplied by.
    scale: f64,
    precision: Precision,
}

impl<'a, T: Real> Search<'a, T> {
    fn new(queries: &'a Rows<T>, gallery: &'a Rows<T>, excluded: Excluded, k: usize, device: &'a Device) -> Self {
        let longest = |rows: &Rows<T>| rows.iter().map(squared_length).fold(0.0, f64::max).sqrt();
        let in_gallery = longest(gallery);
        let scale = scale_of(in_gallery.max(longest(queries)));
        let mut tiles = Vec::with_capacity(gallery.len().div_ceil(TILE));
        for points in gallery.values().chunks(TILE * gallery.width()) {
            let mut values = Vec::with_capacity(points.len() + points.len() / gallery.width());
            for point in points.chunks_exact(gallery.width()) {
                values.extend(point.iter().map(|&value| T::nearest(scale * value.into())));
                let length = scale * squared_length(point).sqrt();
                values.push(T::nearest(length * length));
            }
            tiles.push(matrix(values, gallery.width() + 1, device));
        }
        Self {
            queries,
            gallery,
            excluded,
            k,
            device,
            tiles,
            longest: scale * in_gallery,
            scale,
            precision: Precision::of::<T>(device),
        }
    }

    fn block<R: Send>(
        &self,
        first: usize,
        last: usize,
        visit: &(impl Fn(usize, &[Neighbor]) -> R + Sync),
    ) -> Result<Vec<R>, MetricError> {
        let width = self.queries.width();
        let mut values = Vec::with_capacity((last - first) * (width + 1));
        for query in first..last {
            let row = self.queries.row(query);
            values.extend(row.iter().map(|&value| T::nearest(-2.0 * self.scale * value.into())));
            values.push(T::nearest(1.0));
        }
        let block = matrix(values, width + 1, self.device);
        let mut nearest: Vec<Nearest<'_, T>> = (first..last).map(|query| Nearest::new(self, query)).collect();
        for (number, tile) in self.tiles.iter().enumerate() {
            let points = tile.dims()[0];
            let unreadable = |error: &dyn std::fmt::Debug| MetricError::Device(format!("{error:?}"));
            let product = block.clone().matmul(tile.clone().transpose());
            let data = product
                .try_into_data()
                .map_err(|error| unreadable(&error))?
                .convert::<T>();
            let distances = data.as_slice::<T>().map_err(|error| unreadable(&error))?;
            let rows = nearest.par_iter_mut().zip(distances.par_chunks_exact(points));
            rows.for_each(|(nearest, row)| nearest.look(number * TILE, row));
        }
        Ok(nearest
            .into_par_iter()
            .enumerate()
            .map(|(place, nearest)| visit(first + place, &nearest.finish()))
            .collect())
    }
}

fn matrix<T: Real>(values: Vec<T>, width: usize, device: &Device) -> Tensor<2> {
    let shape = [values.len() / width, width];
    let dtype: DType = T::DTYPE;
    Tensor::from_data(TensorData::new(values, shape), (device, dtype))
}

/// What a query has found so far.
struct Nearest<'a, T> {
    search: &'a Search<'a, T>,
    query: usize,
    /// Up to rounding, with their indices; all that may be among the nearest.
    candidates: Vec<(T, u32)>,
    /// What is larger is none of the nearest.
    limit: T,
    /// Twice the largest error of a distance.
    slack: f64,
}

impl<'a, T: Real> Nearest<'a, T> {
    fn new(search: &'a Search<'a, T>, query: usize) -> Self {
        let length = search.scale * squared_length(search.queries.row(query)).sqrt();
        let error = search.precision.error(search.queries.width(), length, search.longest);
        Self {
            search,
            query,
            candidates: Vec::new(),
            limit: T::nearest(f64::INFINITY),
            slack: 2.0 * error,
        }
    }

    /// Candidates that are kept before the larger ones are thrown away.
    fn most(&self) -> usize {
        2 * self.search.k + SCAN
    }

    /// Looks at the distances of points from `first` on.
    fn look(&mut self, first: usize, distances: &[T]) {
        for (number, piece) in distances.chunks(SCAN).enumerate() {
            // Without a branch, so that it takes several at a time.
            let limit = self.limit;
            if !piece.iter().fold(false, |any, &distance| any | (distance <= limit)) {
                continue;
            }
            let first = first + number * SCAN;
            for (place, &distance) in piece.iter().enumerate() {
                if distance <= self.limit {
                    self.take(first + place, distance);
                }
            }
        }
    }

    fn take(&mut self, index: usize, distance: T) {
        if self.search.excluded == Excluded::Itself && index == self.query {
            return;
        }
        self.candidates.push((distance, index as u32));
        if self.candidates.len() >= self.most() {
            self.narrow();
            // So many within the rounding error are the same point, or nearly.
            if self.candidates.len() >= self.most() {
                let mut nearest: Vec<usize> = self.exact().iter().map(|neighbor| neighbor.index).collect();
                nearest.sort_unstable();
                let kept = |(_, index): &(T, u32)| nearest.binary_search(&(*index as usize)).is_ok();
                self.candidates.retain(kept);
            }
        }
    }

    /// Throws away what cannot be among the nearest.
    fn narrow(&mut self) {
        let k = self.search.k;
        if self.candidates.len() <= k {
            return;
        }
        let order = |one: &(T, u32), other: &(T, u32)| one.0.partial_cmp(&other.0).expect("finite numbers");
        let (_, &mut (last, _), _) = self.candidates.select_nth_unstable_by(k - 1, order);
        let limit = last.into() + self.slack;
        // Rounded up: it must not become less.
        self.limit = T::nearest(limit + limit.abs() * 2.0 * T::ROUNDING + T::LEAST);
        let limit = self.limit;
        self.candidates.retain(|candidate| candidate.0 <= limit);
    }

    /// The nearest of all candidates.
    fn exact(&self) -> Vec<Neighbor> {
        let query = self.search.queries.row(self.query);
        let neighbor = |&(_, index): &(T, u32)| Neighbor {
            index: index as usize,
            squared_distance: squared_distance(query, self.search.gallery.row(index as usize)),
        };
        sorted(self.candidates.iter().map(neighbor).collect(), self.search.k)
    }

    fn finish(mut self) -> Vec<Neighbor> {
        self.narrow();
        self.exact()
    }
}
