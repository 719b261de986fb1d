//! Convolution with the numbers of Burn's, and wide ones faster.
//!
//! Burn's CPU backend computes the gradient of a convolution's weights as a convolution whose kernel is the gradient of
//! the output. It is one matrix product of the unfolded input with that gradient, which takes about half the time
//! where there are many channels; so does a wide forward pass with a stride. With the channels last everything is matrix products on that
//! backend ([`convolve_last`]).

use std::ops::Range;

use burn::{
    module::{Initializer, Module, Param},
    prelude::*,
    tensor::{
        module::{conv_transpose2d, conv2d, conv2d_weight_backward},
        ops::{ConvOptions, ConvTransposeOptions},
        s,
    },
};

use crate::vjp;

#[cfg(feature = "flex")]
mod channels_last;

/// Channels from which on matrix products are faster than Burn's own way.
const WIDE: usize = 32;
/// Largest unfolded piece of a batch, in numbers: 2 MB, about what stays in a processor's cache.
const PIECE: usize = 1 << 19;

/// Step and border of a convolution, the same in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Pixels from one window to the next.
    pub stride: usize,
    /// Zeros around the picture.
    pub padding: usize,
}

impl Geometry {
    fn options(self) -> ConvOptions<2> {
        ConvOptions::new([self.stride; 2], [self.padding; 2], [1, 1], 1)
    }
}

/// Two-dimensional convolution with a square kernel.
#[derive(Module, Debug)]
pub struct Convolution {
    /// `[channels out, channels in, side, side]`
    pub weight: Param<Tensor<4>>,
    /// `[channels out]`
    pub bias: Option<Param<Tensor<1>>>,
    /// Step and border.
    #[module(skip)]
    pub geometry: Geometry,
}

impl Convolution {
    /// A convolution from `channels[0]` to `channels[1]` channels, without bias, of stride 1, at whose output a picture
    /// has the size it had.
    ///
    /// The weights are normal with variance `2 / (side² · channels out)`, which keeps the variance of gradients on their
    /// way back through a rectifier (He et al. 2015).
    ///
    /// # Panics
    ///
    /// If `side` is even: then no border keeps the size.
    pub fn new(channels: [usize; 2], side: usize, device: &Device) -> Self {
        assert!(side % 2 == 1, "a kernel of even side has no center");
        let [input, output] = channels;
        let std = (2.0 / (side * side * output) as f64).sqrt();
        Self {
            weight: Initializer::Normal { mean: 0.0, std }.init([output, input, side, side], device),
            bias: None,
            geometry: Geometry {
                stride: 1,
                padding: side / 2,
            },
        }
    }

    /// The same with a bias, which is zero at first.
    #[must_use]
    pub fn with_bias(self) -> Self {
        let [output, ..] = self.weight.lazy_shape().dims::<4>();
        let bias = Initializer::Zeros.init([output], &self.weight.lazy_device());
        Self {
            bias: Some(bias),
            ..self
        }
    }

    /// The same with another stride.
    #[must_use]
    pub fn with_stride(mut self, stride: usize) -> Self {
        self.geometry.stride = stride;
        self
    }

    /// The same without a border.
    #[must_use]
    pub fn without_padding(mut self) -> Self {
        self.geometry.padding = 0;
        self
    }

    /// Applies the layer.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, channels in, height, width]`
    /// - output: `[batch, channels out, height out, width out]`
    pub fn forward(&self, input: Tensor<4>) -> Tensor<4> {
        let output = convolve(input, self.weight.val(), self.geometry);
        match &self.bias {
            Some(bias) => output + bias.val().reshape([1, -1, 1, 1]),
            None => output,
        }
    }

    /// The same with the channels last.
    ///
    /// # Shapes
    ///
    /// - input: `[batch, height, width, channels in]`
    /// - output: `[batch, height out, width out, channels out]`
    pub fn forward_last(&self, input: Tensor<4>) -> Tensor<4> {
        let bias = self.bias.as_ref().map(|bias| bias.val().reshape([1, 1, 1, -1]));
        convolve_last(input, self.weight.val(), bias, self.geometry)
    }
}

/// Two-dimensional convolution without bias.
///
/// # Shapes
///
/// - input: `[batch, channels in, height, width]`
/// - weight: `[channels out, channels in, side, side]`
/// - output: `[batch, channels out, height out, width out]`
pub fn convolve(input: Tensor<4>, weight: Tensor<4>, geometry: Geometry) -> Tensor<4> {
    // A picture needs no gradient, and computing it would cost as much as the forward pass.
    if !input.is_autodiff() {
        return vjp::function([weight], |[weight]| {
            let output = forward(input.clone(), weight.clone(), geometry);
            (output, move |gradient| {
                [weight_gradient(input, weight, gradient, geometry)]
            })
        });
    }
    vjp::function([input, weight], |[input, weight]| {
        let output = forward(input.clone(), weight.clone(), geometry);
        let pullback = move |gradient: Tensor<4>| {
            let by_input = input_gradient(gradient.clone(), weight.clone(), input.dims(), geometry);
            [by_input, weight_gradient(input, weight, gradient, geometry)]
        };
        (output, pullback)
    })
}

/// Two-dimensional convolution with the channels last.
///
/// # Shapes
///
/// - input: `[batch, height, width, channels in]`
/// - weight: `[channels out, channels in, side, side]`
/// - bias: `[1, 1, 1, channels out]`, or `[1, height out, width out, channels out]` with one for every pixel
/// - output: `[batch, height out, width out, channels out]`
pub fn convolve_last(input: Tensor<4>, weight: Tensor<4>, bias: Option<Tensor<4>>, geometry: Geometry) -> Tensor<4> {
    #[cfg(feature = "flex")]
    if channels_last::serves(&input) {
        return channels_last::convolve(input, weight, bias, geometry);
    }
    let output = convolve(input.permute([0, 3, 1, 2]), weight, geometry).permute([0, 2, 3, 1]);
    match bias {
        Some(bias) => output + bias,
        None => output,
    }
}

/// Two-dimensional transposed convolution with the channels last: the linear map whose transpose is the convolution of
/// `output` rows and columns with the same weights. Where that rounds down, several sizes of the output are possible.
///
/// # Shapes
///
/// - input: `[batch, height, width, channels in]`
/// - weight: `[channels in, channels out, side, side]`
/// - bias: `[channels out]`
/// - output: `[batch, output[0], output[1], channels out]`
///
/// # Panics
///
/// If a convolution of pictures of the output's size does not give those of the input's.
pub fn convolve_transposed_last(
    input: Tensor<4>,
    weight: Tensor<4>,
    bias: Tensor<1>,
    geometry: Geometry,
    output: [usize; 2],
) -> Tensor<4> {
    let [_, height, width, _] = input.dims();
    let side = weight.dims()[2];
    let Geometry { stride, padding } = geometry;
    let made = output.map(|size| (size + 2 * padding).checked_sub(side).map(|rest| rest / stride + 1));
    assert_eq!(
        made,
        [Some(height), Some(width)],
        "a convolution of {output:?} pixels gives the input's"
    );
    #[cfg(feature = "flex")]
    if channels_last::serves(&input) {
        return channels_last::convolve_transposed(input, weight, bias, geometry, output);
    }
    // What the least output lacks.
    let rest = |size: usize, input: usize| size + 2 * padding - side - stride * (input - 1);
    let rests = [rest(output[0], height), rest(output[1], width)];
    let options = ConvTransposeOptions::new([stride; 2], [padding; 2], rests, [1, 1], 1);
    conv_transpose2d(input.permute([0, 3, 1, 2]), weight, Some(bias), options).permute([0, 2, 3, 1])
}

fn forward(input: Tensor<4>, weight: Tensor<4>, geometry: Geometry) -> Tensor<4> {
    if input.dims()[1] >= WIDE && geometry.stride > 1 {
        return forward_unfolded(input, weight, geometry, PIECE);
    }
    conv2d(input, weight, None, geometry.options())
}

fn forward_unfolded(input: Tensor<4>, weight: Tensor<4>, geometry: Geometry, largest: usize) -> Tensor<4> {
    let [out, channels, side, _] = weight.dims();
    let batch = input.dims()[0];
    let matrix = weight.permute([2, 3, 1, 0]).reshape([side * side * channels, out]);
    let windows = Windows::new(input, side, geometry);
    let pieces = windows
        .pieces(largest)
        .map(|range| windows.unfold(range).matmul(matrix.clone()));
    let rows = Tensor::cat(pieces.collect(), 0);
    rows.reshape([batch, windows.height, windows.width, out])
        .permute([0, 3, 1, 2])
}

fn input_gradient(gradient: Tensor<4>, weight: Tensor<4>, input: [usize; 4], geometry: Geometry) -> Tensor<4> {
    let Geometry { stride, padding } = geometry;
    let [_, _, height, width] = gradient.dims();
    let side = weight.dims()[2];
    if stride == 1 && padding < side {
        // The adjoint of a convolution of stride 1 is a convolution with the turned kernel.
        let turned = weight.flip([2, 3]).swap_dims(0, 1);
        return conv2d(
            gradient,
            turned,
            None,
            ConvOptions::new([1, 1], [side - 1 - padding; 2], [1, 1], 1),
        );
    }
    // Rows and columns at the end that no window reached.
    let rest = |input: usize, output: usize| input + 2 * padding - side - stride * (output - 1);
    let rests = [rest(input[2], height), rest(input[3], width)];
    let options = ConvTransposeOptions::new([stride; 2], [padding; 2], rests, [1, 1], 1);
    conv_transpose2d(gradient, weight, None, options)
}

fn weight_gradient(input: Tensor<4>, weight: Tensor<4>, gradient: Tensor<4>, geometry: Geometry) -> Tensor<4> {
    if input.dims()[1] >= WIDE {
        weight_gradient_unfolded(input, gradient, weight.dims()[2], geometry, PIECE)
    } else {
        conv2d_weight_backward(input, weight, gradient, geometry.options())
    }
}

/// The sum over all pixels of `gradient · window`, piece by piece.
fn weight_gradient_unfolded(
    input: Tensor<4>,
    gradient: Tensor<4>,
    side: usize,
    geometry: Geometry,
    largest: usize,
) -> Tensor<4> {
    let [_, out, height, width] = gradient.dims();
    let channels = input.dims()[1];
    let windows = Windows::new(input, side, geometry);
    let gradient = gradient.permute([0, 2, 3, 1]);
    let product = |range: Range<usize>| {
        let rows = range.len() * height * width;
        let gradient = gradient
            .clone()
            .slice(s![range.clone(), .., .., ..])
            .reshape([rows, out]);
        gradient.transpose().matmul(windows.unfold(range))
    };
    let sum = windows.pieces(largest).map(product).reduce(|sum, next| sum + next);
    let sum = sum.expect("a batch is not empty");
    sum.reshape([out, side, side, channels]).permute([0, 3, 1, 2])
}

/// A padded batch of which every output pixel sees a square.
struct Windows {
    /// `[batch, height, width, channels]`: the channels of a pixel are moved as one.
    input: Tensor<4>,
    side: usize,
    stride: usize,
    /// Size of the output.
    height: usize,
    width: usize,
}

impl Windows {
    fn new(input: Tensor<4>, side: usize, geometry: Geometry) -> Self {
        let Geometry { stride, padding } = geometry;
        let [_, _, height, width] = input.dims();
        let border = (padding, padding);
        let output = |size: usize| (size + 2 * padding - side) / stride + 1;
        Self {
            input: input.permute([0, 2, 3, 1]).pad([(0, 0), border, border, (0, 0)], 0.0),
            side,
            stride,
            height: output(height),
            width: output(width),
        }
    }

    /// Numbers in the window of one output pixel.
    fn columns(&self) -> usize {
        self.side * self.side * self.input.dims()[3]
    }

    /// Parts of the batch, each with at most `largest` numbers when unfolded, or of one item.
    fn pieces(&self, largest: usize) -> impl Iterator<Item = Range<usize>> {
        let batch = self.input.dims()[0];
        let piece = (largest / (self.height * self.width * self.columns())).max(1);
        (0..batch)
            .step_by(piece)
            .map(move |start| start..(start + piece).min(batch))
    }

    /// The windows of a part of the batch, one per row: `[items · height · width, side · side · channels]`.
    fn unfold(&self, range: Range<usize>) -> Tensor<2> {
        let stride = self.stride;
        let shifted = |row: usize, column: usize| {
            let rows = row..row + stride * (self.height - 1) + 1;
            let columns = column..column + stride * (self.width - 1) + 1;
            self.input
                .clone()
                .slice(s![range.clone(), rows;stride, columns;stride, ..])
        };
        let places = (0..self.side).flat_map(|row| (0..self.side).map(move |column| (row, column)));
        let windows = places.map(|(row, column)| shifted(row, column)).collect();
        Tensor::cat(windows, 3).reshape([range.len() * self.height * self.width, self.columns()])
    }
}

#[cfg(test)]
mod tests;
