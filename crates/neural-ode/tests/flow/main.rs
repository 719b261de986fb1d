//! Laws of flows: densities that integrate to one, unbiased estimates, exact gradients.

mod density;
mod gradients;
mod planar_flow;
mod trace;

use burn::{
    module::{Module, ModuleMapper, Param},
    prelude::*,
    tensor::DType,
};
use neural_ode::{
    Method, Solver,
    flow::{
        field::{HyperNetwork, Planar, TimePerceptron},
        model::Field,
    },
};
use papers_core::{
    random::Streams,
    testing::{device, tensor_f64},
};

/// Steps of equal size, so that results are smooth in all inputs.
pub(crate) fn fixed() -> Solver {
    Solver::new(Method::Rk4).step_size(0.1)
}

pub(crate) fn precise() -> Solver {
    Solver::new(Method::Dopri8).tolerances(1e-10, 1e-11)
}

type Build = fn(&Device) -> Field;

/// Every field of the library, in `f64`, with weights large enough to matter.
pub(crate) fn fields() -> Vec<(&'static str, Field)> {
    let plain = device();
    let fields: [(&str, Build); 4] = [
        ("planar", |device| Field::Planar(Planar::new(2, 4, false, device))),
        ("gated", |device| Field::Planar(Planar::new(2, 4, true, device))),
        ("hyper-network", |device| {
            Field::HyperNetwork(HyperNetwork::new(2, 3, 4, device))
        }),
        ("perceptron", |device| {
            Field::Perceptron(TimePerceptron::new(2, 5, 2, device))
        }),
    ];
    let build = |(name, build): (&'static str, Build)| {
        let field = Streams::new(1).initialize(name, &plain, || build(&plain));
        (name, double(field, 2.0))
    };
    fields.map(build).into()
}

/// The same module in `f64`, its weights times a factor.
pub(crate) fn double<M: Module>(module: M, factor: f64) -> M {
    struct Double(f64);
    impl ModuleMapper for Double {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let value = param.val().cast(DType::F64) * self.0;
            Param::from_tensor(value)
        }
    }
    module.map(&mut Double(factor))
}

pub(crate) const POINTS: [f64; 6] = [0.3, -0.7, 1.1, 0.4, -0.9, 0.2];

pub(crate) fn points(device: &Device) -> Tensor<2> {
    tensor_f64(POINTS.to_vec(), [3, 2], device)
}
