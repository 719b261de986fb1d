//! Plain numbers as a state: equations with few unknowns, without tensors, at the speed of compiled code.

use burn::tensor::DType;

use crate::{
    SolveError, VectorSpace,
    solver::{
        implicit::{ImplicitStep, Newton},
        norm::{Norm, Tolerance, Tolerances, check_range, least},
        options::invalid,
        step::Span,
    },
    tableau::Tableau,
};

/// Numbers in double precision, one vector. Tolerances are one for all of them, or one for each.
///
/// ```
/// use neural_ode::{Method, Solver};
///
/// let oscillator = |_time: f64, [position, speed]: [f64; 2]| [speed, -position];
/// let solution = Solver::new(Method::Tsit5).tolerances(1e-9, 1e-9).solve(&oscillator, [1.0, 0.0], &[0.0, 1.0])?;
/// assert!((solution.last()[0] - 1f64.cos()).abs() < 1e-8);
/// # Ok::<(), neural_ode::Failure<[f64; 2]>>(())
/// ```
///
/// Events, gradients and implicit methods need tensors.
impl<const N: usize> VectorSpace for [f64; N] {
    fn add_scaled(&self, terms: &[(f64, &Self)]) -> Self {
        let mut sum = *self;
        // What is not finite in a slope that a method does not use has no effect.
        for (coefficient, term) in terms.iter().filter(|(coefficient, _)| *coefficient != 0.0) {
            for (sum, number) in sum.iter_mut().zip(term.iter()) {
                *sum += coefficient * number;
            }
        }
        sum
    }

    fn weighted_sum(terms: &[(f64, &Self)]) -> Self {
        assert!(!terms.is_empty(), "there is a term");
        [0.0; N].add_scaled(terms)
    }

    fn plain(&self) -> Self {
        *self
    }

    fn shapes(&self) -> Vec<Vec<usize>> {
        vec![vec![N]]
    }

    fn same_shapes(&self, _: &Self) -> bool {
        true
    }

    fn dtype(&self) -> DType {
        DType::F64
    }

    fn is_finite(&self) -> Result<bool, SolveError> {
        Ok(self.iter().all(|number| number.is_finite()))
    }

    fn first_not_finite(states: &[&Self]) -> Result<Option<usize>, SolveError> {
        Ok(states
            .iter()
            .position(|state| !state.iter().all(|number| number.is_finite())))
    }

    fn resolve(&self, tolerances: Tolerances) -> Result<(Tolerances, bool), SolveError> {
        tolerances.resolve_numbers(N)
    }

    fn in_units(&self, tolerances: &Tolerances, norm: &Norm, at: &[&Self]) -> Result<f64, SolveError> {
        let scaled: [f64; N] = std::array::from_fn(|index| {
            let magnitude = at.iter().map(|state| state[index].abs()).fold(0.0, larger);
            let scale = tolerances.absolute.of_number(index) + tolerances.relative.of_number(index) * magnitude;
            // Without an absolute tolerance zero is right where zero is expected.
            self[index] / larger(scale, f64::MIN_POSITIVE)
        });
        match norm {
            Norm::MixedRms => Ok(root_mean_square(&scaled)),
            Norm::MaxAbs => Ok(largest(&scaled)),
            Norm::Seminorm { components } => Ok(root_mean_square(&scaled[..N.min(*components)])),
            Norm::Custom(_) => Err(invalid(
                "norm",
                "one of your own is of tensors, not of numbers".to_owned(),
            )),
        }
    }

    fn implicit_step(
        _: &Tableau,
        _: &Span,
        _: &Self,
        _: Self,
        _: &Newton,
        _: &mut dyn FnMut(f64, Self) -> Result<Self, SolveError>,
    ) -> Result<ImplicitStep<Self>, SolveError> {
        let problem = "implicit methods need tensors, whose Jacobians autodiff finds".to_owned();
        Err(invalid("method", problem))
    }
}

impl Tolerance {
    /// Checks it for so many plain numbers.
    fn check_numbers(&self, name: &str, count: usize) -> Result<(), SolveError> {
        let least = match self {
            Self::Same(tolerance) => *tolerance,
            Self::PerTensor(tolerances) if tolerances.len() == count => least(tolerances.iter().copied()),
            Self::PerTensor(tolerances) => {
                let problem = format!("{} {name} ones for a state of {count} numbers", tolerances.len());
                return Err(SolveError::InvalidTolerance { problem });
            }
            Self::PerElement(_) => {
                let problem = format!("the {name} ones are tensors, and the state is of numbers");
                return Err(SolveError::InvalidTolerance { problem });
            }
        };
        check_range(name, least)
    }

    /// That of a number of a state of plain ones, which [`check_numbers`](Self::check_numbers) has seen.
    fn of_number(&self, index: usize) -> f64 {
        match self {
            Self::Same(tolerance) => *tolerance,
            Self::PerTensor(tolerances) => tolerances[index],
            Self::PerElement(_) => unreachable!("refused for plain numbers"),
        }
    }
}

impl Tolerances {
    /// Checks them for so many plain numbers, and whether the relative one had to be raised.
    ///
    /// # Errors
    ///
    /// [`SolveError::InvalidTolerance`].
    fn resolve_numbers(self, count: usize) -> Result<(Self, bool), SolveError> {
        self.relative.check_numbers("relative", count)?;
        self.absolute.check_numbers("absolute", count)?;
        self.check_any()?;
        let (relative, is_raised) = self.relative.at_least(10.0 * f64::EPSILON);
        let absolute = self.absolute;
        Ok((Self { relative, absolute }, is_raised))
    }
}

/// The root of the mean square, 0 of none. Squares do not overflow.
fn root_mean_square(numbers: &[f64]) -> f64 {
    let mean = |scale: f64| {
        let squares = numbers.iter().map(|number| (number / scale) * (number / scale));
        squares.sum::<f64>() / numbers.len().max(1) as f64
    };
    let square = mean(1.0);
    if square.is_finite() {
        return square.sqrt();
    }
    // Not finite, or only its square is not.
    let top = largest(numbers);
    if top.is_finite() { mean(top).sqrt() * top } else { top }
}

/// The largest absolute value; NaN if one of them is; 0 of none.
fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().map(|number| number.abs()).fold(0.0, larger)
}

/// The larger one; NaN if one of them is.
fn larger(one: f64, other: f64) -> f64 {
    // A comparison that NaN loses keeps it.
    if other <= one || one.is_nan() { one } else { other }
}

#[cfg(test)]
mod tests {
    use burn::prelude::*;
    use papers_core::testing;

    use super::*;
    use crate::{Failure, Method, Solver};

    /// Van der Pol's oscillator, as numbers and as tensors.
    fn numbers(_: f64, [x, v]: [f64; 2]) -> [f64; 2] {
        [v, (1.0 - x * x) * v - x]
    }

    fn tensors(_: f64, state: Tensor<1>) -> Tensor<1> {
        let [x, v] = [0, 1].map(|index| state.clone().narrow(0, index, 1));
        let force = (x.clone().square().neg() + 1.0) * v.clone() - x;
        Tensor::cat(vec![v, force], 0)
    }

    #[test]
    fn every_explicit_method_takes_the_steps_that_it_takes_with_tensors() {
        let device = testing::device();
        let times = [0.0, 1.5, 4.0];
        for method in Method::ALL.into_iter().filter(|method| !method.is_implicit()) {
            let solver = match method.is_adaptive() {
                true => Solver::new(method).tolerances(1e-6, 1e-8),
                false => Solver::new(method).step_size(0.05),
            };
            let plain = solver.solve(&numbers, [2.0, 0.0], &times).expect("a solution");
            let start = testing::tensor_f64(vec![2.0, 0.0], [2], &device);
            let expected = solver.solve(&tensors, start, &times).expect("a solution");
            assert_eq!(plain.statistics, expected.statistics, "{method}");
            for (state, expected) in plain.states.iter().zip(expected.states) {
                testing::assert_close(state, &testing::values(expected), 1e-11);
            }
        }
    }

    #[test]
    fn sizes_of_numbers_are_those_of_tensors() {
        let device = testing::device();
        let (value, before, after) = ([3.0, -4.0, 0.5], [1.0, -2.0, 0.0], [-2.0, 1.0, 0.25]);
        let cases: [(&[f64; 3], _); 3] = [
            (&value, Norm::MixedRms),
            (&[1e200, -1e200, 3.0], Norm::MixedRms),
            (&value, Norm::MaxAbs),
        ];
        for (value, norm) in cases {
            let found = Tolerances::new(1e-3, 1e-6)
                .error_ratio(&norm, value, &before, &after)
                .unwrap();
            let [value, before, after] =
                [*value, before, after].map(|state| testing::tensor_f64(state.to_vec(), [3], &device));
            let expected = Tolerances::new(1e-3, 1e-6)
                .error_ratio(&norm, &value, &before, &after)
                .unwrap();
            assert!((found / expected - 1.0).abs() < 1e-14, "{found} {expected}");
        }
        let each = Tolerances::new(vec![0.0; 3], vec![3.0, 1.0, 0.5]);
        assert_eq!(each.measure(&Norm::MaxAbs, &value, &before).unwrap(), 4.0);
        assert_eq!(
            each.measure(&Norm::Seminorm { components: 1 }, &value, &before)
                .unwrap(),
            1.0
        );
        for bad in [f64::NAN, f64::INFINITY] {
            for norm in [Norm::MixedRms, Norm::MaxAbs] {
                for index in 0..3 {
                    let mut value = value;
                    value[index] = bad;
                    assert!(!each.measure(&norm, &value, &before).unwrap().is_finite());
                }
            }
        }
    }

    #[test]
    fn an_unused_slope_that_is_infinite_has_no_effect() {
        let (infinite, one) = ([f64::INFINITY], [1.0]);
        assert_eq!([2.0].add_scaled(&[(0.0, &infinite), (0.5, &one)]), [2.5]);
        assert_eq!(<[f64; 1]>::weighted_sum(&[(0.0, &infinite), (0.5, &one)]), [0.5]);
        assert_eq!(<[f64; 1]>::weighted_sum(&[(0.0, &infinite)]), [0.0]);
    }

    #[test]
    fn what_stays_zero_needs_no_absolute_tolerance() {
        let solver = Solver::new(Method::Dopri5).tolerances(1e-6, 0.0);
        let solution = solver
            .solve(&|_: f64, [y, _]: [f64; 2]| [-y, 0.0], [1.0, 0.0], &[0.0, 1.0])
            .unwrap();
        testing::assert_close(solution.last(), &[(-1.0_f64).exp(), 0.0], 1e-6);

        let slope = |_: f64, state: Tensor<1>| {
            let first = state.clone().narrow(0, 0, 1).neg();
            Tensor::cat(vec![first, state.narrow(0, 1, 1).zeros_like()], 0)
        };
        let start = testing::tensor_f64(vec![1.0, 0.0], [2], &testing::device());
        let of_tensors = solver.solve(&slope, start, &[0.0, 1.0]).unwrap();
        assert_eq!(of_tensors.statistics, solution.statistics);
    }

    #[test]
    fn dense_solutions_and_failures_are_of_numbers_too() {
        let solver = Solver::new(Method::Dopri5).tolerances(1e-9, vec![1e-9]);
        let dense = solver
            .solve_dense(&|_: f64, [y]: [f64; 1]| [-y], [1.0], 0.0, 2.0)
            .unwrap();
        testing::assert_close(&dense.at(0.7).unwrap(), &[(-0.7_f64).exp()], 1e-8);

        let blow_up = |_: f64, [y]: [f64; 1]| [y * y];
        let failure: Failure<[f64; 1]> = solver.solve(&blow_up, [1.0], &[0.0, 0.5, 2.0]).unwrap_err();
        let partial = failure.partial.expect("what was solved");
        assert!(partial.times.len() >= 3 && *partial.times.last().unwrap() < 1.0 + 1e-6);
        let fixed = Solver::new(Method::Rk4).step_size(0.1);
        let cubic = |_: f64, [y]: [f64; 1]| [y * y * y];
        let error = fixed.solve(&cubic, [3.0], &[0.0, 5.0]).unwrap_err().error;
        assert!(matches!(error, SolveError::NonFiniteDynamics { .. }), "{error}");
    }

    #[test]
    fn what_needs_tensors_says_so() {
        let refused = |solver: Solver| {
            solver
                .solve(&numbers, [2.0, 0.0], &[0.0, 1.0])
                .unwrap_err()
                .error
                .to_string()
        };
        assert!(refused(Solver::new(Method::Kvaerno3)).contains("tensors"));
        let tolerance = vec![Tensor::<1>::ones([2], &testing::device())];
        let of_tensors = Solver::new(Method::Dopri5).tolerances(1e-3, tolerance);
        assert!(refused(of_tensors).contains("tensors"));
        let norm = Norm::custom(|_| 0.0);
        assert!(refused(Solver::new(Method::Dopri5).norm(norm)).contains("tensors"));
        let three = Solver::new(Method::Dopri5).tolerances(1e-3, vec![1e-6; 3]);
        assert!(refused(three).contains("2 numbers"));
        assert!(refused(Solver::new(Method::Dopri5).tolerances(0.0, 0.0)).contains("zero"));
    }
}
