//! Weighted sums of tensors in one pass over memory.

use burn::prelude::*;

#[cfg(feature = "flex")]
use super::host::{Host, Number, host, make, with_precision};

/// Numbers from which on one pass over memory by all cores is quicker than Burn's operations.
#[cfg(feature = "flex")]
const LARGE: usize = 1 << 13;
/// Numbers of a part that stays in a core's first cache from term to term.
#[cfg(feature = "flex")]
const PART: usize = 1 << 11;

/// `Σ c_i · x_i` of plain tensors of one shape, from left to right: the same numbers as by a product and a sum for each
/// term, to the last bit.
///
/// # Panics
///
/// Without terms.
pub fn weighted_sum<const D: usize>(terms: impl IntoIterator<Item = (f64, Tensor<D>)>) -> Tensor<D> {
    let terms: Vec<(f64, Tensor<D>)> = terms.into_iter().collect();
    #[cfg(feature = "flex")]
    if let Some(sum) = in_one_pass(&terms) {
        return sum;
    }
    let products = terms.into_iter().map(|(coefficient, tensor)| match coefficient {
        1.0 => tensor,
        _ => tensor * coefficient,
    });
    // The running sum has one owner, so that Burn can add into its buffer.
    products
        .reduce(|sum, product| sum + product)
        .expect("there is at least one term")
}

#[cfg(feature = "flex")]
fn in_one_pass<const D: usize>(terms: &[(f64, Tensor<D>)]) -> Option<Tensor<D>> {
    let (coefficient, first) = terms.first()?;
    if first.shape().num_elements() < LARGE || (terms.len() == 1 && *coefficient == 1.0) {
        return None;
    }
    let memories: Option<Vec<Host>> = terms.iter().map(|(_, tensor)| host(tensor)).collect();
    let memories = memories?;
    let coefficients: Vec<f64> = terms.iter().map(|(coefficient, _)| *coefficient).collect();
    let sum = with_precision!(memories[0], sum_of(&coefficients, &memories, &first.device()));
    Some(sum.reshape(first.dims()))
}

#[cfg(feature = "flex")]
fn sum_of<T: Number>(coefficients: &[f64], memories: &[Host], device: &Device) -> Tensor<1> {
    let terms: Vec<(T, &[T])> = coefficients
        .iter()
        .zip(memories)
        .map(|(&coefficient, memory)| (T::from_f64(coefficient), T::read(memory)))
        .collect();
    let length = terms[0].1.len();
    let sum = make(length, PART, length * terms.len() / 2, |first, sum| {
        for (index, sum) in sum.chunks_mut(PART).enumerate() {
            let start = (first + index) * PART;
            for (number, &(coefficient, term)) in terms.iter().enumerate() {
                let places = sum.iter_mut().zip(&term[start..]);
                match number {
                    0 => places.for_each(|(sum, &value)| *sum = value * coefficient),
                    _ => places.for_each(|(sum, &value)| *sum += value * coefficient),
                }
            }
        }
    });
    T::tensor(sum, [length], device)
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;

    use super::*;
    use crate::testing::{device, normal, values};

    #[test]
    fn large_sums_are_those_of_burn_to_the_last_bit() {
        let shape = [3, 50, 71];
        for dtype in [DType::F32, DType::F64] {
            let factors = [1.0, -0.3, 1.0 / 7.0].into_iter().zip(0..);
            let terms: Vec<(f64, Tensor<3>)> = factors
                .map(|(factor, seed)| (factor, normal(seed, shape).cast(dtype)))
                .collect();
            let expected = terms[0].1.clone() + terms[1].1.clone() * -0.3 + terms[2].1.clone() * (1.0 / 7.0);
            assert_eq!(values(weighted_sum(terms.clone())), values(expected));
            let single = terms[1].clone();
            assert_eq!(values(weighted_sum([single.clone()])), values(single.1 * -0.3));
        }
    }

    #[test]
    fn small_sums_are_too() {
        let [a, b] = [[1.0, 2.0], [3.0, 4.0]].map(|values| Tensor::<1>::from_floats(values, &device()));
        assert_eq!(values(weighted_sum([(1.0, a), (0.5, b)])), [2.5, 4.0]);
    }
}
