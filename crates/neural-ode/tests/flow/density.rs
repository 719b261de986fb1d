use burn::{module::Module, prelude::*};
use neural_ode::{
    Method, SolveError, Solver,
    flow::{Base, ContinuousFlow, Potential, Regularization, Trace, field::VelocityField},
};
use papers_core::testing::{assert_close, device, tensor_f64, values};

use crate::{fields, fixed, points, precise};

fn none() -> Regularization {
    Regularization::default()
}

/// A field whose divergence is said to be zero: a flow with its trace switched off.
#[derive(Module, Debug)]
struct WithoutTrace<F> {
    field: F,
}

impl<F: VelocityField> VelocityField for WithoutTrace<F> {
    fn dimension(&self) -> usize {
        self.field.dimension()
    }

    fn velocity(&self, time: f64, position: Tensor<2>) -> Tensor<2> {
        self.field.velocity(time, position)
    }

    fn push_forward(&self, time: f64, position: Tensor<2>, directions: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        self.field.push_forward(time, position, directions)
    }

    fn with_divergence(&self, time: f64, position: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let zeros = position.clone().narrow(1, 0, 1).zeros_like();
        (self.field.velocity(time, position), zeros)
    }
}

/// The integral of a flow's density over a square that holds nearly all of it.
fn mass<F: VelocityField + 'static>(flow: &ContinuousFlow<F>) -> f64 {
    const CELLS: usize = 160;
    const REACH: f64 = 9.0;
    let side = 2.0 * REACH / CELLS as f64;
    let center = |index: usize| -REACH + (index as f64 + 0.5) * side;
    let cells = (0..CELLS * CELLS).flat_map(|cell| [center(cell % CELLS), center(cell / CELLS)]);
    let cells = tensor_f64(cells.collect(), [CELLS * CELLS, 2], &device());
    let found = flow
        .log_density(&fixed(), cells, &Trace::Exact, none())
        .expect("a smooth field");
    values(found.log_density.exp()).iter().sum::<f64>() * side * side
}

#[test]
fn densities_integrate_to_one_and_without_the_trace_they_do_not() {
    for (name, field) in fields() {
        let flow = ContinuousFlow::new(field.clone(), 1.0);
        let total = mass(&flow);
        assert!((total - 1.0).abs() < 2e-3, "{name}: {total}");
        let total = mass(&ContinuousFlow::new(WithoutTrace { field }, 1.0));
        assert!((total - 1.0).abs() > 0.05, "{name} without its trace: {total}");
    }
}

#[test]
fn samples_have_the_density_that_is_found_for_them() {
    for (_, field) in fields() {
        let mut flow = ContinuousFlow::new(field, 1.5);
        flow.base = Base { variance: 0.4 };
        let drawn = flow
            .sample(&precise(), points(&device()), &Trace::Exact, none())
            .expect("solved");
        let found = flow
            .log_density(&precise(), drawn.position, &Trace::Exact, none())
            .expect("solved");
        assert_close(&values(found.log_density), &values(drawn.log_density), 1e-8);
        let begin = points(&device()) * 0.4f64.sqrt();
        assert_close(&values(found.position), &values(begin), 1e-8);
    }
}

#[test]
fn a_flow_on_its_way_has_the_density_of_the_paths() {
    let (_, field) = fields().swap_remove(2);
    let flow = ContinuousFlow::new(field, 1.0);
    let times = [0.0, 0.3, 1.0];
    let solution = flow
        .solve(&precise(), points(&device()), &times, &Trace::Exact, none())
        .expect("solved");
    let (position, change) = solution.states[1].clone();
    let found = flow
        .until(0.3)
        .log_density(&precise(), position, &Trace::Exact, none())
        .expect("solved");
    let expected = flow.base.log_density(points(&device())) + change;
    assert_close(&values(found.log_density), &values(expected), 1e-8);
}

/// `f = (-z_2, z_1) + z`: norms and the Jacobian are known.
#[derive(Module, Debug)]
struct Whirl {
    /// Multiplies the velocity; a module needs a field.
    speed: f64,
}

impl Whirl {
    fn apply(&self, position: Tensor<2>) -> Tensor<2> {
        let matrix = tensor_f64(vec![1.0, 1.0, -1.0, 1.0], [2, 2], &position.device());
        position.matmul(matrix) * self.speed
    }
}

impl VelocityField for Whirl {
    fn dimension(&self) -> usize {
        2
    }

    fn velocity(&self, _: f64, position: Tensor<2>) -> Tensor<2> {
        self.apply(position)
    }

    fn push_forward(&self, _: f64, position: Tensor<2>, directions: Tensor<3>) -> (Tensor<2>, Tensor<3>) {
        let [count, batch, dimension] = directions.dims();
        let pushed = self.apply(directions.reshape([count * batch, dimension]));
        (self.apply(position), pushed.reshape([count, batch, dimension]))
    }
}

#[test]
fn regularizers_are_integrals_along_the_paths() {
    let flow = ContinuousFlow::new(Whirl { speed: 1.0 }, 0.5);
    // |z(t)|² = |z(0)|² e^{2t}, |f|² = 2 |z|²; the squared norm of the Jacobian is 4.
    let start = points(&device());
    let squares = values(start.clone().square().sum_dim(1));
    let kinetic: f64 = squares.iter().map(|square| square * (1f64.exp() - 1.0)).sum::<f64>() / 3.0;
    let one = Trace::Hutchinson(tensor_f64(vec![1.0; 6], [1, 3, 2], &device()));
    for (trace, weights) in [
        (&Trace::Exact, [0.5, 0.0]),
        (&Trace::Exact, [0.5, 0.1]),
        (&one, [0.0, 0.1]),
        (&one, [0.5, 0.1]),
    ] {
        let regularization = Regularization {
            kinetic: weights[0],
            jacobian: weights[1],
        };
        let expected = weights[0] * kinetic + weights[1] * 4.0 * 0.5;
        let forward = flow
            .sample(&precise(), start.clone(), trace, regularization)
            .expect("solved");
        assert_close(&values(forward.penalty.expect("asked for")), &[expected], 1e-8);
        // The divergence is 2 everywhere.
        let base = values(flow.base.log_density(start.clone()));
        let log_density: Vec<f64> = base.iter().map(|value| value - 2.0 * 0.5).collect();
        assert_close(&values(forward.log_density), &log_density, 1e-8);
        // The same paths backwards cost the same.
        let backward = flow
            .log_density(&precise(), forward.position, trace, regularization)
            .expect("solved");
        assert_close(&values(backward.penalty.expect("asked for")), &[expected], 1e-8);
    }
    let plain = flow.sample(&precise(), start, &Trace::Exact, none()).expect("solved");
    assert!(plain.penalty.is_none());
}

#[test]
fn the_normalizer_of_a_potential_is_that_of_a_finer_sum() {
    for potential in Potential::ALL {
        let found = potential.log_normalizer(&device()).expect("readable");
        const CELLS: usize = 1000;
        const REACH: f64 = 7.0;
        let side = 2.0 * REACH / CELLS as f64;
        let center = |index: usize| -REACH + (index as f64 + 0.5) * side;
        let cells = (0..CELLS * CELLS).flat_map(|cell| [center(cell % CELLS), center(cell / CELLS)]);
        let energy = potential.walled(tensor_f64(cells.collect(), [CELLS * CELLS, 2], &device()));
        let sum = values(energy.neg().exp()).iter().sum::<f64>() * side * side;
        assert!(
            (found - sum.ln()).abs() < 1e-4,
            "{potential:?}: {found} is not {}",
            sum.ln()
        );
    }
}

#[test]
fn the_wall_stands_where_a_potential_has_no_end() {
    let inside = tensor_f64(vec![3.9, -3.9], [1, 2], &device());
    let outside = tensor_f64(vec![4.6, 0.0], [1, 2], &device());
    for potential in Potential::ALL {
        let energy = |point: &Tensor<2>| values(potential.energy(point.clone()));
        let walled = |point: &Tensor<2>| values(potential.walled(point.clone()));
        assert_eq!(energy(&inside), walled(&inside));
        // (0.6 / 0.2)² / 2.
        let wall = if potential == Potential::U1 { 0.0 } else { 4.5 };
        assert_close(&walled(&outside), &[energy(&outside)[0] + wall], 1e-9);
    }
}

#[test]
fn bad_input_is_an_error() {
    let (_, field) = fields().swap_remove(0);
    let flow = ContinuousFlow::new(field, 1.0);
    let found = |data: Tensor<2>, solver: &Solver| {
        let found = flow.log_density(solver, data, &Trace::Exact, none());
        found.expect_err("bad input").error
    };
    let broken = tensor_f64(vec![0.0, f64::NAN], [1, 2], &device());
    assert_eq!(found(broken, &fixed()), SolveError::NonFiniteInitialState);
    let nothing = tensor_f64(vec![], [0, 2], &device());
    assert!(matches!(found(nothing, &fixed()), SolveError::InvalidState { .. }));
    let hopeless = Solver::new(Method::Dopri5).max_steps(1).tolerances(1e-12, 1e-12);
    assert!(matches!(
        found(points(&device()), &hopeless),
        SolveError::MaxSteps { .. }
    ));
    let standing = flow
        .until(0.0)
        .log_density(&fixed(), points(&device()), &Trace::Exact, none());
    assert!(matches!(
        standing.expect_err("no time").error,
        SolveError::InvalidTimes { .. }
    ));
}
