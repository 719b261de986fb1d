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
    /// - `previous_inverse`: `δ`, the inverse ratio of the last accepted step, 1 at the start
    /// - `is_accepted`: accepted steps do not shrink, rejected ones do
    pub fn factor(&self, exponent: usize, ratio: f64, previous_inverse: f64, is_accepted: bool) -> f64 {
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
                self.safety * now * previous_inverse.powf(-proportional / order)
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
