//! The spirals of section 5.1: two families of curves, noisy observations at irregular times, noise-free truth.
//!
//! Time comes first in every tensor here, so that the batch at one time is contiguous.

mod batch;

pub use batch::Batch;

use std::f64::consts::PI;

use burn::prelude::*;
use papers_core::random::Streams;
use rand::{RngExt, seq::SliceRandom};
use rand_distr::{Distribution, StandardNormal};

/// Grid times that an observed window spans, and again as many beyond it.
pub const WINDOW: usize = 100;

/// The constants of the authors' generator.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Curves {
    /// First time of the grid.
    pub start: f64,
    /// Last time of the grid.
    pub stop: f64,
    /// Number of times on the grid.
    pub points: usize,
    /// Radius at angle zero, `a`.
    pub radius: f64,
    /// How fast the radius changes with the angle, `b`.
    pub growth: f64,
}

impl Default for Curves {
    fn default() -> Self {
        Self {
            start: 0.0,
            stop: 6.0 * PI,
            points: 500,
            radius: 0.0,
            growth: 0.3,
        }
    }
}

impl Curves {
    /// Time of grid point `index`.
    pub fn time(&self, index: usize) -> f64 {
        // The last point is exact.
        self.start + (self.stop - self.start) * (index as f64 / (self.points - 1) as f64)
    }

    /// Time between two grid points.
    pub fn spacing(&self) -> f64 {
        (self.stop - self.start) / (self.points - 1) as f64
    }

    /// Position on a curve at `time`.
    pub fn position(&self, turning: Turning, time: f64) -> [f64; 2] {
        let (radius, angle, center) = match turning {
            Turning::CounterClockwise => (self.radius + self.growth * time, time, 5.0),
            Turning::Clockwise => {
                let angle = self.stop + 1.0 - time;
                (self.radius + self.growth * 50.0 / angle, angle, -5.0)
            }
        };
        [radius * angle.cos() + center, radius * angle.sin()]
    }
}

/// The two families.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turning {
    /// Outwards, slowly at first, around `(-5, 0)`.
    Clockwise,
    /// Outwards at a constant rate, around `(5, 0)`.
    CounterClockwise,
}

/// Which spirals; each split has its own random stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// Windows anywhere on the grid.
    Train,
    /// Windows whose continuation lies on the grid; for choices such as the number of updates.
    Validation,
    /// The same, for the reported numbers.
    Test,
}

impl Turning {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clockwise => "clockwise",
            Self::CounterClockwise => "counter-clockwise",
        }
    }
}

impl Split {
    fn stream(self) -> &'static str {
        match self {
            Self::Train => "spirals/train",
            Self::Validation => "spirals/validation",
            Self::Test => "spirals/test",
        }
    }

    /// Grid points that have to follow the first one of a window.
    fn span(self) -> usize {
        match self {
            Self::Train => WINDOW,
            Self::Validation | Self::Test => 2 * WINDOW,
        }
    }
}

/// Spirals with noisy observations at some of the times of their windows.
#[derive(Debug, Clone, PartialEq)]
pub struct SpiralSet {
    curves: Curves,
    observations: usize,
    spirals: Vec<Spiral>,
}

/// One spiral; all times are counted from the start of its window.
#[derive(Debug, Clone, PartialEq)]
pub struct Spiral {
    /// Its family.
    pub turning: Turning,
    /// Grid point at which the window begins.
    pub first: usize,
    /// Observed times, as ascending positions in the window.
    pub observed: Vec<usize>,
    /// Noisy positions at the observed times.
    pub positions: Vec<[f64; 2]>,
}

impl SpiralSet {
    /// Draws `count` spirals, half of each family, with Gaussian noise of standard deviation `noise` and `observations`
    /// of the [`WINDOW`] times kept without replacement.
    ///
    /// Curves and noise do not depend on `observations`: sets with more of them show more of the same spirals.
    ///
    /// # Panics
    ///
    /// If `observations` is 0 or more than [`WINDOW`], or the grid is too short for a window.
    pub fn draw(
        curves: Curves,
        split: Split,
        count: usize,
        observations: usize,
        noise: f64,
        streams: &Streams,
    ) -> Self {
        assert!(
            (1..=WINDOW).contains(&observations),
            "a window has 1 to {WINDOW} observations"
        );
        assert!(
            curves.points >= split.span(),
            "the grid holds a window and its continuation"
        );
        let draw = |index| draw_spiral(&curves, split, index, observations, noise, streams);
        Self {
            observations,
            spirals: (0..count).map(draw).collect(),
            curves,
        }
    }

    /// Number of spirals.
    pub fn len(&self) -> usize {
        self.spirals.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spirals.is_empty()
    }

    /// Observations of every spiral.
    pub fn observations(&self) -> usize {
        self.observations
    }

    /// The curves they were drawn from.
    pub fn curves(&self) -> &Curves {
        &self.curves
    }

    /// One spiral.
    ///
    /// # Panics
    ///
    /// If there is no such spiral.
    pub fn spiral(&self, index: usize) -> &Spiral {
        &self.spirals[index]
    }

    /// All indices, for a batch of everything.
    pub fn all(&self) -> Vec<usize> {
        (0..self.len()).collect()
    }

    /// The observations of some spirals.
    ///
    /// # Panics
    ///
    /// If an index is outside the set.
    pub fn batch(&self, indices: &[usize], device: &Device) -> Batch {
        let spirals: Vec<&Spiral> = indices.iter().map(|&index| &self.spirals[index]).collect();
        Batch::new(&spirals, self.curves.spacing(), device)
    }

    /// Noise-free positions of some spirals, at window times `from..to` (beyond [`WINDOW`]: the continuation).
    ///
    /// # Shapes
    ///
    /// - output: `[to - from, indices, 2]`
    ///
    /// # Panics
    ///
    /// If an index is outside the set.
    pub fn truth(&self, indices: &[usize], from: usize, to: usize, device: &Device) -> Tensor<3> {
        let mut values = Vec::with_capacity((to - from) * indices.len() * 2);
        for time in from..to {
            for &index in indices {
                let spiral = &self.spirals[index];
                let position = self
                    .curves
                    .position(spiral.turning, self.curves.time(spiral.first + time));
                values.extend(position.map(|coordinate| coordinate as f32));
            }
        }
        Tensor::from_data(TensorData::new(values, [to - from, indices.len(), 2]), device)
    }
}

fn draw_spiral(
    curves: &Curves,
    split: Split,
    index: usize,
    observations: usize,
    noise: f64,
    streams: &Streams,
) -> Spiral {
    let mut generator = streams.at(split.stream(), 0, index as u64);
    let turning = if index.is_multiple_of(2) {
        Turning::Clockwise
    } else {
        Turning::CounterClockwise
    };
    let first = generator.random_range(0..=curves.points - split.span());
    let noise: Vec<[f64; 2]> = (0..WINDOW)
        .map(|_| [0; 2].map(|_: i32| noise * Distribution::<f64>::sample(&StandardNormal, &mut generator)))
        .collect();
    let mut observed: Vec<usize> = (0..WINDOW).collect();
    observed.shuffle(&mut generator);
    observed.truncate(observations);
    observed.sort_unstable();
    let position = |&time: &usize| {
        let [x, y] = curves.position(turning, curves.time(first + time));
        [x + noise[time][0], y + noise[time][1]]
    };
    let positions = observed.iter().map(position).collect();
    Spiral {
        turning,
        first,
        observed,
        positions,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use papers_core::testing;

    fn set(split: Split, observations: usize, seed: u64) -> SpiralSet {
        SpiralSet::draw(Curves::default(), split, 6, observations, 0.1, &Streams::new(seed))
    }

    #[test]
    fn the_seed_fixes_the_data() {
        assert_eq!(set(Split::Train, 30, 1), set(Split::Train, 30, 1));
        assert_ne!(set(Split::Train, 30, 1), set(Split::Train, 30, 2));
        assert_ne!(set(Split::Validation, 30, 1), set(Split::Test, 30, 1));
    }

    #[test]
    fn half_of_the_spirals_turn_each_way() {
        let set = set(Split::Train, 30, 1);
        let clockwise = set
            .spirals
            .iter()
            .filter(|spiral| spiral.turning == Turning::Clockwise)
            .count();
        assert_eq!(clockwise, 3);
    }

    #[test]
    fn more_observations_show_more_of_the_same_spirals() {
        let (few, many) = (set(Split::Test, 30, 1), set(Split::Test, 100, 1));
        for (few, many) in few.spirals.iter().zip(&many.spirals) {
            assert_eq!(many.observed, (0..WINDOW).collect::<Vec<_>>());
            for (&time, position) in few.observed.iter().zip(&few.positions) {
                assert_eq!(*position, many.positions[time]);
            }
        }
    }

    #[test]
    fn windows_and_continuations_stay_on_the_grid() {
        for (split, span) in [(Split::Train, 100), (Split::Test, 200)] {
            let set = SpiralSet::draw(Curves::default(), split, 2000, 5, 0.1, &Streams::new(0));
            let last = set.spirals.iter().map(|spiral| spiral.first).max().expect("spirals");
            // 2000 draws from at most 401 starts meet the last one.
            assert_eq!(last, 500 - span);
        }
    }

    #[test]
    fn the_noise_has_the_standard_deviation_asked_for() {
        let set = SpiralSet::draw(Curves::default(), Split::Train, 500, 100, 0.3, &Streams::new(0));
        let device = testing::device();
        let observed = set.batch(&set.all(), &device).positions;
        let error = observed - set.truth(&set.all(), 0, 100, &device);
        let deviation: f32 = error.square().mean().sqrt().into_scalar();
        // 100,000 draws: the standard error is 0.0007.
        assert!((deviation - 0.3).abs() < 0.003, "{deviation}");
    }
}
