//! The loops of batch normalization over memory: two passes forward and two back, with nothing saved but the input.

use std::ops::Range;

use burn::{backend::Flex, prelude::*};

use super::Line;
use crate::nn::host::{Host, Number, host, map, split, with_precision};

/// Rows whose sums are added up in the precision of the input before they go on in double precision. A constant, so that
/// results do not depend on the number of threads.
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
    let mut sums = vec![T::default(); channels];
    for row in rows.chunks_exact(channels) {
        for (sum, &value) in sums.iter_mut().zip(row) {
            *sum += value;
        }
    }
    let inverse = T::from_f64(1.0 / count);
    let means: Vec<T> = sums.into_iter().map(|sum| sum * inverse).collect();
    let mut squares = vec![T::default(); channels];
    for row in rows.chunks_exact(channels) {
        for ((square, &mean), &value) in squares.iter_mut().zip(&means).zip(row) {
            let centered = value - mean;
            *square += centered * centered;
        }
    }
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
    let channels = shape[1];
    let slope = T::from_f64(slope);
    let mut output = vec![T::default(); rows.len()];
    split(&mut output, channels, rows.len(), |first, output| {
        let rows = rows[first * channels..].chunks_exact(channels);
        for (output, row) in output.chunks_exact_mut(channels).zip(rows) {
            let numbers = row.iter().zip(rate).zip(offset);
            for (output, ((&value, &rate), &offset)) in output.iter_mut().zip(numbers) {
                let linear = value * rate + offset;
                *output = if linear > T::default() { linear } else { linear * slope };
            }
        }
    });
    T::tensor(output, shape, device)
}

/// The gradients by the input, by the scale and by the shift; the gradient comes back if it is not the CPU backend's.
pub(super) fn pull_back(
    line: &Line,
    gradient: Tensor<2>,
    rows: &Tensor<2>,
    follows_batch: bool,
) -> Result<[Tensor<2>; 3], Tensor<2>> {
    let memories = [rows, &line.rate, &line.offset, &line.mean, &line.inverse].map(host);
    let [Some(rows), Some(rate), Some(offset), Some(mean), Some(inverse)] = memories else {
        return Err(gradient);
    };
    let Some(target) = host(&gradient) else {
        return Err(gradient);
    };
    let (shape, device) = (gradient.dims(), gradient.device());
    // The tensor lets go of its memory, so that the result can take its place.
    drop(gradient);
    let memories = [rows, rate, offset, mean, inverse];
    Ok(with_precision!(
        target,
        pull_back_of(target, &memories, line.slope, follows_batch, shape, &device)
    ))
}

fn pull_back_of<T: Number>(
    mut gradient: Host,
    memories: &[Host; 5],
    slope: f64,
    follows_batch: bool,
    shape: [usize; 2],
    device: &Device,
) -> [Tensor<2>; 3] {
    let [rows, rate, offset, mean, inverse] = memories.each_ref().map(T::read);
    let loops = Loops {
        rows,
        rate,
        offset,
        mean,
        slope: T::from_f64(slope),
    };
    let channels = shape[1];
    let [sums, products] = loops.sums(T::read(&gradient));
    let count = shape[0] as f64;
    // By the input: rate · (g - Σg/n - (x - mean) · Σ(g·(x - mean)) / (n σ²)).
    let share = |value: f64| if follows_batch { value / count } else { 0.0 };
    let terms = (0..channels).map(|channel| {
        let (rate, inverse) = (rate[channel].to_f64(), inverse[channel].to_f64());
        let slope = -rate * inverse * inverse * share(products[channel]);
        [T::from_f64(slope), T::from_f64(-rate * share(sums[channel]))]
    });
    let (slopes, constants): (Vec<T>, Vec<T>) = terms.map(|[slope, constant]| (slope, constant)).unzip();
    loops.by_input(T::write(&mut gradient), &slopes, &constants);
    let vector = |values: Vec<f64>| {
        let values = values.into_iter().map(T::from_f64);
        T::tensor(values.collect(), [1, channels], device)
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

struct Loops<'a, T> {
    rows: &'a [T],
    rate: &'a [T],
    offset: &'a [T],
    mean: &'a [T],
    slope: T,
}

impl<T: Number> Loops<'_, T> {
    /// `Σ g` and `Σ g·(x - mean)` of each channel.
    fn sums(&self, gradient: &[T]) -> [Vec<f64>; 2] {
        let channels = self.rate.len();
        let parts = map_parts(gradient.len(), channels, |range| {
            self.part_sums(&gradient[range.clone()], &self.rows[range])
        });
        let mut sums = [vec![0.0; channels], vec![0.0; channels]];
        for part in parts {
            for (sums, part) in sums.iter_mut().zip(part) {
                sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
            }
        }
        sums
    }

    fn part_sums(&self, gradient: &[T], rows: &[T]) -> [Vec<f64>; 2] {
        let channels = self.rate.len();
        let (mut sums, mut products) = (vec![T::default(); channels], vec![T::default(); channels]);
        for (gradient, row) in gradient.chunks_exact(channels).zip(rows.chunks_exact(channels)) {
            let numbers = gradient.iter().zip(row).zip(self.rate).zip(self.offset).zip(self.mean);
            let sums = sums.iter_mut().zip(products.iter_mut());
            for ((sum, product), ((((&gradient, &value), &rate), &offset), &mean)) in sums.zip(numbers) {
                let gradient = self.rectified(gradient, value * rate + offset);
                *sum += gradient;
                *product += gradient * (value - mean);
            }
        }
        [doubles(&sums), doubles(&products)]
    }

    /// Replaces the gradient by the one with respect to the input.
    fn by_input(&self, gradient: &mut [T], slopes: &[T], constants: &[T]) {
        let channels = self.rate.len();
        let cost = gradient.len();
        split(gradient, channels, cost, |first, gradient| {
            let rows = self.rows[first * channels..].chunks_exact(channels);
            for (gradient, row) in gradient.chunks_exact_mut(channels).zip(rows) {
                let numbers = row.iter().zip(self.rate).zip(self.offset).zip(self.mean);
                let terms = slopes.iter().zip(constants);
                for ((gradient, (((&value, &rate), &offset), &mean)), (&slope, &constant)) in
                    gradient.iter_mut().zip(numbers).zip(terms)
                {
                    let inner = self.rectified(*gradient, value * rate + offset);
                    *gradient = inner * rate + (value - mean) * slope + constant;
                }
            }
        });
    }

    fn rectified(&self, gradient: T, linear: T) -> T {
        if linear > T::default() {
            gradient
        } else {
            gradient * self.slope
        }
    }
}

/// The results of `work` for the ranges of all parts of `[rows, channels]`, in order.
fn map_parts<R: Send>(length: usize, channels: usize, work: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    let part = PART * channels;
    map(length.div_ceil(part), length, |index| {
        work(index * part..((index + 1) * part).min(length))
    })
}

fn doubles<T: Number>(values: &[T]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}
