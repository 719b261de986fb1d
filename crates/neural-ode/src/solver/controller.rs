//! The size of the next step from the error of the last.

/// How error ratios become steps.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Controller {
    /// `safety · r^(-1/k)`.
    #[default]
    Integral,
    /// `safety · r^(-(kI + kP)/k) · δ^(-kP/k)`, where `1/δ` is the error ratio of the last accepted step.
    ProportionalIntegral {
        /// `kP`.
        proportional: f64,
        /// `kI`.
        integral: f64,
    },
    /// `safety · r^(-(kI + kP + kD)/k) · δ^(-(kP + 2 kD)/k) · δ'^(kD/k)`, where `1/δ'` is the ratio of the accepted step
    /// before the last one (Söderlind 2003).
    ProportionalIntegralDerivative {
        /// `kP`.
        proportional: f64,
        /// `kI`.
        integral: f64,
        /// `kD`.
        derivative: f64,
    },
}

impl Controller {
    /// The proportional-integral controller with `kP = 0.4` and `kI = 0.3`.
    pub const SMOOTH: Self = Self::ProportionalIntegral {
        proportional: 0.4,
        integral: 0.3,
    };
}

/// A controller and its limits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepControl {
    /// How error ratios become steps.
    pub controller: Controller,
    /// Scales every proposal, in `(0, 1)`.
    pub safety: f64,
    /// The most a step grows at once (`ifactor`), at least 1.
    pub max_factor: f64,
    /// The most a step shrinks at once (`dfactor`), in `(0, 1]`.
    pub min_factor: f64,
}

impl Default for StepControl {
    fn default() -> Self {
        Self {
            controller: Controller::default(),
            safety: 0.9,
            max_factor: 10.0,
            min_factor: 0.2,
        }
    }
}

impl StepControl {
    /// The next step in units of this one.
    ///
    /// - `exponent`: `k` of the method
    /// - `ratio`: error of this step in units of the tolerance; NaN and infinity shrink as far as allowed
    /// - `previous`: `δ` and `δ'`, the inverse ratios of the last accepted step and of the one before, 1 at the start
    /// - `is_accepted`: accepted steps do not shrink, rejected ones do
    pub fn factor(&self, exponent: usize, ratio: f64, previous: [f64; 2], is_accepted: bool) -> f64 {
        if ratio == 0.0 {
            return self.max_factor;
        }
        if !ratio.is_finite() {
            return self.min_factor;
        }
        let order = exponent as f64;
        let factor = match self.controller {
            Controller::Integral => self.safety * ratio.powf(-1.0 / order),
            Controller::ProportionalIntegral { proportional, integral } => {
                let now = ratio.powf(-(integral + proportional) / order);
                self.safety * now * previous[0].powf(-proportional / order)
            }
            Controller::ProportionalIntegralDerivative {
                proportional,
                integral,
                derivative,
            } => {
                let now = ratio.powf(-(integral + proportional + derivative) / order);
                let last = previous[0].powf(-(proportional + 2.0 * derivative) / order);
                self.safety * now * last * previous[1].powf(derivative / order)
            }
        };
        if is_accepted {
            factor.clamp(1.0, self.max_factor)
        } else {
            factor.min(self.safety).max(self.min_factor)
        }
    }
}

/// `δ` of a step for the next one.
pub(crate) fn inverse_ratio(ratio: f64) -> f64 {
    if ratio == 0.0 { 1.0 } else { 1.0 / ratio }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(controller: Controller) -> StepControl {
        StepControl {
            controller,
            ..StepControl::default()
        }
    }

    #[test]
    fn the_derivative_sees_how_errors_bend_and_without_it_there_is_none() {
        let pid = |derivative| Controller::ProportionalIntegralDerivative {
            proportional: 0.4,
            integral: 0.3,
            derivative,
        };
        let factor = |controller, ratio: f64, previous| control(controller).factor(5, ratio, previous, true);
        for (ratio, previous) in [(0.3, [2.0, 5.0]), (0.9, [1.2, 0.7]), (1.0, [1.0, 1.0])] {
            let plain = factor(Controller::SMOOTH, ratio, previous);
            assert_eq!(factor(pid(0.0), ratio, previous), plain);
            // In logarithms: kI e + kP (e - e') + kD (e - 2 e' + e''), of e = log(1 / ratio).
            let [e, last, before] = [ratio.recip().ln(), previous[0].ln(), previous[1].ln()];
            let aimed: f64 = 0.3 * e + 0.4 * (e - last) + 0.1 * (e - 2.0 * last + before);
            let expected = (0.9 * (aimed / 5.0).exp()).clamp(1.0, 10.0);
            assert!((factor(pid(0.1), ratio, previous) - expected).abs() < 1e-14);
        }
    }
}
