//! How softly a constraint holds.

/// MuJoCo's `solref` and `solimp`, ready for use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Softness {
    /// Impedance where the constraint begins, and `width` beyond.
    impedance: [f64; 2],
    width: f64,
    midpoint: f64,
    power: f64,
    /// Of a spring that pulls back.
    stiffness: f64,
    damping: f64,
}

/// The impedance is never quite 0 or 1.
const IMPEDANCE: [f64; 2] = [0.0001, 0.9999];

/// A constraint's reaction at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reaction {
    /// How much of the constraint is kept, between 0 and 1.
    pub(super) impedance: f64,
    /// Acceleration that the spring asks for at rest.
    pub(super) pull: f64,
    /// Deceleration per velocity.
    pub(super) damping: f64,
}

impl Softness {
    pub(super) fn new(solref: &[f64; 2], solimp: &[f64; 5], timestep: f64) -> Self {
        let clamped = |impedance: f64| impedance.clamp(IMPEDANCE[0], IMPEDANCE[1]);
        let [start, end, width, midpoint, power] = *solimp;
        let end = clamped(end);
        // A time constant below two steps of the integrator would not be stable.
        let [time_constant, damping_ratio] = [solref[0].max(2.0 * timestep), solref[1]];
        Self {
            impedance: [clamped(start), end],
            width,
            midpoint: clamped(midpoint),
            power,
            stiffness: (end * time_constant * damping_ratio).powi(-2),
            damping: 2.0 / (end * time_constant),
        }
    }

    /// `distance` is how far the constraint is from being touched: negative inside.
    pub(super) fn reaction(&self, distance: f64) -> Reaction {
        let impedance = self.impedance(distance);
        Reaction {
            impedance,
            pull: -self.stiffness * impedance * distance,
            damping: self.damping,
        }
    }

    fn impedance(&self, distance: f64) -> f64 {
        let [start, end] = self.impedance;
        let x = distance.abs() / self.width;
        if x >= 1.0 || start == end {
            return end;
        }
        let share = if x <= self.midpoint {
            self.bend(x, self.midpoint)
        } else {
            1.0 - self.bend(1.0 - x, 1.0 - self.midpoint)
        };
        start + share * (end - start)
    }

    /// `x^power`, scaled so that both halves meet at the midpoint.
    fn bend(&self, x: f64, midpoint: f64) -> f64 {
        if self.power == 2.0 {
            x * x / midpoint
        } else {
            x.powf(self.power) / midpoint.powf(self.power - 1.0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impedance_rises_from_start_to_end_and_both_halves_meet() {
        for power in [1.0, 2.0, 3.5] {
            let softness = Softness::new(&[0.02, 1.0], &[0.2, 0.8, 0.01, 0.3, power], 0.002);
            assert_eq!(softness.impedance(0.0), 0.2);
            assert_eq!(softness.impedance(-0.01), 0.8);
            assert_eq!(softness.impedance(-1.0), 0.8);
            // At the midpoint the share is the midpoint itself: 0.2 + 0.3 · 0.6.
            for near in [0.003 - 1e-15, 0.003 + 1e-15] {
                assert!((softness.impedance(-near) - 0.38).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_time_constant_is_at_least_two_time_steps() {
        let short = Softness::new(&[0.001, 1.0], &[0.9, 0.9, 0.001, 0.5, 2.0], 0.01);
        let two = Softness::new(&[0.02, 1.0], &[0.9, 0.9, 0.001, 0.5, 2.0], 0.01);
        assert_eq!(short.reaction(-0.1).pull, two.reaction(-0.1).pull);
    }
}
