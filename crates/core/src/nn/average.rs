use std::collections::HashSet;

use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId},
    prelude::*,
    tensor::container::TensorContainer,
};

use super::trainable::trainable;

/// Exponential moving average of a module's trainable parameters: `average ← average + (1 - decay)·(weight - average)`.
///
/// It begins at the initial weights and is not corrected for that. What training does not change, such as running
/// statistics, is not averaged: [`with_statistics_of`](Self::with_statistics_of) takes it from the module in training.
#[derive(Debug, Clone)]
pub struct WeightAverage<M> {
    /// Off the tape.
    weights: M,
    trainable: HashSet<ParamId>,
    decay: f64,
}

impl<M: Module> WeightAverage<M> {
    /// An average that begins at the weights of `model`.
    ///
    /// # Panics
    ///
    /// If the decay is outside `[0, 1]`.
    pub fn new(model: &M, decay: f64) -> Self {
        assert!((0.0..=1.0).contains(&decay), "a decay is in [0, 1], not {decay}");
        Self {
            // Besides leaving the tape, this copies running statistics, which clones of a module share.
            weights: model.valid(),
            trainable: trainable(model),
            decay,
        }
    }

    /// Moves the average towards the present weights.
    pub fn update(&mut self, model: &M) {
        let values = values(model, &self.trainable);
        self.weights = self.weights.clone().map(&mut Blend {
            values,
            rate: 1.0 - self.decay,
        });
    }

    /// The averaged module, off the tape, with the running statistics of the beginning: to look at its weights.
    pub fn weights(&self) -> &M {
        &self.weights
    }

    /// The averaged module to use: averaged where it is trained, and `model`'s own present state elsewhere. Off the tape.
    pub fn with_statistics_of(&self, model: &M) -> M {
        let values = values(&self.weights, &self.trainable);
        model.valid().map(&mut Blend { values, rate: 1.0 })
    }

    /// Goes on from averaged weights that were saved, and from the `model` that was saved with them.
    pub fn restore(&mut self, model: &M, weights: M) {
        // Loading may have changed the parameters' ids.
        self.trainable = trainable(model);
        self.weights = weights;
    }
}

/// The present values of some parameters, off the tape.
fn values<M: Module>(module: &M, of: &HashSet<ParamId>) -> TensorContainer<ParamId> {
    struct Values<'a> {
        of: &'a HashSet<ParamId>,
        values: TensorContainer<ParamId>,
    }
    impl ModuleVisitor for Values<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if self.of.contains(&param.id) {
                self.values.register(param.id, param.val().without_autodiff());
            }
        }
    }
    let mut values = Values {
        of,
        values: TensorContainer::new(),
    };
    module.visit(&mut values);
    values.values
}

/// Moves the parameters that have a value towards it.
struct Blend {
    values: TensorContainer<ParamId>,
    rate: f64,
}

impl ModuleMapper for Blend {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(value) = self.values.remove::<Tensor<D>>(&param.id) else {
            return param;
        };
        if self.rate == 1.0 {
            return param.map(|_| value);
        }
        param.map(|average| (value - average.clone()) * self.rate + average)
    }
}

#[cfg(test)]
mod tests {
    use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};

    use super::*;
    use crate::testing::{self, assert_close, values};

    #[derive(Module, Debug)]
    struct Network {
        layer: Linear,
        norm: BatchNorm,
    }

    impl Network {
        fn new() -> Self {
            let device = testing::device().autodiff();
            testing::initialized(|| Self {
                layer: LinearConfig::new(1, 1).with_bias(false).init(&device),
                norm: BatchNormConfig::new(1).with_momentum(1.0).init(&device),
            })
            .set(0.0)
        }

        /// With this weight in the layer and in the scale of the norm.
        fn set(mut self, weight: f64) -> Self {
            fn fill<const D: usize>(param: Param<Tensor<D>>, weight: f64) -> Param<Tensor<D>> {
                param.map(|old| Tensor::full(old.dims(), weight, &old.device()).require_grad())
            }
            self.layer.weight = fill(self.layer.weight, weight);
            self.norm.gamma = fill(self.norm.gamma, weight);
            self
        }

        fn weights(&self) -> [f64; 2] {
            [values(self.layer.weight.val())[0], values(self.norm.gamma.val())[0]]
        }
    }

    #[test]
    fn it_begins_at_the_weights_and_follows_them() {
        let mut model = Network::new().set(1.0);
        let mut average = WeightAverage::new(&model, 0.75);
        model = model.set(2.0);
        average.update(&model);
        average.update(&model);
        // 1 -> 1.25 -> 1.4375.
        assert_close(&average.weights().weights(), &[1.4375, 1.4375], 1e-6);
        assert_eq!(model.weights(), [2.0, 2.0]);
    }

    #[test]
    fn statistics_come_from_the_module_in_training_and_stay_its_own() {
        let model = Network::new().set(3.0);
        let average = WeightAverage::new(&model, 1.0);
        let inputs = |mean: f32| Tensor::<2>::from_floats([[mean - 1.0], [mean + 1.0]], &testing::device().autodiff());
        model.norm.forward(inputs(5.0));
        let evaluated = average.with_statistics_of(&model);
        assert_close(&values(evaluated.norm.running_mean.value()), &[5.0], 1e-6);
        assert_close(&values(average.weights().norm.running_mean.value()), &[0.0], 0.0);
        assert_eq!(evaluated.weights(), [3.0, 3.0]);
        // Going on with the training leaves the module under evaluation alone.
        model.norm.forward(inputs(7.0));
        model.valid();
        assert_close(&values(evaluated.norm.running_mean.value()), &[5.0], 1e-6);
    }

    #[test]
    fn the_average_is_off_the_tape() {
        let average = WeightAverage::new(&Network::new(), 0.5);
        assert!(!average.weights().layer.weight.is_autodiff());
    }
}
