//! What a solver asks of a state, be it of tensors or of plain numbers.

use std::fmt;

use burn::{prelude::*, tensor::DType};

use crate::{
    SolveError, State,
    solver::{
        implicit::{self, ImplicitStep, Newton},
        norm::{self, Norm, Tolerances},
        step::Span,
    },
    tableau::Tableau,
};

/// A point that solvers can move: every [`State`], and plain numbers, `[f64; N]`.
pub trait VectorSpace: Clone + fmt::Debug + Send + 'static {
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

    /// The same values without autodiff.
    #[must_use]
    fn plain(&self) -> Self;

    /// The shapes of its tensors; plain numbers are one vector.
    fn shapes(&self) -> Vec<Vec<usize>>;

    /// Whether both have the same shapes.
    fn same_shapes(&self, other: &Self) -> bool;

    /// The precision of its numbers.
    fn dtype(&self) -> DType;

    /// Whether all of them are finite.
    ///
    /// # Errors
    ///
    /// [`SolveError::Device`].
    fn is_finite(&self) -> Result<bool, SolveError>;

    /// The first of some states that has a number that is not finite, with as few reads of the device as possible.
    ///
    /// # Errors
    ///
    /// [`SolveError::Device`].
    fn first_not_finite(states: &[&Self]) -> Result<Option<usize>, SolveError>;

    /// Tolerances as this state needs them, and whether the relative one had to be raised to what its precision can meet.
    ///
    /// # Errors
    ///
    /// [`SolveError::InvalidTolerance`].
    fn resolve(&self, tolerances: Tolerances) -> Result<(Tolerances, bool), SolveError>;

    /// `‖self / (atol + rtol |at|)‖`, element by element with the largest magnitude of one or two states.
    ///
    /// # Errors
    ///
    /// [`SolveError::Device`].
    fn in_units(&self, tolerances: &Tolerances, norm: &Norm, at: &[&Self]) -> Result<f64, SolveError>;

    /// A step of an implicit method.
    #[doc(hidden)]
    fn implicit_step(
        tableau: &Tableau,
        span: &Span,
        before: &Self,
        first: Self,
        newton: &Newton,
        evaluate: &mut dyn FnMut(f64, Self) -> Result<Self, SolveError>,
    ) -> Result<ImplicitStep<Self>, SolveError>;
}

impl<S: State> VectorSpace for S {
    fn add_scaled(&self, terms: &[(f64, &Self)]) -> Self {
        State::add_scaled(self, terms)
    }

    fn weighted_sum(terms: &[(f64, &Self)]) -> Self {
        State::weighted_sum(terms)
    }

    fn plain(&self) -> Self {
        State::plain(self)
    }

    fn shapes(&self) -> Vec<Vec<usize>> {
        State::shapes(self)
    }

    fn same_shapes(&self, other: &Self) -> bool {
        State::same_shapes(self, other)
    }

    fn dtype(&self) -> DType {
        self.components()[0].dtype()
    }

    fn is_finite(&self) -> Result<bool, SolveError> {
        // Zero times an element is NaN unless it is finite.
        let components = State::plain(self).components().into_iter();
        let zeros = components.map(|component| component.mul_scalar(0.0).sum());
        Ok(norm::largest(zeros)? == 0.0)
    }

    fn first_not_finite(states: &[&Self]) -> Result<Option<usize>, SolveError> {
        let sums = states.iter().flat_map(|state| State::plain(*state).components());
        let sums: Vec<_> = sums.map(Tensor::sum).collect();
        if sums.is_empty() {
            return Ok(None);
        }
        let tensors = sums.len() / states.len();
        let sums = Tensor::cat(sums, 0).try_into_data().map_err(norm::device_failure)?;
        let sums: Vec<f64> = sums.iter().collect();
        for (index, (state, sums)) in states.iter().zip(sums.chunks(tensors)).enumerate() {
            // A sum may also overflow where no element does.
            if sums.iter().any(|sum| !sum.is_finite()) && !state.is_finite()? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    fn resolve(&self, tolerances: Tolerances) -> Result<(Tolerances, bool), SolveError> {
        tolerances.resolve(&State::plain(self).components())
    }

    fn in_units(&self, tolerances: &Tolerances, norm: &Norm, at: &[&Self]) -> Result<f64, SolveError> {
        let mut others = at.iter().map(|state| state.components().into_iter().map(Tensor::abs));
        let first: Vec<_> = others.next().into_iter().flatten().collect();
        // In this order, since a NaN in the second tensor of `max_pair` would be lost.
        let magnitudes = others.fold(first, |largest, other| {
            let pairs = largest.into_iter().zip(other);
            pairs.map(|(before, after)| after.max_pair(before)).collect()
        });
        tolerances.measure_components(norm, self.components(), magnitudes)
    }

    fn implicit_step(
        tableau: &Tableau,
        span: &Span,
        before: &Self,
        first: Self,
        newton: &Newton,
        evaluate: &mut dyn FnMut(f64, Self) -> Result<Self, SolveError>,
    ) -> Result<ImplicitStep<Self>, SolveError> {
        implicit::take(tableau, span, before, first, newton, evaluate)
    }
}
