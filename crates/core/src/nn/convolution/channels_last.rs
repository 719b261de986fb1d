//! Convolution of pictures whose channels come last, as matrix products.
//!
//! Where there are many channels, each place of the kernel is a product of its own ([`taps`]); where there are few, those
//! products would be too thin, and a kernel's row is one ([`stack`]).

use burn::{backend::Flex, prelude::*};

use super::Geometry;
use crate::{
    nn::host::{Host, host, with_precision},
    vjp,
};

mod frame;
mod stack;
mod taps;

use frame::Frame;

/// Whether a tensor lives where this way of convolving works.
pub(super) fn serves(input: &Tensor<4>) -> bool {
    host(&input.clone().inner()).is_some()
}

/// [`convolve`](super::convolve) with the channels last, for tensors that this module [`serves`].
pub(super) fn convolve(input: Tensor<4>, weight: Tensor<4>, geometry: Geometry) -> Tensor<4> {
    let [out, _, side, _] = weight.dims();
    let frame = Frame::new(input.dims(), side, out, geometry);
    // A picture needs no gradient, and computing it would cost as much as the forward pass.
    if !input.is_autodiff() {
        return vjp::function([weight], |[weight]| {
            let output = forward(&input, weight, frame);
            (output, move |gradient| [weight_gradient(&input, &gradient, frame)])
        });
    }
    vjp::function([input, weight], |[input, weight]| {
        let output = forward(&input, weight.clone(), frame);
        let pullback = move |gradient: Tensor<4>| {
            let by_weight = weight_gradient(&input, &gradient, frame);
            [input_gradient(&gradient, weight, frame), by_weight]
        };
        (output, pullback)
    })
}

fn forward(input: &Tensor<4>, weight: Tensor<4>, frame: Frame) -> Tensor<4> {
    if frame.is_pointwise() {
        let matrix = weight.permute([3, 2, 1, 0]).reshape([frame.channels, frame.out]);
        return pixels(input).matmul(matrix).reshape(frame.output());
    }
    let memory = memory(input);
    if frame.is_wide() {
        return with_precision!(memory, taps::forward(&memory, weight, frame));
    }
    with_precision!(memory, stack::forward(&memory, weight, frame))
}

/// The sum over all output pixels of `gradient · square`.
fn weight_gradient(input: &Tensor<4>, gradient: &Tensor<4>, frame: Frame) -> Tensor<4> {
    if frame.is_pointwise() {
        let sum = pixels(gradient).transpose().matmul(pixels(input));
        return sum.reshape([frame.out, frame.channels, 1, 1]);
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
        return forward(gradient, turned, frame);
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
