//! What a network sees of photos.

use burn::prelude::*;
use papers_core::base::images::ImageSet;

/// What is known of each photo.
#[derive(Debug, Clone, PartialEq)]
pub enum Inputs {
    /// Pictures of one size.
    Pictures(ImageSet),
    /// As many numbers of each, such as an embedding of another network.
    Features {
        /// Row by row.
        values: Vec<f32>,
        /// Numbers of a photo.
        width: usize,
    },
}

/// A batch on a device.
#[derive(Debug, Clone)]
pub enum Input {
    /// `[batch, rows, columns, channels]`, values in `[-1, 1]`.
    Pictures(Tensor<4>),
    /// `[batch, features]`
    Features(Tensor<2>),
}

impl Inputs {
    /// Number of photos.
    pub fn len(&self) -> usize {
        match self {
            Self::Pictures(set) => set.len(),
            Self::Features { values, width } => values.len() / (*width).max(1),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Photos as a batch; those that `flipped` says are mirrored.
    ///
    /// Bytes become `x/127.5 - 1`, as Xception's own preparation has it.
    pub fn batch(&self, photos: &[usize], flipped: &[bool], device: &Device) -> Input {
        match self {
            Self::Pictures(set) => {
                let mut values = Vec::with_capacity(photos.len() * set.pixels());
                for (place, &photo) in photos.iter().enumerate() {
                    let is_flipped = flipped.get(place).copied().unwrap_or(false);
                    append(set, photo, is_flipped, &mut values);
                }
                let shape = [photos.len(), set.height, set.width, set.channels];
                Input::Pictures(Tensor::from_data(TensorData::new(values, shape), device))
            }
            Self::Features { values, width } => {
                let rows = photos
                    .iter()
                    .flat_map(|&photo| &values[photo * width..(photo + 1) * width]);
                let data = TensorData::new(rows.copied().collect::<Vec<f32>>(), [photos.len(), *width]);
                Input::Features(Tensor::from_data(data, device))
            }
        }
    }

    /// Channels of a picture, or numbers of a photo.
    pub fn channels(&self) -> usize {
        match self {
            Self::Pictures(set) => set.channels,
            Self::Features { width, .. } => *width,
        }
    }

    /// These photos alone, in this order.
    #[must_use]
    pub fn subset(&self, photos: &[usize]) -> Self {
        match self {
            Self::Pictures(set) => Self::Pictures(set.subset(set.name.as_str(), photos)),
            Self::Features { values, width } => Self::Features {
                values: photos
                    .iter()
                    .flat_map(|&photo| &values[photo * width..(photo + 1) * width])
                    .copied()
                    .collect(),
                width: *width,
            },
        }
    }

    /// Digest of what a network sees of photos.
    pub fn digest(&self, photos: &[usize]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        for &photo in photos {
            match self {
                Self::Pictures(set) => {
                    hasher.update(set.image(photo));
                }
                Self::Features { values, width } => {
                    for value in &values[photo * width..(photo + 1) * width] {
                        hasher.update(&value.to_le_bytes());
                    }
                }
            }
        }
        hasher.finalize()
    }
}

fn append(set: &ImageSet, photo: usize, is_flipped: bool, values: &mut Vec<f32>) {
    let scaled = |byte: &u8| f32::from(*byte) / (f32::from(set.maximum) / 2.0) - 1.0;
    let image = set.image(photo);
    if !is_flipped {
        values.extend(image.iter().map(scaled));
        return;
    }
    for row in image.chunks_exact(set.width * set.channels) {
        values.extend(row.chunks_exact(set.channels).rev().flatten().map(scaled));
    }
}

#[cfg(test)]
mod tests {
    use papers_core::testing;

    use super::*;

    #[test]
    fn mirrored_pictures_keep_their_channels() {
        let set = ImageSet {
            name: String::new(),
            images: vec![0, 51, 102, 153, 204, 255],
            labels: Vec::new(),
            height: 1,
            width: 3,
            channels: 2,
            maximum: 255,
            classes: 0,
            class_names: Vec::new(),
        };
        let Input::Pictures(batch) = Inputs::Pictures(set).batch(&[0, 0], &[true, false], &testing::device()) else {
            panic!("pictures");
        };
        let expected = [0.6, 1.0, -0.2, 0.2, -1.0, -0.6, -1.0, -0.6, -0.2, 0.2, 0.6, 1.0];
        testing::assert_close(&testing::values(batch), &expected, 1e-6);
    }
}
