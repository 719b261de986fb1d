//! Loops over the rows of `[rows, channels]`, a block of neighboring channels at a time: constants and sums of a block
//! stay in registers from row to row. The loops exist once for each width of vector registers, and results do not depend on
//! which of them a processor has.

use multiversion::multiversion;

use super::host::Number;

/// Channels of a block.
const LANES: usize = 16;
/// Of those that are left over, channels of a block; the last ones are blocks of their own.
const SHORT: usize = 4;

/// The first channel of each block, with its size.
fn blocks(channels: usize) -> impl Iterator<Item = (usize, usize)> {
    let whole = channels / LANES * LANES;
    let short = channels / SHORT * SHORT;
    let of_size = |from: usize, to: usize, size: usize| (from..to).step_by(size).map(move |first| (first, size));
    of_size(0, whole, LANES)
        .chain(of_size(whole, short, SHORT))
        .chain(of_size(short, channels, 1))
}

/// The sum over all rows of what `element` makes of the numbers at one place and of its channel's constants.
#[multiversion(targets("x86_64+avx2+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
pub(super) fn sum<T: Number, const D: usize, const C: usize>(
    channels: usize,
    data: [&[T]; D],
    constants: [&[T]; C],
    element: impl Fn([T; D], [T; C]) -> T,
) -> Vec<T> {
    let mut sum = Vec::with_capacity(channels);
    for (first, size) in blocks(channels) {
        match size {
            LANES => sum.extend(block_sum::<T, D, C, LANES>(channels, first, data, constants, &element)),
            SHORT => sum.extend(block_sum::<T, D, C, SHORT>(channels, first, data, constants, &element)),
            _ => sum.extend(block_sum::<T, D, C, 1>(channels, first, data, constants, &element)),
        }
    }
    sum
}

#[inline(always)]
fn block_sum<T: Number, const D: usize, const C: usize, const N: usize>(
    channels: usize,
    first: usize,
    data: [&[T]; D],
    constants: [&[T]; C],
    element: &impl Fn([T; D], [T; C]) -> T,
) -> [T; N] {
    let constants: [[T; N]; C] = lanes(constants, first);
    let mut sum = [T::default(); N];
    let mut place = first;
    while place < data[0].len() {
        let numbers: [[T; N]; D] = lanes(data, place);
        // All terms first: a sum in the same loop would keep the compiler from vector instructions.
        let mut terms = [T::default(); N];
        for (lane, term) in terms.iter_mut().enumerate() {
            *term = element(of_lane(&numbers, lane), of_lane(&constants, lane));
        }
        sum.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        place += channels;
    }
    sum
}

/// Replaces every number of `target` by what `element` makes of it, of the numbers at its place and of its channel's
/// constants.
#[multiversion(targets("x86_64+avx2+avx512f+avx512bw+avx512dq+avx512vl", "x86_64+avx2"))]
pub(super) fn update<T: Number, const D: usize, const C: usize>(
    channels: usize,
    target: &mut [T],
    data: [&[T]; D],
    constants: [&[T]; C],
    element: impl Fn(T, [T; D], [T; C]) -> T,
) {
    for (first, size) in blocks(channels) {
        match size {
            LANES => block_update::<T, D, C, LANES>(channels, first, target, data, constants, &element),
            SHORT => block_update::<T, D, C, SHORT>(channels, first, target, data, constants, &element),
            _ => block_update::<T, D, C, 1>(channels, first, target, data, constants, &element),
        }
    }
}

#[inline(always)]
fn block_update<T: Number, const D: usize, const C: usize, const N: usize>(
    channels: usize,
    first: usize,
    target: &mut [T],
    data: [&[T]; D],
    constants: [&[T]; C],
    element: &impl Fn(T, [T; D], [T; C]) -> T,
) {
    let constants: [[T; N]; C] = lanes(constants, first);
    let mut place = first;
    while place < target.len() {
        let numbers: [[T; N]; D] = lanes(data, place);
        let target = target[place..]
            .first_chunk_mut::<N>()
            .expect("a block ends within its row");
        for (lane, own) in target.iter_mut().enumerate() {
            *own = element(*own, of_lane(&numbers, lane), of_lane(&constants, lane));
        }
        place += channels;
    }
}

/// A block of each of the slices. A loop, since adapters of arrays are not always inlined, and then keep the compiler from
/// vector instructions.
#[inline(always)]
fn lanes<T: Number, const D: usize, const N: usize>(slices: [&[T]; D], first: usize) -> [[T; N]; D] {
    let mut blocks = [[T::default(); N]; D];
    for (block, slice) in blocks.iter_mut().zip(slices) {
        block.copy_from_slice(&slice[first..first + N]);
    }
    blocks
}

#[inline(always)]
fn of_lane<T: Number, const D: usize, const N: usize>(blocks: &[[T; N]; D], lane: usize) -> [T; D] {
    let mut numbers = [T::default(); D];
    for (number, block) in numbers.iter_mut().zip(blocks) {
        *number = block[lane];
    }
    numbers
}

/// `number` where `linear` is positive, `leak · number` elsewhere.
#[inline(always)]
pub(super) fn rectify<T: Number>(linear: T, number: T, leak: T) -> T {
    if linear > T::default() { number } else { number * leak }
}
