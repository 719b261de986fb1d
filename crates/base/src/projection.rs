//! Points of many dimensions in a few: the directions of greatest variance (principal component analysis).

/// Iterations, at most; what has not settled by then lies between directions of nearly equal variance.
const ITERATIONS: usize = 1000;
/// A direction has settled when it turns by less than this.
const SETTLED: f64 = 1e-12;

/// The directions in which points vary most, in descending order.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    mean: Vec<f64>,
    directions: Vec<Vec<f64>>,
    /// Variance along each direction.
    pub variances: Vec<f64>,
    /// Share of the whole variance along each direction; 0 for points that do not vary.
    pub shares: Vec<f64>,
}

impl Projection {
    /// The `count` principal directions of points of `dimensions` values, one after the other in `points`; fewer if points have
    /// fewer dimensions. Each direction points to where its largest component is positive.
    ///
    /// # Panics
    ///
    /// Without a point, without dimensions, or if the last point is not whole.
    pub fn of(points: &[f64], dimensions: usize, count: usize) -> Self {
        assert!(
            dimensions > 0 && !points.is_empty() && points.len().is_multiple_of(dimensions),
            "{} values are no points of {dimensions}",
            points.len()
        );
        let mean = mean(points, dimensions);
        let mut covariance = covariance(points, &mean);
        let whole: f64 = (0..dimensions)
            .map(|place| covariance[place * dimensions + place])
            .sum();
        let (mut directions, mut variances) = (Vec::new(), Vec::new());
        for _ in 0..count.min(dimensions) {
            let (direction, variance) = leading(&covariance, dimensions);
            // What is left has no variance in this direction.
            for (row, &across) in covariance.chunks_exact_mut(dimensions).zip(&direction) {
                for (entry, &along) in row.iter_mut().zip(&direction) {
                    *entry -= variance * across * along;
                }
            }
            directions.push(direction);
            variances.push(variance);
        }
        let shares = variances
            .iter()
            .map(|variance| if whole > 0.0 { variance / whole } else { 0.0 });
        Self {
            shares: shares.collect(),
            mean,
            directions,
            variances,
        }
    }

    /// Where a point lies along each direction, from the mean of all.
    ///
    /// # Panics
    ///
    /// If it has other dimensions than the points had.
    pub fn apply(&self, point: &[f64]) -> Vec<f64> {
        assert_eq!(
            point.len(),
            self.mean.len(),
            "the point has the dimensions of the others"
        );
        let along = |direction: &Vec<f64>| {
            let places = point.iter().zip(&self.mean).zip(direction);
            places
                .map(|((value, mean), direction)| (value - mean) * direction)
                .sum()
        };
        self.directions.iter().map(along).collect()
    }
}

fn mean(points: &[f64], dimensions: usize) -> Vec<f64> {
    let mut mean = vec![0.0; dimensions];
    for point in points.chunks_exact(dimensions) {
        mean.iter_mut().zip(point).for_each(|(mean, value)| *mean += value);
    }
    let count = (points.len() / dimensions) as f64;
    mean.into_iter().map(|sum| sum / count).collect()
}

/// Row by row, of the population.
fn covariance(points: &[f64], mean: &[f64]) -> Vec<f64> {
    let dimensions = mean.len();
    let mut sums = vec![0.0; dimensions * dimensions];
    for point in points.chunks_exact(dimensions) {
        let centered: Vec<f64> = point.iter().zip(mean).map(|(value, mean)| value - mean).collect();
        for (row, value) in sums.chunks_exact_mut(dimensions).zip(&centered) {
            row.iter_mut()
                .zip(&centered)
                .for_each(|(sum, other)| *sum += value * other);
        }
    }
    let count = (points.len() / dimensions) as f64;
    sums.into_iter().map(|sum| sum / count).collect()
}

/// The direction of greatest variance and the variance along it, by power iteration from the axis of greatest variance.
fn leading(covariance: &[f64], dimensions: usize) -> (Vec<f64>, f64) {
    let on_axis = |place: usize| covariance[place * dimensions + place];
    let begin = (0..dimensions)
        .max_by(|&a, &b| on_axis(a).total_cmp(&on_axis(b)))
        .unwrap_or(0);
    // A little of all axes, so that the begin is orthogonal to no direction but by the worst of luck.
    let mut direction: Vec<f64> = (0..dimensions).map(|place| 1e-3 / (place + 1) as f64).collect();
    direction[begin] += 1.0;
    let mut variance = scale_to_unit(&mut direction);
    for _ in 0..ITERATIONS {
        let mut next: Vec<f64> = covariance
            .chunks_exact(dimensions)
            .map(|row| row.iter().zip(&direction).map(|(entry, along)| entry * along).sum())
            .collect();
        variance = scale_to_unit(&mut next);
        if variance == 0.0 {
            break;
        }
        let turned: f64 = next.iter().zip(&direction).map(|(new, old)| (new - old).powi(2)).sum();
        direction = next;
        if turned.sqrt() < SETTLED {
            break;
        }
    }
    let largest = direction.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
    if largest.is_some_and(|largest| largest < 0.0) {
        direction.iter_mut().for_each(|value| *value = -*value);
    }
    (direction, variance)
}

/// Brings a vector to length 1; the length that it had. One without length stays what it is.
fn scale_to_unit(vector: &mut [f64]) -> f64 {
    let length = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_near(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-9, "{found} instead of {expected}");
        }
    }

    /// Points whose axes are turned by 30 degrees: variances 9, 4 and 0.
    fn turned() -> Vec<f64> {
        let (sine, cosine) = 30f64.to_radians().sin_cos();
        let corners = [[3.0, 2.0], [-3.0, 2.0], [3.0, -2.0], [-3.0, -2.0]];
        let point = |[x, y]: [f64; 2]| [1.0 + cosine * x - sine * y, 2.0 + sine * x + cosine * y, 5.0];
        corners.into_iter().flat_map(point).collect()
    }

    #[test]
    fn directions_are_those_of_greatest_variance() {
        let points = turned();
        let projection = Projection::of(&points, 3, 2);
        assert_near(&projection.variances, &[9.0, 4.0]);
        assert_near(&projection.shares, &[9.0 / 13.0, 4.0 / 13.0]);
        assert_near(&projection.apply(&points[..3]), &[3.0, 2.0]);
        assert_near(&projection.apply(&[1.0, 2.0, 5.0]), &[0.0, 0.0]);
    }

    #[test]
    fn all_directions_together_keep_distances() {
        let points: Vec<f64> = (0..60).map(|index| f64::from(index * 7919 % 101) / 10.0).collect();
        let projection = Projection::of(&points, 4, 9);
        assert_eq!(projection.variances.len(), 4);
        assert_near(&[projection.shares.iter().sum()], &[1.0]);
        let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
        let (first, other) = (&points[..4], &points[4..8]);
        let found = distance(&projection.apply(first), &projection.apply(other));
        assert_near(&[found], &[distance(first, other)]);
    }

    #[test]
    fn points_that_do_not_vary_have_no_variance() {
        let projection = Projection::of(&[1.0, 2.0, 1.0, 2.0], 2, 2);
        assert_near(&projection.variances, &[0.0, 0.0]);
        assert_near(&projection.shares, &[0.0, 0.0]);
        assert_near(&projection.apply(&[1.0, 2.0]), &[0.0, 0.0]);
    }
}
