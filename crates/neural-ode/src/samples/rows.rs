//! Tensors with one row for each sample.

use burn::prelude::*;

use super::{Samples, read_column};
use crate::{
    Norm, SolveError, State,
    solver::{
        norm::Tolerance,
        step::{Span, scaled},
    },
    tableau::Tableau,
};

/// Samples that are solved together: lane `i` is the sample `indices[i]`.
pub(super) struct Lanes<'a, F: ?Sized> {
    pub(super) dynamics: &'a F,
    pub(super) indices: Vec<usize>,
}

impl<F: ?Sized> Lanes<'_, F> {
    /// `f(t, y)` for states `[lanes, features]`.
    pub(super) fn evaluate<const D: usize>(
        &self,
        times: &[f64],
        state: Tensor<2>,
        shape: [usize; D],
    ) -> Result<Tensor<2>, SolveError>
    where
        F: super::SampleDynamics<D>,
    {
        let [lanes, features] = state.dims();
        let mut expected = shape;
        expected[0] = lanes;
        let at = Samples {
            times,
            indices: &self.indices,
        };
        let slope = self.dynamics.evaluate(&at, state.reshape(expected));
        if slope.dims() != expected {
            return Err(SolveError::ShapeMismatch {
                expected: vec![expected.to_vec()],
                got: vec![slope.dims().to_vec()],
            });
        }
        Ok(slope.reshape([lanes, features]))
    }
}

/// A step of every lane, each of its own size: its stages and its end.
pub(super) struct RowStep {
    pub(super) stages: Vec<Tensor<2>>,
    pub(super) next: Tensor<2>,
    pub(super) sizes: Tensor<2>,
}

/// Makes a step of every lane. Tensor operations only: with tracked tensors the step has gradients.
pub(super) fn take(
    tableau: &Tableau,
    spans: &[Span],
    before: &Tensor<2>,
    first: Tensor<2>,
    mut evaluate: impl FnMut(&[f64], Tensor<2>) -> Result<Tensor<2>, SolveError>,
) -> Result<RowStep, SolveError> {
    let sizes: Vec<f64> = spans.iter().map(|span| span.size).collect();
    let sizes = column(&sizes, before);
    let point = |weights: &[f64], stages: &[Tensor<2>]| {
        before.clone() + Tensor::weighted_sum(&scaled(1.0, weights, stages)) * sizes.clone()
    };
    let last_stage = tableau.stages() - 1;
    let mut stages = vec![first];
    let mut end = None;
    for (stage, (&node, row)) in tableau.nodes.iter().zip(tableau.matrix).enumerate().skip(1) {
        let point = point(row, &stages);
        if tableau.is_fsal && stage == last_stage {
            end = Some(point.clone());
        }
        let times: Vec<f64> = spans.iter().map(|span| stage_time(span, node)).collect();
        stages.push(evaluate(&times, point)?);
    }
    let next = end.unwrap_or_else(|| point(tableau.weights, &stages));
    Ok(RowStep { stages, next, sizes })
}

fn stage_time(span: &Span, node: f64) -> f64 {
    if node == 1.0 {
        span.last
    } else {
        span.start + node * span.size
    }
}

/// The states of some lanes at times inside their steps. `stages` end with the slope at the end of the step.
pub(super) fn interpolate(
    tableau: &Tableau,
    spans: &[Span],
    before: &Tensor<2>,
    stages: &[Tensor<2>],
    requests: &[(usize, f64)],
) -> Tensor<2> {
    let lanes: Vec<usize> = requests.iter().map(|(lane, _)| *lane).collect();
    let lanes = indices(&lanes, &before.device());
    let weights: Vec<Vec<f64>> = requests
        .iter()
        .map(|(lane, time)| {
            let span = &spans[*lane];
            let weights = tableau.dense_weights(span.position(*time));
            weights.into_iter().map(|weight| span.size * weight).collect()
        })
        .collect();
    let mut state = before.clone().select(0, lanes.clone());
    for (stage, slope) in stages.iter().enumerate() {
        let weights: Vec<f64> = weights.iter().map(|weights| weights[stage]).collect();
        if weights.iter().any(|weight| *weight != 0.0) {
            state = state + slope.clone().select(0, lanes.clone()) * column(&weights, before);
        }
    }
    state
}

/// The size of each row of `value` in units of the tolerance at `magnitude`.
pub(super) fn sizes(
    norm: &Norm,
    (relative, absolute): (f64, f64),
    value: Tensor<2>,
    magnitude: Tensor<2>,
) -> Result<Vec<f64>, SolveError> {
    let scale = Tolerance::Same(absolute).above_zero(magnitude * relative + absolute);
    let scaled = value / scale;
    if matches!(norm, Norm::MaxAbs) {
        let nan_or_zero = scaled.clone().mul_scalar(0.0).sum_dim(1);
        return read(scaled.abs().max_dim(1) + nan_or_zero);
    }
    let mut sizes = read(scaled.clone().square().mean_dim(1))?;
    sizes.iter_mut().for_each(|square| *square = square.sqrt());
    if sizes.iter().all(|size| size.is_finite()) {
        return Ok(sizes);
    }
    // Not finite, or only its square is not.
    let nan_or_zero = scaled.clone().mul_scalar(0.0).sum_dim(1);
    let top = scaled.clone().abs().max_dim(1).clamp_min(f64::MIN_POSITIVE.sqrt());
    let rms = (scaled / top.clone()).square().mean_dim(1).sqrt() * top + nan_or_zero;
    let careful = read(rms)?;
    let pairs = sizes.into_iter().zip(careful);
    Ok(pairs
        .map(|(size, careful)| if size.is_finite() { size } else { careful })
        .collect())
}

/// A column of numbers with the device and precision of `like`.
pub(super) fn column(numbers: &[f64], like: &Tensor<2>) -> Tensor<2> {
    let data = TensorData::new(numbers.to_vec(), [numbers.len(), 1]);
    Tensor::from_data(data, (&like.device(), like.dtype()))
}

pub(super) fn indices(indices: &[usize], device: &Device) -> Tensor<1, Int> {
    let indices: Vec<i64> = indices.iter().map(|index| *index as i64).collect();
    Tensor::from_data(TensorData::from(indices.as_slice()), device)
}

/// The rows of `new` where `is_new`, of `old` elsewhere; what is in the others, NaN included, has no effect.
pub(super) fn choose(is_new: &[bool], new: Tensor<2>, old: Tensor<2>) -> Tensor<2> {
    if is_new.iter().all(|is_new| *is_new) {
        return new;
    }
    if !is_new.contains(&true) {
        return old;
    }
    let shape = old.dims();
    let mask = TensorData::new(is_new.to_vec(), [is_new.len(), 1]);
    let mask = Tensor::<2, Bool>::from_data(mask, &old.device()).expand(shape);
    old.mask_where(mask, new)
}

/// The elements of a column.
pub(super) fn read(column: Tensor<2>) -> Result<Vec<f64>, SolveError> {
    read_column(column)
}
