//! Convolution as a product of unfolded squares, for kernels of so many numbers that reading them once for every short row of pixels costs
//! more than unfolding what the pixels see.
//!
//! In a square the kernel's columns are outermost, as [`Frame::fold`] has them.

use std::ops::Range;

use burn::{prelude::*, tensor::s};

use super::{Frame, memory, pixels};
use crate::nn::host::{Host, Number, make};

/// Numbers of the squares that are unfolded at a time: 8 MB in single precision.
const PIECE: usize = 1 << 21;

pub(super) fn forward<T: Number>(input: &Host, weight: &Tensor<4>, frame: Frame) -> Tensor<4> {
    let matrix = matrix::<T>(weight).transpose();
    let device = matrix.device();
    let piece = |items| squares::<T>(input, items, frame, &device).matmul(matrix.clone());
    joined(pieces(frame).map(piece).collect()).reshape(frame.output())
}

pub(super) fn weight_gradient<T: Number>(input: &Host, gradient: &Tensor<4>, frame: Frame) -> Tensor<4> {
    let (gradient, device) = (pixels(gradient), gradient.device());
    let product = |items: Range<usize>| {
        let gradient = gradient.clone().slice(s![rows(&items, frame), ..]);
        gradient.transpose().matmul(squares::<T>(input, items, frame, &device))
    };
    let sum = pieces(frame).map(product).reduce(|sum, next| sum + next);
    let sum = memory(&sum.expect("a batch is not empty"));
    let (side, item) = (frame.side, frame.channels * frame.side * frame.side);
    let gradient = make(frame.out * item, item, frame.out * item, |first, outputs| {
        let sums = T::read(&sum)[first * item..].chunks_exact(item);
        for (output, sums) in outputs.chunks_exact_mut(item).zip(sums) {
            for (tap, sums) in sums.chunks_exact(frame.channels).enumerate() {
                let places = output[by_rows(tap, side)..].iter_mut().step_by(side * side);
                places.zip(sums).for_each(|(place, sum)| *place = *sum);
            }
        }
    });
    T::tensor(gradient, [frame.out, frame.channels, side, side], &device)
}

pub(super) fn input_gradient<T: Number>(gradient: &Tensor<4>, weight: &Tensor<4>, frame: Frame) -> Tensor<4> {
    let (gradient, device) = (pixels(gradient), gradient.device());
    let matrix = matrix::<T>(weight);
    let item = frame.height * frame.width * frame.channels;
    let square = frame.out_height * frame.out_width * frame.side * frame.pixel();
    let piece = |items: Range<usize>| {
        let gradient = gradient.clone().slice(s![rows(&items, frame), ..]);
        let squares = memory(&gradient.matmul(matrix.clone()));
        let input = make(items.len() * item, item, items.len() * square, |first, input| {
            let squares = T::read(&squares)[first * square..].chunks_exact(square);
            let inputs = input.chunks_exact_mut(item).zip(squares);
            inputs.for_each(|(input, squares)| frame.fold(input, squares));
        });
        T::tensor(input, [items.len(), item], &device)
    };
    let shape = [frame.batch, frame.height, frame.width, frame.channels];
    joined(pieces(frame).map(piece).collect()).reshape(shape)
}

/// Where a tap of a square stands in a kernel, whose rows are outermost.
fn by_rows(tap: usize, side: usize) -> usize {
    tap % side * side + tap / side
}

/// `[out, channels, side, side]` to `[out, side · side · channels]`.
fn matrix<T: Number>(weight: &Tensor<4>) -> Tensor<2> {
    let [out, channels, side, _] = weight.dims();
    let (device, weight) = (weight.device(), memory(weight));
    let item = channels * side * side;
    let matrix = make(out * item, item, out * item, |first, outputs| {
        let weights = T::read(&weight)[first * item..].chunks_exact(item);
        for (output, weights) in outputs.chunks_exact_mut(item).zip(weights) {
            for (tap, places) in output.chunks_exact_mut(channels).enumerate() {
                let weights = weights[by_rows(tap, side)..].iter().step_by(side * side);
                places
                    .iter_mut()
                    .zip(weights)
                    .for_each(|(place, weight)| *place = *weight);
            }
        }
    });
    T::tensor(matrix, [out, item], &device)
}

/// What each output pixel of some pictures sees, zeros in the border: `[pixels, side · side · channels]`.
fn squares<T: Number>(input: &Host, items: Range<usize>, frame: Frame, device: &Device) -> Tensor<2> {
    let (channels, square) = (frame.channels, frame.side * frame.pixel());
    let rows = rows(&items, frame);
    let item = frame.height * frame.width * channels;
    let line = frame.out_width * square;
    let squares = make(rows.len() * square, line, rows.len() * square, |first, squares| {
        for (line, squares) in squares.chunks_exact_mut(line).enumerate() {
            let line = items.start * frame.out_height + first + line;
            let input = &T::read(input)[line / frame.out_height * item..][..item];
            for (column, square) in squares.chunks_exact_mut(square).enumerate() {
                for (tap, places) in square.chunks_exact_mut(channels).enumerate() {
                    let (y, x) = (tap % frame.side, tap / frame.side);
                    if let Some(pixel) = frame.seen(line % frame.out_height, column, y, x) {
                        places.copy_from_slice(&input[pixel * channels..][..channels]);
                    }
                }
            }
        }
    });
    T::tensor(squares, [rows.len(), square], device)
}

/// Output pixels of some pictures.
fn rows(items: &Range<usize>, frame: Frame) -> Range<usize> {
    let pixels = frame.out_height * frame.out_width;
    items.start * pixels..items.end * pixels
}

/// Parts of the batch, each with at most [`PIECE`] numbers when unfolded, or of one picture.
fn pieces(frame: Frame) -> impl Iterator<Item = Range<usize>> {
    let square = frame.out_height * frame.out_width * frame.side * frame.pixel();
    let piece = (PIECE / square.max(1)).max(1);
    let starts = (0..frame.batch).step_by(piece);
    starts.map(move |start| start..(start + piece).min(frame.batch))
}

fn joined(mut parts: Vec<Tensor<2>>) -> Tensor<2> {
    match parts.len() {
        1 => parts.remove(0),
        _ => Tensor::cat(parts, 0),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::module::conv2d;

    use super::*;
    use crate::{
        nn::convolution::{Geometry, convolve_last, convolve_transposed_last},
        testing::{assert_close, normal, values},
    };

    /// Pictures, channels in and out, height and width, side of the kernel, stride, padding. The last has two pieces.
    const CASES: [[usize; 8]; 7] = [
        [3, 140, 210, 6, 6, 3, 1, 1],
        [2, 140, 210, 7, 4, 4, 2, 1],
        [2, 140, 210, 7, 7, 3, 3, 0],
        [2, 140, 210, 5, 8, 3, 2, 1],
        [2, 512, 512, 7, 7, 1, 2, 0],
        [1, 140, 210, 1, 1, 3, 1, 1],
        [50, 140, 210, 6, 6, 3, 1, 1],
    ];

    /// Output, gradients by input, weight and bias.
    fn run(tensors: [&Tensor<4>; 3], convolve: impl Fn([Tensor<4>; 3]) -> Tensor<4>) -> [Vec<f64>; 4] {
        let tensors = tensors.map(|tensor| tensor.clone().autodiff().require_grad());
        let output = convolve(tensors.clone());
        let gradients = output.clone().powi_scalar(3).sum().backward();
        let [input, weight, bias] = tensors.map(|tensor| values(tensor.grad(&gradients).expect("tracked")));
        [values(output), input, weight, bias]
    }

    #[test]
    fn values_and_gradients_are_those_of_burn() {
        for [batch, channels, out, height, width, side, stride, padding] in CASES {
            let geometry = Geometry { stride, padding };
            let frame = Frame::new([batch, height, width, channels], side, out, geometry);
            assert!(frame.is_large());
            assert_eq!(pieces(frame).count(), if batch == 50 { 2 } else { 1 });
            let input = normal(0, [batch, height, width, channels]);
            let weight = normal(1, [out, channels, side, side]) / channels as f64;
            for shape in [[1, 1, 1, out], [1, frame.out_height, frame.out_width, out]] {
                let tensors = [&input, &weight, &normal(2, shape)];
                let ours = run(tensors, |[input, weight, bias]| {
                    convolve_last(input, weight, Some(bias), geometry)
                });
                let burns = run(tensors, |[input, weight, bias]| {
                    let output = conv2d(input.permute([0, 3, 1, 2]), weight, None, geometry.options());
                    output.permute([0, 2, 3, 1]) + bias
                });
                for (ours, burns) in ours.iter().zip(&burns) {
                    assert_close(ours, burns, 1e-11);
                }
            }
        }
    }

    /// `⟨convolution(x), y⟩ = ⟨x, transposed(y)⟩`.
    #[test]
    fn a_transposed_convolution_is_the_adjoint() {
        for [batch, channels, out, height, width, side, stride, padding] in CASES {
            let geometry = Geometry { stride, padding };
            let frame = Frame::new([batch, height, width, channels], side, out, geometry);
            let input: Tensor<4> = normal(0, [batch, height, width, channels]);
            let weight = normal(1, [out, channels, side, side]) / channels as f64;
            let output = normal(3, frame.output());
            let product = |one: Tensor<4>, other: Tensor<4>| values((one * other).sum());
            let expected = product(
                convolve_last(input.clone(), weight.clone(), None, geometry),
                output.clone(),
            );
            let zeros = Tensor::zeros([channels], (&input.device(), input.dtype()));
            let transposed = convolve_transposed_last(output, weight, zeros, geometry, [height, width]);
            assert_close(&product(input, transposed), &expected, 1e-11);
        }
    }
}
