//! What is integrated: a tensor, or several.

use std::{fmt, vec};

use burn::prelude::*;
use papers_core::{nn::weighted_sum, vjp};

/// A point of the phase space: a tensor of any shape, a tuple of states, or a vector of states.
///
/// All operations are tensor operations, so they are tracked when their tensors are.
pub trait State: Clone + fmt::Debug + Send + 'static {
    /// `self + Σ c_i · k_i`; terms with `c_i = 0` cost nothing.
    #[must_use]
    fn add_scaled(&self, terms: &[(f64, &Self)]) -> Self;

    /// `Σ c_i · k_i`; terms with `c_i = 0` cost nothing.
    ///
    /// # Panics
    ///
    /// Without terms.
    #[must_use]
    fn weighted_sum(terms: &[(f64, &Self)]) -> Self;

    /// Its tensors in order, flattened.
    fn components(&self) -> Vec<Tensor<1>>;

    /// A state of the shapes of `self`, from flattened tensors that are taken from `components`.
    ///
    /// # Panics
    ///
    /// If there are too few of them, or one has another number of elements.
    #[must_use]
    fn rebuild(&self, components: &mut vec::IntoIter<Tensor<1>>) -> Self;

    /// The same values without autodiff.
    #[must_use]
    fn plain(&self) -> Self;

    /// The shapes of its tensors, in the order of [`components`](Self::components).
    fn shapes(&self) -> Vec<Vec<usize>>;

    /// Whether the tensors of both have the same shapes.
    fn same_shapes(&self, other: &Self) -> bool {
        self.shapes() == other.shapes()
    }
}

impl<const D: usize> State for Tensor<D> {
    fn add_scaled(&self, terms: &[(f64, &Self)]) -> Self {
        let mut all = Vec::with_capacity(1 + terms.len());
        all.push((1.0, self));
        all.extend(terms.iter().filter(|(coefficient, _)| *coefficient != 0.0));
        combine(&all)
    }

    fn weighted_sum(terms: &[(f64, &Self)]) -> Self {
        let nonzero: Vec<_> = terms
            .iter()
            .copied()
            .filter(|(coefficient, _)| *coefficient != 0.0)
            .collect();
        if nonzero.is_empty() {
            return terms[0].1.zeros_like();
        }
        combine(&nonzero)
    }

    fn components(&self) -> Vec<Tensor<1>> {
        vec![self.clone().reshape([self.shape().num_elements()])]
    }

    fn rebuild(&self, components: &mut vec::IntoIter<Tensor<1>>) -> Self {
        let flat = components.next().expect("there are as many components as tensors");
        flat.reshape(self.dims())
    }

    fn plain(&self) -> Self {
        self.clone().without_autodiff()
    }

    fn shapes(&self) -> Vec<Vec<usize>> {
        vec![self.dims().to_vec()]
    }

    fn same_shapes(&self, other: &Self) -> bool {
        self.dims() == other.dims()
    }
}

/// `Σ c_i · k_i` of at least one term.
///
/// On a tape the whole sum is one node: a node for each product and each sum costs more than the numbers of a small
/// state.
fn combine<const D: usize>(terms: &[(f64, &Tensor<D>)]) -> Tensor<D> {
    if !terms.iter().any(|(_, tensor)| tensor.is_autodiff()) {
        return weighted_sum(terms.iter().map(|&(coefficient, tensor)| (coefficient, tensor.clone())));
    }
    match *terms {
        [a] => record([a]),
        [a, b] => record([a, b]),
        [a, b, c] => record([a, b, c]),
        [a, b, c, d] => record([a, b, c, d]),
        [a, b, c, d, e] => record([a, b, c, d, e]),
        [a, b, c, d, e, f] => record([a, b, c, d, e, f]),
        [a, b, c, d, e, f, g] => record([a, b, c, d, e, f, g]),
        [a, b, c, d, e, f, g, ref rest @ ..] => {
            let first = record([a, b, c, d, e, f, g]);
            combine(&[&[(1.0, &first)], rest].concat())
        }
        [] => unreachable!("there is at least one term"),
    }
}

fn record<const N: usize, const D: usize>(terms: [(f64, &Tensor<D>); N]) -> Tensor<D> {
    let coefficients = terms.map(|(coefficient, _)| coefficient);
    vjp::function(terms.map(|(_, tensor)| tensor.clone()), |tensors| {
        let value = weighted_sum(coefficients.into_iter().zip(tensors));
        (value, move |gradient| {
            coefficients.map(|coefficient| weighted_sum([(coefficient, gradient.clone())]))
        })
    })
}

impl<A: State> State for Vec<A> {
    fn add_scaled(&self, terms: &[(f64, &Self)]) -> Self {
        let parts = self.iter().enumerate();
        parts
            .map(|(index, part)| part.add_scaled(&part_of(terms, |state| &state[index])))
            .collect()
    }

    fn weighted_sum(terms: &[(f64, &Self)]) -> Self {
        let length = terms[0].1.len();
        (0..length)
            .map(|index| A::weighted_sum(&part_of(terms, |state| &state[index])))
            .collect()
    }

    fn components(&self) -> Vec<Tensor<1>> {
        self.iter().flat_map(State::components).collect()
    }

    fn rebuild(&self, components: &mut vec::IntoIter<Tensor<1>>) -> Self {
        self.iter().map(|part| part.rebuild(components)).collect()
    }

    fn plain(&self) -> Self {
        self.iter().map(State::plain).collect()
    }

    fn shapes(&self) -> Vec<Vec<usize>> {
        self.iter().flat_map(State::shapes).collect()
    }

    fn same_shapes(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().zip(other).all(|(part, other)| part.same_shapes(other))
    }
}

macro_rules! impl_state_for_tuple {
    ($($part:ident $index:tt),+) => {
        impl<$($part: State),+> State for ($($part,)+) {
            fn add_scaled(&self, terms: &[(f64, &Self)]) -> Self {
                ($(self.$index.add_scaled(&part_of(terms, |state| &state.$index)),)+)
            }

            fn weighted_sum(terms: &[(f64, &Self)]) -> Self {
                ($($part::weighted_sum(&part_of(terms, |state| &state.$index)),)+)
            }

            fn components(&self) -> Vec<Tensor<1>> {
                [$(self.$index.components()),+].concat()
            }

            fn rebuild(&self, components: &mut vec::IntoIter<Tensor<1>>) -> Self {
                ($(self.$index.rebuild(components),)+)
            }

            fn plain(&self) -> Self {
                ($(self.$index.plain(),)+)
            }

            fn shapes(&self) -> Vec<Vec<usize>> {
                [$(self.$index.shapes()),+].concat()
            }

            fn same_shapes(&self, other: &Self) -> bool {
                $(self.$index.same_shapes(&other.$index))&&+
            }
        }
    };
}

impl_state_for_tuple!(A 0, B 1);
impl_state_for_tuple!(A 0, B 1, C 2);

fn part_of<'a, S, P>(terms: &[(f64, &'a S)], part: impl Fn(&'a S) -> &'a P) -> Vec<(f64, &'a P)> {
    terms
        .iter()
        .map(|&(coefficient, state)| (coefficient, part(state)))
        .collect()
}
