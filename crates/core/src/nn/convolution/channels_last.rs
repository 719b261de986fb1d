//! Convolution of pictures whose channels come last, as matrix products.
//!
//! Where there are many channels, each place of the kernel is a product of its own ([`taps`]); where there are few, those
//! products would be too thin, and a kernel's row is one ([`stack`]); where there are so many, and so few pixels in a row, that the
//! kernel would be read too often, all of it is one ([`unfold`]).

use burn::{backend::Flex, prelude::*};

use super::Geometry;
use crate::{
    nn::{
        host::{Host, Number, host, split, with_precision},
        rows::sum_of_rows,
    },
    vjp,
};

mod frame;
mod stack;
mod taps;
mod unfold;

use frame::Frame;

/// Parts of a batch whose sums are added up in order, so that results do not depend on the number of threads.
const GROUPS: usize = 8;

/// Whether a tensor lives where this way of convolving works.
pub(super) fn serves(input: &Tensor<4>) -> bool {
    host(&input.clone().inner()).is_some()
}

/// [`convolve_last`](super::convolve_last) for tensors that this module [`serves`].
pub(super) fn convolve(input: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<4>>, geometry: Geometry) -> Tensor<4> {
    let [out, _, side, _] = weight.dims();
    let frame = Frame::new(input.dims(), side, out, geometry);
    // A picture needs no gradient, and computing it would cost as much as the forward pass.
    match (input.is_autodiff(), bias) {
        (true, Some(bias)) => vjp::function([input, weight, bias], |[input, weight, bias]| {
            let output = forward(&input, weight.clone(), Some(&bias), frame);
            let pullback = move |gradient: Tensor<4>| {
                let [by_weight, by_bias] = [
                    weight_gradient(&input, &gradient, frame),
                    bias_gradient(&gradient, bias.dims()),
                ];
                [input_gradient(&gradient, weight, frame), by_weight, by_bias]
            };
            (output, pullback)
        }),
        (true, None) => vjp::function([input, weight], |[input, weight]| {
            let output = forward(&input, weight.clone(), None, frame);
            let pullback = move |gradient: Tensor<4>| {
                let by_weight = weight_gradient(&input, &gradient, frame);
                [input_gradient(&gradient, weight, frame), by_weight]
            };
            (output, pullback)
        }),
        (false, Some(bias)) => vjp::function([weight, bias], |[weight, bias]| {
            let output = forward(&input, weight, Some(&bias), frame);
            let pullback = move |gradient: Tensor<4>| {
                let by_bias = bias_gradient(&gradient, bias.dims());
                [weight_gradient(&input, &gradient, frame), by_bias]
            };
            (output, pullback)
        }),
        (false, None) => vjp::function([weight], |[weight]| {
            let output = forward(&input, weight, None, frame);
            (output, move |gradient| [weight_gradient(&input, &gradient, frame)])
        }),
    }
}

/// [`convolve_transposed_last`](super::convolve_transposed_last) for tensors that this module [`serves`].
pub(super) fn convolve_transposed(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: Geometry,
    [height, width]: [usize; 2],
) -> Tensor<4> {
    let [channels_in, channels_out, side, _] = weight.dims();
    let batch = input.dims()[0];
    let frame = Frame::new([batch, height, width, channels_out], side, channels_in, geometry);
    let bias = bias.reshape([1, 1, 1, channels_out]);
    vjp::function([input, weight, bias], |[input, weight, bias]| {
        let output = with_bias(input_gradient(&input, weight.clone(), frame), Some(&bias));
        let pullback = move |gradient: Tensor<4>| {
            [
                forward(&gradient, weight, None, frame),
                weight_gradient(&gradient, &input, frame),
                bias_gradient(&gradient, [1, 1, 1, channels_out]),
            ]
        };
        (output, pullback)
    })
}

/// Adds the bias of the channels, or of all pixels of a picture, in the tensor's own memory.
fn with_bias(output: Tensor<4>, bias: Option<&Tensor<4>>) -> Tensor<4> {
    let Some(bias) = bias else {
        return output;
    };
    let (memory, bias) = (memory(&output), memory(bias));
    // The tensor lets go of its memory, so that the result can take its place.
    drop(output);
    Tensor::from_primitive::<Flex>(with_precision!(memory, add_bias(memory, &bias)))
}

fn add_bias<T: Number>(mut output: Host, bias: &Host) -> Host {
    let (numbers, bias) = (T::write(&mut output), T::read(bias));
    let cost = numbers.len() / 2;
    split(numbers, bias.len(), cost, |_, numbers| {
        for pixel in numbers.chunks_exact_mut(bias.len()) {
            pixel.iter_mut().zip(bias).for_each(|(number, bias)| *number += *bias);
        }
    });
    output
}

fn forward(input: &Tensor<4>, weight: Tensor<4>, bias: Option<&Tensor<4>>, frame: Frame) -> Tensor<4> {
    if frame.is_pointwise() {
        // Products read a transposed matrix as it lies.
        let matrix = weight.reshape([frame.out, frame.channels]).transpose();
        let output = pixels(input).matmul(matrix).reshape(frame.output());
        return with_bias(output, bias);
    }
    if frame.is_large() {
        let memory = memory(input);
        return with_bias(with_precision!(memory, unfold::forward(&memory, &weight, frame)), bias);
    }
    let (input, bias) = (memory(input), bias.map(memory));
    if frame.is_wide() {
        return with_precision!(input, taps::forward(&input, weight, bias.as_ref(), frame));
    }
    with_precision!(input, stack::forward(&input, weight, bias.as_ref(), frame))
}

/// Numbers of a gradient from which on its sum is worth the work of all cores.
const LARGE_GRADIENT: usize = 1 << 20;

/// The gradient summed over the batch, and over the pixels where those share a bias.
fn bias_gradient(gradient: &Tensor<4>, bias: [usize; 4]) -> Tensor<4> {
    let is_shared = bias[1] * bias[2] == 1;
    if is_shared && gradient.shape().num_elements() < LARGE_GRADIENT {
        return gradient.clone().sum_dim(0).sum_dim(1).sum_dim(2);
    }
    let columns = bias.iter().product::<usize>();
    let rows = gradient.clone().reshape([-1, columns as isize]);
    sum_of_rows(rows).reshape(bias)
}

/// The bias of every output pixel of a picture.
fn plane<T: Number>(bias: &Host, frame: Frame) -> Vec<T> {
    let bias = T::read(bias);
    bias.repeat(frame.out_height * frame.out_width * frame.out / bias.len())
}

/// The sum over all output pixels of `gradient · square`.
fn weight_gradient(input: &Tensor<4>, gradient: &Tensor<4>, frame: Frame) -> Tensor<4> {
    if frame.is_pointwise() {
        let sum = pixels(gradient).transpose().matmul(pixels(input));
        return sum.reshape([frame.out, frame.channels, 1, 1]);
    }
    if frame.is_large() {
        let memory = memory(input);
        return with_precision!(memory, unfold::weight_gradient(&memory, gradient, frame));
    }
    let memories = [memory(input), memory(gradient)];
    let device = gradient.device();
    if frame.is_wide() {
        return with_precision!(memories[0], taps::weight_gradient(&memories, frame, &device));
    }
    with_precision!(memories[0], stack::weight_gradient(&memories, frame, &device))
}

fn input_gradient(gradient: &Tensor<4>, weight: Tensor<4>, frame: Frame) -> Tensor<4> {
    let Geometry { stride, padding } = frame.geometry;
    if frame.is_pointwise() {
        let matrix = weight.reshape([frame.out, frame.channels]);
        let shape = [frame.batch, frame.height, frame.width, frame.channels];
        return pixels(gradient).matmul(matrix).reshape(shape);
    }
    if frame.is_large() {
        let memory = memory(gradient);
        return with_precision!(memory, unfold::input_gradient(gradient, &weight, frame));
    }
    if frame.is_wide() {
        let memory = memory(gradient);
        return with_precision!(memory, taps::input_gradient(&memory, weight, frame));
    }
    if stride == 1 && padding < frame.side {
        // The adjoint of a convolution of stride 1 is a convolution with the turned kernel.
        let turned = weight.flip([2, 3]).swap_dims(0, 1);
        let padding = frame.side - 1 - padding;
        let frame = Frame::new(
            gradient.dims(),
            frame.side,
            frame.channels,
            Geometry { stride, padding },
        );
        return forward(gradient, turned, None, frame);
    }
    let memory = memory(gradient);
    with_precision!(memory, stack::input_gradient(pixels(gradient), weight, frame))
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
