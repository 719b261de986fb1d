//! Finding changes of sign in the steps of a solve.

use std::ops::ControlFlow;

use burn::prelude::*;

use super::Events;
use crate::{
    Dynamics, SolveError, Solver, State,
    gradient::parameters::{Leaf, filled, is_tracked},
    solver::{
        dense::{Curve, Segment},
        norm::{device_failure, epsilon},
        step::{AcceptedStep, Span},
    },
};

/// Slopes of the condition below this have no sign.
const GRAZING: f64 = 1e-12;

/// A change of sign.
#[derive(Debug, Clone)]
pub(super) struct Crossing<S> {
    pub(super) component: usize,
    pub(super) rises: bool,
    pub(super) time: f64,
    pub(super) state: S,
    /// `∂g/∂t + ∂g/∂y · f`.
    pub(super) rate: f64,
}

/// Looks at every accepted step.
pub(super) struct Detector<'a, S, D: ?Sized, G> {
    events: &'a Events<G>,
    dynamics: &'a D,
    curve: Curve,
    needs_end_slope: bool,
    tolerance: f64,
    /// Whether the condition needs states on the autodiff device.
    is_lifted: bool,
    /// How far events count; the last step may go past it.
    limit: f64,
    /// For each component the sign that it has, 0 until it has one, and when it was seen.
    signs: Vec<f64>,
    pub(super) crossings: Vec<Crossing<S>>,
    end: Option<(f64, S)>,
    evaluations: usize,
    error: Option<SolveError>,
}

/// What was seen in a step.
pub(super) struct Seen<S> {
    pub(super) crossings: Vec<Crossing<S>>,
    /// The step with the slope at its end.
    pub(super) segment: Option<Segment<S>>,
    pub(super) goes_on: ControlFlow<()>,
}

/// A step as far as events count in it.
struct Piece<S> {
    segment: Segment<S>,
    curve: Curve,
    /// Its end, or the limit.
    end: f64,
}

impl<S: State> Piece<S> {
    fn at(&self, time: f64) -> S {
        self.segment.at(self.curve, time)
    }
}

impl<'a, S, D, G> Detector<'a, S, D, G>
where
    S: State,
    D: Dynamics<S>,
    G: Fn(f64, S) -> Tensor<1>,
{
    pub(super) fn new(
        solver: &Solver,
        events: &'a Events<G>,
        dynamics: &'a D,
        tolerance: f64,
        limit: f64,
        is_lifted: bool,
    ) -> Self {
        Self {
            events,
            dynamics,
            curve: solver.curve(),
            needs_end_slope: solver.needs_end_slope(),
            tolerance,
            is_lifted,
            limit,
            signs: Vec::new(),
            crossings: Vec::new(),
            end: None,
            evaluations: 0,
            error: None,
        }
    }

    /// The signs at the start.
    pub(super) fn begin(&mut self, time: f64, initial: &S) -> Result<(), SolveError> {
        let values = self.values(time, initial.clone())?;
        self.events.check(values.len())?;
        self.signs = values.into_iter().map(sign).collect();
        Ok(())
    }

    pub(super) fn observe(&mut self, step: &AcceptedStep<'_, S>) -> Seen<S> {
        let mut segment = Segment::of(step).plain();
        if self.needs_end_slope {
            self.evaluations += 1;
            segment.set_end_slope(self.dynamics.evaluate(step.span.last, step.next.plain()).plain());
        }
        let direction = step.span.size.signum();
        let is_past = direction * step.span.end > direction * self.limit;
        let piece = Piece {
            end: if is_past { self.limit } else { step.span.end },
            segment,
            curve: self.curve,
        };
        let first = self.crossings.len();
        let outcome = self.look(&piece);
        self.end = Some((piece.end, piece.at(piece.end)));
        let goes_on = match outcome {
            Ok(false) => ControlFlow::Continue(()),
            Ok(true) => ControlFlow::Break(()),
            Err(error) => {
                self.error = Some(error);
                ControlFlow::Break(())
            }
        };
        Seen {
            crossings: self.crossings[first..].to_vec(),
            segment: Some(piece.segment),
            goes_on,
        }
    }

    /// The end of the last step, the evaluations of the dynamics, and what went wrong.
    ///
    /// # Panics
    ///
    /// Without a step; a solve makes at least one.
    pub(super) fn finish(self) -> ((f64, S), usize, Option<SolveError>) {
        let end = self.end.expect("a solve makes at least one step");
        (end, self.evaluations, self.error)
    }

    /// Adds the events in a step, in the order of their times up to a terminal one. Whether there is one.
    fn look(&mut self, piece: &Piece<S>) -> Result<bool, SolveError> {
        let span = piece.segment.span;
        let mut found = Vec::new();
        for bracket in self.brackets(piece)? {
            let time = self.refine(piece, &bracket)?;
            found.push((time, bracket));
        }
        let direction = span.size.signum();
        found.sort_by(|(one, _), (other, _)| (direction * one).total_cmp(&(direction * other)));
        for (time, bracket) in found {
            let state = piece.at(time);
            let rate = self.rate(&span, time, &state, bracket.component)?;
            if rate.abs() < GRAZING {
                return Err(SolveError::GrazingEvent {
                    time,
                    component: bracket.component,
                });
            }
            self.crossings.push(Crossing {
                component: bracket.component,
                rises: bracket.rises,
                time,
                state,
                rate,
            });
            if self.events.is_terminal(bracket.component) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where components change their signs, between two of the points that are looked at.
    fn brackets(&mut self, piece: &Piece<S>) -> Result<Vec<Bracket>, SolveError> {
        let parts = self.events.interior + 1;
        let start = piece.segment.span.start;
        let size = match piece.end == piece.segment.span.end {
            true => piece.segment.span.size,
            false => piece.end - start,
        };
        let point = |index: usize| match index {
            0 => start,
            _ if index == parts => piece.end,
            _ => start + size * index as f64 / parts as f64,
        };
        let mut brackets = Vec::new();
        let values = (1..=parts).map(|index| self.condition(point(index), &piece.at(point(index))));
        let values = read(Tensor::cat(values.collect(), 0), piece.end)?;
        for (index, values) in (1..=parts).zip(values.chunks(self.signs.len())) {
            for (component, &value) in values.iter().enumerate() {
                let old = self.signs[component];
                let new = sign(value);
                // Where it is exactly zero, the change is there; it is armed anew by the next sign.
                if old != 0.0 && new != old && self.events.direction_of(component).allows(old < 0.0) {
                    brackets.push(Bracket {
                        component,
                        rises: old < 0.0,
                        before: point(index - 1),
                        after: point(index),
                    });
                }
                self.signs[component] = new;
            }
        }
        Ok(brackets)
    }

    /// The time of a change of sign, by the Illinois variant of the secant method.
    fn refine(&self, piece: &Piece<S>, bracket: &Bracket) -> Result<f64, SolveError> {
        let value = |time: f64| Ok::<f64, SolveError>(self.values(time, piece.at(time))?[bracket.component]);
        let (mut low, mut high) = (bracket.before, bracket.after);
        let (mut at_low, mut at_high) = (value(low)?, value(high)?);
        if at_high == 0.0 {
            return Ok(high);
        }
        let expected = if bracket.rises { -1.0 } else { 1.0 };
        if sign(at_low) != expected {
            // The end of the step before, from the other side: the states there agree to rounding only.
            return Ok(low);
        }
        let tolerance = self.tolerance.max(4.0 * f64::EPSILON * low.abs().max(high.abs()));
        let mut side = 0;
        for _ in 0..200 {
            if (high - low).abs() <= tolerance {
                break;
            }
            let secant = (low * at_high - high * at_low) / (at_high - at_low);
            let is_inside = (secant - low) * (secant - high) < 0.0;
            let middle = if is_inside { secant } else { 0.5 * (low + high) };
            let at_middle = value(middle)?;
            if at_middle == 0.0 {
                return Ok(middle);
            }
            if sign(at_middle) == expected {
                (low, at_low) = (middle, at_middle);
                if side == -1 {
                    at_high *= 0.5;
                }
                side = -1;
            } else {
                (high, at_high) = (middle, at_middle);
                if side == 1 {
                    at_low *= 0.5;
                }
                side = 1;
            }
        }
        Ok(high)
    }

    /// How fast the condition changes along the solution, `∂g/∂t + ∂g/∂y · f`.
    ///
    /// The second part is a reverse pass through the condition, the first one central differences in the time alone: zero
    /// where the condition does not read it. A reverse pass would use up the tape of a condition that has parameters of its
    /// own; there, and without autodiff, differences go along the tangent of the solution.
    fn rate(&mut self, span: &Span, time: f64, state: &S, component: usize) -> Result<f64, SolveError> {
        self.evaluations += 1;
        let slope = self.dynamics.evaluate(time, state.clone()).plain();
        let distance = epsilon(state.components()[0].dtype()).powf(0.2) * span.size.abs();
        let value = |distance: f64, state: S| Ok::<f64, SolveError>(self.values(time + distance, state)?[component]);
        match self.along(time, state, &slope, component)? {
            Some(along) => Ok(along + difference(distance, |distance| value(distance, state.clone()))?),
            None => difference(distance, |distance| {
                value(distance, state.add_scaled(&[(distance, &slope)]))
            }),
        }
    }

    /// `∂g/∂y · slope` by a reverse pass; `None` where that must not be made.
    fn along(&self, time: f64, state: &S, slope: &S, component: usize) -> Result<Option<f64>, SolveError> {
        if !self.is_lifted || is_tracked(&(self.events.condition)(time, lifted(state))) {
            return Ok(None);
        }
        let leaf = Leaf::new(state);
        let value = (self.events.condition)(time, leaf.state.clone()).narrow(0, component, 1);
        if !is_tracked(&value) {
            return Ok(Some(0.0));
        }
        let gradient = filled(state, leaf.gradient(&value.backward()));
        let pairs = gradient.components().into_iter().zip(slope.components());
        let mut sum = 0.0;
        for (gradient, slope) in pairs {
            let products: Vec<f64> = read((gradient * slope).sum(), time)?;
            sum += products.iter().sum::<f64>();
        }
        Ok(Some(sum))
    }

    /// The condition on plain tensors.
    fn condition(&self, time: f64, state: &S) -> Tensor<1> {
        let state = if self.is_lifted { lifted(state) } else { state.clone() };
        (self.events.condition)(time, state).without_autodiff()
    }

    fn values(&self, time: f64, state: S) -> Result<Vec<f64>, SolveError> {
        read(self.condition(time, &state), time)
    }
}

/// A derivative at zero by central differences at two distances, extrapolated.
fn difference(distance: f64, value: impl Fn(f64) -> Result<f64, SolveError>) -> Result<f64, SolveError> {
    let quotient = |distance: f64| Ok::<f64, SolveError>((value(distance)? - value(-distance)?) / (2.0 * distance));
    Ok((4.0 * quotient(0.5 * distance)? - quotient(distance)?) / 3.0)
}

/// The state on the autodiff device.
pub(super) fn lifted<S: State>(state: &S) -> S {
    let components: Vec<_> = state.components().into_iter().map(Tensor::autodiff).collect();
    state.rebuild(&mut components.into_iter())
}

struct Bracket {
    component: usize,
    rises: bool,
    before: f64,
    after: f64,
}

fn sign(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value.signum() }
}

fn read(values: Tensor<1>, time: f64) -> Result<Vec<f64>, SolveError> {
    let data = values.try_into_data().map_err(device_failure)?;
    let values: Vec<f64> = data.iter().collect();
    match values.iter().all(|value| value.is_finite()) {
        true => Ok(values),
        false => Err(SolveError::NonFiniteEvent { time }),
    }
}
