//! Batch normalization over memory: two passes forward and two back, with nothing saved but the input.

use std::ops::Range;

use burn::{backend::Flex, prelude::*};

use super::Line;
use crate::nn::{
    host::{Host, Number, doubles, host, make, map, split, with_precision},
    lanes::{self, rectify},
};

/// Rows that stay in a core's own cache, and whose sums are added up in the precision of the input before they go on in
/// double precision. A constant, so that results do not depend on the number of threads.
const PART: usize = 256;

/// Mean and biased variance of each channel of `[rows, channels]`; `None` if the rows are not the CPU backend's.
pub(super) fn moments(rows: &Tensor<2>) -> Option<[Tensor<1>; 2]> {
    let memory = host(rows)?;
    let [_, channels] = rows.dims();
    Some(with_precision!(memory, moments_of(&memory, channels, &rows.device())))
}

fn moments_of<T: Number>(memory: &Host, channels: usize, device: &Device) -> [Tensor<1>; 2] {
    let rows = T::read(memory);
    let parts = map_parts(rows.len(), channels, |range| part_moments(&rows[range], channels));
    let mut count = 0.0;
    let (mut means, mut squares) = (vec![0.0; channels], vec![0.0; channels]);
    for (part_count, part_means, part_squares) in parts {
        let total = count + part_count;
        for channel in 0..channels {
            let shift = part_means[channel] - means[channel];
            means[channel] += shift * part_count / total;
            squares[channel] += part_squares[channel] + shift * shift * count * part_count / total;
        }
        count = total;
    }
    let vector = |values: Vec<f64>, scale: f64| {
        let values = values.into_iter().map(|value| T::from_f64(value * scale));
        T::tensor(values.collect(), [channels], device)
    };
    [vector(means, 1.0), vector(squares, 1.0 / count)]
}

/// Number of rows, means, and sums of squared deviations from them.
fn part_moments<T: Number>(rows: &[T], channels: usize) -> (f64, Vec<f64>, Vec<f64>) {
    let count = (rows.len() / channels) as f64;
    let sum = lanes::sum(channels, [rows], [], |[value], []| value);
    let means: Vec<T> = sum.into_iter().map(|sum| sum * T::from_f64(1.0 / count)).collect();
    let squares = lanes::sum(channels, [rows], [&means], |[value], [mean]| {
        let centered = value - mean;
        centered * centered
    });
    (count, doubles(&means), doubles(&squares))
}

/// The rectified line of each row, or `None`.
pub(super) fn forward(line: &Line, rows: &Tensor<2>) -> Option<Tensor<2>> {
    let memories = [host(rows)?, host(&line.rate)?, host(&line.offset)?];
    Some(with_precision!(
        memories[0],
        forward_of(&memories, rows.dims(), line.slope, &rows.device())
    ))
}

fn forward_of<T: Number>(memories: &[Host; 3], shape: [usize; 2], slope: f64, device: &Device) -> Tensor<2> {
    let [rows, rate, offset] = memories.each_ref().map(T::read);
    let work = |place: usize, part: &mut [T]| {
        let rows = &rows[place..place + part.len()];
        let slope = T::from_f64(slope);
        lanes::update(shape[1], part, [rows], [rate, offset], |_, [value], [rate, offset]| {
            let linear = value * rate + offset;
            rectify(linear, linear, slope)
        });
    };
    let part = PART * shape[1];
    let output = make(rows.len(), part, rows.len(), |first, output| {
        each_part(part, first, output, &work);
    });
    T::tensor(output, shape, device)
}

/// The memory that the backward pass works on.
pub(super) struct Backward {
    /// By the output, and at the end by the input.
    gradient: Host,
    /// Rows, rate, offset, mean and inverse.
    memories: [Host; 5],
    slope: f64,
    device: Device,
}

impl Backward {
    /// `None` if the tensors are not the CPU backend's.
    pub(super) fn new(line: &Line, gradient: &Tensor<2>, rows: &Tensor<2>) -> Option<Self> {
        let [rows, rate, offset, mean, inverse] = [rows, &line.rate, &line.offset, &line.mean, &line.inverse].map(host);
        Some(Self {
            gradient: host(gradient)?,
            memories: [rows?, rate?, offset?, mean?, inverse?],
            slope: line.slope,
            device: gradient.device(),
        })
    }

    /// The gradients by the input, by the scale and by the shift.
    pub(super) fn run(self, follows_batch: bool) -> [Tensor<2>; 3] {
        with_precision!(self.gradient, pull_back(self, follows_batch))
    }
}

fn pull_back<T: Number>(backward: Backward, follows_batch: bool) -> [Tensor<2>; 3] {
    let Backward {
        mut gradient,
        memories,
        slope,
        device,
    } = backward;
    let [rows, rate, offset, mean, inverse] = memories.each_ref().map(T::read);
    let channels = rate.len();
    let leak = T::from_f64(slope);
    let [sums, products] = total_sums(T::read(&gradient), rows, [rate, offset, mean], leak);
    let count = (rows.len() / channels) as f64;
    // By the input: rate · (g - Σg/n - (x - mean) · Σ(g·(x - mean)) / (n σ²)).
    let share = |value: f64| if follows_batch { value / count } else { 0.0 };
    let numbers = (0..channels).map(|channel| [rate, inverse].map(|numbers| numbers[channel].to_f64()));
    let slopes = numbers.clone().zip(&products);
    let slopes = slopes.map(|([rate, inverse], &sum)| T::from_f64(-rate * inverse * inverse * share(sum)));
    let constants = numbers.zip(&sums);
    let constants = constants.map(|([rate, _], &sum)| T::from_f64(-rate * share(sum)));
    let (slopes, constants): (Vec<T>, Vec<T>) = (slopes.collect(), constants.collect());

    let work = |place: usize, part: &mut [T]| {
        let rows = &rows[place..place + part.len()];
        let constants = [rate, offset, mean, &slopes, &constants];
        lanes::update(channels, part, [rows], constants, |gradient, [value], constants| {
            let [rate, offset, mean, slope, constant] = constants;
            let inner = rectify(value * rate + offset, gradient, leak);
            inner * rate + (value - mean) * slope + constant
        });
    };
    let part = PART * channels;
    split(T::write(&mut gradient), part, rows.len(), |first, memory| {
        each_part(part, first, memory, &work);
    });
    let vector = |values: Vec<f64>| {
        let values = values.into_iter().map(T::from_f64);
        T::tensor(values.collect(), [1, channels], &device)
    };
    let by_scale = products
        .iter()
        .zip(inverse)
        .map(|(sum, inverse)| sum * inverse.to_f64());
    [
        Tensor::from_primitive::<Flex>(gradient),
        vector(by_scale.collect()),
        vector(sums),
    ]
}

/// `Σ g` and `Σ g·(x - mean)` of each channel, with `g` the gradient in front of the rectifier.
fn total_sums<T: Number>(gradient: &[T], rows: &[T], constants: [&[T]; 3], leak: T) -> [Vec<f64>; 2] {
    let channels = constants[0].len();
    let parts = map_parts(rows.len(), channels, |range| {
        let data = [&gradient[range.clone()], &rows[range]];
        let inner = |[gradient, value]: [T; 2], rate, offset| rectify(value * rate + offset, gradient, leak);
        let [rate, offset, mean] = constants;
        let sum = lanes::sum(channels, data, [rate, offset], |data, [rate, offset]| {
            inner(data, rate, offset)
        });
        let product = lanes::sum(channels, data, [rate, offset, mean], |data, [rate, offset, mean]| {
            inner(data, rate, offset) * (data[1] - mean)
        });
        [doubles(&sum), doubles(&product)]
    });
    let mut total = [vec![0.0; channels], vec![0.0; channels]];
    for part in parts {
        for (total, part) in total.iter_mut().zip(part) {
            total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
        }
    }
    total
}

/// The results of `work` for the ranges of all parts of `[rows, channels]`, in order.
fn map_parts<R: Send>(length: usize, channels: usize, work: impl Fn(Range<usize>) -> R + Sync + Send) -> Vec<R> {
    let part = PART * channels;
    map(length.div_ceil(part), length, |index| {
        work(index * part..((index + 1) * part).min(length))
    })
}

/// Calls `work` with every part of the memory, of which the first has the number `first`, and where it begins.
fn each_part<T: Number>(part: usize, first: usize, memory: &mut [T], work: &impl Fn(usize, &mut [T])) {
    for (index, memory) in memory.chunks_mut(part).enumerate() {
        work((first + index) * part, memory);
    }
}
