use burn::prelude::*;
use papers_base::images::ImageSet;

/// Brings every color to mean 0 and standard deviation 1 over the training pictures, instead of to `[-1, 1]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Whitening {
    mean: Vec<f32>,
    deviation: Vec<f32>,
}

impl Whitening {
    /// Measures the pictures of some sets together, values in `[-1, 1]`. A color that is the same everywhere is left at
    /// its size.
    ///
    /// # Panics
    ///
    /// If there is no set.
    pub fn of(sets: &[&ImageSet]) -> Self {
        let channels = sets[0].channels;
        let (mut sums, mut squares, mut count) = (vec![0.0_f64; channels], vec![0.0_f64; channels], 0.0);
        for set in sets {
            let scale = 2.0 / f64::from(set.maximum);
            for pixel in set.images.chunks_exact(channels) {
                for (channel, &value) in pixel.iter().enumerate() {
                    let value = f64::from(value) * scale - 1.0;
                    sums[channel] += value;
                    squares[channel] += value * value;
                }
            }
            count += (set.images.len() / channels) as f64;
        }
        let mean: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
        let deviation = squares.iter().zip(&mean).map(|(square, mean)| {
            let variance = square / count - mean * mean;
            if variance > 0.0 { variance.sqrt() as f32 } else { 1.0 }
        });
        Self {
            deviation: deviation.collect(),
            mean: mean.iter().map(|&mean| mean as f32).collect(),
        }
    }

    /// For pictures in `[-1, 1]`, from the mean and the deviation of each color in `[0, 1]`, as they are customarily given.
    pub fn of_colors(mean: &[f64], deviation: &[f64]) -> Self {
        Self {
            mean: mean.iter().map(|mean| (2.0 * mean - 1.0) as f32).collect(),
            deviation: deviation.iter().map(|deviation| (2.0 * deviation) as f32).collect(),
        }
    }

    /// The same pictures, whitened.
    ///
    /// # Shapes
    ///
    /// - pictures, output: `[batch, channels, height, width]`
    pub fn apply(&self, pictures: Tensor<4>) -> Tensor<4> {
        let device = pictures.device();
        let numbers = |values: &[f32]| {
            let shape = [1, values.len(), 1, 1];
            Tensor::<4>::from_data(TensorData::new(values.to_vec(), shape), &device)
        };
        (pictures - numbers(&self.mean)) / numbers(&self.deviation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::signed_pixels,
        testing::{self, assert_close, values},
    };

    #[test]
    fn every_color_gets_mean_zero_and_deviation_one() {
        let set = ImageSet {
            name: "toy/train".to_owned(),
            // Two pictures of 1 row, 2 columns, 2 channels; the second color never changes.
            images: vec![0, 7, 4, 7, 8, 7, 4, 7],
            labels: Vec::new(),
            height: 1,
            width: 2,
            channels: 2,
            maximum: 8,
            classes: 0,
            class_names: Vec::new(),
        };
        let whitening = Whitening::of(&[&set]);
        let pictures = whitening.apply(signed_pixels(&set, &[0, 1], &testing::device()));
        // In [-1, 1] the first color is -1, 0, 1, 0: mean 0, variance 1/2.
        let root = 2.0_f64.sqrt();
        assert_close(&values(pictures), &[-root, 0.0, 0.0, 0.0, root, 0.0, 0.0, 0.0], 1e-6);
    }
}
