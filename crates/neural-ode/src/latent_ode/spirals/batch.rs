//! Observations at irregular times as tensors.

use burn::prelude::*;

use super::Spiral;

/// Observations of several spirals, each at its own times.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Noisy positions in the order of time, `[observations, batch, 2]`.
    pub positions: Tensor<3>,
    /// Time until the next observation, 0 for the last one, `[observations, batch, 1]`.
    pub gaps: Tensor<3>,
    /// The union of all observed times, ascending, each counted from the first observation of its spiral: when that was
    /// the model cannot know, and need not, since its dynamics do not depend on time.
    pub times: Vec<f64>,
    /// For every observation in the order of `positions`, its row among the states at all of `times`, flattened to
    /// `[times · batch, ..]`: which rows are kept is the mask of each sample. `[observations · batch]`.
    pub rows: Tensor<1, Int>,
}

impl Batch {
    /// Puts spirals with equally many observations together; `spacing` is the time between positions in the window.
    ///
    /// # Panics
    ///
    /// If there is no spiral, or two differ in their number of observations.
    pub fn new(spirals: &[&Spiral], spacing: f64, device: &Device) -> Self {
        let observations = spirals.first().map_or(0, |spiral| spiral.observed.len());
        assert!(observations > 0, "a batch has spirals with observations");
        assert!(
            spirals.iter().all(|spiral| spiral.observed.len() == observations),
            "the spirals of a batch have equally many observations"
        );
        let (union, place) = union_of_times(spirals);
        let size = spirals.len();
        let mut positions = Vec::with_capacity(observations * size * 2);
        let mut gaps = Vec::with_capacity(observations * size);
        let mut rows = Vec::with_capacity(observations * size);
        for step in 0..observations {
            for (sample, spiral) in spirals.iter().enumerate() {
                let time = spiral.observed[step];
                let next = spiral.observed.get(step + 1).unwrap_or(&time);
                positions.extend(spiral.positions[step].map(|coordinate| coordinate as f32));
                gaps.push(((next - time) as f64 * spacing) as f32);
                rows.push((place[time - spiral.observed[0]] * size + sample) as i32);
            }
        }
        Self {
            positions: Tensor::from_data(TensorData::new(positions, [observations, size, 2]), device),
            gaps: Tensor::from_data(TensorData::new(gaps, [observations, size, 1]), device),
            times: union.into_iter().map(|time| time as f64 * spacing).collect(),
            rows: Tensor::from_data(TensorData::new(rows, [observations * size]), device),
        }
    }

    /// Number of spirals.
    pub fn size(&self) -> usize {
        self.positions.dims()[1]
    }

    /// Positions with the gaps beside them, `[observations, batch, 3]`.
    pub fn positions_and_gaps(&self) -> Tensor<3> {
        Tensor::cat(vec![self.positions.clone(), self.gaps.clone()], 2)
    }
}

/// The observed times of all spirals, each from its first on, ascending, and the place of each time among them.
fn union_of_times(spirals: &[&Spiral]) -> (Vec<usize>, Vec<usize>) {
    let elapsed = |spiral: &'_ &Spiral| -> Vec<usize> {
        let first = spiral.observed[0];
        spiral.observed.iter().map(|time| time - first).collect()
    };
    let mut union: Vec<usize> = spirals.iter().flat_map(elapsed).collect();
    union.sort_unstable();
    union.dedup();
    let mut place = vec![0; union.last().map_or(0, |last| last + 1)];
    for (index, &time) in union.iter().enumerate() {
        place[time] = index;
    }
    (union, place)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent_ode::spirals::Turning;
    use papers_core::testing::{self, assert_close, values};

    #[test]
    fn a_batch_of_different_times_knows_its_union_gaps_and_rows() {
        let spiral = |observed: &[usize]| Spiral {
            turning: Turning::Clockwise,
            first: 0,
            observed: observed.to_vec(),
            positions: observed.iter().map(|&time| [time as f64, -1.0]).collect(),
        };
        let (a, b) = (spiral(&[2, 5]), spiral(&[3, 4]));
        let batch = Batch::new(&[&a, &b], 0.5, &testing::device());
        // Counted from 2 and 3: 0, 3 and 0, 1.
        assert_eq!(batch.times, [0.0, 0.5, 1.5]);
        assert_close(&values(batch.gaps.clone()), &[1.5, 0.5, 0.0, 0.0], 0.0);
        assert_close(
            &values(batch.positions.clone()),
            &[2., -1., 3., -1., 5., -1., 4., -1.],
            0.0,
        );
        let rows: Vec<i64> = batch.rows.into_data().iter().collect();
        assert_eq!(rows, [0, 1, 4, 3]);
    }
}
