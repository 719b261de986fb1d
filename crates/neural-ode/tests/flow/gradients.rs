use burn::{
    module::{Module, ModuleMapper, ModuleVisitor, Param},
    prelude::*,
    tensor::Gradients,
};
use neural_ode::{
    GradientMode, Method, Solver,
    flow::{ContinuousFlow, PlanarFlow, Potential, Regularization, Trace, field::VelocityField, model::Field},
};
use papers_core::{
    random::Streams,
    testing::{assert_close, assert_gradient, device, tensor_f64, values},
};

use crate::{POINTS, double, fields, fixed, points};

const BOTH: Regularization = Regularization {
    kinetic: 0.3,
    jacobian: 0.2,
};

fn noise() -> Trace {
    let noise = [0.5, -1.0, 1.3, 0.4, -0.8, 1.1, -1.0, 1.0, 1.0, 0.7, -0.2, 0.9];
    Trace::Hutchinson(tensor_f64(noise.to_vec(), [2, 3, 2], &device()))
}

/// Everything that a flow computes, as one number.
fn loss<F: VelocityField + 'static>(field: &F, solver: &Solver, data: Tensor<2>, trace: &Trace) -> Tensor<1> {
    let flow = ContinuousFlow::new(field.clone(), 1.0);
    let found = flow.log_density(solver, data.clone(), trace, BOTH).expect("solved");
    let drawn = flow.sample(solver, data, trace, BOTH).expect("solved");
    let energy = Potential::U3.walled(drawn.position).mean() - found.position.sin().sum();
    let densities = drawn.log_density.mean() - found.log_density.mean() * 2.0;
    let penalties = found.penalty.expect("asked for") + drawn.penalty.expect("asked for");
    energy + densities + penalties
}

/// All parameters as one list.
fn flat<M: Module>(module: &M) -> Vec<f64> {
    struct Collect(Vec<f64>);
    impl ModuleVisitor for Collect {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.0.extend(values(param.val().inner()));
        }
    }
    let mut collect = Collect(Vec::new());
    module.visit(&mut collect);
    collect.0
}

/// The module with one parameter moved.
fn moved<M: Module>(module: &M, index: usize, by: f64) -> M {
    struct Move {
        left: usize,
        by: f64,
        is_done: bool,
    }
    impl ModuleMapper for Move {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let value = param.val();
            let mut numbers = values(value.clone());
            if !self.is_done && self.left < numbers.len() {
                numbers[self.left] += self.by;
                self.is_done = true;
            } else if !self.is_done {
                self.left -= numbers.len();
            }
            Param::from_tensor(tensor_f64(numbers, value.dims(), &value.device()))
        }
    }
    module.clone().map(&mut Move {
        left: index,
        by,
        is_done: false,
    })
}

fn gradient<M: Module>(module: &M, gradients: &Gradients) -> Vec<f64> {
    struct Collect<'a>(&'a Gradients, Vec<f64>);
    impl ModuleVisitor for Collect<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val();
            let gradient = value.grad(self.0).expect("every parameter is used");
            self.1.extend(values(gradient));
        }
    }
    let mut collect = Collect(gradients, Vec::new());
    module.visit(&mut collect);
    collect.1
}

/// The gradient of all parameters against central differences.
fn assert_parameter_gradients<M: Module>(name: &str, module: &M, loss: impl Fn(&M) -> Tensor<1>) {
    const STEP: f64 = 1e-5;
    let training = module.clone().train();
    let found = gradient(&training, &loss(&training).backward());
    assert_eq!(found.len(), flat(module).len());
    for (index, found) in found.iter().enumerate() {
        let at = |by: f64| values(loss(&moved(module, index, by)))[0];
        let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
        let error = (found - expected).abs() / expected.abs().max(1.0);
        assert!(error < 1e-6, "{name}, parameter {index}: {found} is not {expected}");
    }
}

#[test]
fn gradients_of_positions_match_finite_differences() {
    for (_, field) in fields() {
        for trace in [Trace::Exact, noise()] {
            let training = field.clone().train();
            assert_gradient(&POINTS, |start| {
                let field = if start.is_autodiff() { &training } else { &field };
                loss(
                    field,
                    &fixed().gradient(GradientMode::Direct),
                    start.reshape([3, 2]),
                    &trace,
                )
            });
        }
    }
}

#[test]
fn gradients_of_parameters_match_finite_differences() {
    for (name, field) in fields() {
        for trace in [Trace::Exact, noise()] {
            let solver = fixed().gradient(GradientMode::Direct);
            let on = |field: &Field| match field {
                Field::Planar(planar) => planar.weight.val().is_autodiff(),
                Field::HyperNetwork(network) => network.first.weight.val().is_autodiff(),
                Field::Perceptron(network) => network.layers[0].weight.val().is_autodiff(),
            };
            assert_parameter_gradients(name, &field, |field| {
                let data = points(&device());
                let data = if on(field) { data.autodiff() } else { data };
                loss(field, &solver, data, &trace)
            });
        }
    }
}

#[test]
fn all_gradient_modes_agree() {
    for (name, field) in fields() {
        let field = field.train();
        let of = |mode: GradientMode, trace: &Trace| {
            let solver = Solver::new(Method::Dopri5).tolerances(1e-9, 1e-11).gradient(mode);
            let data = points(&device()).autodiff();
            gradient(&field, &loss(&field, &solver, data, trace).backward())
        };
        for trace in [Trace::Exact, noise()] {
            let direct = of(GradientMode::Direct, &trace);
            assert!(direct.iter().any(|value| value.abs() > 1e-2), "{name}");
            for mode in GradientMode::ALL {
                assert_close(&of(mode, &trace), &direct, 1e-5);
            }
        }
    }
}

#[test]
fn gradients_of_planar_flows_match_finite_differences() {
    let flow = Streams::new(3).initialize("layers", &device(), || PlanarFlow::new(2, 4, &device()));
    let flow = double(flow, 1.0);
    let loss = |flow: &PlanarFlow, data: Tensor<2>| {
        let (position, log_determinant) = flow.forward(data);
        position.square().mean() - log_determinant.mean()
    };
    assert_parameter_gradients("planar flow", &flow, |flow| loss(flow, points(&device())));
    assert_gradient(&POINTS, |start| loss(&flow, start.reshape([3, 2])));
}
