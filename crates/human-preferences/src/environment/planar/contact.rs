//! Where shapes touch.

use super::{
    mechanism::WORLD,
    model::{Geom, GeomKind, Model},
    pose::Pose,
    softness::Softness,
    vector::Vector,
};

/// Two shapes that may touch, and what happens when they do.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    shapes: Shapes,
    /// The bodies of both, the first of which is pushed against the normal.
    pub(super) bodies: [usize; 2],
    /// Distance at which the touch begins to be felt.
    pub(super) margin: f64,
    /// Coefficient of friction; zero where there is none.
    pub(super) friction: f64,
    pub(super) softness: Softness,
    /// How easily both bodies are moved.
    pub(super) inverse_weight: f64,
}

#[derive(Debug, Clone)]
enum Shapes {
    /// A plane through a point with a normal, and both ends of a capsule.
    Floor {
        point: Vector,
        normal: Vector,
        ends: [Vector; 2],
        radius: f64,
    },
    /// Two capsules, which cannot touch where their centers are farther apart than `reach`.
    Capsules { capsules: [Capsule; 2], reach: f64 },
}

/// A capsule in its body's frame.
#[derive(Debug, Clone, Copy)]
struct Capsule {
    center: Vector,
    /// From the center to one end.
    half: Vector,
    radius: f64,
}

/// A place where two shapes touch, or soon will.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touch {
    /// Between both surfaces.
    pub(super) point: Vector,
    /// Direction in which the second body is pushed.
    pub(super) normal: Vector,
    /// Between the surfaces, negative where they overlap.
    pub(super) distance: f64,
}

/// All pairs of a checked model's shapes that can touch, in the model's order.
pub(super) fn pairs(model: &Model) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (index, first) in model.geoms.iter().enumerate() {
        for second in &model.geoms[index + 1..] {
            if collide(model, first, second) {
                pairs.extend(Pair::new(model, first, second));
            }
        }
    }
    pairs
}

/// MuJoCo's rule: their groups meet, and they are not parts of one body nor of parent and child; the world is no parent.
fn collide(model: &Model, first: &Geom, second: &Geom) -> bool {
    let groups = first.contype & second.conaffinity | second.contype & first.conaffinity;
    let hangs = |child: &Geom, parent: &Geom| {
        let above = usize::try_from(child.body).map(|body| model.bodies[body].parent);
        parent.body >= 0 && above == Ok(parent.body)
    };
    groups != 0 && first.body != second.body && !hangs(first, second) && !hangs(second, first)
}

impl Pair {
    fn new(model: &Model, first: &Geom, second: &Geom) -> Option<Self> {
        let (shapes, [first, second]) = match (first.kind, second.kind) {
            (GeomKind::Plane, GeomKind::Plane) => return None,
            (GeomKind::Capsule, GeomKind::Plane) => (Shapes::floor(second, first), [second, first]),
            (GeomKind::Plane, GeomKind::Capsule) => (Shapes::floor(first, second), [first, second]),
            (GeomKind::Capsule, GeomKind::Capsule) => (Shapes::capsules(first, second), [first, second]),
        };
        let body = |geom: &Geom| usize::try_from(geom.body).unwrap_or(WORLD);
        let bodies = [body(first), body(second)];
        let weight = |body: usize| model.bodies.get(body).map_or(0.0, |body| body.inverse_weight);
        let mean = |first: f64, second: f64| 0.5 * (first + second);
        Some(Self {
            shapes,
            bodies,
            margin: first.margin + second.margin,
            friction: match first.condim.max(second.condim) {
                1 => 0.0,
                _ => first.friction.max(second.friction),
            },
            softness: Softness::new(
                &std::array::from_fn(|index| mean(first.solref[index], second.solref[index])),
                &std::array::from_fn(|index| mean(first.solimp[index], second.solimp[index])),
                model.timestep,
            ),
            inverse_weight: weight(bodies[0]) + weight(bodies[1]),
        })
    }

    /// Calls `touch` with every place where both are nearer than the margin.
    pub(super) fn touches<const N: usize>(&self, pose: &Pose<N>, mut touch: impl FnMut(Touch)) {
        match &self.shapes {
            Shapes::Floor {
                point,
                normal,
                ends,
                radius,
            } => {
                for &end in ends {
                    let center = pose.point(self.bodies[1], end);
                    let distance = (center - *point).dot(*normal) - radius;
                    if distance < self.margin {
                        touch(Touch {
                            point: center - *normal * (radius + 0.5 * distance),
                            normal: *normal,
                            distance,
                        });
                    }
                }
            }
            Shapes::Capsules { capsules, reach } => {
                let [first, second] = [0, 1].map(|index| capsules[index].placed(pose, self.bodies[index]));
                let apart = second.center - first.center;
                if apart.dot(apart) > reach * reach {
                    return;
                }
                first.touches(&second, |found| {
                    if found.distance < self.margin {
                        touch(found);
                    }
                });
            }
        }
    }

    /// Most places at which both can touch.
    pub(super) const MOST_TOUCHES: usize = 2;
}

impl Shapes {
    fn floor(plane: &Geom, capsule: &Geom) -> Self {
        let Capsule { center, half, radius } = Capsule::new(capsule);
        Self::Floor {
            point: plane.position.into(),
            normal: plane.axis.into(),
            ends: [center + half, center - half],
            radius,
        }
    }

    fn capsules(first: &Geom, second: &Geom) -> Self {
        let reach = |geom: &Geom| geom.half + geom.radius + geom.margin;
        Self::Capsules {
            capsules: [Capsule::new(first), Capsule::new(second)],
            // A little more, for axes that are unit vectors only nearly.
            reach: 1.0001 * (reach(first) + reach(second)),
        }
    }
}

impl Capsule {
    fn new(geom: &Geom) -> Self {
        Self {
            center: geom.position.into(),
            half: Vector::from(geom.axis) * geom.half,
            radius: geom.radius,
        }
    }

    fn placed<const N: usize>(&self, pose: &Pose<N>, body: usize) -> Self {
        Self {
            center: pose.point(body, self.center),
            half: pose.direction(body, self.half),
            radius: self.radius,
        }
    }

    /// The point at `share` of the way from the center to the end.
    fn at(&self, share: f64) -> Vector {
        self.center + self.half * share
    }

    /// One touch at the closest points; up to two where the capsules are parallel.
    fn touches(&self, other: &Self, mut touch: impl FnMut(Touch)) {
        let between = self.center - other.center;
        let (along, across, along_other) = (
            self.half.dot(self.half),
            -self.half.dot(other.half),
            other.half.dot(other.half),
        );
        let (here, there) = (-self.half.dot(between), other.half.dot(between));
        let determinant = along * along_other - across * across;
        if determinant.abs() < SMALLEST {
            return self.touches_parallel(other, touch);
        }
        let clamped = |share: f64| share.clamp(-1.0, 1.0);
        // Of the infinite lines, then held within the segments, first one's, then the other's.
        let mut share = clamped((along_other * here - across * there) / determinant);
        let mut share_other = (there - across * share) / along_other;
        if share_other.abs() > 1.0 {
            share_other = clamped(share_other);
            share = clamped((here - across * share_other) / along);
        }
        touch(self.between(other, share, share_other));
    }

    fn touches_parallel(&self, other: &Self, mut touch: impl FnMut(Touch)) {
        let nearest = |capsule: &Self, point: Vector| {
            let squared = capsule.half.dot(capsule.half);
            capsule.half.dot(point - capsule.center) / squared.max(SMALLEST)
        };
        let mut found = 0;
        for share in [1.0, -1.0] {
            let beside = nearest(other, self.at(share));
            if beside.abs() <= 1.0 {
                touch(self.between(other, share, beside));
                found += 1;
            }
        }
        for share_other in [1.0, -1.0] {
            let beside = nearest(self, other.at(share_other));
            if beside.abs() < 1.0 && found < Pair::MOST_TOUCHES {
                touch(self.between(other, beside, share_other));
                found += 1;
            }
        }
        if found == 0 {
            // One lies beyond the other's end: end against end.
            let share = nearest(self, other.center).clamp(-1.0, 1.0);
            let share_other = nearest(other, self.center).clamp(-1.0, 1.0);
            touch(self.between(other, share, share_other));
        }
    }

    fn between(&self, other: &Self, share: f64, share_other: f64) -> Touch {
        let (from, to) = (self.at(share), other.at(share_other));
        let apart = to - from;
        let length = apart.length();
        // Where the segments cross there is no direction between them.
        let normal = if length < SMALLEST {
            Vector { x: 1.0, z: 0.0 }
        } else {
            apart * length.recip()
        };
        let distance = length - self.radius - other.radius;
        Touch {
            point: from + normal * (self.radius + 0.5 * distance),
            normal,
            distance,
        }
    }
}

/// What MuJoCo takes for zero.
const SMALLEST: f64 = 1e-15;

#[cfg(test)]
mod tests {
    use super::*;

    fn capsule(center: [f64; 2], half: [f64; 2]) -> Capsule {
        Capsule {
            center: center.into(),
            half: half.into(),
            radius: 0.1,
        }
    }

    fn touches(first: &Capsule, second: &Capsule) -> Vec<Touch> {
        let mut touches = Vec::new();
        first.touches(second, |touch| touches.push(touch));
        touches
    }

    #[test]
    fn an_end_above_a_lying_capsule_touches_it_from_above() {
        let lying = capsule([0.0, 0.0], [1.0, 0.0]);
        let standing = capsule([0.5, 1.0], [0.0, 0.85]);
        let [touch] = touches(&lying, &standing)[..] else {
            panic!("not one touch");
        };
        // The lower end is at z = 0.15, less two radii of 0.1.
        assert!((touch.distance + 0.05).abs() < 1e-15);
        assert_eq!(touch.normal, Vector { x: 0.0, z: 1.0 });
        assert!((touch.point.z - 0.075).abs() < 1e-15 && (touch.point.x - 0.5).abs() < 1e-15);
    }

    #[test]
    fn ends_beyond_both_segments_touch_end_to_end() {
        let lying = capsule([0.0, 0.0], [1.0, 0.0]);
        let standing = capsule([1.3, 1.4], [0.0, 1.0]);
        let [touch] = touches(&lying, &standing)[..] else {
            panic!("not one touch");
        };
        // From (1, 0) to (1.3, 0.4): half a meter apart.
        assert!((touch.distance - 0.3).abs() < 1e-15);
    }

    #[test]
    fn parallel_capsules_touch_at_both_ends_of_what_they_share() {
        let lower = capsule([0.0, 0.0], [1.0, 0.0]);
        let upper = capsule([0.5, 0.15], [1.0, 0.0]);
        let touches = touches(&lower, &upper);
        let mut along: Vec<f64> = touches.iter().map(|touch| touch.point.x).collect();
        along.sort_by(f64::total_cmp);
        assert_eq!(along, [-0.5, 1.0]);
        assert!(touches.iter().all(|touch| (touch.distance + 0.05).abs() < 1e-15));
    }

    #[test]
    fn parallel_capsules_in_a_row_touch_once() {
        let left = capsule([0.0, 0.0], [1.0, 0.0]);
        let right = capsule([2.1, 0.0], [-1.0, 0.0]);
        let [touch] = touches(&left, &right)[..] else {
            panic!("not one touch");
        };
        assert!((touch.distance + 0.1).abs() < 1e-12);
    }
}
