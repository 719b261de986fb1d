//! Batches that exchange their pieces, so that each holds something of every other.
//!
//! Batch normalization learns its running statistics from the first batch of MixMatch's pool alone. That batch is all
//! labeled examples, of which there are few; after the exchange it holds as many unlabeled ones as a batch of the whole
//! pool would.

use burn::prelude::*;
use papers_core::nn::Statistics;

use crate::{Classifier, mixup::row_indices};

/// Where the pieces of a batch begin, and its end: as many pieces as batches, of nearly equal lengths, the longer ones
/// last. Pieces may be empty.
pub fn offsets(batches: usize, batch: usize) -> Vec<usize> {
    let (length, longer) = (batch / batches.max(1), batch % batches.max(1));
    let begin = |piece: usize| piece * length + (piece + longer).saturating_sub(batches);
    (0..=batches).map(begin).collect()
}

/// The row of the concatenated batches that each row comes from when piece `i` of batch 0 and piece `i` of batch `i`
/// change places, for all `i`. Doing it twice does nothing.
pub fn source_index(batches: usize, batch: usize) -> Vec<usize> {
    let mut index: Vec<usize> = (0..batches * batch).collect();
    let offsets = offsets(batches, batch);
    for other in 1..batches {
        for row in offsets[other]..offsets[other + 1] {
            index.swap(row, other * batch + row);
        }
    }
    index
}

/// The concatenated batches with their pieces exchanged.
///
/// # Shapes
///
/// - rows, output: `[batches · batch, ..]`
pub fn interleave<const D: usize>(rows: Tensor<D>, batches: usize) -> Tensor<D> {
    if batches < 2 {
        return rows;
    }
    let index = source_index(batches, rows.dims()[0] / batches);
    let index = row_indices(&index, &rows.device());
    rows.select(0, index)
}

/// The network's logits of concatenated batches, computed batch by batch with the statistics of each, after an exchange
/// of pieces that is undone on the result. The first batch alone updates the running statistics.
///
/// # Shapes
///
/// - inputs: `[batches · batch, ..]`
/// - output: `[batches · batch, classes]`, rows as in the input
pub fn forward<M: Classifier<D>, const D: usize>(model: &M, inputs: Tensor<D>, batches: usize) -> Tensor<2> {
    let batch = inputs.dims()[0] / batches;
    let inputs = interleave(inputs, batches);
    let pass = |number: usize| {
        let statistics = if number == 0 {
            Statistics::Update
        } else {
            Statistics::Batch
        };
        model.forward(inputs.clone().narrow(0, number * batch, batch), statistics)
    };
    interleave(Tensor::cat((0..batches).map(pass).collect(), 0), batches)
}
