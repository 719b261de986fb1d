//! A mixture of diagonal Gaussians fitted to points by expectation maximization: what VaDE's components begin as.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};

/// Least variance of a component, in units of the variance of all points.
const LEAST_VARIANCE: f64 = 1e-3;
/// The fit has settled when a point's mean log-density grows by less than this.
const SETTLED: f64 = 1e-6;

/// Components of a mixture.
#[derive(Debug, Clone, PartialEq)]
pub struct FittedMixture {
    /// `[components]`, with the sum 1.
    pub weights: Vec<f64>,
    /// `[components, dimensions]`
    pub means: Vec<f64>,
    /// `[components, dimensions]`
    pub variances: Vec<f64>,
    /// Mean of `log p(point)`.
    pub log_density: f64,
}

/// Points to be fitted.
#[derive(Debug, Clone, Copy)]
pub struct Points<'a> {
    /// `[points, dimensions]`, finite.
    pub values: &'a [f64],
    /// Values of a point.
    pub dimensions: usize,
}

impl Points<'_> {
    fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.dimensions)
    }

    fn len(&self) -> usize {
        self.values.len() / self.dimensions
    }
}

impl FittedMixture {
    /// Fits `components` Gaussians, from points far from each other (k-means++, Arthur and Vassilvitskii 2007), in at most
    /// `iterations` passes.
    ///
    /// # Panics
    ///
    /// Without points, dimensions or components.
    pub fn of(points: Points<'_>, components: usize, iterations: usize, random: &mut impl Rng) -> Self {
        assert!(
            points.dimensions > 0 && components > 0 && points.len() > 0,
            "there is something to fit"
        );
        let spread = spread(points);
        let mut fitted = Self {
            weights: vec![1.0 / components as f64; components],
            means: far_points(points, components, random),
            variances: spread.repeat(components),
            log_density: f64::NEG_INFINITY,
        };
        // Each point belongs to the nearest at first: components as wide as all points would not part any more.
        let nearest = fitted.nearest(points);
        fitted.maximize(points, &nearest, &spread);
        for _ in 0..iterations {
            let before = fitted.log_density;
            let (shares, log_density) = fitted.expectation(points);
            fitted.maximize(points, &shares, &spread);
            fitted.log_density = log_density;
            if log_density - before < SETTLED {
                break;
            }
        }
        fitted
    }

    /// A one for the component whose mean is nearest, of each point, `[points, components]`.
    fn nearest(&self, points: Points<'_>) -> Vec<f64> {
        let components = self.weights.len();
        let mut shares = vec![0.0; points.len() * components];
        for (point, shares) in points.iter().zip(shares.chunks_exact_mut(components)) {
            let distance = |mean: &[f64]| mean.iter().zip(point).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            let distances = self.means.chunks_exact(point.len()).map(distance).enumerate();
            if let Some((nearest, _)) = distances.min_by(|(_, a), (_, b)| a.total_cmp(b)) {
                shares[nearest] = 1.0;
            }
        }
        shares
    }

    /// `p(component|point)` of each point, `[points, components]`, and the mean of `log p(point)`.
    fn expectation(&self, points: Points<'_>) -> (Vec<f64>, f64) {
        let mut shares = Vec::with_capacity(points.len() * self.weights.len());
        let mut total = 0.0;
        for point in points.iter() {
            let logs: Vec<f64> = (0..self.weights.len())
                .map(|component| self.weights[component].ln() + self.log_density_of(component, point))
                .collect();
            let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logs.iter().map(|log| (log - largest).exp()).sum();
            total += largest + sum.ln();
            shares.extend(logs.into_iter().map(|log| (log - largest).exp() / sum));
        }
        (shares, total / points.len() as f64)
    }

    fn log_density_of(&self, component: usize, point: &[f64]) -> f64 {
        let places = component * point.len()..(component + 1) * point.len();
        let parameters = self.means[places.clone()].iter().zip(&self.variances[places]);
        let terms = point.iter().zip(parameters);
        -0.5 * terms
            .map(|(value, (mean, variance))| (value - mean).powi(2) / variance + (TAU * variance).ln())
            .sum::<f64>()
    }

    fn maximize(&mut self, points: Points<'_>, shares: &[f64], spread: &[f64]) {
        let (components, dimensions) = (self.weights.len(), points.dimensions);
        for component in 0..components {
            let share = |index: usize| shares[index * components + component];
            let mass: f64 = (0..points.len()).map(share).sum();
            self.weights[component] = mass.max(f64::MIN_POSITIVE) / points.len() as f64;
            if mass < 1e-9 {
                // Nothing is left of it: it stays where it is.
                continue;
            }
            for (place, &spread) in spread.iter().enumerate() {
                let values = || points.iter().map(|point| point[place]).enumerate();
                let mean = values().map(|(index, value)| share(index) * value).sum::<f64>() / mass;
                let squares = values().map(|(index, value)| share(index) * (value - mean).powi(2));
                let variance = squares.sum::<f64>() / mass;
                self.means[component * dimensions + place] = mean;
                self.variances[component * dimensions + place] = variance.max(LEAST_VARIANCE * spread);
            }
        }
    }
}

/// Variance of each value; of values that do not vary, a little.
fn spread(points: Points<'_>) -> Vec<f64> {
    let count = points.len() as f64;
    let of_place = |place: usize| {
        let mean = points.iter().map(|point| point[place]).sum::<f64>() / count;
        let squares = points.iter().map(|point| (point[place] - mean).powi(2));
        (squares.sum::<f64>() / count).max(1e-12)
    };
    (0..points.dimensions).map(of_place).collect()
}

/// Points of which each is drawn with a probability in proportion to its squared distance from those before.
fn far_points(points: Points<'_>, count: usize, random: &mut impl Rng) -> Vec<f64> {
    let point = |index: usize| &points.values[index * points.dimensions..][..points.dimensions];
    let mut chosen = point(random.random_range(0..points.len())).to_vec();
    let mut distances = vec![f64::INFINITY; points.len()];
    for _ in 1..count {
        let last = chosen[chosen.len() - points.dimensions..].to_vec();
        for (distance, point) in distances.iter_mut().zip(points.iter()) {
            let squared: f64 = point.iter().zip(&last).map(|(a, b)| (a - b).powi(2)).sum();
            *distance = distance.min(squared);
        }
        let mut rest = random.random_range(0.0..1.0) * distances.iter().sum::<f64>();
        let next = distances.iter().position(|distance| {
            rest -= distance;
            rest < 0.0
        });
        chosen.extend(point(next.unwrap_or(points.len() - 1)));
    }
    chosen
}

#[cfg(test)]
mod tests {
    use papers_core::random::Streams;

    use super::*;

    /// Three clouds on a line, of 60 points each.
    fn clouds() -> Vec<f64> {
        let noise = |index: usize| (index * 7919 % 1009) as f64 / 1009.0 - 0.5;
        let point = |index: usize| [10.0 * (index % 3) as f64 + noise(index), noise(3 * index + 1)];
        (0..180).flat_map(point).collect()
    }

    #[test]
    fn clouds_are_found() {
        let values = clouds();
        let points = Points {
            values: &values,
            dimensions: 2,
        };
        let fitted = FittedMixture::of(points, 3, 100, &mut Streams::new(0).at("fit", 0, 0));
        let mut centers: Vec<f64> = fitted.means.iter().copied().step_by(2).collect();
        centers.sort_by(f64::total_cmp);
        for (center, expected) in centers.iter().zip([0.0, 10.0, 20.0]) {
            assert!((center - expected).abs() < 0.1, "{centers:?}");
        }
        assert!(fitted.weights.iter().all(|weight| (weight - 1.0 / 3.0).abs() < 1e-6));
        assert!(
            (fitted.variances[0] - 1.0 / 12.0).abs() < 0.03,
            "{:?}",
            fitted.variances
        );
    }

    #[test]
    fn every_pass_makes_points_likelier() {
        let values = clouds();
        let points = Points {
            values: &values,
            dimensions: 2,
        };
        let after = |passes| FittedMixture::of(points, 4, passes, &mut Streams::new(1).at("fit", 0, 0)).log_density;
        let densities: Vec<f64> = (1..20).map(after).collect();
        assert!(
            densities.windows(2).all(|pair| pair[1] >= pair[0] - 1e-9),
            "{densities:?}"
        );
        assert!(densities[18] > densities[0]);
    }

    #[test]
    fn points_that_are_one_are_fitted() {
        let values = vec![1.0; 20];
        let points = Points {
            values: &values,
            dimensions: 2,
        };
        let fitted = FittedMixture::of(points, 3, 10, &mut Streams::new(0).at("fit", 0, 0));
        assert!(fitted.means.iter().all(|mean| (mean - 1.0).abs() < 1e-9));
        assert!(fitted.log_density.is_finite());
    }
}
