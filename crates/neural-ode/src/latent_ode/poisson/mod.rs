//! Times of events as data: an inhomogeneous Poisson process whose rate follows a latent ODE (paper, section 5,
//! "Poisson process likelihoods").
//!
//! `log p(t_1 .. t_N) = Σ log λ(z(t_i)) - ∫ λ(z(t)) dt`, where the integral is solved with the state.

pub mod config;
mod data;
mod figures;
pub mod train;

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
    tensor::activation::softplus,
};

pub use data::{RATE, sequences};

use super::model::LatentDynamics;
use crate::{Dynamics, Failure, Norm, SolveError, Solver, Statistics, gradient::BackwardReport};

/// A latent state that moves, and the rate of events that follows from it.
#[derive(Module, Debug)]
pub struct PoissonProcess {
    /// `dz/dt = f(z)`.
    pub dynamics: LatentDynamics,
    /// `λ(z) = softplus(W z + b)`.
    pub rate: Linear,
}

impl PoissonProcess {
    /// Fresh networks.
    pub fn new(latent: usize, hidden: usize, device: &Device) -> Self {
        Self {
            dynamics: LatentDynamics::new(latent, hidden, device),
            rate: LinearConfig::new(latent, 1).init(device),
        }
    }

    /// `λ(z)`.
    ///
    /// # Shapes
    ///
    /// - states: `[.., latent]`
    /// - output: `[.., 1]`, events per unit of time
    pub fn intensity<const D: usize>(&self, states: Tensor<D>) -> Tensor<D> {
        softplus(self.rate.forward(states), 1.0)
    }

    /// `log λ(z)`, finite also where `λ` itself is too small for its precision.
    ///
    /// # Shapes
    ///
    /// - states: `[.., latent]`
    /// - output: `[.., 1]`
    pub fn log_intensity<const D: usize>(&self, states: Tensor<D>) -> Tensor<D> {
        /// From here down `log softplus(x) = x - e^x / 2 + 5/24 e^2x` to nine digits.
        const LOW: f64 = -5.0;
        let before = self.rate.forward(states);
        let log = softplus(before.clone().clamp_min(LOW), 1.0).log();
        let power = before.clone().clamp_max(LOW).exp();
        let series = before.clone() - power.clone() * 0.5 + power.square() * (5.0 / 24.0);
        log.mask_where(before.lower_elem(LOW), series)
    }

    /// The likelihood of the events of each sample between two times.
    ///
    /// The batch is solved once, at the union of all times. The error of the integral does not influence the steps,
    /// unless `solver` has a norm of its own: it does not feed back.
    ///
    /// # Shapes
    ///
    /// - initial: `[batch, latent]`, the state at the first time
    ///
    /// # Errors
    ///
    /// [`SolveError::InvalidTimes`] for a window that does not end after its start, for other than one list of events for each
    /// sample, and for events outside of the window; [`SolveError::ShapeMismatch`] for states that are not latent ones of
    /// this process; what the solver reports.
    pub fn log_likelihood(
        &self,
        solver: &Solver,
        initial: Tensor<2>,
        events: &[Vec<f64>],
        [start, end]: [f64; 2],
    ) -> Result<Likelihood, Failure<(Tensor<2>, Tensor<2>)>> {
        let [batch, width] = initial.dims();
        let latent = self.rate.weight.dims()[0];
        if width != latent {
            let (expected, got) = (vec![vec![batch, latent]], vec![vec![batch, width]]);
            return Err(SolveError::ShapeMismatch { expected, got }.into());
        }
        check(events, batch, [start, end])?;
        let mut times: Vec<f64> = events.iter().flatten().copied().chain([start, end]).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        let integral = Tensor::zeros([batch, 1], (&initial.device(), initial.dtype()));
        let solution = Self::weigh(solver).solve_module(self, (initial, integral), &times)?;

        let place = |time: &f64| times.partition_point(|other| other < time);
        let rows = events.iter().enumerate();
        let rows: Vec<i32> = rows
            .flat_map(|(sample, events)| events.iter().map(move |time| (place(time) * batch + sample) as i32))
            .collect();
        let integral = solution.last().1.clone().squeeze_dim(1);
        let (states, _): (Vec<_>, Vec<_>) = solution.states.into_iter().unzip();
        let mut log_rates = Tensor::zeros_like(&integral);
        let mut at_events = None;
        if !rows.is_empty() {
            let count = rows.len();
            let states = Tensor::cat(states, 0);
            let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [count]), &states.device());
            let states = states.select(0, rows);
            let rates: Tensor<1> = self.intensity(states.clone()).squeeze_dim(1);
            let logs: Tensor<1> = self.log_intensity(states).squeeze_dim(1);
            // The events of a sample stand next to each other.
            let mut first = 0;
            let sums = events.iter().map(|events| {
                first += events.len();
                match events.len() {
                    0 => Tensor::zeros([1], (&logs.device(), logs.dtype())),
                    length => logs.clone().narrow(0, first - length, length).sum(),
                }
            });
            log_rates = Tensor::cat(sums.collect(), 0);
            at_events = Some(rates);
        }
        Ok(Likelihood {
            log_likelihood: log_rates - integral.clone(),
            integral,
            rates: at_events,
            statistics: solution.statistics,
            report: solution.report,
        })
    }

    /// Without weight on the error of the integral, unless the solver has a norm.
    fn weigh(solver: &Solver) -> Solver {
        match solver.method().is_adaptive() && solver.options.norm.is_none() {
            true => solver.clone().norm(Norm::Seminorm { components: 1 }),
            false => solver.clone(),
        }
    }
}

impl Dynamics<(Tensor<2>, Tensor<2>)> for PoissonProcess {
    fn evaluate(&self, time: f64, (state, _): (Tensor<2>, Tensor<2>)) -> (Tensor<2>, Tensor<2>) {
        let rate = self.intensity(state.clone());
        (self.dynamics.evaluate(time, state), rate)
    }
}

fn check(events: &[Vec<f64>], batch: usize, [start, end]: [f64; 2]) -> Result<(), SolveError> {
    let invalid = |problem| Err(SolveError::InvalidTimes { problem });
    let is_window = start.is_finite() && end.is_finite() && start < end;
    if !is_window {
        return invalid(format!("the window [{start}, {end}] does not end after its start"));
    }
    if events.len() != batch {
        return invalid(format!("events of {} samples for {batch} states", events.len()));
    }
    let is_inside = |time: f64| start <= time && time <= end;
    match events.iter().flatten().find(|time| !is_inside(**time)) {
        Some(time) => invalid(format!("an event at {time} is not in [{start}, {end}]")),
        None => Ok(()),
    }
}

/// How likely the events of each sample are.
#[derive(Debug, Clone)]
pub struct Likelihood {
    /// `log p(t_1 .. t_N)` in nats, `[batch]`.
    pub log_likelihood: Tensor<1>,
    /// `∫ λ dt`, the expected number of events, `[batch]`.
    pub integral: Tensor<1>,
    /// `λ` at all events, sample by sample; `None` without any.
    pub rates: Option<Tensor<1>>,
    /// What the solve took.
    pub statistics: Statistics,
    report: BackwardReport,
}

impl Likelihood {
    /// What differentiating took, as of [`Solution::backward`](crate::Solution::backward).
    pub fn backward(&self) -> Option<crate::BackwardStatistics> {
        self.report.get()
    }
}

#[cfg(test)]
mod tests {
    use burn::module::Param;
    use papers_core::{
        random::Streams,
        testing::{self, assert_close, values},
    };

    use super::*;
    use crate::Method;

    fn process() -> PoissonProcess {
        let device = testing::device();
        Streams::new(3).initialize("process", &device, || PoissonProcess::new(3, 5, &device))
    }

    fn initial(batch: usize) -> Tensor<2> {
        Streams::new(4).normal("state", 0, [batch, 3], &testing::device())
    }

    #[test]
    fn samples_do_not_depend_on_each_other_and_may_have_no_events() {
        let events = vec![vec![0.2, 0.9], vec![], vec![0.2, 0.5, 1.0]];
        let solver = Solver::new(Method::Rk4).step_size(0.05);
        let likelihood = |initial, events: &[Vec<f64>]| {
            let found = process()
                .log_likelihood(&solver, initial, events, [0.0, 1.0])
                .expect("solved");
            (values(found.log_likelihood), values(found.integral))
        };
        let (together, integrals) = likelihood(initial(3), &events);
        for sample in 0..3 {
            let (alone, _) = likelihood(initial(3).narrow(0, sample, 1), &events[sample..=sample]);
            assert_close(&together[sample..=sample], &alone, 1e-5);
        }
        assert_close(&[together[1]], &[-integrals[1]], 1e-6);
    }

    #[test]
    fn the_integral_has_no_weight_in_the_error_unless_a_norm_says_so() {
        let steps = |solver: Solver| {
            let found = process().log_likelihood(&solver, initial(2), &[vec![], vec![]], [0.0, 4.0]);
            found.expect("solved").statistics
        };
        let solver = Solver::new(Method::Dopri5).tolerances(1e-5, 1e-7);
        assert_ne!(steps(solver.clone()), steps(solver.clone().norm(Norm::MixedRms)));
        let semi = solver.clone().norm(Norm::Seminorm { components: 1 });
        assert_eq!(steps(solver), steps(semi));
    }

    #[test]
    fn rates_too_small_for_their_precision_have_logarithms_and_gradients() {
        let device = testing::device().autodiff();
        let rate = Linear {
            weight: Param::from_tensor(Tensor::ones([1, 1], &device)),
            bias: None,
        };
        let process = PoissonProcess {
            dynamics: LatentDynamics::new(1, 2, &device),
            rate,
        };
        let before =
            Tensor::<2>::from_floats([[-200.0], [-40.0], [-6.0], [-4.0], [0.0], [5.0]], &device).require_grad();
        let logs = process.log_intensity(before.clone());
        let exact = |x: f64| x.exp().ln_1p().ln();
        let expected = [-200.0, -40.0, exact(-6.0), exact(-4.0), exact(0.0), exact(5.0)];
        assert_close(&values(logs.clone()), &expected, 1e-5);
        let gradient = values(before.grad(&logs.sum().backward()).expect("tracked"));
        assert_close(&gradient[..2], &[1.0; 2], 1e-6);
        assert!(
            gradient.iter().all(|slope| *slope > 0.0 && *slope <= 1.0 + 1e-6),
            "{gradient:?}"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let solver = Solver::new(Method::Dopri5);
        let error = |initial: Tensor<2>, events: &[Vec<f64>], window| {
            let found = process().log_likelihood(&solver, initial, events, window);
            found.expect_err("it does not fit").error
        };
        let none = [vec![], vec![]];
        for window in [[1.0, 1.0], [1.0, 0.0], [0.0, f64::NAN], [f64::NEG_INFINITY, 0.0]] {
            let error = error(initial(2), &none, window);
            assert!(matches!(error, SolveError::InvalidTimes { .. }), "{window:?}: {error}");
        }
        // One state for all sequences, as a row, is none for each of them.
        let single = error(initial(1), &none, [0.0, 1.0]);
        assert!(matches!(single, SolveError::InvalidTimes { .. }), "{single}");
        // Without an encoder or a linear layer in between: observations instead of latent states.
        let observed = Tensor::zeros([2, 5], &testing::device());
        let observed = error(observed, &none, [0.0, 1.0]);
        let expected = SolveError::ShapeMismatch {
            expected: vec![vec![2, 3]],
            got: vec![vec![2, 5]],
        };
        assert_eq!(observed, expected);
        let empty = error(Tensor::zeros([0, 3], &testing::device()), &[], [0.0, 1.0]);
        assert!(matches!(empty, SolveError::InvalidState { .. }), "{empty}");
    }

    #[test]
    fn one_sequence_with_one_event_has_a_likelihood() {
        let found = process()
            .log_likelihood(&Solver::new(Method::Tsit5), initial(1), &[vec![0.5]], [0.0, 1.0])
            .expect("solved");
        let rate = values(found.rates.expect("an event"))[0];
        let expected = rate.ln() - values(found.integral)[0];
        assert_close(&values(found.log_likelihood), &[expected], 1e-6);
    }

    #[test]
    fn events_outside_are_refused() {
        let solver = Solver::new(Method::Dopri5);
        for events in [
            vec![vec![1.5]],
            vec![vec![-0.1]],
            vec![vec![f64::NAN]],
            vec![vec![], vec![]],
        ] {
            let failure = process()
                .log_likelihood(&solver, initial(1), &events, [0.0, 1.0])
                .unwrap_err();
            assert!(matches!(failure.error, SolveError::InvalidTimes { .. }), "{failure}");
        }
    }
}
