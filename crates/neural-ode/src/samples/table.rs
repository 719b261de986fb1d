//! States of samples as they come up, put in the order of samples and times in the end.

use burn::prelude::*;

use super::rows;

/// Rows of states and whose they are.
#[derive(Debug, Default)]
pub(super) struct Table {
    pieces: Vec<Tensor<2>>,
    /// For each piece the sample and the index of the time of each row.
    owners: Vec<Vec<(usize, usize)>>,
}

impl Table {
    pub(super) fn push(&mut self, owners: Vec<(usize, usize)>, rows: Tensor<2>) {
        self.owners.push(owners);
        self.pieces.push(rows);
    }

    pub(super) fn pieces(&self) -> impl Iterator<Item = (&[(usize, usize)], &Tensor<2>)> {
        self.owners.iter().map(Vec::as_slice).zip(&self.pieces)
    }

    /// The states of all samples at their second times, their third ones and so on. `counts` are the numbers of times;
    /// `initial` are the states at the first ones.
    ///
    /// Where a sample has fewer, its last state stands again; where it did not come so far, NaN.
    pub(super) fn states(self, initial: &Tensor<2>, counts: &[usize]) -> Vec<Tensor<2>> {
        let [samples, features] = initial.dims();
        let most = counts.iter().copied().max().unwrap_or(0);
        let mut positions = vec![vec![samples; samples]; most];
        positions[0] = (0..samples).collect();
        for (position, &(sample, index)) in (samples + 1..).zip(self.owners.iter().flatten()) {
            positions[index][sample] = position;
        }
        for (sample, &count) in counts.iter().enumerate() {
            for index in count..most {
                positions[index][sample] = positions[count - 1][sample];
            }
        }
        let missing = Tensor::full([1, features], f64::NAN, (&initial.device(), initial.dtype()));
        let mut pieces = vec![initial.clone(), missing];
        pieces.extend(self.pieces);
        let all = Tensor::cat(pieces, 0);
        let device = initial.device();
        let state = |positions: &Vec<usize>| all.clone().select(0, rows::indices(positions, &device));
        positions[1..].iter().map(state).collect()
    }
}
