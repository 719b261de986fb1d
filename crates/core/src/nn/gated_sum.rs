//! Sums of tensors with learned positive weights.

use burn::{prelude::*, tensor::activation::sigmoid};

use crate::vjp;

#[cfg(feature = "flex")]
use super::host::{Host, Number, host, make, map, with_precision};

/// Terms of one node of the tape; longer sums are sums of such.
const TERMS: usize = 8;

/// `Σ σ(gate_i) · x_i`, with σ the logistic function: each term counts as much as its gate is open, and they are not
/// normalized.
///
/// # Shapes
///
/// - terms: tensors of one shape
/// - gates: `[terms]`
/// - output: the shape of a term
///
/// # Panics
///
/// Without terms, or with another number of gates.
pub fn gated_sum(terms: &[Tensor<4>], gates: Tensor<1>) -> Tensor<4> {
    assert_eq!(gates.dims(), [terms.len()], "each term has its gate");
    let gates: Tensor<4> = gates.reshape([-1, 1, 1, 1]);
    let parts = terms.chunks(TERMS).enumerate().map(|(part, terms)| {
        let gates = gates.clone().narrow(0, part * TERMS, terms.len());
        part_sum(terms, gates)
    });
    parts
        .reduce(|sum, part| sum + part)
        .expect("there is at least one term")
}

fn part_sum(terms: &[Tensor<4>], gates: Tensor<4>) -> Tensor<4> {
    /// Nodes of the tape have a number of inputs that is known when they are compiled.
    macro_rules! by_count {
        ($($count:literal: $($place:literal),+;)+) => {
            match terms.len() {
                $($count => node([$(terms[$place].clone(),)+ gates]),)+
                _ => unreachable!("a part has at most {TERMS} terms"),
            }
        };
    }
    by_count! {
        1: 0;
        2: 0, 1;
        3: 0, 1, 2;
        4: 0, 1, 2, 3;
        5: 0, 1, 2, 3, 4;
        6: 0, 1, 2, 3, 4, 5;
        7: 0, 1, 2, 3, 4, 5, 6;
        8: 0, 1, 2, 3, 4, 5, 6, 7;
    }
}

/// The last input holds the gates, `[terms, 1, 1, 1]`.
fn node<const N: usize>(inputs: [Tensor<4>; N]) -> Tensor<4> {
    vjp::function(inputs, |inputs: [Tensor<4>; N]| {
        let shares = sigmoid(inputs[N - 1].clone());
        let output = sum(&inputs[..N - 1], shares.clone());
        let pullback = move |gradient: Tensor<4>| {
            let products: Tensor<4> = products(&inputs[..N - 1], &gradient);
            let by_gates: Tensor<4> = products * shares.clone() * (-shares.clone() + 1.0);
            std::array::from_fn(|place| match place {
                _ if place == N - 1 => by_gates.clone(),
                _ => scaled(&gradient, shares.clone().narrow(0, place, 1)),
            })
        };
        (output, pullback)
    })
}

/// `Σ share_i · x_i`
fn sum(terms: &[Tensor<4>], shares: Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if let Some(sum) = in_one_pass(terms, &shares) {
        return sum;
    }
    let products = terms.iter().enumerate();
    let products = products.map(|(place, term)| term.clone() * shares.clone().narrow(0, place, 1));
    products
        .reduce(|sum, product| sum + product)
        .expect("there is at least one term")
}

fn scaled(gradient: &Tensor<4>, share: Tensor<4>) -> Tensor<4> {
    sum(std::slice::from_ref(gradient), share)
}

/// The product of each term with the gradient, summed, `[terms, 1, 1, 1]`.
fn products(terms: &[Tensor<4>], gradient: &Tensor<4>) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if let Some(products) = products_in_one_pass(terms, gradient) {
        return products;
    }
    let products = terms.iter().map(|term| (term.clone() * gradient.clone()).sum());
    Tensor::cat(products.collect(), 0).reshape([-1, 1, 1, 1])
}

/// Numbers of a part that stays in a core's first cache, and whose products are added up in the precision of the input
/// before they go on in double precision. A constant, so that results do not depend on the number of threads.
#[cfg(feature = "flex")]
const PART: usize = 1 << 11;

#[cfg(feature = "flex")]
fn in_one_pass(terms: &[Tensor<4>], shares: &Tensor<4>) -> Option<Tensor<4>> {
    let shares = host(shares)?;
    let memories: Option<Vec<Host>> = terms.iter().map(host).collect();
    Some(with_precision!(shares, sum_of(&memories?, &shares, &terms[0])))
}

#[cfg(feature = "flex")]
fn sum_of<T: Number>(memories: &[Host], shares: &Host, like: &Tensor<4>) -> Tensor<4> {
    let terms: Vec<(&[T], T)> = memories
        .iter()
        .map(T::read)
        .zip(T::read(shares).iter().copied())
        .collect();
    let length = terms[0].0.len();
    let sum = make(length, PART, length * terms.len() / 4, |first, sum| {
        for (index, sum) in sum.chunks_mut(PART).enumerate() {
            let start = (first + index) * PART;
            for &(term, share) in &terms {
                let places = sum.iter_mut().zip(&term[start..]);
                places.for_each(|(sum, &value)| *sum += value * share);
            }
        }
    });
    T::tensor(sum, like.dims(), &like.device())
}

#[cfg(feature = "flex")]
fn products_in_one_pass(terms: &[Tensor<4>], gradient: &Tensor<4>) -> Option<Tensor<4>> {
    let gradient = host(gradient)?;
    let memories: Option<Vec<Host>> = terms.iter().map(host).collect();
    let device = terms[0].device();
    Some(with_precision!(gradient, products_of(&memories?, &gradient, &device)))
}

#[cfg(feature = "flex")]
fn products_of<T: Number>(memories: &[Host], gradient: &Host, device: &Device) -> Tensor<4> {
    let terms: Vec<&[T]> = memories.iter().map(T::read).collect();
    let gradient = T::read(gradient);
    let parts = map(
        gradient.len().div_ceil(PART),
        gradient.len() * terms.len() / 4,
        |index| {
            let range = index * PART..((index + 1) * PART).min(gradient.len());
            let of_term = |term: &&[T]| product(&term[range.clone()], &gradient[range.clone()]);
            terms.iter().map(of_term).collect::<Vec<f64>>()
        },
    );
    let mut totals = vec![0.0; terms.len()];
    for part in parts {
        totals.iter_mut().zip(part).for_each(|(total, part)| *total += part);
    }
    let totals: Vec<T> = totals.into_iter().map(T::from_f64).collect();
    T::tensor(totals, [terms.len(), 1, 1, 1], device)
}

/// In lanes, so that the compiler may use vector instructions.
#[cfg(feature = "flex")]
fn product<T: Number>(left: &[T], right: &[T]) -> f64 {
    const LANES: usize = 16;
    let mut lanes = [T::default(); LANES];
    for (left, right) in left.chunks(LANES).zip(right.chunks(LANES)) {
        for ((lane, &left), &right) in lanes.iter_mut().zip(left).zip(right) {
            *lane += left * right;
        }
    }
    lanes.into_iter().map(T::to_f64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{assert_close, assert_gradient, device, normal, tensor_f64, values};

    #[test]
    fn sums_and_gradients_are_those_of_burn() {
        let device = device().autodiff();
        for count in [1, 2, 5, 8, 9, 19] {
            let term = |seed| normal(seed as u64, [3, 9, 10, 11]).autodiff().require_grad();
            let terms: Vec<Tensor<4>> = (0..count).map(term).collect();
            let gates: Vec<f64> = (0..count).map(|place| f64::from(place * 3 % 7) - 2.5).collect();
            let gates = tensor_f64(gates, [count as usize], &device).require_grad();
            let run = |output: Tensor<4>| {
                let gradients = output.clone().sin().sum().backward();
                let mut found = vec![values(output), values(gates.grad(&gradients).expect("tracked"))];
                found.extend(terms.iter().map(|term| values(term.grad(&gradients).expect("tracked"))));
                found
            };
            let shares = sigmoid(gates.clone());
            let weighted = terms
                .iter()
                .enumerate()
                .map(|(place, term)| term.clone() * shares.clone().narrow(0, place, 1).reshape([1, 1, 1, 1]));
            let expected = run(weighted.reduce(|sum, term| sum + term).expect("terms"));
            for (ours, expected) in run(gated_sum(&terms, gates.clone())).iter().zip(&expected) {
                assert_close(ours, expected, 1e-11);
            }
        }
    }

    #[test]
    fn finite_differences_agree() {
        assert_gradient(&[0.3, -2.0, 1.5], |gates| {
            let term = |place| gates.clone().narrow(0, place, 1).exp().reshape([1, 1, 1, 1]);
            gated_sum(&[term(0), term(1), term(2)], gates.clone())
        });
    }
}
