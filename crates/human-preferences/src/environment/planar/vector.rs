//! Vectors and turns of the vertical plane, x to the right and z up.

use std::ops::{Add, AddAssign, Mul, Sub};

/// A vector of the plane.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Vector {
    pub(super) x: f64,
    pub(super) z: f64,
}

/// A turn about the axis that points into the picture (+y of a right-handed x, y, z).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rotation {
    cosine: f64,
    sine: f64,
}

impl Vector {
    pub(super) const ZERO: Self = Self { x: 0.0, z: 0.0 };

    pub(super) fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.z * other.z
    }

    /// Velocity of the point that lies here from the axis of a turn at one radian per second.
    pub(super) fn turned(self) -> Self {
        Self { x: self.z, z: -self.x }
    }

    pub(super) fn length(self) -> f64 {
        self.x.hypot(self.z)
    }
}

impl From<[f64; 2]> for Vector {
    fn from([x, z]: [f64; 2]) -> Self {
        Self { x, z }
    }
}

impl From<Vector> for [f64; 2] {
    fn from(vector: Vector) -> Self {
        [vector.x, vector.z]
    }
}

impl Add for Vector {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            x: self.x + other.x,
            z: self.z + other.z,
        }
    }
}

impl AddAssign for Vector {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Vector {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            x: self.x - other.x,
            z: self.z - other.z,
        }
    }
}

impl Mul<f64> for Vector {
    type Output = Self;

    fn mul(self, factor: f64) -> Self {
        Self {
            x: self.x * factor,
            z: self.z * factor,
        }
    }
}

impl Rotation {
    pub(super) const NONE: Self = Self { cosine: 1.0, sine: 0.0 };

    pub(super) fn by(angle: f64) -> Self {
        let (sine, cosine) = angle.sin_cos();
        Self { cosine, sine }
    }

    pub(super) fn apply(self, vector: Vector) -> Vector {
        Vector {
            x: self.cosine * vector.x + self.sine * vector.z,
            z: self.cosine * vector.z - self.sine * vector.x,
        }
    }
}
