//! The acceleration under soft constraints.
//!
//! It minimizes `½ (a - a₀)ᵀ M (a - a₀) + Σ ½ stiffness · min(0, J·a - target)²`, a₀ being the acceleration without
//! constraints: a convex function, quadratic as long as the same rows act. Newton's method therefore ends exactly once it
//! has found the rows that act, and mostly the last step's acceleration tells them.

use super::{
    constraint::Constraints,
    factor::{Factor, dot, times},
    mechanism::Matrix,
};

const MOST_ITERATIONS: usize = 50;
const MOST_SEARCHES: usize = 50;
/// A change of the acceleration, relative to its size, that is rounding.
const ROUNDING: f64 = 1e-14;

/// What the solver keeps from one solution to the next, so that none allocates.
#[derive(Debug, Clone, Default)]
pub(super) struct Solver {
    /// Which limits act, and which rows of which contacts.
    limits: Vec<bool>,
    contacts: Vec<[bool; 3]>,
    /// Rows along the line that is searched.
    line: Vec<LineRow>,
}

/// A row along a line: its residual is `residual + slope · t`.
#[derive(Debug, Clone, Copy)]
struct LineRow {
    residual: f64,
    slope: f64,
    stiffness: f64,
}

impl Solver {
    /// Room for the constraints.
    pub(super) fn new<const N: usize>(constraints: &Constraints<N>) -> Self {
        let (limits, contacts) = (constraints.limits.capacity(), constraints.contacts.capacity());
        Self {
            limits: Vec::with_capacity(limits),
            contacts: Vec::with_capacity(contacts),
            line: Vec::with_capacity(limits + 3 * contacts),
        }
    }

    /// Replaces `acceleration`, from which it starts, by the one that `force` leads to.
    pub(super) fn solve<const N: usize>(
        &mut self,
        mass: &Matrix<N>,
        force: &[f64; N],
        constraints: &Constraints<N>,
        acceleration: &mut [f64; N],
    ) {
        if constraints.is_empty() {
            *acceleration = Factor::new(mass).solve(force);
            return;
        }
        self.find_acting(constraints, acceleration);
        for _ in 0..MOST_ITERATIONS {
            let next = self.minimum(mass, force, constraints);
            if self.same_act(constraints, &next) {
                *acceleration = next;
                return;
            }
            let step: [f64; N] = std::array::from_fn(|index| next[index] - acceleration[index]);
            let largest = |values: &[f64; N]| values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
            if largest(&step) <= ROUNDING * largest(&next) {
                *acceleration = next;
                return;
            }
            let length = self.search(mass, force, constraints, acceleration, &step);
            for (acceleration, step) in acceleration.iter_mut().zip(step) {
                *acceleration += length * step;
            }
            self.find_acting(constraints, acceleration);
        }
    }

    /// The rows that act at an acceleration.
    fn find_acting<const N: usize>(&mut self, constraints: &Constraints<N>, acceleration: &[f64; N]) {
        self.limits.clear();
        let limits = constraints.limits.iter();
        self.limits
            .extend(limits.map(|limit| limit.residual(acceleration) < 0.0));
        self.contacts.clear();
        let contacts = constraints.contacts.iter();
        self.contacts
            .extend(contacts.map(|contact| contact.residual(acceleration).rows().map(|row| row < 0.0)));
    }

    fn same_act<const N: usize>(&self, constraints: &Constraints<N>, acceleration: &[f64; N]) -> bool {
        let limits = constraints.limits.iter().zip(&self.limits);
        let contacts = constraints.contacts.iter().zip(&self.contacts);
        limits
            .map(|(limit, acts)| (limit.residual(acceleration) < 0.0) == *acts)
            .chain(
                contacts.map(|(contact, acting)| contact.residual(acceleration).rows().map(|row| row < 0.0) == *acting),
            )
            .all(|same| same)
    }

    /// The minimum, if just the rows that act now did.
    fn minimum<const N: usize>(&self, mass: &Matrix<N>, force: &[f64; N], constraints: &Constraints<N>) -> [f64; N] {
        let (mut matrix, mut right) = (*mass, *force);
        for (limit, acts) in constraints.limits.iter().zip(&self.limits) {
            if *acts {
                matrix[limit.joint][limit.joint] += limit.stiffness;
                right[limit.joint] += limit.sign * limit.stiffness * limit.target;
            }
        }
        for (contact, acting) in constraints.contacts.iter().zip(&self.contacts) {
            if *acting != [false; 3] {
                contact.add(*acting, &mut matrix, &mut right);
            }
        }
        Factor::new(&matrix).solve(&right)
    }

    /// How far to go along `step`: to where the cost is least, the zero of a rising broken line.
    fn search<const N: usize>(
        &mut self,
        mass: &Matrix<N>,
        force: &[f64; N],
        constraints: &Constraints<N>,
        start: &[f64; N],
        step: &[f64; N],
    ) -> f64 {
        self.line.clear();
        for limit in &constraints.limits {
            self.line.push(LineRow {
                residual: limit.residual(start),
                slope: limit.sign * step[limit.joint],
                stiffness: limit.stiffness,
            });
        }
        for contact in &constraints.contacts {
            let (normal, tangent) = (
                dot(&contact.normal, step),
                contact.friction * dot(&contact.tangent, step),
            );
            let slopes = [normal, normal + tangent, normal - tangent];
            let [whole, oblique] = contact.stiffness;
            let rows = contact.residual(start).rows().into_iter().zip(slopes);
            self.line.extend(
                rows.zip([whole, oblique, oblique])
                    .map(|((residual, slope), stiffness)| LineRow {
                        residual,
                        slope,
                        stiffness,
                    }),
            );
        }
        let momentum = times(mass, step);
        let smooth = [dot(&momentum, start) - dot(force, step), dot(&momentum, step)];
        self.zero(smooth)
    }

    /// The zero of the cost's derivative along the line, of which `smooth` is the part that no row bends.
    fn zero(&self, smooth: [f64; 2]) -> f64 {
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let mut at = 1.0;
        for _ in 0..MOST_SEARCHES {
            let [value, slope] = self.derivative(smooth, at);
            if value < 0.0 {
                low = at;
            } else {
                high = at;
            }
            // Newton's step is exact where no bend lies between; the bracket keeps it from running away.
            let mut next = at - value / slope;
            if !(low..=high).contains(&next) {
                next = if high.is_finite() {
                    0.5 * (low + high)
                } else {
                    2.0 * low
                };
            }
            if (next - at).abs() <= ROUNDING * at.abs() {
                return next;
            }
            at = next;
        }
        at
    }

    fn derivative(&self, [constant, slope]: [f64; 2], at: f64) -> [f64; 2] {
        let mut derivative = [constant + slope * at, slope];
        for row in &self.line {
            let residual = row.residual + row.slope * at;
            if residual < 0.0 {
                derivative[0] += row.stiffness * residual * row.slope;
                derivative[1] += row.stiffness * (row.slope * row.slope);
            }
        }
        derivative
    }
}
