//! Convolution over overlapping views.
//!
//! An output pixel sees a square of input pixels. If the rows that an output row sees are stored side by side, pixel by
//! pixel ("stacked"), then the square is one run of memory, and the squares of neighboring output pixels are
//! overlapping runs: a matrix with a row stride smaller than its rows, which the matrix product takes as it is. Only
//! rows are copied, three times for a 3x3 kernel, and not every square, nine times. Each core works on bands of output
//! rows that are small enough to stay in its cache.

use std::ops::Range;

use burn::{prelude::*, tensor::s};

use super::{Flex, Frame, GROUPS, memory, plane};
use crate::nn::host::{Host, Number, make, map};

pub(super) fn forward<T: Number>(input: &Host, weight: Tensor<4>, bias: Option<&Host>, frame: Frame) -> Tensor<4> {
    let plane = bias.map(|bias| plane::<T>(bias, frame));
    let matrix = weight
        .permute([3, 2, 1, 0])
        .reshape([frame.side * frame.pixel(), frame.out]);
    let device = matrix.device();
    let row = frame.out_width * frame.out;
    let band = frame.band(1);
    let output = make(frame.rows() * row, band * row, frame.cost(), |first, output| {
        let mut stack = Stack::new::<T>(frame, band, &device);
        for (index, output) in output.chunks_mut(band * row).enumerate() {
            let start = (first + index) * band;
            let rows = start..start + output.len() / row;
            let product = stack.squares::<T>(T::read(input), rows).matmul(matrix.clone());
            let product = memory(&product);
            let product = T::read(&product).chunks_exact(frame.windows() * frame.out);
            for (offset, (output, product)) in output.chunks_exact_mut(row).zip(product).enumerate() {
                output.copy_from_slice(&product[..row]);
                if let Some(plane) = &plane {
                    let bias = &plane[(start + offset) % frame.out_height * row..][..row];
                    output.iter_mut().zip(bias).for_each(|(output, &bias)| *output += bias);
                }
            }
        }
    });
    T::tensor(output, frame.output(), &device)
}

pub(super) fn weight_gradient<T: Number>(memories: &[Host; 2], frame: Frame, device: &Device) -> Tensor<4> {
    let [input, gradient] = memories.each_ref().map(T::read);
    // A column of the kernel at a time: products of a size that this many more rows fit in.
    let band = frame.band(frame.side);
    let bands = frame.rows().div_ceil(band);
    let group = bands.div_ceil(GROUPS);
    let sums = map(bands.div_ceil(group), frame.cost(), |index| {
        let mut stack = Stack::new::<T>(frame, band, device);
        let mut lines = Stack::new::<T>(frame.of_output(), band, device);
        let mut sums: Vec<Option<Tensor<2>>> = vec![None; frame.side];
        for band_index in index * group..((index + 1) * group).min(bands) {
            let rows = band_index * band..((band_index + 1) * band).min(frame.rows());
            let gradient = lines.squares::<T>(gradient, rows.clone()).transpose();
            let squares = stack.squares::<T>(input, rows);
            for (column, sum) in sums.iter_mut().enumerate() {
                let columns = column * frame.pixel()..(column + 1) * frame.pixel();
                let product = gradient.clone().matmul(squares.clone().slice(s![.., columns]));
                *sum = Some(match sum.take() {
                    Some(sum) => sum + product,
                    None => product,
                });
            }
        }
        Tensor::cat(sums.into_iter().flatten().collect(), 1)
    });
    let sum = sums.into_iter().reduce(|sum, next| sum + next);
    let sum = sum.expect("a batch is not empty");
    sum.reshape([frame.out, frame.side, frame.side, frame.channels])
        .permute([0, 3, 2, 1])
}

/// Adds each output pixel's gradient, times the kernel, to the square that the pixel saw.
pub(super) fn input_gradient<T: Number>(gradient: Tensor<2>, weight: Tensor<4>, frame: Frame) -> Tensor<4> {
    let matrix = weight
        .permute([0, 3, 2, 1])
        .reshape([frame.out, frame.side * frame.pixel()]);
    let device = matrix.device();
    let item = frame.height * frame.width * frame.channels;
    let pixels = frame.out_height * frame.out_width;
    let output = make(frame.batch * item, item, frame.cost(), |first, output: &mut [T]| {
        for (index, output) in output.chunks_exact_mut(item).enumerate() {
            let start = (first + index) * pixels;
            let gradient = gradient.clone().slice(s![start..start + pixels, ..]);
            let squares = memory(&gradient.matmul(matrix.clone()));
            frame.fold(output, T::read(&squares));
        }
    });
    let shape = [frame.batch, frame.height, frame.width, frame.channels];
    T::tensor(output, shape, &device)
}

/// The stack of one band after the other, in the same memory.
struct Stack {
    frame: Frame,
    memory: Host,
}

impl Stack {
    fn new<T: Number>(frame: Frame, rows: usize, device: &Device) -> Self {
        let zeros = vec![T::default(); frame.stack(rows)];
        let length = zeros.len();
        let memory = memory(&T::tensor(zeros, [length], device));
        Self { frame, memory }
    }

    /// The squares that the output pixels of a band see, one per row:
    /// `[rows · windows, side · side · channels]`, the kernel's columns outermost.
    fn squares<T: Number>(&mut self, input: &[T], rows: Range<usize>) -> Tensor<2> {
        let frame = self.frame;
        let count = rows.len() * frame.windows();
        frame.fill(T::write(&mut self.memory), input, rows);
        let stack = Tensor::<1>::from_primitive::<Flex>(self.memory.clone());
        let step = frame.geometry.stride * frame.pixel();
        let squares = stack.unfold::<2, _>(0, frame.side * frame.pixel(), step);
        squares.slice(s![..count, ..])
    }
}
