//! Convolution as one matrix product for each place ("tap") of the kernel and row of the output.
//!
//! A tap joins every pixel of an output row to one of the input row that it looks at, both a step from the last. In blocks
//! of a few pictures, with the pictures innermost, pixel by pixel, those are two runs of memory: their product with the
//! tap's weights needs no unfolded copy. Border pixels, which are zero, are left out instead of multiplied.

use burn::prelude::*;

use super::{Frame, GROUPS, memory, plane};
use crate::nn::host::{Host, Matrix, Number, add_product, make, map, split};

/// Numbers of a block of pictures and of what they become: 640 KB in single precision, which stay in a core's own cache.
const BLOCK: usize = 160 << 10;
/// Pictures of a block beyond which products gain nothing by being taller.
const MOST: usize = 16;

/// A run of pixels of an output row, and what one tap joins them to.
struct Visit {
    /// Row and column of the kernel, counted through.
    tap: usize,
    /// First pixel in an input block.
    input: usize,
    /// First pixel in an output block.
    output: usize,
    pixels: usize,
}

pub(super) fn forward<T: Number>(input: &Host, weight: Tensor<4>, bias: Option<&Host>, frame: Frame) -> Tensor<4> {
    let device = weight.device();
    let weight = by_channel(&weight);
    let plane = bias.map(|bias| plane::<T>(bias, frame));
    let blocks = Blocks::new(frame);
    let output = Pass {
        from: &blocks.input,
        to: &blocks.output,
        places: |visit| [visit.input, visit.output],
        plane: plane.as_deref(),
    }
    .run(&blocks, T::read(input), &weight, frame);
    T::tensor(output, frame.output(), &device)
}

pub(super) fn input_gradient<T: Number>(gradient: &Host, weight: Tensor<4>, frame: Frame) -> Tensor<4> {
    let device = weight.device();
    let weight = by_output(&weight);
    let blocks = Blocks::new(frame);
    let output = Pass {
        from: &blocks.output,
        to: &blocks.input,
        places: |visit| [visit.output, visit.input],
        plane: None,
    }
    .run(&blocks, T::read(gradient), &weight, frame);
    let shape = [frame.batch, frame.height, frame.width, frame.channels];
    T::tensor(output, shape, &device)
}

/// What a batch of pictures becomes when each tap adds its share: the output, or, the other way, the input's gradient.
struct Pass<'a, T> {
    from: &'a Layout,
    to: &'a Layout,
    /// Where a visit begins in a block that is seen, and in one that is made.
    places: fn(&Visit) -> [usize; 2],
    /// What is there before; zeros if left out.
    plane: Option<&'a [T]>,
}

impl<T: Number> Pass<'_, T> {
    /// `weight` holds a matrix for each tap, `[channels seen, channels made]`.
    fn run(&self, blocks: &Blocks, pictures: &[T], weight: &[T], frame: Frame) -> Vec<T> {
        let (from, to) = (self.from, self.to);
        let item = to.item();
        let unit = blocks.items * item;
        make(frame.batch * item, unit, frame.cost(), |first, output| {
            let [mut seen, mut made] = [from, to].map(|layout| vec![T::default(); blocks.items * layout.block_item()]);
            for (index, output) in output.chunks_mut(unit).enumerate() {
                let items = output.len() / item;
                let start = (first + index) * blocks.items;
                from.gather(&mut seen, &pictures[start * from.item()..], items);
                match self.plane {
                    Some(plane) => to.spread(&mut made, plane, items),
                    None => made.fill(T::default()),
                }
                for visit in &blocks.visits {
                    let [seen_at, made_at] = (self.places)(visit);
                    let left = Matrix::new(&seen[seen_at * items * from.channels..], [from.channels, 1]);
                    let right = Matrix::new(&weight[visit.tap * from.channels * to.channels..], [to.channels, 1]);
                    let size = [visit.pixels * items, from.channels, to.channels];
                    add_product(&mut made[made_at * items * to.channels..], size, left, right);
                }
                to.scatter(output, &made, items);
            }
        })
    }
}

pub(super) fn weight_gradient<T: Number>(memories: &[Host; 2], frame: Frame, device: &Device) -> Tensor<4> {
    let [input, gradient] = memories.each_ref().map(T::read);
    let blocks = Blocks::new(frame);
    let count = frame.batch.div_ceil(blocks.items);
    let group = count.div_ceil(GROUPS);
    let [channels, out] = [frame.channels, frame.out];
    let sums = map(count.div_ceil(group), frame.cost(), |index| {
        let [mut seen, mut made] =
            [&blocks.input, &blocks.output].map(|layout| vec![T::default(); blocks.items * layout.block_item()]);
        let mut sum = vec![T::default(); frame.side * frame.side * channels * out];
        for block in index * group..((index + 1) * group).min(count) {
            let start = block * blocks.items;
            let items = blocks.items.min(frame.batch - start);
            blocks
                .input
                .gather(&mut seen, &input[start * blocks.input.item()..], items);
            blocks
                .output
                .gather(&mut made, &gradient[start * blocks.output.item()..], items);
            for visit in &blocks.visits {
                let rows = visit.pixels * items;
                let left = Matrix::new(&seen[visit.input * items * channels..], [1, channels]);
                let right = Matrix::new(&made[visit.output * items * out..], [out, 1]);
                add_product(
                    &mut sum[visit.tap * channels * out..],
                    [channels, rows, out],
                    left,
                    right,
                );
            }
        }
        sum
    });
    let taps = frame.side * frame.side;
    let output = sum_by_output(&sums, [taps, channels, out]);
    T::tensor(output, [out, channels, frame.side, frame.side], device)
}

/// Numbers that are moved together from rows to columns: a line of the cache in single precision.
const LINE: usize = 16;

/// `[out, channels, side, side]` to `[taps, channels, out]`, for the products of the forward pass.
fn by_channel<T: Number>(weight: &Tensor<4>) -> Vec<T> {
    let [out, channels, side, _] = weight.dims();
    let taps = side * side;
    let weight = memory(weight);
    let weight = T::read(&weight);
    by_tap([taps, channels, out], |first, places| {
        let rows = places[0].len() / out;
        for start in (0..out).step_by(LINE) {
            let outputs = start..(start + LINE).min(out);
            for row in 0..rows {
                for (tap, places) in places.iter_mut().enumerate() {
                    let places = &mut places[row * out..][outputs.clone()];
                    for (place, output) in places.iter_mut().zip(outputs.clone()) {
                        *place = weight[(output * channels + first + row) * taps + tap];
                    }
                }
            }
        }
    })
}

/// `[out, channels, side, side]` to `[taps, out, channels]`, for the products of the way back.
fn by_output<T: Number>(weight: &Tensor<4>) -> Vec<T> {
    let [out, channels, side, _] = weight.dims();
    let taps = side * side;
    let weight = memory(weight);
    let weight = T::read(&weight);
    by_tap([taps, out, channels], |first, places| {
        let pairs = weight[first * channels * taps..].chunks_exact(taps);
        for (pair, numbers) in pairs.take(places[0].len()).enumerate() {
            places
                .iter_mut()
                .zip(numbers)
                .for_each(|(places, &number)| places[pair] = number);
        }
    })
}

/// `[taps, rows, columns]`: all cores fill groups of [`LINE`] rows; `fill` gets the first of them and what they are of each tap.
fn by_tap<T: Number>([taps, rows, columns]: [usize; 3], fill: impl Fn(usize, &mut [&mut [T]]) + Sync + Send) -> Vec<T> {
    let mut memory = vec![T::default(); taps * rows * columns];
    let mut groups: Vec<Vec<&mut [T]>> = (0..rows.div_ceil(LINE)).map(|_| Vec::with_capacity(taps)).collect();
    for tap in memory.chunks_mut(rows * columns) {
        let parts = tap.chunks_mut(LINE * columns);
        groups.iter_mut().zip(parts).for_each(|(group, part)| group.push(part));
    }
    split(&mut groups, 1, taps * rows * columns, |first, groups| {
        for (index, group) in groups.iter_mut().enumerate() {
            fill((first + index) * LINE, group);
        }
    });
    memory
}

/// The sum of `sums`, each `[taps, channels, out]`, in their order: `[out, channels, taps]`.
fn sum_by_output<T: Number>(sums: &[Vec<T>], [taps, channels, out]: [usize; 3]) -> Vec<T> {
    let item = channels * taps;
    let unit = LINE * item;
    make(out * item, unit, sums.len() * out * item, |first, places| {
        for (index, places) in places.chunks_mut(unit).enumerate() {
            let first = (first + index) * LINE;
            let width = places.len() / item;
            // Lines of some channels, which turn into runs of every output.
            let mut lines = vec![[T::default(); LINE]; LINE * taps];
            for start in (0..channels).step_by(LINE) {
                let lines = &mut lines[..LINE.min(channels - start) * taps];
                for (place, line) in lines.iter_mut().enumerate() {
                    let (channel, tap) = (start + place / taps, place % taps);
                    let row = (tap * channels + channel) * out + first;
                    let line = &mut line[..width];
                    line.copy_from_slice(&sums[0][row..row + width]);
                    for sum in &sums[1..] {
                        let numbers = &sum[row..row + width];
                        line.iter_mut()
                            .zip(numbers)
                            .for_each(|(total, number)| *total += *number);
                    }
                }
                for (output, places) in places.chunks_exact_mut(item).enumerate() {
                    let places = &mut places[start * taps..];
                    places
                        .iter_mut()
                        .zip(&*lines)
                        .for_each(|(place, line)| *place = line[output]);
                }
            }
        }
    })
}

/// How a batch is cut into blocks, and what is multiplied in each.
struct Blocks {
    /// Pictures of a block; fewer in the last.
    items: usize,
    input: Layout,
    output: Layout,
    visits: Vec<Visit>,
}

impl Blocks {
    fn new(frame: Frame) -> Self {
        let input = Layout {
            height: frame.height,
            width: frame.width,
            channels: frame.channels,
            stride: frame.geometry.stride,
        };
        let output = Layout {
            height: frame.out_height,
            width: frame.out_width,
            channels: frame.out,
            stride: 1,
        };
        let fitting = BLOCK / (input.block_item() + output.item()).max(1);
        Self {
            // A few blocks at least, so that there is work for several cores.
            items: fitting.clamp(1, MOST).min(frame.batch.div_ceil(GROUPS).max(1)),
            visits: visits(frame, &input),
            input,
            output,
        }
    }
}

fn visits(frame: Frame, input: &Layout) -> Vec<Visit> {
    let [rows, columns] = [(frame.height, frame.out_height), (frame.width, frame.out_width)].map(|(size, out)| {
        (0..frame.side)
            .map(move |tap| frame.reach(tap, size, out))
            .collect::<Vec<_>>()
    });
    let mut visits = Vec::new();
    for (row_tap, reached) in rows.into_iter().enumerate() {
        for row in reached {
            for (column_tap, reached) in columns.iter().enumerate() {
                if reached.is_empty() {
                    continue;
                }
                visits.push(Visit {
                    tap: row_tap * frame.side + column_tap,
                    input: input.place(frame.source(row, row_tap), frame.source(reached.start, column_tap)),
                    output: row * frame.out_width + reached.start,
                    pixels: reached.len(),
                });
            }
        }
    }
    visits
}

/// Pictures in a block: row by row, of each row every `stride`-th pixel first, of each pixel all pictures.
struct Layout {
    height: usize,
    width: usize,
    channels: usize,
    stride: usize,
}

impl Layout {
    /// Numbers of a picture.
    fn item(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Numbers that a picture takes in a block.
    fn block_item(&self) -> usize {
        self.height * self.line() * self.channels
    }

    /// Pixels of a row in a block: as many for every phase of the stride.
    fn line(&self) -> usize {
        self.width.div_ceil(self.stride) * self.stride
    }

    /// Where a pixel stands in a block.
    fn place(&self, row: usize, column: usize) -> usize {
        row * self.line() + column % self.stride * (self.line() / self.stride) + column / self.stride
    }

    fn gather<T: Number>(&self, block: &mut [T], pictures: &[T], items: usize) {
        self.each_pixel(items, |pixel, place| {
            block[place..place + self.channels].copy_from_slice(&pictures[pixel..pixel + self.channels]);
        });
    }

    /// Writes one picture in the place of all.
    fn spread<T: Number>(&self, block: &mut [T], picture: &[T], items: usize) {
        let pixels = picture.chunks_exact(self.channels);
        for (block, pixel) in block.chunks_exact_mut(items * self.channels).zip(pixels) {
            block
                .chunks_exact_mut(self.channels)
                .for_each(|place| place.copy_from_slice(pixel));
        }
    }

    fn scatter<T: Number>(&self, pictures: &mut [T], block: &[T], items: usize) {
        self.each_pixel(items, |pixel, place| {
            pictures[pixel..pixel + self.channels].copy_from_slice(&block[place..place + self.channels]);
        });
    }

    /// Calls `copy` for every pixel of every picture with where it begins among the pictures and in the block.
    fn each_pixel(&self, items: usize, mut copy: impl FnMut(usize, usize)) {
        let mut pixel = 0;
        for item in 0..items {
            for row in 0..self.height {
                for column in 0..self.width {
                    copy(pixel, (self.place(row, column) * items + item) * self.channels);
                    pixel += self.channels;
                }
            }
        }
    }
}
