//! A model put into the form that motion is computed from.

use super::{
    model::{JointKind, Model},
    vector::Vector,
};

/// No body or joint: the world.
pub(super) const WORLD: usize = usize::MAX;

/// A square matrix over the joints; of a symmetric one only the entries with `row >= column` count.
pub(super) type Matrix<const N: usize> = [[f64; N]; N];

/// The bodies and joints of a mechanism with `N` joints. There are at most as many bodies, since each has a joint.
#[derive(Debug, Clone)]
pub(super) struct Mechanism<const N: usize> {
    /// In the model's order.
    pub(super) bodies: Vec<Link>,
    /// In the model's order.
    pub(super) joints: [Freedom; N],
    /// Acceleration of free fall.
    pub(super) gravity: Vector,
}

/// A body.
#[derive(Debug, Clone)]
pub(super) struct Link {
    pub(super) parent: usize,
    /// Origin in the parent's frame.
    pub(super) offset: Vector,
    /// Turn against the parent.
    pub(super) angle: f64,
    /// Center of mass in its own frame.
    pub(super) center: Vector,
    pub(super) mass: f64,
    pub(super) inertia: f64,
    /// Mass of it and of all that hangs on it.
    pub(super) carried_mass: f64,
    /// Its joints, first and one past the last.
    pub(super) joints: [usize; 2],
}

/// A joint.
#[derive(Debug, Clone, Copy)]
pub(super) struct Freedom {
    pub(super) body: usize,
    /// The joint that moves its body next, on the way to the world.
    pub(super) parent: usize,
    /// Direction of a slide in the body's frame; zero for a hinge.
    pub(super) slide: Vector,
    /// Sense of a hinge, ±1; zero for a slide.
    pub(super) turn: f64,
    /// Where a hinge sits, in the body's frame.
    pub(super) anchor: Vector,
    pub(super) rest: f64,
    pub(super) stiffness: f64,
    pub(super) spring_rest: f64,
    pub(super) damping: f64,
    pub(super) armature: f64,
}

impl<const N: usize> Mechanism<N> {
    /// The mechanism of a checked model with `N` joints.
    pub(super) fn new(model: &Model) -> Self {
        let mut mechanism = Self {
            bodies: (0..model.bodies.len()).map(|body| Link::new(model, body)).collect(),
            joints: std::array::from_fn(|joint| Freedom::new(model, joint)),
            gravity: Vector::from([model.gravity_x, model.gravity_z]),
        };
        for body in (0..mechanism.bodies.len()).rev() {
            let Link {
                parent, carried_mass, ..
            } = mechanism.bodies[body];
            if parent != WORLD {
                mechanism.bodies[parent].carried_mass += carried_mass;
            }
        }
        for joint in 0..N {
            let body = mechanism.joints[joint].body;
            mechanism.joints[joint].parent = if joint > mechanism.bodies[body].joints[0] {
                joint - 1
            } else {
                mechanism.last_joint(mechanism.bodies[body].parent)
            };
        }
        mechanism
    }

    /// The joint that moves a body itself, from which a walk along parents finds all others that move it.
    pub(super) fn last_joint(&self, body: usize) -> usize {
        match self.bodies.get(body) {
            Some(link) => link.joints[1] - 1,
            None => WORLD,
        }
    }

    /// Force of the motors' springs and dampers.
    pub(super) fn passive_force(&self, positions: &[f64; N], velocities: &[f64; N]) -> [f64; N] {
        std::array::from_fn(|index| {
            let joint = &self.joints[index];
            -joint.damping * velocities[index] - joint.stiffness * (positions[index] - joint.spring_rest)
        })
    }
}

impl Link {
    fn new(model: &Model, index: usize) -> Self {
        let body = &model.bodies[index];
        let first = model.joints.partition_point(|joint| joint.body < index);
        let end = model.joints.partition_point(|joint| joint.body <= index);
        Self {
            parent: usize::try_from(body.parent).unwrap_or(WORLD),
            offset: body.position.into(),
            angle: body.angle,
            center: body.center.into(),
            mass: body.mass,
            inertia: body.inertia,
            carried_mass: body.mass,
            joints: [first, end],
        }
    }
}

impl Freedom {
    fn new(model: &Model, index: usize) -> Self {
        let joint = &model.joints[index];
        let [x, sense, z] = joint.axis;
        let (slide, turn) = match joint.kind {
            JointKind::Slide => (Vector { x, z } * x.hypot(z).recip(), 0.0),
            JointKind::Hinge => (Vector::ZERO, sense),
        };
        Self {
            body: joint.body,
            parent: WORLD,
            slide,
            turn,
            anchor: joint.anchor.into(),
            rest: model.rest[index],
            stiffness: joint.stiffness,
            spring_rest: joint.spring_rest,
            damping: joint.damping,
            armature: joint.armature,
        }
    }
}
