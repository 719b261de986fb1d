//! Histograms of each latent dimension over the training set, whose product stands for Q(z|X) (section 3.2).

use rayon::{
    iter::{IndexedParallelIterator, ParallelIterator},
    slice::ParallelSliceMut,
};
use serde::{Deserialize, Serialize};

use crate::resampling::ResamplingError;

/// What an encoder says of rows: a mean for each latent dimension, and the logarithm of its variance where there is one.
#[derive(Debug, Clone, PartialEq)]
pub struct Latents {
    means: Vec<f64>,
    log_variances: Option<Vec<f64>>,
    dimensions: usize,
}

impl Latents {
    /// Means of a deterministic encoder, `[rows, dimensions]` in row-major order.
    ///
    /// # Errors
    ///
    /// [`ResamplingError::NonFinite`] with row and dimension; [`ResamplingError::Ragged`]; [`ResamplingError::Empty`].
    pub fn new(means: Vec<f64>, dimensions: usize) -> Result<Self, ResamplingError> {
        if dimensions == 0 || means.is_empty() {
            return Err(ResamplingError::Empty);
        }
        check(&means, dimensions, "mean")?;
        Ok(Self {
            means,
            log_variances: None,
            dimensions,
        })
    }

    /// The same with logarithms of variances, `[rows, dimensions]`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`ResamplingError::Shape`] if there are not as many as means.
    pub fn with_log_variances(mut self, log_variances: Vec<f64>) -> Result<Self, ResamplingError> {
        if log_variances.len() != self.means.len() {
            return Err(ResamplingError::Shape {
                what: "log-variances",
                expected: [self.rows(), self.dimensions],
                found: [log_variances.len() / self.dimensions, self.dimensions],
            });
        }
        check(&log_variances, self.dimensions, "log-variance")?;
        self.log_variances = Some(log_variances);
        Ok(self)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.means.len() / self.dimensions
    }

    /// Number of latent dimensions.
    pub fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// Means, `[rows, dimensions]`.
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// Logarithms of variances, `[rows, dimensions]`.
    pub fn log_variances(&self) -> Option<&[f64]> {
        self.log_variances.as_deref()
    }

    /// The means of one dimension.
    pub fn column(&self, dimension: usize) -> impl Iterator<Item = f64> {
        self.means.iter().skip(dimension).step_by(self.dimensions).copied()
    }

    /// `KL(N(μ, σ²) ‖ N(0, 1))` of each dimension in nats, averaged over rows; none without variances.
    pub fn divergences(&self) -> Option<Vec<f64>> {
        let log_variances = self.log_variances.as_ref()?;
        let mut sums = vec![0.0; self.dimensions];
        let rows = std::iter::zip(
            self.means.chunks_exact(self.dimensions),
            log_variances.chunks_exact(self.dimensions),
        );
        for (means, log_variances) in rows {
            for (sum, (mean, log_variance)) in sums.iter_mut().zip(std::iter::zip(means, log_variances)) {
                *sum += 0.5 * (log_variance.exp() + mean * mean - 1.0 - log_variance);
            }
        }
        let rows = self.rows() as f64;
        sums.iter_mut().for_each(|sum| *sum /= rows);
        Some(sums)
    }

    /// Only these dimensions, in this order.
    ///
    /// # Panics
    ///
    /// If there is no such dimension, or none is asked for.
    #[must_use]
    pub fn select(&self, dimensions: &[usize]) -> Self {
        assert!(!dimensions.is_empty(), "latents have a dimension");
        let pick = |values: &Vec<f64>| {
            let rows = values.chunks_exact(self.dimensions);
            rows.flat_map(|row| dimensions.iter().map(|&dimension| row[dimension]))
                .collect()
        };
        Self {
            means: pick(&self.means),
            log_variances: self.log_variances.as_ref().map(pick),
            dimensions: dimensions.len(),
        }
    }
}

fn check(values: &[f64], dimensions: usize, what: &'static str) -> Result<(), ResamplingError> {
    if !values.len().is_multiple_of(dimensions) {
        return Err(ResamplingError::Ragged {
            values: values.len(),
            dimensions,
        });
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(place) => Err(ResamplingError::NonFinite {
            what,
            row: place / dimensions,
            dimension: place % dimensions,
            value: values[place],
        }),
        None => Ok(()),
    }
}

/// A histogram with equal bins between the least and the greatest value, all left-closed but the last, which is closed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// One more than there are bins.
    pub edges: Vec<f64>,
    /// Rows in each bin.
    pub counts: Vec<u64>,
    /// The bin of each row.
    pub bin_of_row: Vec<u32>,
}

impl Histogram {
    /// Width of a bin.
    pub fn width(&self) -> f64 {
        (self.edges[self.counts.len()] - self.edges[0]) / self.counts.len() as f64
    }

    /// Share of the rows in each bin.
    pub fn masses(&self) -> Vec<f64> {
        let rows = self.bin_of_row.len() as f64;
        self.counts.iter().map(|&count| count as f64 / rows).collect()
    }

    /// Share of the rows in each bin by its width.
    pub fn densities(&self) -> Vec<f64> {
        let width = self.width();
        self.masses().into_iter().map(|mass| mass / width).collect()
    }

    /// Entropy of the bins, in nats: `ln bins` if all hold as many rows.
    pub fn entropy(&self) -> f64 {
        let masses = self.masses();
        -masses
            .iter()
            .filter(|mass| **mass > 0.0)
            .map(|mass| mass * mass.ln())
            .sum::<f64>()
    }
}

/// The histogram of every dimension. If all values of a dimension are equal, its range is widened by a half on both sides, and all
/// rows are in one bin.
///
/// # Errors
///
/// [`ResamplingError::Bins`] without a bin, [`ResamplingError::Range`] if values are too far apart for a number.
pub fn histograms(latents: &Latents, bins: usize) -> Result<Vec<Histogram>, ResamplingError> {
    if bins == 0 || u32::try_from(bins).is_err() {
        return Err(ResamplingError::Bins { bins });
    }
    let dimensions = latents.dimensions();
    let mut ranges = vec![(f64::INFINITY, f64::NEG_INFINITY); dimensions];
    for row in latents.means().chunks_exact(dimensions) {
        for (range, &value) in ranges.iter_mut().zip(row) {
            *range = (range.0.min(value), range.1.max(value));
        }
    }
    let mut all = Vec::with_capacity(dimensions);
    for (dimension, (mut least, mut greatest)) in ranges.into_iter().enumerate() {
        if least == greatest {
            (least, greatest) = (least - 0.5, greatest + 0.5);
        }
        let range = greatest - least;
        if !range.is_finite() || range <= 0.0 {
            return Err(ResamplingError::Range { dimension });
        }
        let mut edges: Vec<f64> = (0..bins)
            .map(|bin| least + range * (bin as f64 / bins as f64))
            .collect();
        edges.push(greatest);
        all.push(Histogram {
            edges,
            counts: vec![0; bins],
            bin_of_row: vec![0; latents.rows()],
        });
    }
    let each = dimensions.div_ceil(rayon::current_num_threads());
    all.par_chunks_mut(each)
        .enumerate()
        .for_each(|(chunk, histograms)| fill(histograms, latents, chunk * each));
    Ok(all)
}

/// Rows that stay in the cache while they are counted dimension by dimension.
const BLOCK: usize = 128;

/// Counts the values of neighboring dimensions, from `first` on.
fn fill(histograms: &mut [Histogram], latents: &Latents, first: usize) {
    let dimensions = latents.dimensions();
    for (block, rows) in latents.means().chunks(BLOCK * dimensions).enumerate() {
        for (place, histogram) in histograms.iter_mut().enumerate() {
            let scale = histogram.width().recip();
            let values = rows.iter().skip(first + place).step_by(dimensions);
            for (to, &value) in histogram.bin_of_row[block * BLOCK..].iter_mut().zip(values) {
                let bin = bin_of(&histogram.edges, scale, value);
                histogram.counts[bin] += 1;
                *to = bin as u32;
            }
        }
    }
}

/// The bin of a value within the edges: computed with the inverse of its width as `scale`, then set right where rounding put it across an edge.
fn bin_of(edges: &[f64], scale: f64, value: f64) -> usize {
    let bins = edges.len() - 1;
    let mut bin = (((value - edges[0]) * scale) as usize).min(bins - 1);
    while bin > 0 && value < edges[bin] {
        bin -= 1;
    }
    while bin + 1 < bins && value >= edges[bin + 1] {
        bin += 1;
    }
    bin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divergence_is_zero_for_the_prior_and_half_the_square_of_a_shift() {
        let latents = Latents::new(vec![0.0, 2.0, 0.0, 2.0], 2).unwrap();
        assert_eq!(latents.divergences(), None);
        let latents = latents.with_log_variances(vec![0.0; 4]).unwrap();
        assert_eq!(latents.divergences().unwrap(), [0.0, 2.0]);
    }

    #[test]
    fn what_is_not_finite_is_named_by_row_and_dimension() {
        let error = Latents::new(vec![0.0, 1.0, 2.0, f64::NAN], 2).unwrap_err().to_string();
        assert!(error.contains("row 1") && error.contains("dimension 1"), "{error}");
        let latents = Latents::new(vec![0.0, 1.0], 2).unwrap();
        let error = latents.with_log_variances(vec![f64::INFINITY, 0.0]).unwrap_err();
        assert!(error.to_string().contains("log-variance"), "{error}");
    }

    #[test]
    fn the_entropy_of_equal_bins_is_the_logarithm_of_their_number() {
        let latents = Latents::new(vec![0.0, 1.0, 2.0, 3.0], 1).unwrap();
        let histogram = &histograms(&latents, 4).unwrap()[0];
        assert!((histogram.entropy() - 4f64.ln()).abs() < 1e-12);
        let constant = Latents::new(vec![3.0; 5], 1).unwrap();
        assert_eq!(histograms(&constant, 4).unwrap()[0].entropy(), 0.0);
    }

    #[test]
    fn values_that_are_too_far_apart_are_refused() {
        let latents = Latents::new(vec![f64::MIN, f64::MAX], 1).unwrap();
        assert!(matches!(
            histograms(&latents, 3),
            Err(ResamplingError::Range { dimension: 0 })
        ));
    }

    /// Ranges from the smallest numbers to the largest, more dimensions than one core fills at once.
    #[test]
    fn every_value_is_between_the_edges_of_its_bin() {
        let scales = [
            f64::MIN_POSITIVE / 1e3,
            1e-300,
            1e-9,
            0.1,
            1.0,
            3.0,
            7.0,
            1e9,
            1e300,
            1e-310,
        ];
        let values = (0..500_usize).flat_map(|row| scales.map(|scale| (row * 7919 % 1009) as f64 / 1009.0 * scale));
        let latents = Latents::new(values.collect(), scales.len()).unwrap();
        for (dimension, histogram) in histograms(&latents, 7).unwrap().iter().enumerate() {
            assert_eq!(histogram.counts.iter().sum::<u64>(), 500);
            let column = latents.means().chunks_exact(scales.len()).map(|row| row[dimension]);
            for (value, &bin) in column.zip(&histogram.bin_of_row) {
                let (bin, edges) = (bin as usize, &histogram.edges);
                assert!(
                    edges[bin] <= value && (value < edges[bin + 1] || bin == 6),
                    "{dimension}: {value}"
                );
            }
        }
    }
}
