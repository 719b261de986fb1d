//! Densities in the plane to learn from samples, as FFJORD and the authors' release draw them.

use std::f64::consts::{PI, TAU};

use burn::prelude::*;
use papers_core::random::Streams;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

/// A distribution of points in the plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ToySet {
    /// Two circles of radii 3 and 1.5, noise 0.24.
    Circles,
    /// The two circles of the authors' release: radii 1 and 0.5, noise 0.06.
    UnitCircles,
    /// Two half circles that hook into each other.
    Moons,
    /// Five curved blades.
    Pinwheel,
    /// Eight blobs on a circle.
    #[serde(rename = "8-gaussians")]
    EightGaussians,
    /// Two arms of a spiral.
    #[serde(rename = "2-spirals")]
    TwoSpirals,
    /// Eight of the sixteen fields of a board.
    Checkerboard,
    /// Four circles inside of each other.
    Rings,
    /// A spiral that widens.
    SwissRoll,
}

impl ToySet {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Circles,
        Self::UnitCircles,
        Self::Moons,
        Self::Pinwheel,
        Self::EightGaussians,
        Self::TwoSpirals,
        Self::Checkerboard,
        Self::Rings,
        Self::SwissRoll,
    ];

    /// Its name in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Circles => "circles",
            Self::UnitCircles => "unit-circles",
            Self::Moons => "moons",
            Self::Pinwheel => "pinwheel",
            Self::EightGaussians => "8-gaussians",
            Self::TwoSpirals => "2-spirals",
            Self::Checkerboard => "checkerboard",
            Self::Rings => "rings",
            Self::SwissRoll => "swiss-roll",
        }
    }

    /// `count` independent points of stream `name` at `step`.
    ///
    /// # Shapes
    ///
    /// - output: `[count, 2]`
    pub fn draw(self, streams: &Streams, name: &str, step: u64, count: usize, device: &Device) -> Tensor<2> {
        let mut generator = streams.at(name, step, 0);
        let points = (0..count).flat_map(|_| self.point(&mut generator).map(|value| value as f32));
        Tensor::from_data(TensorData::new(points.collect::<Vec<_>>(), [count, 2]), device)
    }

    /// One point.
    pub fn point(self, generator: &mut impl Rng) -> [f64; 2] {
        match self {
            Self::Circles => circle(generator, [3.0, 1.5], 0.24),
            Self::UnitCircles => circle(generator, [1.0, 0.5], 0.06),
            Self::Rings => circle(generator, [3.0, 2.25, 1.5, 0.75], 0.08),
            Self::Moons => moons(generator),
            Self::Pinwheel => pinwheel(generator),
            Self::EightGaussians => eight_gaussians(generator),
            Self::TwoSpirals => two_spirals(generator),
            Self::Checkerboard => checkerboard(generator),
            Self::SwissRoll => swiss_roll(generator),
        }
    }
}

fn normal(generator: &mut impl Rng) -> f64 {
    StandardNormal.sample(generator)
}

fn uniform(generator: &mut impl Rng) -> f64 {
    generator.random::<f64>()
}

fn around([x, y]: [f64; 2], deviation: f64, generator: &mut impl Rng) -> [f64; 2] {
    [x + deviation * normal(generator), y + deviation * normal(generator)]
}

fn on_circle(radius: f64, angle: f64) -> [f64; 2] {
    [radius * angle.cos(), radius * angle.sin()]
}

/// One of several circles, each as likely.
fn circle<const N: usize>(generator: &mut impl Rng, radii: [f64; N], noise: f64) -> [f64; 2] {
    let radius = radii[generator.random_range(0..N)];
    let angle = TAU * uniform(generator);
    around(on_circle(radius, angle), noise, generator)
}

fn moons(generator: &mut impl Rng) -> [f64; 2] {
    let is_upper = generator.random::<bool>();
    let [x, y] = on_circle(1.0, PI * uniform(generator));
    let moon = if is_upper { [x, y] } else { [1.0 - x, 0.5 - y] };
    let [x, y] = around(moon, 0.1, generator);
    [2.0 * x - 1.0, 2.0 * y - 0.2]
}

fn pinwheel(generator: &mut impl Rng) -> [f64; 2] {
    let blade = generator.random_range(0..5);
    let radial = 1.0 + 0.3 * normal(generator);
    let tangential = 0.1 * normal(generator);
    let angle = TAU * f64::from(blade) / 5.0 + 0.25 * radial.exp();
    let (sin, cos) = angle.sin_cos();
    // By minus the angle, as FFJORD turns them: blades bend clockwise on their way out.
    [
        2.0 * (radial * cos + tangential * sin),
        2.0 * (tangential * cos - radial * sin),
    ]
}

fn eight_gaussians(generator: &mut impl Rng) -> [f64; 2] {
    let angle = TAU * f64::from(generator.random_range(0..8)) / 8.0;
    around(on_circle(4.0, angle), 0.5, generator).map(|value| value / 1.414)
}

fn two_spirals(generator: &mut impl Rng) -> [f64; 2] {
    // One turn and a half.
    let angle = 1.5 * TAU * uniform(generator).sqrt();
    let x = -angle * angle.cos() + 0.5 * uniform(generator);
    let y = angle * angle.sin() + 0.5 * uniform(generator);
    let side = if generator.random::<bool>() { 1.0 } else { -1.0 };
    around([side * x / 3.0, side * y / 3.0], 0.1, generator)
}

fn checkerboard(generator: &mut impl Rng) -> [f64; 2] {
    let x = 4.0 * uniform(generator) - 2.0;
    let field = uniform(generator) - 2.0 * f64::from(generator.random_range(0..2));
    let y = field + x.floor().rem_euclid(2.0);
    [2.0 * x, 2.0 * y]
}

fn swiss_roll(generator: &mut impl Rng) -> [f64; 2] {
    let angle = 1.5 * PI * (1.0 + 2.0 * uniform(generator));
    around([angle * angle.cos(), angle * angle.sin()], 1.0, generator).map(|value| value / 5.0)
}

/// Half the side of a square that holds all sets and potentials.
pub const REACH: f64 = 4.5;

#[cfg(test)]
mod tests {
    use papers_core::testing::{self, values};

    use super::*;

    fn points(set: ToySet, seed: u64) -> Vec<[f64; 2]> {
        let drawn = set.draw(&Streams::new(seed), "points", 0, 4000, &testing::device());
        values(drawn).chunks(2).map(|pair| [pair[0], pair[1]]).collect()
    }

    #[test]
    fn a_seed_fixes_every_set() {
        for set in ToySet::ALL {
            assert_eq!(points(set, 1), points(set, 1));
            assert_ne!(points(set, 1), points(set, 2));
        }
    }

    /// Mean and mean square of the coordinates, by hand.
    #[test]
    fn moments_are_those_of_the_shapes() {
        let root = |numbers: &[f64]| numbers.iter().map(|radius| radius * radius).sum::<f64>() / numbers.len() as f64;
        // Mean radius squared; twice the variance of the noise is added where there is noise in both coordinates.
        let cases = [
            (ToySet::Circles, root(&[3.0, 1.5]) + 2.0 * 0.24 * 0.24),
            (ToySet::UnitCircles, root(&[1.0, 0.5]) + 2.0 * 0.06 * 0.06),
            (ToySet::Rings, root(&[3.0, 2.25, 1.5, 0.75]) + 2.0 * 0.08 * 0.08),
            (ToySet::EightGaussians, (16.0 + 0.5) / (1.414 * 1.414)),
            (ToySet::Pinwheel, 4.0 * (1.0 + 0.09 + 0.01)),
            // Both coordinates are uniform on [-4, 4].
            (ToySet::Checkerboard, 2.0 * 16.0 / 3.0),
            // Mean square of an angle that is uniform on [1.5π, 4.5π], and the noise.
            (
                ToySet::SwissRoll,
                ((4.5f64.powi(3) - 1.5f64.powi(3)) / 9.0 * PI * PI + 2.0) / 25.0,
            ),
        ];
        for (set, expected) in cases {
            let squares: Vec<f64> = points(set, 3).iter().map(|[x, y]| x * x + y * y).collect();
            let mean = squares.iter().sum::<f64>() / squares.len() as f64;
            assert!(
                (mean / expected - 1.0).abs() < 0.05,
                "{set:?}: {mean} is not {expected}"
            );
        }
        // Each moon: x is 2 cos - 1 or 1 - 2 cos, on average 0; y is 2 sin - 0.2 or 0.8 - 2 sin, on average 0.3.
        let moons = points(ToySet::Moons, 3);
        let mean = |axis: usize| moons.iter().map(|point| point[axis]).sum::<f64>() / moons.len() as f64;
        assert!(
            mean(0).abs() < 0.1 && (mean(1) - 0.3).abs() < 0.1,
            "{} {}",
            mean(0),
            mean(1)
        );
    }

    #[test]
    fn the_blades_of_a_pinwheel_bend_clockwise() {
        // Turned back by what their radius turned them, blades stand at multiples of 72 degrees.
        let turned_back = |sense: f64| {
            let points = points(ToySet::Pinwheel, 6);
            let angles = points.iter().map(|[x, y]| {
                let radius = x.hypot(*y) / 2.0;
                y.atan2(*x) + sense * 0.25 * radius.exp()
            });
            // The fifth harmonic: 1 where all stand there.
            angles.map(|angle| (5.0 * angle).cos()).sum::<f64>() / points.len() as f64
        };
        assert!(turned_back(1.0) > 0.7, "{}", turned_back(1.0));
        assert!(turned_back(-1.0) < 0.3, "the mirror image: {}", turned_back(-1.0));
    }

    #[test]
    fn points_of_circles_are_near_one_of_them_each_as_often() {
        for (set, radii, noise) in [
            (ToySet::Circles, &[1.5, 3.0][..], 0.24),
            // Those of the authors' release.
            (ToySet::UnitCircles, &[0.5, 1.0], 0.06),
            (ToySet::Rings, &[0.75, 1.5, 2.25, 3.0], 0.08),
        ] {
            let mut counts = vec![0usize; radii.len()];
            for [x, y] in points(set, 7) {
                let distance = |radius: &f64| (x.hypot(y) - radius).abs();
                let nearest =
                    (0..radii.len()).min_by(|&one, &other| distance(&radii[one]).total_cmp(&distance(&radii[other])));
                let nearest = nearest.expect("there are circles");
                assert!(distance(&radii[nearest]) < 5.0 * noise, "{set:?}: {x} {y}");
                counts[nearest] += 1;
            }
            let share = 1.0 / radii.len() as f64;
            for count in counts {
                assert!((count as f64 / 4000.0 - share).abs() < 0.04, "{set:?}: {count}");
            }
        }
    }

    #[test]
    fn points_lie_where_the_shapes_are() {
        for [x, y] in points(ToySet::Checkerboard, 4) {
            let field = ((x / 2.0).floor() + (y / 2.0).floor()).rem_euclid(2.0);
            assert_eq!(field, 0.0, "{x} {y}");
        }
        // The arms are mirror images; at every angle radii of the two differ by half a turn.
        let near_an_arm = |[x, y]: [f64; 2]| {
            let radius = (x * x + y * y).sqrt();
            [1.0, -1.0].iter().any(|side| {
                (-40..=40).any(|shift| {
                    let angle = 3.0 * radius + f64::from(shift) * 0.025;
                    let (sin, cos) = angle.sin_cos();
                    let at = [side * (0.25 - angle * cos) / 3.0, side * (angle * sin + 0.25) / 3.0];
                    (at[0] - x).hypot(at[1] - y) < 0.5
                })
            })
        };
        assert!(
            points(ToySet::TwoSpirals, 4)
                .into_iter()
                .filter(|&point| near_an_arm(point))
                .count()
                > 3960
        );
        for set in ToySet::ALL {
            let outside = points(set, 5)
                .iter()
                .flatten()
                .filter(|value| value.abs() > REACH)
                .count();
            assert!(outside < 40, "{set:?}: {outside} of 8000 coordinates");
        }
    }
}
