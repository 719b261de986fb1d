//! Depthwise convolution over memory: the pixels that a window sees, one after the other.

use std::ops::Range;

use burn::prelude::*;
use multiversion::multiversion;

use super::Geometry;
use crate::nn::host::{Host, Number, host, make, map, with_precision};

/// Parts of a batch whose sums are added up in order, so that results do not depend on the number of threads.
const GROUPS: usize = 8;

/// Whether a tensor lives where these loops work.
pub(super) fn serves(input: &Tensor<4>) -> bool {
    host(&input.clone().inner()).is_some()
}

/// Sizes of a convolution.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taps {
    batch: usize,
    /// Of the input: height and width.
    input: [usize; 2],
    /// Of the output.
    output: [usize; 2],
    channels: usize,
    side: usize,
    geometry: Geometry,
}

/// From one side of a convolution, the places of the other side along one axis: where they begin, and the first tap.
#[derive(Debug, Clone)]
struct Reach {
    /// Pairs of a place and the tap that joins them.
    pairs: Vec<Vec<(usize, usize)>>,
}

impl Reach {
    /// For each of `out` output places the input places that it sees.
    fn of_outputs(size: usize, out: usize, side: usize, geometry: Geometry) -> Self {
        let Geometry { stride, padding } = geometry;
        let seen = |place: usize| {
            let taps = 0..side;
            let at = move |tap: usize| Some(((stride * place + tap).checked_sub(padding)?, tap));
            taps.filter_map(at).filter(|&(source, _)| source < size).collect()
        };
        Self {
            pairs: (0..out).map(seen).collect(),
        }
    }

    /// For each of `size` input places the output places that see it.
    fn of_inputs(size: usize, out: usize, side: usize, geometry: Geometry) -> Self {
        let mut pairs = vec![Vec::new(); size];
        for (place, seen) in Self::of_outputs(size, out, side, geometry)
            .pairs
            .into_iter()
            .enumerate()
        {
            for (source, tap) in seen {
                pairs[source].push((place, tap));
            }
        }
        Self { pairs }
    }
}

impl Taps {
    pub(super) fn new(input: &Tensor<4>, weight: &Tensor<4>, geometry: Geometry) -> Self {
        let [batch, height, width, channels] = input.dims();
        let side = weight.dims()[2];
        let Geometry { stride, padding } = geometry;
        let output = |size: usize| {
            assert!(
                size + 2 * padding >= side,
                "a window fits into the picture and its border"
            );
            (size + 2 * padding - side) / stride + 1
        };
        Self {
            batch,
            input: [height, width],
            output: [output(height), output(width)],
            channels,
            side,
            geometry,
        }
    }

    /// `[batch, height out, width out, channels]`
    pub(super) fn forward(self, input: &Tensor<4>, weight: &Tensor<4>) -> Tensor<4> {
        let memory = memory(input);
        with_precision!(memory, forward(self, &memory, weight))
    }

    /// By the input, `[batch, height, width, channels]`.
    pub(super) fn input_gradient(self, input: &Tensor<4>, weight: &Tensor<4>, gradient: &Tensor<4>) -> Tensor<4> {
        let memories = [memory(input), memory(gradient)];
        with_precision!(memories[0], input_gradient(self, &memories, weight))
    }

    /// By the weight, `[channels, 1, side, side]`.
    pub(super) fn weight_gradient(self, input: &Tensor<4>, gradient: &Tensor<4>) -> Tensor<4> {
        let memories = [memory(input), memory(gradient)];
        with_precision!(memories[0], weight_gradient(self, &memories, &input.device()))
    }

    /// For each place of both axes of the output what it sees of the input.
    fn of_outputs(self) -> [Reach; 2] {
        [0, 1].map(|axis| Reach::of_outputs(self.input[axis], self.output[axis], self.side, self.geometry))
    }

    /// Nanoseconds that one core takes, about.
    fn cost(self) -> usize {
        self.batch * self.output[0] * self.output[1] * self.channels * self.side * self.side / 16
    }
}

fn memory(tensor: &Tensor<4>) -> Host {
    host(tensor).expect("all tensors of a convolution live on one device")
}

/// `[channels, 1, side, side]` to `[side · side, channels]`.
fn kernel(weight: &Tensor<4>) -> Host {
    let [channels, _, side, _] = weight.dims();
    let kernel = weight.clone().reshape([channels, side * side]).transpose();
    host(&kernel).expect("all tensors of a convolution live on one device")
}

fn forward<T: Number>(taps: Taps, input: &Host, weight: &Tensor<4>) -> Tensor<4> {
    let kernel = kernel(weight);
    let (input, kernel) = (T::read(input), T::read(&kernel));
    let reach = taps.of_outputs();
    let [height, width] = taps.output;
    let line = width * taps.channels;
    let output = make(taps.batch * height * line, line, taps.cost(), |first, output| {
        for (index, output) in output.chunks_exact_mut(line).enumerate() {
            let (item, row) = ((first + index) / height, (first + index) % height);
            see(taps, &reach, (item, row), input, kernel, output);
        }
    });
    T::tensor(output, [taps.batch, height, width, taps.channels], &weight.device())
}

/// One row of the output, which holds zeros.
#[multiversion(targets("x86_64+avx2+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn see<T: Number>(
    taps: Taps,
    reach: &[Reach; 2],
    (item, row): (usize, usize),
    input: &[T],
    kernel: &[T],
    output: &mut [T],
) {
    let channels = taps.channels;
    for (column, output) in output.chunks_exact_mut(channels).enumerate() {
        for &(source_row, y) in &reach[0].pairs[row] {
            for &(source_column, x) in &reach[1].pairs[column] {
                let pixel = (item * taps.input[0] + source_row) * taps.input[1] + source_column;
                let source = &input[pixel * channels..][..channels];
                let tap = &kernel[(y * taps.side + x) * channels..][..channels];
                for ((output, &value), &weight) in output.iter_mut().zip(source).zip(tap) {
                    *output += positive(value) * weight;
                }
            }
        }
    }
}

#[inline(always)]
fn positive<T: Number>(value: T) -> T {
    if value > T::default() { value } else { T::default() }
}

fn input_gradient<T: Number>(taps: Taps, memories: &[Host; 2], weight: &Tensor<4>) -> Tensor<4> {
    let kernel = kernel(weight);
    let ([input, gradient], kernel) = (memories.each_ref().map(T::read), T::read(&kernel));
    let reach = [0, 1].map(|axis| Reach::of_inputs(taps.input[axis], taps.output[axis], taps.side, taps.geometry));
    let [height, width] = taps.input;
    let line = width * taps.channels;
    let result = make(input.len(), line, taps.cost(), |first, result| {
        for (index, result) in result.chunks_exact_mut(line).enumerate() {
            let row = first + index;
            let place = (row / height, row % height);
            gather(taps, &reach, place, gradient, kernel, result);
            mask(&input[row * line..][..line], result);
        }
    });
    T::tensor(result, [taps.batch, height, width, taps.channels], &weight.device())
}

/// One row of the gradient in front of the rectifier, which holds zeros.
#[multiversion(targets("x86_64+avx2+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn gather<T: Number>(
    taps: Taps,
    reach: &[Reach; 2],
    (item, row): (usize, usize),
    gradient: &[T],
    kernel: &[T],
    result: &mut [T],
) {
    let channels = taps.channels;
    for (column, result) in result.chunks_exact_mut(channels).enumerate() {
        for &(out_row, y) in &reach[0].pairs[row] {
            for &(out_column, x) in &reach[1].pairs[column] {
                let pixel = (item * taps.output[0] + out_row) * taps.output[1] + out_column;
                let gradient = &gradient[pixel * channels..][..channels];
                let tap = &kernel[(y * taps.side + x) * channels..][..channels];
                for ((result, &value), &weight) in result.iter_mut().zip(gradient).zip(tap) {
                    *result += value * weight;
                }
            }
        }
    }
}

/// Zero where the rectifier's input is not positive.
#[multiversion(targets("x86_64+avx2+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn mask<T: Number>(input: &[T], gradient: &mut [T]) {
    for (gradient, &input) in gradient.iter_mut().zip(input) {
        *gradient = if input > T::default() { *gradient } else { T::default() };
    }
}

fn weight_gradient<T: Number>(taps: Taps, memories: &[Host; 2], device: &Device) -> Tensor<4> {
    let [input, gradient] = memories.each_ref().map(T::read);
    let reach = taps.of_outputs();
    let group = taps.batch.div_ceil(GROUPS);
    let places = taps.side * taps.side;
    let sums = map(taps.batch.div_ceil(group), taps.cost(), |index| {
        let mut sum = vec![T::default(); places * taps.channels];
        let items = index * group..((index + 1) * group).min(taps.batch);
        correlate(taps, &reach, items, input, gradient, &mut sum);
        sum
    });
    let total = sums.into_iter().reduce(|mut total, sum| {
        total.iter_mut().zip(sum).for_each(|(total, sum)| *total += sum);
        total
    });
    let total = total.expect("a batch is not empty");
    let total = T::tensor(total, [places, taps.channels], device);
    total.transpose().reshape([taps.channels, 1, taps.side, taps.side])
}

/// Adds `Σ gradient · max(input, 0)` of some items, over all output pixels and for each tap.
#[multiversion(targets("x86_64+avx2+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
fn correlate<T: Number>(
    taps: Taps,
    reach: &[Reach; 2],
    items: Range<usize>,
    input: &[T],
    gradient: &[T],
    sum: &mut [T],
) {
    let channels = taps.channels;
    let [height, width] = taps.output;
    for item in items {
        for row in 0..height {
            for column in 0..width {
                let pixel = (item * height + row) * width + column;
                let gradient = &gradient[pixel * channels..][..channels];
                for &(source_row, y) in &reach[0].pairs[row] {
                    for &(source_column, x) in &reach[1].pairs[column] {
                        let pixel = (item * taps.input[0] + source_row) * taps.input[1] + source_column;
                        let source = &input[pixel * channels..][..channels];
                        let tap = &mut sum[(y * taps.side + x) * channels..][..channels];
                        for ((tap, &gradient), &value) in tap.iter_mut().zip(gradient).zip(source) {
                            *tap += gradient * positive(value);
                        }
                    }
                }
            }
        }
    }
}
