use std::collections::HashSet;

use burn::{
    module::{Module, ModuleVisitor, Param, ParamId},
    prelude::*,
};

/// Number of weights that training changes: running statistics and frozen parameters are not counted.
pub fn trainable_parameters<M: Module>(module: &M) -> usize {
    visit(module).elements
}

/// The parameters that training changes.
pub(super) fn trainable<M: Module>(module: &M) -> HashSet<ParamId> {
    visit(module).ids
}

#[derive(Default)]
struct Trainable {
    ids: HashSet<ParamId>,
    elements: usize,
}

impl ModuleVisitor for Trainable {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if param.is_require_grad() {
            self.ids.insert(param.id);
            self.elements += param.shape().num_elements();
        }
    }
}

fn visit<M: Module>(module: &M) -> Trainable {
    let mut trainable = Trainable::default();
    // A plain module only remembers which of its parameters are trained; `train` shows it. Where there is autodiff
    // already, `valid` makes the copy of which nothing is shared with the original.
    module.valid().train().visit(&mut trainable);
    trainable
}

#[cfg(test)]
mod tests {
    use burn::nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig};

    use super::*;
    use crate::testing;

    #[derive(Module, Debug)]
    struct Network {
        layer: Linear,
        norm: BatchNorm,
        frozen: Param<Tensor<2>>,
    }

    fn network(device: &Device) -> Network {
        testing::initialized(|| Network {
            layer: LinearConfig::new(3, 2).init(device),
            norm: BatchNormConfig::new(2).init(device),
            frozen: Param::from_tensor(Tensor::ones([5, 5], device)).set_require_grad(false),
        })
    }

    #[test]
    fn running_statistics_and_frozen_weights_are_not_counted() {
        // 3·2 weights and 2 biases, 2 scales and 2 shifts.
        let device = testing::device();
        assert_eq!(trainable_parameters(&network(&device.clone().autodiff())), 12);
        assert_eq!(trainable_parameters(&network(&device)), 12);
    }

    #[test]
    fn a_module_for_evaluation_has_as_many() {
        assert_eq!(
            trainable_parameters(&network(&testing::device().autodiff()).valid()),
            12
        );
    }
}
