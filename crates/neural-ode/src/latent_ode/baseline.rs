//! The baselines: a recurrent network that predicts the next observation, without and with the time between.

use burn::{
    nn::{Linear, LinearConfig},
    prelude::*,
};

use papers_core::distributions::DiagonalGaussian;

use super::{
    model::COORDINATES,
    recurrent::Recurrence,
    spirals::{Batch, Spiral, SpiralSet, WINDOW},
};

/// A recurrent network that predicts the next observation as a Gaussian.
#[derive(Module, Debug)]
pub struct Rnn {
    /// Reads the observations in the order of time.
    pub recurrence: Recurrence,
    /// From its state to mean and log-variance of the next observation.
    pub prediction: Linear,
    /// Whether the time to the next observation is part of the input (RNN+Δt).
    pub reads_gaps: bool,
}

impl Rnn {
    /// A network of `hidden` units.
    pub fn new(reads_gaps: bool, hidden: usize, device: &Device) -> Self {
        Self {
            recurrence: Recurrence::new(COORDINATES + usize::from(reads_gaps), hidden, device),
            prediction: LinearConfig::new(hidden, 2 * COORDINATES).init(device),
            reads_gaps,
        }
    }

    /// The prediction of every observation but the first, each from all before it.
    ///
    /// # Shapes
    ///
    /// - positions: `[observations, batch, 2]`
    /// - gaps: `[observations, batch, 1]`, the time until the next one
    /// - output: `[observations - 1, batch, 2]`
    ///
    /// # Panics
    ///
    /// If there is only one observation.
    pub fn predict_next(&self, positions: Tensor<3>, gaps: Tensor<3>) -> DiagonalGaussian<3> {
        let known = positions.dims()[0] - 1;
        assert!(known > 0, "the first observation cannot be predicted");
        let inputs = self.inputs(positions.narrow(0, 0, known), gaps.narrow(0, 0, known));
        let states = self.recurrence.unroll(inputs);
        DiagonalGaussian::from_halves(self.prediction.forward(states))
    }

    /// `-Σ log p(x_{k+1} | x_1 … x_k)` of each sample, in nats.
    ///
    /// # Shapes
    ///
    /// - positions: `[observations, batch, 2]`
    /// - gaps: `[observations, batch, 1]`
    /// - output: `[batch]`
    ///
    /// # Panics
    ///
    /// If there is only one observation.
    pub fn negative_log_likelihood(&self, positions: Tensor<3>, gaps: Tensor<3>) -> Tensor<1> {
        let [observations, batch, _] = positions.dims();
        let next = positions.clone().narrow(0, 1, observations - 1);
        let prediction = self.predict_next(positions, gaps);
        let log_density = prediction.log_density(next).sum_dim(0).sum_dim(2);
        -log_density.reshape([batch])
    }

    /// Positions at all times of the windows and of their continuations.
    ///
    /// In the window, a position is predicted from the observations strictly before it; until there is one, it is the
    /// first observation. With the time between in its input, the network is asked for the position after exactly that
    /// time; without, its prediction is taken to lie one mean gap ahead, and times between are interpolated linearly.
    ///
    /// Beyond the window the network runs freely: predicted means are fed back, at the pace of `pace`.
    ///
    /// # Shapes
    ///
    /// - output: `[2 · WINDOW, indices, 2]`
    ///
    /// # Panics
    ///
    /// If an index is outside the set, or the set has one observation per spiral.
    pub fn trajectories(&self, set: &SpiralSet, indices: &[usize], pace: Pace, device: &Device) -> Tensor<3> {
        let spirals: Vec<&Spiral> = indices.iter().map(|&index| set.spiral(index)).collect();
        let batch = set.batch(indices, device);
        let clock = Clock {
            spacing: set.curves().spacing(),
            gap: WINDOW as f64 / set.observations() as f64,
        };
        let inputs = self.inputs(batch.positions.clone(), batch.gaps.clone());
        let states = self.recurrence.unroll(inputs);
        let inside = self.inside(&spirals, &batch, states.clone(), clock);
        let beyond = match pace {
            Pace::Requested => self.beyond_as_requested(&spirals, &batch, states, clock),
            Pace::MeanGap => self.beyond_by_mean_gaps(&spirals, &batch, states, clock),
        };
        Tensor::cat(vec![inside, beyond], 0)
    }

    /// Times of the windows up to the last observation of each, and what follows it inside of the window.
    fn inside(&self, spirals: &[&Spiral], batch: &Batch, states: Tensor<3>, clock: Clock) -> Tensor<3> {
        let device = &states.device();
        let [observations, size, _] = batch.positions.dims();
        let mut rows = Vec::with_capacity(WINDOW * size);
        let mut ahead = Vec::with_capacity(WINDOW * size);
        for time in 0..WINDOW {
            for (sample, spiral) in spirals.iter().enumerate() {
                let before = spiral.observed.partition_point(|&observed| observed < time);
                let from = before.saturating_sub(1);
                rows.push((from * size + sample) as i32);
                // No time ahead of the first observation where there is none before.
                ahead.push(if before == 0 {
                    0.0
                } else {
                    (time - spiral.observed[from]) as f32
                });
            }
        }
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [WINDOW * size]), device);
        let ahead = Tensor::<2>::from_data(TensorData::new(ahead, [WINDOW * size, 1]), device);
        let hidden = self.recurrence.hidden();
        let latest = batch
            .positions
            .clone()
            .reshape([observations * size, COORDINATES])
            .select(0, rows.clone());
        // The state before the latest observation.
        let earlier = Tensor::cat(
            vec![
                Tensor::zeros([1, size, hidden], device),
                states.narrow(0, 0, observations - 1),
            ],
            0,
        );
        let earlier = earlier.reshape([observations * size, hidden]).select(0, rows);
        let (next, _) = self.step(latest.clone(), ahead.clone() * clock.spacing, earlier);
        let positions = if self.reads_gaps {
            let has_none = ahead.lower_equal_elem(0.0).expand([WINDOW * size, COORDINATES]);
            next.mask_where(has_none, latest)
        } else {
            latest.clone() + (next - latest) * (ahead / clock.gap)
        };
        positions.reshape([WINDOW, size, COORDINATES])
    }

    /// One step for each time beyond the windows.
    fn beyond_as_requested(&self, spirals: &[&Spiral], batch: &Batch, states: Tensor<3>, clock: Clock) -> Tensor<3> {
        let size = spirals.len();
        let to_the_end = |spiral: &&Spiral| ((WINDOW - last(spiral)) as f64 * clock.spacing) as f32;
        let first: Vec<f32> = spirals.iter().map(to_the_end).collect();
        let device = states.device();
        let first = Tensor::from_data(TensorData::new(first, [size, 1]), &device);
        let later = Tensor::full([size, 1], clock.spacing, &device);
        let gaps = std::iter::once(first).chain(std::iter::repeat_n(later, WINDOW - 1));
        Tensor::stack(self.run_freely(batch, states, gaps), 0)
    }

    /// Steps of one mean gap from the last observation on, and linear interpolation between.
    fn beyond_by_mean_gaps(&self, spirals: &[&Spiral], batch: &Batch, states: Tensor<3>, clock: Clock) -> Tensor<3> {
        let [observations, size, _] = batch.positions.dims();
        let earliest = spirals.iter().map(|spiral| last(spiral)).min().unwrap_or(0);
        let steps = ((2 * WINDOW - 1 - earliest) as f64 / clock.gap).ceil() as usize;
        let gap = Tensor::full([size, 1], clock.gap * clock.spacing, &states.device());
        let mut run = vec![batch.positions.clone().narrow(0, observations - 1, 1).squeeze_dim(0)];
        run.extend(self.run_freely(batch, states, std::iter::repeat_n(gap, steps)));

        let mut rows = Vec::with_capacity(WINDOW * size);
        let mut shares = Vec::with_capacity(WINDOW * size);
        for time in WINDOW..2 * WINDOW {
            for (sample, spiral) in spirals.iter().enumerate() {
                let steps = (time - last(spiral)) as f64 / clock.gap;
                // The last point is the end of a piece, not the beginning of one.
                let piece = (steps as usize).min(run.len() - 2);
                rows.push((piece * size + sample) as i32);
                shares.push((steps - piece as f64) as f32);
            }
        }
        let run: Tensor<2> = Tensor::cat(run, 0);
        let rows = Tensor::<1, Int>::from_data(TensorData::new(rows, [WINDOW * size]), &run.device());
        let shares = Tensor::<2>::from_data(TensorData::new(shares, [WINDOW * size, 1]), &run.device());
        let from = run.clone().select(0, rows.clone());
        let to = run.select(0, rows + size as i32);
        (from.clone() + (to - from) * shares).reshape([WINDOW, size, COORDINATES])
    }

    /// The predictions after the last observation, each the given time (`[batch, 1]`) after the one before.
    fn run_freely(&self, batch: &Batch, states: Tensor<3>, gaps: impl Iterator<Item = Tensor<2>>) -> Vec<Tensor<2>> {
        let [observations, size, _] = batch.positions.dims();
        let mut position: Tensor<2> = batch.positions.clone().narrow(0, observations - 1, 1).squeeze_dim(0);
        // The last observation is read again, now with the gap that follows it.
        let mut state = match observations {
            1 => Tensor::zeros([size, self.recurrence.hidden()], &position.device()),
            _ => states.narrow(0, observations - 2, 1).squeeze_dim(0),
        };
        let mut run = Vec::new();
        for gap in gaps {
            (position, state) = self.step(position, gap, state);
            run.push(position.clone());
        }
        run
    }

    /// The mean of what follows `position` after `gap`, and the state after it.
    fn step(&self, position: Tensor<2>, gap: Tensor<2>, state: Tensor<2>) -> (Tensor<2>, Tensor<2>) {
        let state = self.recurrence.step(self.inputs(position, gap), state);
        (
            DiagonalGaussian::from_halves(self.prediction.forward(state.clone())).mean,
            state,
        )
    }

    fn inputs<const D: usize>(&self, positions: Tensor<D>, gaps: Tensor<D>) -> Tensor<D> {
        if self.reads_gaps {
            Tensor::cat(vec![positions, gaps], D - 1)
        } else {
            positions
        }
    }
}

/// The window time of the last observation.
fn last(spiral: &Spiral) -> usize {
    spiral.observed.last().copied().unwrap_or(0)
}

/// How time passes where a network runs freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// A step for each time that is asked for, with the time to it in the input of a network that reads gaps. One that
    /// does not takes those steps for gaps as in training.
    Requested,
    /// Steps of the mean gap between observations, which the network was trained on, with times between interpolated
    /// linearly. Kinder to both networks: fewer steps, and one that reads no gaps is told the time after all.
    MeanGap,
}

/// Units of time.
#[derive(Debug, Clone, Copy)]
struct Clock {
    /// Time between two grid points.
    spacing: f64,
    /// The mean gap between observations, in grid points.
    gap: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent_ode::spirals::{Curves, Split};
    use papers_core::{
        random::Streams,
        testing::{self, assert_close, values},
    };

    #[test]
    fn observing_everything_predictions_are_one_step_ahead() {
        let device = testing::device();
        let streams = Streams::new(3);
        for reads_gaps in [false, true] {
            let set = SpiralSet::draw(Curves::default(), Split::Test, 3, WINDOW, 0.1, &streams);
            let rnn = streams.initialize("rnn", &device, || Rnn::new(reads_gaps, 5, &device));
            let trajectories = rnn.trajectories(&set, &set.all(), Pace::MeanGap, &device);
            let batch = set.batch(&set.all(), &device);
            let expected = rnn.predict_next(batch.positions, batch.gaps).mean;
            assert_close(&values(trajectories.narrow(0, 1, WINDOW - 1)), &values(expected), 1e-5);
        }
    }

    #[test]
    fn a_free_run_feeds_predictions_back() {
        let device = testing::device();
        let streams = Streams::new(3);
        let set = SpiralSet::draw(Curves::default(), Split::Test, 2, WINDOW, 0.1, &streams);
        let rnn = streams.initialize("rnn", &device, || Rnn::new(false, 5, &device));
        let [trajectories, by_mean_gap] =
            [Pace::Requested, Pace::MeanGap].map(|pace| rnn.trajectories(&set, &set.all(), pace, &device));
        // Of a spiral that was observed at all times, the mean gap is the requested one.
        assert_close(&values(by_mean_gap), &values(trajectories.clone()), 1e-5);
        // One more observation, made of the first prediction, gives the second prediction.
        let observed = set.batch(&set.all(), &device).positions;
        let first = trajectories.clone().narrow(0, WINDOW, 1);
        let longer = Tensor::cat(vec![observed, first.clone(), first], 0);
        let gaps = longer.clone().narrow(2, 0, 1);
        let second = rnn.predict_next(longer, gaps).mean.narrow(0, WINDOW, 1);
        assert_close(&values(trajectories.narrow(0, WINDOW + 1, 1)), &values(second), 1e-5);
    }
}
