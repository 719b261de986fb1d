//! Steps of diagonally implicit methods: each stage is solved for by Newton's method with a dense Jacobian, whose rows
//! are vector-Jacobian products. For small states.

use burn::prelude::*;

use crate::{
    SolveError, State,
    gradient::parameters::{Leaf, is_tracked},
    solver::{
        norm::{device_failure, epsilon},
        options::Options,
        step::{Span, Step, scaled},
    },
    tableau::Tableau,
};

/// Most elements of a state: the Jacobian takes that many evaluations, and the square of it in memory.
pub(crate) const MOST_ELEMENTS: usize = 1024;
const DEFAULT_ITERATIONS: usize = 10;
/// The correction that is small enough, in units of the tolerance of the solve.
const SHARE: f64 = 1e-2;

/// How the equation of a stage is solved.
#[derive(Debug, Clone, Copy)]
pub struct Newton {
    tolerances: Option<(f64, f64)>,
    iterations: usize,
}

impl Newton {
    pub(crate) fn new(options: &Options) -> Self {
        let of_solve = options.tolerances.as_ref().and_then(|tolerances| tolerances.numbers());
        let share = of_solve.map(|(relative, absolute)| (SHARE * relative, SHARE * absolute));
        Self {
            tolerances: options.corrector_tolerances.or(share),
            iterations: options.max_iterations.unwrap_or(DEFAULT_ITERATIONS),
        }
    }

    /// Relative and absolute tolerance of corrections for an element type.
    fn tolerances(&self, state: &Tensor<1>) -> (f64, f64) {
        let precision = epsilon(state.dtype());
        let (relative, absolute) = self
            .tolerances
            .unwrap_or((SHARE * precision.sqrt(), SHARE * precision.sqrt()));
        (relative.max(10.0 * precision), absolute)
    }
}

/// Whether the equation of a stage was solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was.
    Solved,
    /// Corrections did not become small.
    Unsolved,
    /// The dynamics gave NaN or infinity.
    NotFinite,
}

/// A step, and whether the equations of all its stages were solved. If not, its end is not to be used.
pub struct ImplicitStep<S> {
    pub(crate) step: Step<S>,
    pub(crate) outcome: Outcome,
}

/// Makes a step from `before`, with `first` the slope there. The slopes begin with it.
///
/// The solution of a stage is found on plain values, with one Jacobian for all stages with the same coefficient, unless
/// corrections shrink slowly. With tracked tensors the solution has the gradient of the implicit function, by the Jacobian
/// there.
pub(crate) fn take<S: State>(
    tableau: &Tableau,
    span: &Span,
    before: &S,
    first: S,
    newton: &Newton,
    evaluate: &mut dyn FnMut(f64, S) -> Result<S, SolveError>,
) -> Result<ImplicitStep<S>, SolveError> {
    let mut stages: Vec<S> = Vec::with_capacity(tableau.stages() + 1);
    let mut outcome = Outcome::Solved;
    let mut last = before.clone();
    let mut inverse: Option<(f64, Vec<f64>)> = None;
    for (stage, (&node, row)) in tableau.nodes.iter().zip(tableau.matrix).enumerate() {
        let diagonal = row[stage];
        if diagonal == 0.0 {
            stages.push(first.clone());
            continue;
        }
        let equation = Equation {
            time: match node {
                1.0 => span.last,
                _ => span.start + node * span.size,
            },
            base: before.add_scaled(&scaled(span.size, row, &stages)),
            weight: span.size * diagonal,
        };
        inverse = inverse.filter(|(weight, _)| *weight == equation.weight);
        let guess = stages.last().unwrap_or(&first).plain();
        let (state, found) = equation.solve(&guess, newton, &mut inverse, evaluate)?;
        // The difference first: large states divided by a small step would overflow.
        let change = S::weighted_sum(&[(1.0, &state), (-1.0, &equation.base)]);
        stages.push(S::weighted_sum(&[(1.0 / equation.weight, &change)]));
        last = state;
        if outcome == Outcome::Solved {
            outcome = found;
        }
    }
    let is_last_stage = tableau.matrix[tableau.stages() - 1] == tableau.weights;
    let next = match is_last_stage {
        true => last,
        false => before.add_scaled(&scaled(span.size, tableau.weights, &stages)),
    };
    if tableau.matrix[0][0] != 0.0 {
        // The slope at the start, which interpolation needs, is not one of the stages.
        stages.insert(0, first);
    }
    Ok(ImplicitStep {
        step: Step { stages, next },
        outcome,
    })
}

/// `z = base + weight · f(time, z)`.
struct Equation<S> {
    time: f64,
    base: S,
    weight: f64,
}

/// Iterations after which the Jacobian is found anew for each.
const PATIENCE: usize = 3;

impl<S: State> Equation<S> {
    /// The solution, if there is one. `inverse` is that of another stage with the same weight, and is left for the next.
    fn solve(
        &self,
        guess: &S,
        newton: &Newton,
        inverse: &mut Option<(f64, Vec<f64>)>,
        evaluate: &mut dyn FnMut(f64, S) -> Result<S, SolveError>,
    ) -> Result<(S, Outcome), SolveError> {
        let base = self.base.plain();
        let mut state = base.add_scaled(&[(self.weight, guess)]);
        let (relative, absolute) = newton.tolerances(&flat(&state));
        let mut outcome = Outcome::Unsolved;
        let has_tape = |state: &S| state.components().iter().any(is_tracked);
        let mut is_foreign = false;
        for iteration in 0..newton.iterations {
            let slope = evaluate(self.time, state.clone())?;
            // The state is plain: what is tracked is of the dynamics.
            is_foreign = has_tape(&slope);
            if inverse.is_none() || iteration > PATIENCE {
                let found = self.inverse(&state, is_foreign, evaluate)?;
                *inverse = found.map(|inverse| (self.weight, inverse));
            }
            let residual = read(self.residual(&state, &base, &slope.plain()))?;
            if residual.iter().any(|number| !number.is_finite()) {
                outcome = Outcome::NotFinite;
                break;
            }
            let Some((_, matrix)) = &inverse else { break };
            let correction = times(matrix, &residual);
            if correction.iter().any(|number| !number.is_finite()) {
                break;
            }
            let values = read(flat(&state))?;
            let is_small = |(correction, value): (&f64, &f64)| correction.abs() <= absolute + relative * value.abs();
            let is_done = correction.iter().zip(&values).all(is_small);
            state = minus(&state, row(&correction, &flat(&state)));
            if is_done {
                outcome = Outcome::Solved;
                break;
            }
        }
        match outcome {
            Outcome::Solved if is_foreign || has_tape(&self.base) => {
                Ok((self.on_the_tape(state, is_foreign, evaluate)?, outcome))
            }
            Outcome::Solved => Ok((state, outcome)),
            Outcome::Unsolved | Outcome::NotFinite => Ok((state.add_scaled(&[(f64::NAN, &state)]), outcome)),
        }
    }

    /// The solution with the gradient of the implicit function: a step of Newton's method that does not move.
    fn on_the_tape(
        &self,
        state: S,
        is_foreign: bool,
        evaluate: &mut dyn FnMut(f64, S) -> Result<S, SolveError>,
    ) -> Result<S, SolveError> {
        let Some(inverse) = self.inverse(&state, is_foreign, evaluate)? else {
            return Ok(state.add_scaled(&[(f64::NAN, &state)]));
        };
        let slope = evaluate(self.time, state.clone())?;
        let residual = self.residual(&state, &self.base, &slope);
        let residual = residual.clone() - residual.detach();
        let size = residual.dims()[0];
        let transposed = (0..size * size)
            .map(|index| inverse[index % size * size + index / size])
            .collect();
        let data = TensorData::new::<f64, _>(transposed, [size, size]);
        let transposed = Tensor::<2>::from_data(data, (&residual.device(), residual.dtype()));
        let correction = residual.reshape([1, size]).matmul(transposed).reshape([size]);
        Ok(minus(&state, correction))
    }

    /// `z - base - weight · slope`, flat.
    fn residual(&self, state: &S, base: &S, slope: &S) -> Tensor<1> {
        flat(&S::weighted_sum(&[(1.0, state), (-1.0, base), (-self.weight, slope)]))
    }

    /// The inverse of `I - weight · ∂f/∂y`, row by row; `None` if there is none.
    ///
    /// The Jacobian is made of reverse passes. They would use up the tape of dynamics that hold tracked tensors, which the
    /// loss needs: for those, central differences.
    fn inverse(
        &self,
        state: &S,
        is_foreign: bool,
        evaluate: &mut dyn FnMut(f64, S) -> Result<S, SolveError>,
    ) -> Result<Option<Vec<f64>>, SolveError> {
        let size = flat(state).dims()[0];
        let mut matrix = match is_foreign {
            true => self.jacobian_by_differences(state, evaluate)?,
            false => self.jacobian(state, evaluate)?,
        };
        for (index, entry) in matrix.iter_mut().enumerate() {
            let identity = if index % size == index / size { 1.0 } else { 0.0 };
            *entry = identity - self.weight * *entry;
        }
        Ok(invert(matrix, size))
    }

    /// `∂f/∂y`, row by row.
    fn jacobian(
        &self,
        state: &S,
        evaluate: &mut dyn FnMut(f64, S) -> Result<S, SolveError>,
    ) -> Result<Vec<f64>, SolveError> {
        let size = flat(state).dims()[0];
        let mut matrix = vec![0.0; size * size];
        for (index, row) in matrix.chunks_mut(size).enumerate() {
            let leaf = Leaf::new(state);
            let slope = flat(&evaluate(self.time, leaf.state.clone())?);
            if !is_tracked(&slope) {
                continue;
            }
            let gradients = slope.narrow(0, index, 1).sum().backward();
            let mut start = 0;
            for (part, like) in leaf.gradient(&gradients).into_iter().zip(state.components()) {
                if let Some(part) = part {
                    let values = read(part)?;
                    row[start..start + values.len()].copy_from_slice(&values);
                }
                start += like.dims()[0];
            }
        }
        Ok(matrix)
    }

    /// `∂f/∂y`, row by row, by central differences: of an error of the precision to the power of two thirds.
    fn jacobian_by_differences(
        &self,
        state: &S,
        evaluate: &mut dyn FnMut(f64, S) -> Result<S, SolveError>,
    ) -> Result<Vec<f64>, SolveError> {
        let values = read(flat(state))?;
        let size = values.len();
        let like = flat(state);
        let mut matrix = vec![0.0; size * size];
        for column in 0..size {
            let distance = epsilon(like.dtype()).cbrt() * values[column].abs().max(1.0);
            let mut at = |distance: f64| {
                let mut shift = vec![0.0; size];
                shift[column] = -distance;
                let slope = evaluate(self.time, minus(state, row(&shift, &like)))?;
                read(flat(&slope.plain()))
            };
            let (up, down) = (at(distance)?, at(-distance)?);
            for (index, (up, down)) in up.into_iter().zip(down).enumerate() {
                matrix[index * size + column] = (up - down) / (2.0 * distance);
            }
        }
        Ok(matrix)
    }
}

/// The tensors of a state as one vector.
fn flat(state: &impl State) -> Tensor<1> {
    let mut components = state.components();
    match components.len() {
        1 => components.swap_remove(0),
        _ => Tensor::cat(components, 0),
    }
}

/// `state - correction`.
fn minus<S: State>(state: &S, correction: Tensor<1>) -> S {
    let mut start = 0;
    let parts: Vec<_> = state
        .components()
        .into_iter()
        .map(|component| {
            let size = component.dims()[0];
            start += size;
            let part = correction.clone().narrow(0, start - size, size);
            match part.is_autodiff() {
                true => component.autodiff() - part,
                false => component - part,
            }
        })
        .collect();
    state.rebuild(&mut parts.into_iter())
}

fn row(numbers: &[f64], like: &Tensor<1>) -> Tensor<1> {
    Tensor::from_data(TensorData::from(numbers), (&like.device(), like.dtype()))
}

fn read(vector: Tensor<1>) -> Result<Vec<f64>, SolveError> {
    let data = vector.try_into_data().map_err(device_failure)?;
    Ok(data.iter().collect())
}

fn times(matrix: &[f64], vector: &[f64]) -> Vec<f64> {
    let product = |row: &[f64]| row.iter().zip(vector).map(|(entry, value)| entry * value).sum();
    matrix.chunks(vector.len()).map(product).collect()
}

/// The inverse of a square matrix by elimination with pivots from the columns; `None` if it is singular or not finite.
fn invert(mut matrix: Vec<f64>, size: usize) -> Option<Vec<f64>> {
    let mut inverse = vec![0.0; size * size];
    for index in 0..size {
        inverse[index * size + index] = 1.0;
    }
    for column in 0..size {
        let pivot = (column..size).max_by(|&one, &other| {
            let size_of = |row: usize| matrix[row * size + column].abs();
            size_of(one).total_cmp(&size_of(other))
        })?;
        let divisor = matrix[pivot * size + column];
        if divisor == 0.0 || !divisor.is_finite() {
            return None;
        }
        for entries in [&mut matrix, &mut inverse] {
            for index in 0..size {
                entries.swap(column * size + index, pivot * size + index);
                entries[column * size + index] /= divisor;
            }
        }
        for other in (0..size).filter(|&other| other != column) {
            let factor = matrix[other * size + column];
            if factor == 0.0 {
                continue;
            }
            for entries in [&mut matrix, &mut inverse] {
                for index in 0..size {
                    entries[other * size + index] -= factor * entries[column * size + index];
                }
            }
        }
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use papers_core::testing::assert_close;

    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_the_identity() {
        // Needs a pivot.
        let matrix = vec![0.0, 2.0, 1.0, 1.0, -1.0, 0.5, 4.0, 0.25, -3.0];
        let inverse = invert(matrix.clone(), 3).expect("it is regular");
        for column in 0..3 {
            let vector: Vec<f64> = (0..3).map(|row| inverse[row * 3 + column]).collect();
            let expected: Vec<f64> = (0..3).map(|row| if row == column { 1.0 } else { 0.0 }).collect();
            assert_close(&times(&matrix, &vector), &expected, 1e-14);
        }
        assert_eq!(invert(vec![1.0, 2.0, 2.0, 4.0], 2), None);
        assert_eq!(invert(vec![f64::NAN], 1), None);
    }
}
