//! What joints and shapes must not do, as soft constraints of the acceleration.
//!
//! Every constraint is one or more rows: a direction `J` in which the joints accelerate, the acceleration `target` that
//! is asked for at least, and a `stiffness`. Acceleration `a` costs `½ stiffness · min(0, J·a - target)²`.

use super::{
    contact::{Pair, Touch, pairs},
    factor::dot,
    mechanism::{Matrix, Mechanism, WORLD},
    model::Model,
    pose::Pose,
    softness::Softness,
};

/// The limits and shapes of a mechanism, and those constraints of them that may act now.
#[derive(Debug, Clone)]
pub(super) struct Constraints<const N: usize> {
    ranges: Vec<Range>,
    pairs: Vec<Pair>,
    pub(super) limits: Vec<Limit>,
    pub(super) contacts: Vec<Contact<N>>,
}

/// The range of a joint.
#[derive(Debug, Clone)]
struct Range {
    joint: usize,
    range: [f64; 2],
    margin: f64,
    softness: Softness,
    inverse_weight: f64,
}

/// One end of a joint's range: one row, `J` = `sign` at the joint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limit {
    pub(super) joint: usize,
    pub(super) sign: f64,
    pub(super) target: f64,
    pub(super) stiffness: f64,
}

/// A contact: rows `normal + friction · tangent` and `normal - friction · tangent`, and `normal`, which stands for the
/// two out of the plane.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contact<const N: usize> {
    pub(super) normal: [f64; N],
    pub(super) tangent: [f64; N],
    pub(super) friction: f64,
    /// Targets along the normal, and (per unit of friction) along the tangent.
    pub(super) target: [f64; 2],
    /// Stiffness of the rows along the normal, and of each oblique one.
    pub(super) stiffness: [f64; 2],
}

/// Acceleration along a contact's normal and tangent beyond what is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Residual {
    pub(super) normal: f64,
    /// Times the friction.
    pub(super) tangent: f64,
}

impl<const N: usize> Constraints<N> {
    /// Of a checked model.
    pub(super) fn new(model: &Model) -> Self {
        let limited = model.joints.iter().enumerate().filter(|(_, joint)| joint.limited);
        let ranges: Vec<Range> = limited
            .map(|(index, joint)| Range {
                joint: index,
                range: joint.range,
                margin: joint.margin,
                softness: Softness::new(&joint.solref, &joint.solimp, model.timestep),
                inverse_weight: joint.inverse_weight,
            })
            .collect();
        let pairs = pairs(model);
        // As large as they can become, so that no step allocates.
        Self {
            limits: Vec::with_capacity(2 * ranges.len()),
            contacts: Vec::with_capacity(Pair::MOST_TOUCHES * pairs.len()),
            ranges,
            pairs,
        }
    }

    /// Whether nothing is near enough to act.
    pub(super) fn is_empty(&self) -> bool {
        self.limits.is_empty() && self.contacts.is_empty()
    }

    /// Finds the constraints that may act.
    pub(super) fn find(
        &mut self,
        mechanism: &Mechanism<N>,
        pose: &Pose<N>,
        positions: &[f64; N],
        velocities: &[f64; N],
    ) {
        self.limits.clear();
        for range in &self.ranges {
            let (position, velocity) = (positions[range.joint], velocities[range.joint]);
            for (sign, distance) in [(1.0, position - range.range[0]), (-1.0, range.range[1] - position)] {
                if distance < range.margin {
                    self.limits.push(range.limit(sign, distance - range.margin, velocity));
                }
            }
        }
        self.contacts.clear();
        for pair in &self.pairs {
            pair.touches(pose, |touch| {
                self.contacts
                    .push(Contact::new(mechanism, pose, pair, &touch, velocities));
            });
        }
    }

    /// Force that the constraints exert on the joints at an acceleration.
    pub(super) fn force(&self, acceleration: &[f64; N]) -> [f64; N] {
        let mut force = [0.0; N];
        for limit in &self.limits {
            let residual = limit.residual(acceleration);
            force[limit.joint] -= limit.sign * limit.stiffness * residual.min(0.0);
        }
        for contact in &self.contacts {
            let [along, across] = contact.force(contact.residual(acceleration));
            for (index, force) in force.iter_mut().enumerate() {
                *force += along * contact.normal[index] + across * contact.tangent[index];
            }
        }
        force
    }
}

impl Range {
    /// `depth` is the distance from where the limit begins to be felt.
    fn limit(&self, sign: f64, depth: f64, velocity: f64) -> Limit {
        let reaction = self.softness.reaction(depth);
        Limit {
            joint: self.joint,
            sign,
            target: reaction.pull - reaction.damping * (sign * velocity),
            stiffness: stiffness(reaction.impedance, self.inverse_weight),
        }
    }
}

impl Limit {
    pub(super) fn residual<const N: usize>(&self, acceleration: &[f64; N]) -> f64 {
        self.sign * acceleration[self.joint] - self.target
    }
}

impl<const N: usize> Contact<N> {
    fn new(mechanism: &Mechanism<N>, pose: &Pose<N>, pair: &Pair, touch: &Touch, velocities: &[f64; N]) -> Self {
        let (mut normal, mut tangent) = ([0.0; N], [0.0; N]);
        let along = touch.normal.turned();
        for (body, sign) in [(pair.bodies[0], -1.0), (pair.bodies[1], 1.0)] {
            let mut joint = mechanism.last_joint(body);
            while joint != WORLD {
                let motion = pose.motion(joint, touch.point);
                normal[joint] += sign * motion.dot(touch.normal);
                tangent[joint] += sign * motion.dot(along);
                joint = mechanism.joints[joint].parent;
            }
        }
        let reaction = pair.softness.reaction(touch.distance - pair.margin);
        let friction = pair.friction;
        // The rows of a pyramid share what one row along the normal would bear.
        let weight = pair.inverse_weight * (1.0 + friction * friction);
        let whole = stiffness(reaction.impedance, weight);
        let stiffness = if friction == 0.0 {
            [whole, 0.0]
        } else {
            let row = whole / (2.0 * friction * friction);
            [2.0 * row, row]
        };
        Self {
            friction,
            target: [
                reaction.pull - reaction.damping * dot(&normal, velocities),
                -reaction.damping * dot(&tangent, velocities),
            ],
            stiffness,
            normal,
            tangent,
        }
    }

    pub(super) fn residual(&self, acceleration: &[f64; N]) -> Residual {
        Residual {
            normal: dot(&self.normal, acceleration) - self.target[0],
            tangent: self.friction * (dot(&self.tangent, acceleration) - self.target[1]),
        }
    }

    /// Force along the normal and the tangent.
    fn force(&self, residual: Residual) -> [f64; 2] {
        let [straight, plus, minus] = residual.rows().map(|row| row.min(0.0));
        let [whole, oblique] = self.stiffness;
        [
            -(whole * straight + oblique * (plus + minus)),
            -(self.friction * oblique * (plus - minus)),
        ]
    }

    /// Adds `Σ stiffness · J Jᵀ` and `Σ stiffness · J target` over the rows that act.
    pub(super) fn add(&self, acting: [bool; 3], matrix: &mut Matrix<N>, right: &mut [f64; N]) {
        let [straight, plus, minus] = acting.map(|acts| if acts { 1.0 } else { 0.0 });
        let [whole, oblique] = self.stiffness;
        let both = whole * straight + oblique * (plus + minus);
        let mixed = self.friction * oblique * (plus - minus);
        let across = self.friction * self.friction * oblique * (plus + minus);
        let target_normal = both * self.target[0] + mixed * self.target[1];
        let target_tangent = mixed * self.target[0] + across * self.target[1];
        for row in 0..N {
            let (normal, tangent) = (self.normal[row], self.tangent[row]);
            right[row] += target_normal * normal + target_tangent * tangent;
            let (normal, tangent) = (both * normal + mixed * tangent, mixed * normal + across * tangent);
            let columns = self.normal.iter().zip(&self.tangent);
            for (entry, (along, sideways)) in matrix[row][..=row].iter_mut().zip(columns) {
                *entry += normal * along + tangent * sideways;
            }
        }
    }
}

impl Residual {
    /// Of the row along the normal and of both oblique ones.
    pub(super) fn rows(self) -> [f64; 3] {
        [self.normal, self.normal + self.tangent, self.normal - self.tangent]
    }
}

fn stiffness(impedance: f64, inverse_weight: f64) -> f64 {
    impedance / ((1.0 - impedance) * inverse_weight)
}
