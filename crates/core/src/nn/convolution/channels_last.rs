//! Convolution of pictures whose channels come last, as matrix products of overlapping views.
//!
//! An output pixel sees a square of input pixels. If the rows that an output row sees are stored side by side, pixel by
//! pixel ("stacked"), then the square is one run of memory, and the squares of neighboring output pixels are
//! overlapping runs: a matrix with a row stride smaller than its rows, which the matrix product takes as it is. Only
//! rows are copied, three times for a 3x3 kernel, and not every square, nine times. Each core works on bands of output
//! rows that are small enough to stay in its cache.

use std::ops::Range;

use burn::{backend::Flex, prelude::*, tensor::s};

use super::Geometry;
use crate::{
    nn::host::{Host, Number, host, map, split, with_precision},
    vjp,
};

mod frame;

use frame::Frame;

/// Parts of a batch whose sums are added up in order, so that results do not depend on the number of threads.
const GROUPS: usize = 8;

/// Whether a tensor lives where this way of convolving works.
pub(super) fn serves(input: &Tensor<4>) -> bool {
    host(&input.clone().inner()).is_some()
}

/// [`convolve`](super::convolve) with the channels last, for tensors that this module [`serves`].
pub(super) fn convolve(input: Tensor<4>, weight: Tensor<4>, geometry: Geometry) -> Tensor<4> {
    let shape = input.dims();
    let side = weight.dims()[2];
    // A picture needs no gradient, and computing it would cost as much as the forward pass.
    if !input.is_autodiff() {
        return vjp::function([weight], |[weight]| {
            let output = forward(&input, weight, geometry);
            (output, move |gradient| {
                [weight_gradient(&input, &gradient, side, geometry)]
            })
        });
    }
    vjp::function([input, weight], |[input, weight]| {
        let output = forward(&input, weight.clone(), geometry);
        let pullback = move |gradient: Tensor<4>| {
            let by_weight = weight_gradient(&input, &gradient, side, geometry);
            [input_gradient(&gradient, weight, shape, geometry), by_weight]
        };
        (output, pullback)
    })
}

fn forward(input: &Tensor<4>, weight: Tensor<4>, geometry: Geometry) -> Tensor<4> {
    let [out, channels, side, _] = weight.dims();
    let frame = Frame::new(input.dims(), side, out, geometry);
    let matrix = weight.permute([3, 2, 1, 0]).reshape([side * side * channels, out]);
    if frame.is_pointwise() {
        return pixels(input).matmul(matrix).reshape(frame.output());
    }
    let memory = memory(input);
    with_precision!(memory, forward_of(&memory, matrix, frame))
}

fn forward_of<T: Number>(input: &Host, matrix: Tensor<2>, frame: Frame) -> Tensor<4> {
    let device = matrix.device();
    let row = frame.out_width * frame.out;
    let band = frame.band(1);
    let mut output = vec![T::default(); frame.rows() * row];
    split(&mut output, band * row, frame.cost(), |first, output| {
        let mut stack = Stack::new::<T>(frame, band, &device);
        for (index, output) in output.chunks_mut(band * row).enumerate() {
            let start = (first + index) * band;
            let rows = start..start + output.len() / row;
            let product = stack.squares::<T>(T::read(input), rows).matmul(matrix.clone());
            let product = memory(&product);
            let product = T::read(&product).chunks_exact(frame.windows() * frame.out);
            for (output, product) in output.chunks_exact_mut(row).zip(product) {
                output.copy_from_slice(&product[..row]);
            }
        }
    });
    T::tensor(output, frame.output(), &device)
}

/// The sum over all output pixels of `gradient · square`.
fn weight_gradient(input: &Tensor<4>, gradient: &Tensor<4>, side: usize, geometry: Geometry) -> Tensor<4> {
    let frame = Frame::new(input.dims(), side, gradient.dims()[3], geometry);
    let sum = if frame.is_pointwise() {
        pixels(gradient).transpose().matmul(pixels(input))
    } else {
        let memories = [memory(input), memory(gradient)];
        with_precision!(memories[0], weight_gradient_of(&memories, frame, &gradient.device()))
    };
    sum.reshape([frame.out, side, side, frame.channels])
        .permute([0, 3, 2, 1])
}

fn weight_gradient_of<T: Number>(memories: &[Host; 2], frame: Frame, device: &Device) -> Tensor<2> {
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
    sum.expect("a batch is not empty")
}

fn input_gradient(gradient: &Tensor<4>, weight: Tensor<4>, input: [usize; 4], geometry: Geometry) -> Tensor<4> {
    let Geometry { stride, padding } = geometry;
    let [out, channels, side, _] = weight.dims();
    if stride == 1 && padding < side {
        // The adjoint of a convolution of stride 1 is a convolution with the turned kernel.
        let turned = weight.flip([2, 3]).swap_dims(0, 1);
        let padding = side - 1 - padding;
        return forward(gradient, turned, Geometry { stride, padding });
    }
    let frame = Frame::new(input, side, out, geometry);
    let matrix = weight.permute([0, 3, 2, 1]).reshape([out, side * side * channels]);
    let memory = memory(gradient);
    with_precision!(memory, spread(pixels(gradient), matrix, frame))
}

/// Adds each output pixel's gradient, times the kernel, to the square that the pixel saw.
fn spread<T: Number>(gradient: Tensor<2>, matrix: Tensor<2>, frame: Frame) -> Tensor<4> {
    let device = matrix.device();
    let item = frame.height * frame.width * frame.channels;
    let pixels = frame.out_height * frame.out_width;
    let mut output = vec![T::default(); frame.batch * item];
    split(&mut output, item, frame.cost(), |first, output| {
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

/// The memory of a tensor that this module serves.
fn memory<const D: usize>(tensor: &Tensor<D>) -> Host {
    host(tensor).expect("all tensors of a convolution live on one device")
}

/// `[batch, height, width, channels]` to `[pixels, channels]`.
fn pixels(pictures: &Tensor<4>) -> Tensor<2> {
    let [batch, height, width, channels] = pictures.dims();
    pictures.clone().reshape([batch * height * width, channels])
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
