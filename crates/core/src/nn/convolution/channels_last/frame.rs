//! Where the numbers of a convolution stand in memory.

use std::ops::Range;

use crate::nn::{convolution::Geometry, host::Number};

/// Largest stack of a band, in numbers: half a megabyte in single precision, which leaves room in a core's own cache.
const STACK: usize = 1 << 17;
/// Multiply-adds from which on Burn's matrix product calls for other threads, which are busy with bands of their own.
const PRODUCT: usize = 192 * 192 * 192;

/// Channels from which on a product of one tap runs at a core's full rate.
const WIDE: usize = 32;
/// Numbers of a kernel from which on all of it is one product: 1 MB in single precision.
const LARGE_KERNEL: usize = 1 << 18;
/// Pixels of an output row from which on a product of one tap makes up for reading its part of the kernel.
const LONG_ROW: usize = 16;

/// Sizes of a convolution and of its stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) batch: usize,
    /// Of the input.
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
    /// Of the kernel.
    pub(super) side: usize,
    pub(super) geometry: Geometry,
    /// Of the output.
    pub(super) out_height: usize,
    pub(super) out_width: usize,
    /// Channels of the output.
    pub(super) out: usize,
    /// Pixels from one stacked row to the next: a row and a border, which serves the next row too.
    pitch: usize,
}

impl Frame {
    /// `input` is `[batch, height, width, channels]`.
    pub(super) fn new(input: [usize; 4], side: usize, out: usize, geometry: Geometry) -> Self {
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
            out,
            pitch: ((width + padding).div_ceil(stride) * stride).max(stride * out_width),
        }
    }

    /// The output itself, with as many zeros at the end of each row as there are windows that mean nothing.
    pub(super) fn of_output(&self) -> Self {
        Self {
            height: self.out_height,
            width: self.out_width,
            channels: self.out,
            side: 1,
            geometry: Geometry { stride: 1, padding: 0 },
            pitch: self.windows(),
            ..*self
        }
    }

    /// `[batch, height out, width out, channels out]`
    pub(super) fn output(&self) -> [usize; 4] {
        [self.batch, self.out_height, self.out_width, self.out]
    }

    /// Whether every output pixel sees the one input pixel at its own place.
    pub(super) fn is_pointwise(&self) -> bool {
        self.side == 1 && self.geometry == Geometry { stride: 1, padding: 0 }
    }

    /// Whether there are so many channels that the product of a single tap is as quick as that of a larger matrix.
    pub(super) fn is_wide(&self) -> bool {
        self.channels >= WIDE && self.out >= WIDE
    }

    /// Whether the kernel is so large, and the rows so short, that reading the one again for each of the others takes longer than
    /// unfolding what the pixels see.
    pub(super) fn is_large(&self) -> bool {
        let kernel = self.side * self.pixel() * self.out;
        self.batch > 0 && self.is_wide() && kernel >= LARGE_KERNEL && self.out_width < LONG_ROW
    }

    /// The rows (or columns) of an output of `out`, of which a row of the kernel looks at one of the input's `size`, and not
    /// at the border.
    pub(super) fn reach(&self, tap: usize, size: usize, out: usize) -> Range<usize> {
        let Geometry { stride, padding } = self.geometry;
        let first = padding.saturating_sub(tap).div_ceil(stride);
        let end = (size + padding).saturating_sub(tap).div_ceil(stride).min(out);
        first.min(end)..end
    }

    /// The row (or column) of the input at which a row of the kernel looks from a row that it [reaches](Self::reach).
    pub(super) fn source(&self, row: usize, tap: usize) -> usize {
        row * self.geometry.stride + tap - self.geometry.padding
    }

    /// Output rows of the whole batch.
    pub(super) fn rows(&self) -> usize {
        self.batch * self.out_height
    }

    /// Windows in a stacked row; those beyond the output's width straddle two rows and mean nothing.
    pub(super) fn windows(&self) -> usize {
        self.pitch / self.geometry.stride
    }

    /// Numbers of a stacked pixel.
    pub(super) fn pixel(&self) -> usize {
        self.side * self.channels
    }

    /// Numbers of the stack of so many rows.
    pub(super) fn stack(&self, rows: usize) -> usize {
        let border = self
            .geometry
            .padding
            .max(self.side.saturating_sub(self.geometry.stride));
        (rows * self.pitch + border) * self.pixel()
    }

    /// Rows of a band, of which the squares are multiplied by the kernel in so many steps.
    pub(super) fn band(&self, steps: usize) -> usize {
        let product = self.windows() * self.side * self.pixel() * self.out / steps;
        let stack = self.pitch * self.pixel();
        (PRODUCT / product.max(1))
            .min(STACK / stack.max(1))
            .clamp(1, self.rows().max(1))
    }

    /// Nanoseconds that one core takes, about.
    pub(super) fn cost(&self) -> usize {
        self.rows() * self.windows() * self.side * self.pixel() * self.out / 32
    }

    /// Writes what each of the output rows sees into the stack; the borders between rows stay as they are, zero.
    pub(super) fn fill<T: Number>(&self, stack: &mut [T], input: &[T], rows: Range<usize>) {
        let Geometry { stride, padding } = self.geometry;
        let line = self.width * self.channels;
        for (index, row) in rows.enumerate() {
            let (item, row) = (row / self.out_height, row % self.out_height);
            let start = (padding + index * self.pitch) * self.pixel();
            let pixels = &mut stack[start..start + self.width * self.pixel()];
            for tap in 0..self.side {
                let targets = pixels
                    .chunks_exact_mut(self.pixel())
                    .map(|pixel| &mut pixel[tap * self.channels..][..self.channels]);
                match (stride * row + tap)
                    .checked_sub(padding)
                    .filter(|&row| row < self.height)
                {
                    Some(source) => {
                        let source = &input[(item * self.height + source) * line..][..line];
                        match self.channels {
                            1 => copy_all::<1, T>(targets, source),
                            3 => copy_all::<3, T>(targets, source),
                            4 => copy_all::<4, T>(targets, source),
                            8 => copy_all::<8, T>(targets, source),
                            12 => copy_all::<12, T>(targets, source),
                            16 => copy_all::<16, T>(targets, source),
                            channels => {
                                let pixels = targets.zip(source.chunks_exact(channels));
                                pixels.for_each(|(target, source)| target.copy_from_slice(source));
                            }
                        }
                    }
                    None => targets.for_each(|target| target.fill(T::default())),
                }
            }
        }
    }

    /// Adds the squares of one item's output pixels to its input pixels.
    pub(super) fn fold<T: Number>(&self, input: &mut [T], squares: &[T]) {
        let places = (0..self.out_height).flat_map(|row| (0..self.out_width).map(move |column| (row, column)));
        for ((row, column), square) in places.zip(squares.chunks_exact(self.side * self.pixel())) {
            let taps = (0..self.side).flat_map(|x| (0..self.side).map(move |y| (y, x)));
            for ((y, x), values) in taps.zip(square.chunks_exact(self.channels)) {
                let Some(pixel) = self.seen(row, column, y, x) else {
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
    pub(super) fn seen(&self, row: usize, column: usize, y: usize, x: usize) -> Option<usize> {
        let Geometry { stride, padding } = self.geometry;
        let y = (stride * row + y).checked_sub(padding).filter(|&y| y < self.height)?;
        let x = (stride * column + x).checked_sub(padding).filter(|&x| x < self.width)?;
        Some(y * self.width + x)
    }
}

/// Copies pixels of so many channels that a call for each would take longer than its copy.
fn copy_all<'a, const CHANNELS: usize, T: Number>(targets: impl Iterator<Item = &'a mut [T]>, source: &[T]) {
    for (target, source) in targets.zip(source.as_chunks::<CHANNELS>().0) {
        target[..CHANNELS].copy_from_slice(source);
    }
}
