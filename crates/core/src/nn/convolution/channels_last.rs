//! Convolution of pictures whose channels come last, as matrix products of overlapping views.
//!
//! An output pixel sees a square of input pixels. If each picture row is stored with the rows below it side by side,
//! pixel by pixel ("stacked"), then the square is one run of memory, and the squares of neighboring output pixels are
//! overlapping runs: a matrix with a row stride smaller than its rows, which the matrix product takes as it is. Only
//! the rows are copied, three times for a 3x3 kernel, and not every square, nine times. Pieces of a batch are small
//! enough to stay in a processor's cache.

use std::ops::Range;

use burn::{backend::Flex, prelude::*, tensor::s};

use super::Geometry;
use crate::{
    nn::host::{Host, Number, host, split, with_precision},
    vjp,
};

/// Largest stack of a piece, in numbers: 1 MB in single precision, about what stays in a processor's cache.
const PIECE: usize = 1 << 18;

/// Sizes of a convolution and of its stack.
#[derive(Debug, Clone, Copy)]
struct Frame {
    batch: usize,
    /// Of the input.
    height: usize,
    width: usize,
    channels: usize,
    /// Of the kernel.
    side: usize,
    geometry: Geometry,
    /// Of the output.
    out_height: usize,
    out_width: usize,
    /// Pixels from one stacked row to the next: a row and a border, which serves the next row too.
    pitch: usize,
}

impl Frame {
    fn new(input: [usize; 4], side: usize, geometry: Geometry) -> Self {
        let [batch, height, width, channels] = input;
        let Geometry { stride, padding } = geometry;
        let output = |size: usize| (size + 2 * padding - side) / stride + 1;
        let out_width = output(width);
        Self {
            batch,
            height,
            width,
            channels,
            side,
            geometry,
            out_height: output(height),
            out_width,
            pitch: ((width + padding).div_ceil(stride) * stride).max(stride * out_width),
        }
    }

    /// The output itself, with as many zeros at the end of each row as there are windows that mean nothing.
    fn of_output(&self, channels: usize) -> Self {
        Self {
            height: self.out_height,
            width: self.out_width,
            channels,
            side: 1,
            geometry: Geometry { stride: 1, padding: 0 },
            pitch: self.windows(),
            ..*self
        }
    }

    /// Windows in a stacked row; those beyond the output's width straddle two rows and mean nothing.
    fn windows(&self) -> usize {
        self.pitch / self.geometry.stride
    }

    /// Numbers of a stacked pixel.
    fn pixel(&self) -> usize {
        self.side * self.channels
    }

    /// Numbers of the stack of so many items.
    fn stack(&self, items: usize) -> usize {
        let border = self
            .geometry
            .padding
            .max(self.side.saturating_sub(self.geometry.stride));
        (items * self.out_height * self.pitch + border) * self.pixel()
    }

    /// Items of a piece, so many that the stack is small, or one.
    fn piece(&self) -> usize {
        (PIECE / self.stack(1)).clamp(1, self.batch)
    }

    /// Parts of the batch.
    fn pieces(self) -> impl Iterator<Item = Range<usize>> {
        let piece = self.piece();
        let starts = (0..self.batch).step_by(piece);
        starts.map(move |start| start..(start + piece).min(self.batch))
    }

    /// Writes the rows that each output row sees. What is border stays as it is, which is zero.
    fn fill<T: Number>(&self, stack: &mut [T], input: &[T], items: Range<usize>) {
        let Geometry { stride, padding } = self.geometry;
        let row = self.width * self.channels;
        for (index, item) in items.enumerate() {
            for output in 0..self.out_height {
                let start = (padding + (index * self.out_height + output) * self.pitch) * self.pixel();
                let pixels = &mut stack[start..start + self.width * self.pixel()];
                for tap in 0..self.side {
                    let Some(source) = (stride * output + tap).checked_sub(padding) else {
                        continue;
                    };
                    if source >= self.height {
                        continue;
                    }
                    let source = &input[(item * self.height + source) * row..][..row];
                    let targets = pixels.chunks_exact_mut(self.pixel());
                    for (target, source) in targets.zip(source.chunks_exact(self.channels)) {
                        target[tap * self.channels..][..self.channels].copy_from_slice(source);
                    }
                }
            }
        }
    }
}

impl Frame {
    /// Adds the squares of one item's output pixels to its input pixels.
    fn fold<T: Number>(&self, input: &mut [T], squares: &[T]) {
        let places = (0..self.out_height).flat_map(|row| (0..self.out_width).map(move |column| (row, column)));
        for ((row, column), square) in places.zip(squares.chunks_exact(self.side * self.pixel())) {
            let taps = (0..self.side).flat_map(|x| (0..self.side).map(move |y| (y, x)));
            for ((y, x), values) in taps.zip(square.chunks_exact(self.channels)) {
                let Some(pixel) = self.source(row, column, y, x) else {
                    continue;
                };
                let target = &mut input[pixel * self.channels..][..self.channels];
                for (target, &value) in target.iter_mut().zip(values) {
                    *target += value;
                }
            }
        }
    }

    /// The input pixel that a tap of an output pixel's square sees, unless it is border.
    fn source(&self, row: usize, column: usize, y: usize, x: usize) -> Option<usize> {
        let Geometry { stride, padding } = self.geometry;
        let y = (stride * row + y).checked_sub(padding).filter(|&y| y < self.height)?;
        let x = (stride * column + x).checked_sub(padding).filter(|&x| x < self.width)?;
        Some(y * self.width + x)
    }
}

/// The stack of one piece after the other, in the same memory.
struct Stack {
    frame: Frame,
    memory: Host,
}

impl Stack {
    fn new<T: Number>(frame: Frame, items: usize, device: &Device) -> Self {
        let zeros = vec![T::default(); frame.stack(items)];
        let length = zeros.len();
        let memory = memory(&T::tensor(zeros, [length], device));
        Self { frame, memory }
    }

    /// The squares that the output pixels of a piece see, one per row:
    /// `[items · out_height · windows, side · side · channels]`, the kernel's columns outermost.
    fn windows<T: Number>(&mut self, input: &[T], items: Range<usize>) -> Tensor<2> {
        let frame = self.frame;
        let rows = items.len() * frame.out_height * frame.windows();
        frame.fill(T::write(&mut self.memory), input, items);
        let stack = Tensor::<1>::from_primitive::<Flex>(self.memory.clone());
        let windows = stack.unfold::<2, _>(0, frame.side * frame.pixel(), frame.geometry.stride * frame.pixel());
        windows.slice(s![..rows, ..])
    }
}

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

/// The memory of a tensor that this module serves.
fn memory<const D: usize>(tensor: &Tensor<D>) -> Host {
    host(tensor).expect("all tensors of a convolution live on one device")
}

fn forward(input: &Tensor<4>, weight: Tensor<4>, geometry: Geometry) -> Tensor<4> {
    let memory = memory(input);
    with_precision!(memory, forward_of(&memory, input.dims(), weight, geometry))
}

fn forward_of<T: Number>(memory: &Host, input: [usize; 4], weight: Tensor<4>, geometry: Geometry) -> Tensor<4> {
    let [out, _, side, _] = weight.dims();
    let device = weight.device();
    let frame = Frame::new(input, side, geometry);
    let matrix = weight.permute([3, 2, 1, 0]).reshape([side * frame.pixel(), out]);
    let mut stack = Stack::new::<T>(frame, frame.piece(), &device);
    let mut output = Vec::with_capacity(frame.batch * frame.out_height * frame.out_width * out);
    for items in frame.pieces() {
        let product = stack.windows(T::read(memory), items).matmul(matrix.clone());
        let product = self::memory(&product);
        for row in T::read(&product).chunks_exact(frame.windows() * out) {
            output.extend_from_slice(&row[..frame.out_width * out]);
        }
    }
    T::tensor(output, [frame.batch, frame.out_height, frame.out_width, out], &device)
}

/// The sum over all output pixels of `gradient · square`.
fn weight_gradient(input: &Tensor<4>, gradient: &Tensor<4>, side: usize, geometry: Geometry) -> Tensor<4> {
    let memories = [memory(input), memory(gradient)];
    let frame = Frame::new(input.dims(), side, geometry);
    let out = gradient.dims()[3];
    with_precision!(
        memories[0],
        weight_gradient_of(&memories, frame, out, &gradient.device())
    )
}

fn weight_gradient_of<T: Number>(memories: &[Host; 2], frame: Frame, out: usize, device: &Device) -> Tensor<4> {
    let [input, gradient] = memories.each_ref().map(T::read);
    let mut stack = Stack::new::<T>(frame, frame.piece(), device);
    let mut rows = Stack::new::<T>(frame.of_output(out), frame.piece(), device);
    let products = frame.pieces().map(|items| {
        let gradient = rows.windows(gradient, items.clone());
        gradient.transpose().matmul(stack.windows(input, items))
    });
    let sum = products.reduce(|sum, next| sum + next).expect("a batch is not empty");
    sum.reshape([out, frame.side, frame.side, frame.channels])
        .permute([0, 3, 2, 1])
}

fn input_gradient(gradient: &Tensor<4>, weight: Tensor<4>, input: [usize; 4], geometry: Geometry) -> Tensor<4> {
    let Geometry { stride, padding } = geometry;
    let side = weight.dims()[2];
    if stride == 1 && padding < side {
        // The adjoint of a convolution of stride 1 is a convolution with the turned kernel.
        let turned = weight.flip([2, 3]).swap_dims(0, 1);
        let padding = side - 1 - padding;
        return forward(gradient, turned, Geometry { stride, padding });
    }
    let memory = memory(gradient);
    let frame = Frame::new(input, side, geometry);
    with_precision!(memory, spread(&memory, weight, frame))
}

/// Adds each output pixel's gradient, times the kernel, to the square that the pixel saw.
fn spread<T: Number>(memory: &Host, weight: Tensor<4>, frame: Frame) -> Tensor<4> {
    let out = weight.dims()[0];
    let device = weight.device();
    let square = frame.side * frame.pixel();
    let matrix = weight.permute([0, 3, 2, 1]).reshape([out, square]);
    let gradient = Tensor::<2>::from_primitive::<Flex>(
        memory.reshape([frame.batch * frame.out_height * frame.out_width, out].into()),
    );
    let item = frame.height * frame.width * frame.channels;
    let mut output = vec![T::default(); frame.batch * item];
    for items in frame.pieces() {
        let pixels = frame.out_height * frame.out_width;
        let rows = gradient.clone().slice(s![items.start * pixels..items.end * pixels, ..]);
        let squares = self::memory(&rows.matmul(matrix.clone()));
        let squares = T::read(&squares);
        let target = &mut output[items.start * item..items.end * item];
        split(target, item, squares.len(), |first, target| {
            let squares = squares[first * pixels * square..].chunks_exact(pixels * square);
            for (target, squares) in target.chunks_exact_mut(item).zip(squares) {
                frame.fold(target, squares);
            }
        });
    }
    T::tensor(
        output,
        [frame.batch, frame.height, frame.width, frame.channels],
        &device,
    )
}
