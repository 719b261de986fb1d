use burn::prelude::*;
use neural_ode::{
    SolveError,
    flow::{ContinuousFlow, Noise, Regularization, Trace, field::VelocityField},
};
use papers_core::{
    random::Streams,
    testing::{assert_close, device, tensor_f64, values},
};

use crate::{fields, fixed, points};

const TIME: f64 = 0.4;

/// Central differences of the velocity, `∂f_i/∂z_j` of each point.
fn jacobian(field: &impl VelocityField, axis: usize) -> Tensor<2> {
    let step = 1e-5;
    let mut shift = vec![0.0; 6];
    shift.iter_mut().skip(axis).step_by(2).for_each(|value| *value = step);
    let shift = tensor_f64(shift, [3, 2], &device());
    let at = |position: Tensor<2>| field.velocity(TIME, position);
    (at(points(&device()) + shift.clone()) - at(points(&device()) - shift)) / (2.0 * step)
}

#[test]
fn divergences_are_those_of_the_velocities() {
    for (name, field) in fields() {
        let columns = [0, 1].map(|axis| jacobian(&field, axis).narrow(1, axis, 1));
        let expected = values(columns[0].clone() + columns[1].clone());
        assert!(expected.iter().any(|value| value.abs() > 0.1), "{name}: {expected:?}");
        let (velocity, divergence) = field.with_divergence(TIME, points(&device()));
        assert_close(&values(divergence), &expected, 1e-8);
        assert_close(
            &values(velocity),
            &values(field.velocity(TIME, points(&device()))),
            1e-14,
        );
        for axis in [0, 1] {
            let unit: Vec<f64> = (0..6).map(|index| f64::from(u8::from(index % 2 == axis))).collect();
            let (velocity, column) =
                field.push_forward(TIME, points(&device()), tensor_f64(unit, [1, 3, 2], &device()));
            assert_close(&values(column), &values(jacobian(&field, axis)), 1e-8);
            assert_close(
                &values(velocity),
                &values(field.velocity(TIME, points(&device()))),
                1e-14,
            );
        }
    }
}

fn change(flow: &ContinuousFlow<impl VelocityField + 'static>, trace: &Trace) -> Vec<f64> {
    let none = Regularization::default();
    let found = flow.log_density(&fixed(), points(&device()), trace, none);
    values(found.expect("a smooth field").log_density)
}

#[test]
fn the_mean_over_all_signs_is_the_exact_trace() {
    // The expectation over two independent signs, four pairs of them, in closed form; also along a solve, since the path
    // of a position does not depend on the noise.
    let signs: Vec<f64> = [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]
        .iter()
        .flat_map(|pair| pair.repeat(3))
        .collect();
    let all = Trace::Hutchinson(tensor_f64(signs.clone(), [4, 3, 2], &device()));
    let one = Trace::Hutchinson(tensor_f64(signs[..6].to_vec(), [1, 3, 2], &device()));
    for (name, field) in fields() {
        let flow = ContinuousFlow::new(field, 1.0);
        let exact = change(&flow, &Trace::Exact);
        assert_close(&change(&flow, &all), &exact, 1e-12);
        let single = change(&flow, &one);
        let error = exact
            .iter()
            .zip(&single)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        assert!(error > 1e-3, "{name}: one noise is no exact trace, off by {error}");
    }
}

#[test]
fn both_laws_are_unbiased() {
    const NOISES: usize = 4000;
    let (_, field) = fields().swap_remove(3);
    let flow = ContinuousFlow::new(field, 1.0);
    let exact = change(&flow, &Trace::Exact);
    for law in [Noise::Rademacher, Noise::Gaussian] {
        let Trace::Hutchinson(noise) = law.draw(&Streams::new(2), 0, [NOISES, 3, 2], &device()) else {
            panic!("noise")
        };
        let drawn = values(noise.clone());
        let square = drawn.iter().map(|value| value * value).sum::<f64>() / drawn.len() as f64;
        assert!((square - 1.0).abs() < 0.05, "{law:?}: {square}");
        let noise = noise.cast(burn::tensor::DType::F64);
        let error = |noises: usize| {
            let estimate = change(&flow, &Trace::Hutchinson(noise.clone().narrow(0, 0, noises)));
            exact
                .iter()
                .zip(estimate)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max)
        };
        // The standard error of one noise is about 2: four of them over 4000.
        assert!(error(NOISES) < 0.13, "{law:?}: {}", error(NOISES));
    }
}

#[test]
fn positions_and_bases_that_do_not_fit_are_errors() {
    for (name, field) in fields() {
        let mut flow = ContinuousFlow::new(field, 1.0);
        for width in [0, 1, 3] {
            let data = tensor_f64(vec![0.5; 3 * width], [3, width], &device());
            let failure = flow.log_density(&fixed(), data.clone(), &Trace::Exact, Regularization::default());
            let expected = SolveError::ShapeMismatch {
                expected: vec![vec![3, 2]],
                got: vec![vec![3, width]],
            };
            assert_eq!(failure.expect_err("another dimension").error, expected, "{name}");
            let failure = flow.sample(&fixed(), data, &Trace::Exact, Regularization::default());
            assert_eq!(failure.expect_err("another dimension").error, expected, "{name}");
        }
        for variance in [0.0, -1.0, f64::NAN] {
            flow.base.variance = variance;
            let failure = flow.log_density(&fixed(), points(&device()), &Trace::Exact, Regularization::default());
            let error = failure.expect_err("no density").error;
            assert!(
                matches!(error, SolveError::InvalidOption { option: "variance", .. }),
                "{name}: {error}"
            );
        }
    }
}

#[test]
fn noise_that_does_not_fit_is_an_error() {
    let (_, field) = fields().swap_remove(0);
    let flow = ContinuousFlow::new(field, 1.0);
    let solve = |noise: Tensor<3>| {
        let found = flow.log_density(
            &fixed(),
            points(&device()),
            &Trace::Hutchinson(noise),
            Regularization::default(),
        );
        found.expect_err("bad noise").error
    };
    for shape in [[0, 3, 2], [1, 2, 2], [1, 3, 1], [1, 1, 2]] {
        let noise = tensor_f64(vec![1.0; shape.iter().product()], shape, &device());
        let error = solve(noise);
        assert!(
            matches!(error, SolveError::InvalidOption { option: "trace", .. }),
            "{shape:?}: {error}"
        );
    }
    let single = Tensor::<3>::ones([1, 3, 2], (&device(), burn::tensor::DType::F32));
    assert!(matches!(
        solve(single),
        SolveError::InvalidOption { option: "trace", .. }
    ));
    let nan = tensor_f64(vec![f64::NAN; 6], [1, 3, 2], &device());
    assert_eq!(solve(nan), SolveError::NonFiniteDynamics { time: 1.0 });
}

#[test]
fn noise_is_fixed_by_seed_and_step() {
    let draw = |seed, step| match Noise::Rademacher.draw(&Streams::new(seed), step, [2, 3, 2], &device()) {
        Trace::Hutchinson(noise) => values(noise),
        Trace::Exact => Vec::new(),
    };
    assert_eq!(draw(1, 5), draw(1, 5));
    assert_ne!(draw(1, 5), draw(1, 6));
    assert!(draw(1, 5).iter().all(|value| value.abs() == 1.0));
}
