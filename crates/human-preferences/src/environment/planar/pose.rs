//! Where bodies are, how heavily they move, and what pulls at them.

#![expect(
    clippy::needless_range_loop,
    reason = "a joint's number is its place in several lists at once"
)]

use super::{
    mechanism::{Matrix, Mechanism, WORLD},
    vector::{Rotation, Vector},
};

/// Places of all bodies and joints for given positions of the joints.
#[derive(Debug, Clone)]
pub(super) struct Pose<const N: usize> {
    /// Per body: turn against the world.
    rotation: [Rotation; N],
    /// Per body: origin.
    origin: [Vector; N],
    /// Per body: center of mass.
    center: [Vector; N],
    /// Per joint: direction of a slide; zero for a hinge.
    slide: [Vector; N],
    /// Per joint: sense of a hinge; zero for a slide.
    turn: [f64; N],
    /// Per joint: where a hinge sits.
    anchor: [Vector; N],
}

impl<const N: usize> Pose<N> {
    pub(super) fn new(mechanism: &Mechanism<N>, positions: &[f64; N]) -> Self {
        let mut pose = Self {
            rotation: [Rotation::NONE; N],
            origin: [Vector::ZERO; N],
            center: [Vector::ZERO; N],
            slide: [Vector::ZERO; N],
            turn: std::array::from_fn(|joint| mechanism.joints[joint].turn),
            anchor: [Vector::ZERO; N],
        };
        pose.place(mechanism, positions);
        pose
    }

    /// Walks from the world outwards.
    pub(super) fn place(&mut self, mechanism: &Mechanism<N>, positions: &[f64; N]) {
        let mut angles = [0.0; N];
        for (index, body) in mechanism.bodies.iter().enumerate() {
            let (mut origin, mut rotation, mut angle) = match body.parent {
                WORLD => (body.offset, Rotation::NONE, 0.0),
                parent => (
                    self.origin[parent] + self.rotation[parent].apply(body.offset),
                    self.rotation[parent],
                    angles[parent],
                ),
            };
            if body.angle != 0.0 {
                angle += body.angle;
                rotation = Rotation::by(angle);
            }
            for joint in body.joints[0]..body.joints[1] {
                let freedom = &mechanism.joints[joint];
                let moved = positions[joint] - freedom.rest;
                if freedom.turn == 0.0 {
                    self.slide[joint] = rotation.apply(freedom.slide);
                    origin += self.slide[joint] * moved;
                } else {
                    let anchor = origin + rotation.apply(freedom.anchor);
                    angle += freedom.turn * moved;
                    rotation = Rotation::by(angle);
                    origin = anchor - rotation.apply(freedom.anchor);
                    self.anchor[joint] = anchor;
                }
            }
            angles[index] = angle;
            self.rotation[index] = rotation;
            self.origin[index] = origin;
            self.center[index] = origin + rotation.apply(body.center);
        }
    }

    /// Where a point of a body's frame is in the world.
    pub(super) fn point(&self, body: usize, local: Vector) -> Vector {
        match body {
            WORLD => local,
            body => self.origin[body] + self.rotation[body].apply(local),
        }
    }

    /// The world's direction of one of a body's frame.
    pub(super) fn direction(&self, body: usize, local: Vector) -> Vector {
        match body {
            WORLD => local,
            body => self.rotation[body].apply(local),
        }
    }

    /// Velocity of a point that the joint moves, per velocity of the joint.
    pub(super) fn motion(&self, joint: usize, point: Vector) -> Vector {
        self.slide[joint] + (point - self.anchor[joint]).turned() * self.turn[joint]
    }

    /// Inertia of the joints against each other.
    ///
    /// What hangs on a joint moves as one body with that body's mass, center and moment of inertia (composite rigid
    /// bodies), so that each pair of joints costs a few products.
    pub(super) fn mass_matrix(&self, mechanism: &Mechanism<N>, matrix: &mut Matrix<N>) {
        // Moments are about one point near by: far from the world's origin they would lose digits.
        let near = self.center[0];
        let mut first = [Vector::ZERO; N];
        let mut second = [0.0; N];
        for (index, body) in mechanism.bodies.iter().enumerate().rev() {
            let arm = self.center[index] - near;
            first[index] += arm * body.mass;
            second[index] += body.inertia + body.mass * arm.dot(arm);
            if body.parent != WORLD {
                let (carried, turning) = (first[index], second[index]);
                first[body.parent] += carried;
                second[body.parent] += turning;
            }
        }
        for row in 0..N {
            let freedom = &mechanism.joints[row];
            let mass = mechanism.bodies[freedom.body].carried_mass;
            let arm = first[freedom.body] * mass.recip();
            let center = near + arm;
            let momentum = self.motion(row, center) * mass;
            let spin = self.turn[row] * (second[freedom.body] - mass * arm.dot(arm));
            let mut column = row;
            while column != WORLD {
                matrix[row][column] = momentum.dot(self.motion(column, center)) + spin * self.turn[column];
                column = mechanism.joints[column].parent;
            }
            matrix[row][row] += freedom.armature;
        }
    }

    /// Forces that the joints must exert for no acceleration: against gravity and against turning frames.
    pub(super) fn bias(&self, mechanism: &Mechanism<N>, velocities: &[f64; N]) -> [f64; N] {
        let near = self.center[0];
        let mut frames = [Frame::STILL; N];
        let mut force = [Vector::ZERO; N];
        let mut moment = [0.0; N];
        for (index, body) in mechanism.bodies.iter().enumerate() {
            let mut frame = match body.parent {
                WORLD => Frame::STILL,
                parent => frames[parent],
            };
            for joint in body.joints[0]..body.joints[1] {
                frame = self.across(frame, joint, velocities[joint]);
            }
            frames[index] = frame;
            let center = self.center[index];
            force[index] = (frame.acceleration_at(center) - mechanism.gravity) * body.mass;
            moment[index] = (center - near).turned().dot(force[index]);
        }
        for (index, body) in mechanism.bodies.iter().enumerate().rev() {
            if body.parent != WORLD {
                let (pull, turning) = (force[index], moment[index]);
                force[body.parent] += pull;
                moment[body.parent] += turning;
            }
        }
        std::array::from_fn(|joint| {
            let body = mechanism.joints[joint].body;
            let turning = moment[body] - (self.anchor[joint] - near).turned().dot(force[body]);
            self.slide[joint].dot(force[body]) + self.turn[joint] * turning
        })
    }

    /// The frame on a joint's far side.
    fn across(&self, frame: Frame, joint: usize, velocity: f64) -> Frame {
        if self.turn[joint] == 0.0 {
            let coriolis = self.slide[joint].turned() * (2.0 * frame.spin * velocity);
            return Frame {
                acceleration: frame.acceleration + coriolis,
                ..frame
            };
        }
        Frame {
            point: self.anchor[joint],
            acceleration: frame.acceleration_at(self.anchor[joint]),
            spin: frame.spin + self.turn[joint] * velocity,
        }
    }

    /// Energy of height.
    pub(super) fn potential(&self, mechanism: &Mechanism<N>) -> f64 {
        let bodies = mechanism.bodies.iter().zip(&self.center);
        bodies
            .map(|(body, center)| -body.mass * center.dot(mechanism.gravity))
            .sum()
    }
}

/// Motion of a body's frame while no joint accelerates.
#[derive(Debug, Clone, Copy)]
struct Frame {
    /// A point that moves with it.
    point: Vector,
    /// The point's acceleration.
    acceleration: Vector,
    /// Angular velocity.
    spin: f64,
}

impl Frame {
    const STILL: Self = Self {
        point: Vector::ZERO,
        acceleration: Vector::ZERO,
        spin: 0.0,
    };

    fn acceleration_at(&self, point: Vector) -> Vector {
        self.acceleration - (point - self.point) * (self.spin * self.spin)
    }
}
