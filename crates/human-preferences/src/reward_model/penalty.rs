use burn::{
    module::{Module, ModuleVisitor, Param},
    prelude::*,
};

/// Band of the ratio of validation to training loss in which the coefficient stays (section 2.2.3), and how far outside
/// of it a ratio may be by rounding.
const BAND: (f64, f64) = (1.1, 1.5);
const ROUNDING: f64 = 1e-9;
/// By how much the coefficient changes at a time, and its limits.
const FACTOR: f64 = 1.5;
const LIMITS: (f64, f64) = (1e-7, 0.1);

/// The coefficient of the penalty after losses of the training data and of held-out data.
///
/// The paper gives the band; the factor and the limits are ours.
pub fn adapted(coefficient: f64, training: f64, validation: f64) -> f64 {
    let ratio = validation / training;
    let next = if ratio > BAND.1 + ROUNDING {
        coefficient * FACTOR
    } else if ratio < BAND.0 - ROUNDING {
        coefficient / FACTOR
    } else {
        coefficient
    };
    next.clamp(LIMITS.0, LIMITS.1)
}

/// Sum of the squares of a network's weights; biases and normalization are not penalized.
pub(super) fn squared_weights<M: Module>(network: &M) -> Option<Tensor<1>> {
    struct Squares(Option<Tensor<1>>);
    impl ModuleVisitor for Squares {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if D < 2 {
                return;
            }
            let sum = param.val().square().sum();
            self.0 = Some(match self.0.take() {
                Some(before) => before + sum,
                None => sum,
            });
        }
    }
    let mut squares = Squares(None);
    network.visit(&mut squares);
    squares.0
}
