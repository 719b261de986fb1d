use burn::prelude::*;
use papers_base::images::ImageSet;

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
    let size = set.channels * set.height * set.width;
    let scale = 1.0 / f32::from(set.maximum);
    let mut values = Vec::with_capacity(indices.len() * size);
    for &index in indices {
        values.extend(set.images[index * size..][..size].iter().map(|&value| f32::from(value) * scale));
    }
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
/// If an index is outside the set.
pub fn labels(set: &ImageSet, indices: &[usize], device: &Device) -> Tensor<1, Int> {
    let values: Vec<i32> = indices.iter().map(|&index| i32::from(set.labels[index])).collect();
    Tensor::from_data(TensorData::new(values, [indices.len()]), device)
}
