//! Adams methods on a fixed grid: slopes of earlier steps instead of more stages.

use std::collections::VecDeque;

use crate::{
    Dynamics, Method, SolveError, VectorSpace,
    solver::{
        norm::{Norm, Tolerance, Tolerances},
        options::Options,
        run::Progress,
        step::{self, Span, Step, scaled},
    },
    tableau::{self, adams},
};

const DEFAULT_MAX_ORDER: usize = 4;
const DEFAULT_MAX_ITERATIONS: usize = 4;
/// Slopes needed before the first step that is not one of the 3/8 rule.
const START: usize = 3;
/// Relative change of the step from which the slopes of earlier steps are of no use.
const SAME_SIZE: f64 = 1e-10;

/// An Adams method with the slopes it remembers.
pub(crate) struct Adams<S> {
    is_implicit: bool,
    max_order: usize,
    max_iterations: usize,
    convergence: Tolerances,
    /// Newest first, all of steps of the same size.
    slopes: VecDeque<S>,
    size: f64,
}

impl<S: VectorSpace> Adams<S> {
    pub(crate) fn new(method: Method, options: &Options, tolerances: &Tolerances) -> Self {
        let convergence = match (options.corrector_tolerances, &tolerances.relative, &tolerances.absolute) {
            (Some((relative, absolute)), _, _) => Tolerances::new(relative, absolute),
            (None, Tolerance::Same(_), Tolerance::Same(_)) => tolerances.clone(),
            (None, _, _) => Tolerances::new(1e-6, 1e-8),
        };
        Self {
            is_implicit: method == Method::ImplicitAdams,
            max_order: options.max_order.unwrap_or(DEFAULT_MAX_ORDER),
            max_iterations: options.max_iterations.unwrap_or(DEFAULT_MAX_ITERATIONS),
            convergence,
            slopes: VecDeque::new(),
            size: 0.0,
        }
    }

    pub(crate) fn take<D: Dynamics<S> + ?Sized>(
        &mut self,
        progress: &mut Progress<'_, S, D>,
        span: &Span,
        before: &S,
        first: S,
    ) -> Result<Step<S>, SolveError> {
        self.remember(span.size, first.clone());
        if self.slopes.len() < START {
            return step::take(&tableau::RK4, span, before, first, |time, state| {
                progress.evaluate(time, state)
            });
        }
        let order = self.slopes.len().min((self.max_order - 1).max(1));
        let weights = adams::bashforth(order).expect("orders are checked");
        let predicted = self.weighted(span.size, weights);
        let increment = match self.is_implicit {
            true => self.correct(progress, span, before, order, predicted)?,
            false => predicted,
        };
        Ok(Step {
            stages: vec![first],
            next: before.add_scaled(&[(1.0, &increment)]),
        })
    }

    fn remember(&mut self, size: f64, slope: S) {
        if (size - self.size).abs() > SAME_SIZE * self.size.abs() {
            self.slopes.clear();
            self.size = size;
        }
        self.slopes.push_front(slope);
        self.slopes.truncate((self.max_order - 1).max(START));
    }

    /// `size · Σ weight_i · slope_i`.
    fn weighted(&self, size: f64, weights: &[f64]) -> S {
        let terms = weights.iter().zip(&self.slopes);
        let terms: Vec<_> = terms.map(|(weight, slope)| (size * weight, slope)).collect();
        S::weighted_sum(&terms)
    }

    /// Repeats `increment <- size · (m_0 f(t1, y + increment) + Σ m_i slope_i)` until it stays.
    fn correct<D: Dynamics<S> + ?Sized>(
        &self,
        progress: &mut Progress<'_, S, D>,
        span: &Span,
        before: &S,
        order: usize,
        predicted: S,
    ) -> Result<S, SolveError> {
        let weights = adams::moulton(order + 1).expect("orders are checked");
        let past = self.weighted(span.size, &weights[1..]);
        let mut increment = predicted;
        for _ in 0..self.max_iterations {
            let slope = progress.evaluate(span.last, before.add_scaled(&[(1.0, &increment)]))?;
            let corrected = past.add_scaled(&scaled(span.size, &weights[..1], &[slope]));
            let (old, new) = (increment.plain(), corrected.plain());
            let change = S::weighted_sum(&[(1.0, &new), (-1.0, &old)]);
            let ratio = self.convergence.error_ratio(&Norm::MaxAbs, &change, &old, &new)?;
            increment = corrected;
            if ratio < 1.0 {
                return Ok(increment);
            }
        }
        progress.statistics.unconverged += 1;
        Ok(increment)
    }
}
