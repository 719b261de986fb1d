use burn::prelude::*;
use papers_base::images::ImageSet;

use super::augmentation::{Augmentation, Placement, signed};

/// Pictures of a set as numbers in `[0, 1]`.
///
/// # Shapes
///
/// - output: `[indices, channels, height, width]`
///
/// # Panics
///
/// If an index is outside the set.
pub fn pixels(set: &ImageSet, indices: &[usize], device: &Device) -> Tensor<4> {
    let scale = 1.0 / f32::from(set.maximum);
    let mut values = Vec::with_capacity(indices.len() * set.pixels());
    for &index in indices {
        values.extend(set.image(index).iter().map(|&value| f32::from(value) * scale));
    }
    let shape = [indices.len(), set.height, set.width, set.channels];
    let images = Tensor::<4>::from_data(TensorData::new(values, shape), device);
    match set.channels {
        // The same order in memory, so that nothing has to be moved.
        1 => images.reshape([indices.len(), 1, set.height, set.width]),
        _ => images.permute([0, 3, 1, 2]),
    }
}

/// Pictures of a set as numbers in `[-1, 1]` (`x · 2 / maximum - 1`), as they are: the counterpart of
/// [`augmented`](super::augmented) for evaluation.
///
/// # Shapes
///
/// - output: `[indices, channels, height, width]`
///
/// # Panics
///
/// If an index is outside the set.
pub fn signed_pixels(set: &ImageSet, indices: &[usize], device: &Device) -> Tensor<4> {
    let values = signed(set, indices, &Augmentation::default(), |_| Placement::default());
    let shape = [indices.len(), set.channels, set.height, set.width];
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Classes of the pictures of a set.
///
/// # Shapes
///
/// - output: `[indices]`
///
/// # Panics
///
/// If an index is outside the set, or the set has no labels.
pub fn labels(set: &ImageSet, indices: &[usize], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i32> = indices.iter().map(|&index| i32::from(set.labels[index])).collect();
    Tensor::from_data(TensorData::new(values, [indices.len()]), device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// Two images of 1 row, 2 columns, 3 channels.
    fn set() -> ImageSet {
        ImageSet {
            name: "two/train".to_owned(),
            images: vec![9, 9, 9, 9, 9, 9, 0, 1, 2, 3, 4, 5],
            labels: vec![0, 1],
            height: 1,
            width: 2,
            channels: 3,
            maximum: 10,
            classes: 2,
            class_names: vec!["a".to_owned(), "b".to_owned()],
        }
    }

    #[test]
    fn channels_come_before_rows() {
        let images = pixels(&set(), &[1], &testing::device());
        assert_eq!(images.dims(), [1, 3, 1, 2]);
        testing::assert_close(&testing::values(images), &[0.0, 0.3, 0.1, 0.4, 0.2, 0.5], 1e-6);
    }

    #[test]
    fn signed_pixels_are_twice_the_others_minus_one() {
        let device = testing::device();
        let signed = signed_pixels(&set(), &[1, 0], &device);
        assert_eq!(signed.dims(), [2, 3, 1, 2]);
        let expected = testing::values(pixels(&set(), &[1, 0], &device) * 2.0 - 1.0);
        testing::assert_close(&testing::values(signed), &expected, 1e-6);
    }
}
