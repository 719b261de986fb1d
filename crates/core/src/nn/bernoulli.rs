//! Log-densities of many Bernoulli variables, in one pass over memory and on all cores.
//!
//! Burn's own way takes a pass for each operation, all on one core: of decoders of pictures it is a fifth of an update.

use burn::{prelude::*, tensor::activation::sigmoid};

#[cfg(feature = "flex")]
use super::host::{Host, Number, host, make, split, with_precision};
use crate::vjp;

/// `Σ value · l - ln(1 + eˡ)` over the last axis; no gradient goes to the value.
///
/// # Shapes
///
/// - logits: any
/// - value: one that broadcasts to them
/// - output: that of the logits with 1 in place of the last
pub(crate) fn bernoulli_rows<const D: usize>(logits: Tensor<D>, value: Tensor<D>) -> Tensor<D> {
    let value = value.inner();
    vjp::function([logits], |[logits]| {
        let sums = sums(&logits, &value);
        (sums, move |gradient| [slopes(logits, &value, gradient)])
    })
}

/// `ln(1 + eˡ) = max(l, 0) + ln(1 + e^-|l|)`
pub(crate) fn softplus<const D: usize>(logits: Tensor<D>) -> Tensor<D> {
    logits.clone().clamp_min(0.0) + logits.abs().neg().exp().log1p()
}

fn sums<const D: usize>(logits: &Tensor<D>, value: &Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if let (Some(memory), Some(values)) = (host(logits), host(value)) {
        let (rows, device) = (Rows::of(logits.dims(), value.dims()), logits.device());
        let mut shape = logits.dims();
        shape[D - 1] = 1;
        return with_precision!(memory, sum_rows(&memory, &values, &rows, &device)).reshape(shape);
    }
    (value.clone() * logits.clone() - softplus(logits.clone())).sum_dim(D - 1)
}

/// `gradient · (value - σ(l))`
fn slopes<const D: usize>(logits: Tensor<D>, value: &Tensor<D>, gradient: Tensor<D>) -> Tensor<D> {
    #[cfg(feature = "flex")]
    if let (Some(memory), Some(values), Some(gradients)) = (host(&logits), host(value), host(&gradient)) {
        let rows = Rows::of(logits.dims(), value.dims());
        // The tensor lets go of its memory, so that the result can take its place.
        drop(logits);
        let slopes = with_precision!(memory, slope_rows(memory, &values, &gradients, &rows));
        return Tensor::from_primitive::<burn::backend::Flex>(slopes);
    }
    gradient * (value.clone() - sigmoid(logits))
}

/// Where the rows of values are that belong to rows of logits.
#[cfg(feature = "flex")]
struct Rows {
    /// Numbers of a row.
    length: usize,
    /// Whether a value is the same for all of its row.
    is_same: bool,
    /// Where the values of each row begin.
    begins: Vec<usize>,
}

#[cfg(feature = "flex")]
impl Rows {
    fn of<const D: usize>(logits: [usize; D], value: [usize; D]) -> Self {
        let length = logits[D - 1];
        let begin = |row: usize| {
            let (mut rest, mut begin, mut stride) = (row, 0, value[D - 1]);
            for axis in (0..D - 1).rev() {
                if value[axis] > 1 {
                    begin += rest % logits[axis] * stride;
                }
                rest /= logits[axis];
                stride *= value[axis];
            }
            begin
        };
        Self {
            length,
            is_same: value[D - 1] < length,
            begins: (0..logits[..D - 1].iter().product()).map(begin).collect(),
        }
    }

    /// The value of each number of a row.
    fn values<'a, T: Number>(&self, values: &'a [T], row: usize) -> impl Iterator<Item = T> + use<'a, T> {
        let (begin, is_same) = (self.begins[row], self.is_same);
        (0..self.length).map(move |place| values[begin + if is_same { 0 } else { place }])
    }
}

#[cfg(feature = "flex")]
fn sum_rows<T: Logit>(logits: &Host, values: &Host, rows: &Rows, device: &Device) -> Tensor<1> {
    let (logits, values) = (T::read(logits), T::read(values));
    let sums = make(rows.begins.len(), 1, 8 * logits.len(), |first, sums| {
        for (row, sum) in (first..).zip(sums) {
            let logits = &logits[row * rows.length..][..rows.length];
            let terms = logits.iter().zip(rows.values(values, row));
            let linear = terms.map(|(&logit, value)| (value * logit - logit.positive()).to_f64());
            *sum = T::from_f64(linear.sum::<f64>() - logarithms(logits));
        }
    });
    let shape = [sums.len()];
    T::tensor(sums, shape, device)
}

/// `Σ ln(1 + e^-|l|)` as the logarithms of products, which are a hundred times fewer. Factors are in (1, 2]: the product of so many
/// stays far below the largest number.
#[cfg(feature = "flex")]
fn logarithms<T: Logit>(logits: &[T]) -> f64 {
    const FACTORS: usize = 512;
    let product = |logits: &[T]| logits.iter().map(|logit| 1.0 + logit.odds().to_f64()).product::<f64>();
    logits.chunks(FACTORS).map(|logits| product(logits).ln()).sum()
}

#[cfg(feature = "flex")]
fn slope_rows<T: Logit>(mut logits: Host, values: &Host, gradients: &Host, rows: &Rows) -> Host {
    let (values, gradients) = (T::read(values), T::read(gradients));
    let numbers = T::write(&mut logits);
    let cost = 4 * numbers.len();
    split(numbers, rows.length, cost, |first, numbers| {
        for (row, numbers) in (first..).zip(numbers.chunks_exact_mut(rows.length)) {
            for (number, value) in numbers.iter_mut().zip(rows.values(values, row)) {
                *number = gradients[row] * (value - number.sigmoid());
            }
        }
    });
    logits
}

/// Numbers that can be the logarithms of odds.
#[cfg(feature = "flex")]
trait Logit: Number {
    /// `max(l, 0)`
    fn positive(self) -> Self;
    /// `e^-|l|`
    fn odds(self) -> Self;
    fn sigmoid(self) -> Self;
}

#[cfg(feature = "flex")]
macro_rules! logits {
    ($($number:ty),+) => {
        $(
            impl Logit for $number {
                fn positive(self) -> Self {
                    self.max(0.0)
                }

                fn odds(self) -> Self {
                    (-self.abs()).exp()
                }

                fn sigmoid(self) -> Self {
                    1.0 / (1.0 + (-self).exp())
                }
            }
        )+
    };
}

#[cfg(feature = "flex")]
logits!(f32, f64);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        random::Streams,
        testing::{assert_close, assert_gradient, device, tensor_f64, values},
    };

    /// Values and gradients, by the operations of Burn.
    fn composed(logits: Tensor<3>, value: Tensor<3>) -> [Vec<f64>; 2] {
        let logits = logits.require_grad();
        let density = (value * logits.clone() - softplus(logits.clone())).sum_dim(2);
        differentiated(logits, density)
    }

    fn differentiated(logits: Tensor<3>, density: Tensor<3>) -> [Vec<f64>; 2] {
        let gradients = density.clone().square().sum().backward();
        let gradient = logits.grad(&gradients).expect("it is tracked");
        [values(density), values(gradient)]
    }

    #[test]
    fn values_and_gradients_are_those_of_burn() {
        let device = device().autodiff();
        for (shape, of_value) in [
            ([2, 3, 5], [2, 3, 5]),
            ([4, 10, 70], [4, 1, 70]),
            ([4, 10, 70], [1, 10, 70]),
            ([3, 2, 4], [3, 2, 1]),
            ([3, 2, 4], [1, 1, 4]),
            // So many that all cores share them.
            ([40, 10, 200], [40, 1, 200]),
        ] {
            let streams = Streams::new(0);
            let logits = streams.normal("logits", 0, shape, &device) * 3.0;
            let value = streams.uniform("value", 0, of_value, &device);
            let expected = composed(logits.clone(), value.clone());
            let logits = logits.require_grad();
            let found = differentiated(logits.clone(), bernoulli_rows(logits, value));
            for (found, expected) in found.iter().zip(expected) {
                assert_close(found, &expected, 1e-4);
            }
        }
    }

    #[test]
    fn its_gradient_matches_finite_differences() {
        assert_gradient(&[0.3, -1.2, 4.0, -30.0, 0.0, 40.0], |logits| {
            let value = tensor_f64::<2>(vec![1.0, 0.0, 0.3], [1, 3], &logits.device());
            bernoulli_rows(logits.reshape([2, 3]), value).square().reshape([2])
        });
    }

    #[test]
    fn extreme_logits_stay_finite() {
        let of = |logits: &[f64], value: &[f64]| {
            let shape = [logits.len(), 1];
            let row = |numbers: &[f64]| tensor_f64::<2>(numbers.to_vec(), shape, &device());
            values(bernoulli_rows(row(logits), row(value)))
        };
        let found = of(&[80.0, -800.0, 800.0, -80.0], &[1.0, 0.0, 0.0, 1.0]);
        assert_close(&found, &[-(-80f64).exp(), 0.0, -800.0, -80.0], 1e-12);
    }
}
