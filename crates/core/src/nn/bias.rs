//! One row added to all rows, as one node of the tape.
//!
//! Burn's own addition walks a broadcast tensor element by element, and so does the sum of its gradient.

use burn::prelude::*;

#[cfg(feature = "flex")]
use super::{
    host::{Host, Number, doubles, host, map, split, with_precision},
    lanes,
};
use crate::vjp;

/// Adds `bias` to every row.
///
/// # Shapes
///
/// - rows, output: `[rows, columns]`
/// - bias: `[columns]`
pub fn add_bias(rows: Tensor<2>, bias: Tensor<1>) -> Tensor<2> {
    vjp::function([rows, bias.unsqueeze_dim(0)], |[rows, bias]| {
        let pullback = |gradient: Tensor<2>| [gradient.clone(), sum_of_rows(gradient)];
        (plus(rows, bias), pullback)
    })
}

fn plus(rows: Tensor<2>, bias: Tensor<2>) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if let (Some(target), Some(bias)) = (host(&rows), host(&bias)) {
        // The tensor lets go of its memory, so that the result can take its place.
        drop(rows);
        let sum = with_precision!(target, plus_of(target, &bias));
        return Tensor::from_primitive::<burn::backend::Flex>(sum);
    }
    rows + bias
}

#[cfg(feature = "flex")]
fn plus_of<T: Number>(mut target: Host, bias: &Host) -> Host {
    let bias = T::read(bias);
    let cost = T::read(&target).len() / 2;
    split(T::write(&mut target), bias.len(), cost, |_, rows| {
        lanes::update(bias.len(), rows, [], [bias], |value, [], [bias]| value + bias);
    });
    target
}

/// `[rows, columns]` to `[1, columns]`.
fn sum_of_rows(rows: Tensor<2>) -> Tensor<2> {
    #[cfg(feature = "flex")]
    if let Some(memory) = host(&rows) {
        return with_precision!(memory, sum_of(&memory, rows.dims()[1], &rows.device()));
    }
    rows.sum_dim(0)
}

/// Numbers whose sums are added up in the precision of the input before they go on in double precision. A constant, so
/// that results do not depend on the number of threads.
#[cfg(feature = "flex")]
const PART: usize = 1 << 14;

#[cfg(feature = "flex")]
fn sum_of<T: Number>(memory: &Host, columns: usize, device: &Device) -> Tensor<2> {
    let rows = T::read(memory);
    let part = (PART / columns).max(1) * columns;
    let sums = map(rows.len().div_ceil(part), rows.len() / 2, |index| {
        let part = &rows[index * part..((index + 1) * part).min(rows.len())];
        doubles(&lanes::sum(columns, [part], [], |[value], []| value))
    });
    let mut total = vec![0.0; columns];
    for sum in sums {
        total.iter_mut().zip(sum).for_each(|(total, sum)| *total += sum);
    }
    let total = total.into_iter().map(T::from_f64).collect();
    T::tensor(total, [1, columns], device)
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, Distribution};

    use super::*;
    use crate::testing::{assert_close, device, values};

    #[test]
    fn values_and_gradients_are_those_of_burn() {
        for shape in [[1, 3], [7, 64], [2000, 19], [5, 20_000]] {
            let random = |shape: [usize; 2]| Tensor::<2>::random(shape, Distribution::Default, (&device(), DType::F64));
            let (rows, weights, bias) = (random(shape), random(shape), random([1, shape[1]]));
            let run = |add: fn(Tensor<2>, Tensor<1>) -> Tensor<2>| {
                let rows = rows.clone().autodiff().require_grad();
                let bias: Tensor<1> = bias.clone().squeeze_dim(0).autodiff().require_grad();
                let output = add(rows.clone(), bias.clone());
                let gradients = (output.clone() * weights.clone().autodiff()).sum().backward();
                [
                    values(output),
                    values(rows.grad(&gradients).expect("tracked")),
                    values(bias.grad(&gradients).expect("tracked")),
                ]
            };
            let [ours, burns] = [run(add_bias), run(|rows, bias| rows + bias.unsqueeze_dim(0))];
            for (ours, burns) in ours.iter().zip(&burns) {
                assert_close(ours, burns, 1e-12);
            }
        }
    }

    #[test]
    fn rows_that_others_hold_stay_as_they_are() {
        let rows = Tensor::<2>::ones([2, 3], &device());
        let sum = add_bias(rows.clone(), Tensor::from_floats([1.0, 2.0, 3.0], &device()));
        assert_eq!(values(sum), [2.0, 3.0, 4.0, 2.0, 3.0, 4.0]);
        assert_eq!(values(rows), [1.0; 6]);
    }
}
