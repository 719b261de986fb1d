//! Finding changes of sign in the steps of a solve.

use std::ops::ControlFlow;

use burn::prelude::*;

use super::Events;
use crate::{
    Dynamics, SolveError, State,
    solver::{
        dense::{Curve, along_history},
        norm::{device_failure, epsilon},
        step::{AcceptedStep, Span},
    },
};

/// Events, time and state of the end, and evaluations of the dynamics.
type Found<S> = (Vec<Crossing<S>>, (f64, S), usize);

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
pub(super) struct Detector<'a, S, D: ?Sized, C, G> {
    events: &'a Events<G>,
    condition: &'a C,
    dynamics: &'a D,
    curve: Curve,
    has_end_slope: bool,
    tolerance: f64,
    /// For each component the sign that it has, 0 until it has one, and when it was seen.
    signs: Vec<f64>,
    crossings: Vec<Crossing<S>>,
    end: Option<(f64, S)>,
    evaluations: usize,
    error: Option<SolveError>,
}

/// A step that can be evaluated anywhere.
struct Piece<'a, S> {
    span: Span,
    before: &'a S,
    next: &'a S,
    slopes: &'a [S],
    nodes: &'a [f64],
    curve: Curve,
}

impl<S: State> Piece<'_, S> {
    fn at(&self, time: f64) -> S {
        if !self.nodes.is_empty() {
            let state = along_history(self.nodes, &self.span, self.before, self.next, self.slopes, time);
            return state.plain();
        }
        let state = self
            .curve
            .interpolate(&self.span, self.before, self.next, self.slopes, time);
        state.plain()
    }
}

impl<'a, S, D, C, G> Detector<'a, S, D, C, G>
where
    S: State,
    D: Dynamics<S>,
    C: Fn(f64, S) -> Tensor<1>,
{
    pub(super) fn new(
        events: &'a Events<G>,
        condition: &'a C,
        dynamics: &'a D,
        curve: Curve,
        is_adaptive: bool,
        tolerance: f64,
    ) -> Self {
        Self {
            events,
            condition,
            dynamics,
            curve,
            has_end_slope: is_adaptive || curve == Curve::Linear,
            tolerance,
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

    pub(super) fn observe(&mut self, step: &AcceptedStep<'_, S>) -> ControlFlow<()> {
        match self.look(step) {
            Ok(is_ended) => {
                self.end = Some((step.span.end, step.next.plain()));
                if is_ended {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            }
            Err(error) => {
                self.error = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// The events, the end of the last step, and the evaluations of the dynamics.
    pub(super) fn finish(self) -> Result<Found<S>, SolveError> {
        match (self.error, self.end) {
            (Some(error), _) => Err(error),
            (None, Some(end)) => Ok((self.crossings, end, self.evaluations)),
            (None, None) => unreachable!("a solve makes at least one step"),
        }
    }

    /// Adds the events in a step, in the order of their times up to a terminal one. Whether there is one.
    fn look(&mut self, step: &AcceptedStep<'_, S>) -> Result<bool, SolveError> {
        let mut slopes = step.stages.to_vec();
        if !self.has_end_slope {
            self.evaluations += 1;
            slopes.truncate(1);
            slopes.push(self.dynamics.evaluate(step.span.last, step.next.plain()));
        }
        let piece = Piece {
            span: step.span,
            before: step.before,
            next: step.next,
            slopes: &slopes,
            nodes: step.nodes,
            curve: self.curve,
        };
        let mut brackets = self.brackets(&piece)?;
        let mut found = Vec::new();
        for bracket in brackets.drain(..) {
            let time = self.refine(&piece, &bracket)?;
            found.push((time, bracket));
        }
        let direction = step.span.size.signum();
        found.sort_by(|(one, _), (other, _)| (direction * one).total_cmp(&(direction * other)));
        for (time, bracket) in found {
            let state = piece.at(time);
            let rate = self.rate(&piece.span, time, &state, bracket.component)?;
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
    fn brackets(&mut self, piece: &Piece<'_, S>) -> Result<Vec<Bracket>, SolveError> {
        let parts = self.events.interior + 1;
        let point = |index: usize| match index {
            0 => piece.span.start,
            _ if index == parts => piece.span.end,
            _ => piece.span.start + piece.span.size * index as f64 / parts as f64,
        };
        let mut brackets = Vec::new();
        let values = (1..=parts).map(|index| (self.condition)(point(index), piece.at(point(index))));
        let values = read(Tensor::cat(values.collect(), 0), piece.span.end)?;
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
    fn refine(&self, piece: &Piece<'_, S>, bracket: &Bracket) -> Result<f64, SolveError> {
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

    /// How fast the condition changes along the solution: central differences along its tangent, extrapolated.
    fn rate(&mut self, span: &Span, time: f64, state: &S, component: usize) -> Result<f64, SolveError> {
        self.evaluations += 1;
        let slope = self.dynamics.evaluate(time, state.clone());
        let precision = epsilon(state.components()[0].dtype());
        let distance = precision.powf(0.125) * span.size.abs();
        let value = |distance: f64| {
            let moved = state.add_scaled(&[(distance, &slope)]);
            Ok::<f64, SolveError>(self.values(time + distance, moved)?[component])
        };
        let quotient = |distance: f64| Ok::<f64, SolveError>((value(distance)? - value(-distance)?) / (2.0 * distance));
        Ok((4.0 * quotient(0.5 * distance)? - quotient(distance)?) / 3.0)
    }

    fn values(&self, time: f64, state: S) -> Result<Vec<f64>, SolveError> {
        read((self.condition)(time, state), time)
    }
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
