//! What a network sees of photos.

use burn::prelude::*;
use papers_core::{Result, base::images::ImageSet};

use super::PictureFiles;

/// What is known of each photo.
#[derive(Debug, Clone, PartialEq)]
pub enum Inputs {
    /// Pictures of one size.
    Pictures(ImageSet),
    /// Pictures that are read when a batch needs them: more than fit into memory.
    Files(PictureFiles),
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
            Self::Files(files) => files.len(),
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
    ///
    /// # Errors
    ///
    /// A file that can no longer be read.
    pub fn batch(&self, photos: &[usize], flipped: &[bool], device: &Device) -> Result<Input> {
        let is_flipped = |place: usize| flipped.get(place).copied().unwrap_or(false);
        let pictures = |values: Vec<f32>, [height, width, channels]: [usize; 3]| {
            let data = TensorData::new(values, [photos.len(), height, width, channels]);
            Input::Pictures(Tensor::from_data(data, device))
        };
        Ok(match self {
            Self::Pictures(set) => {
                let mut values = Vec::with_capacity(photos.len() * set.pixels());
                for (place, &photo) in photos.iter().enumerate() {
                    let size = [set.width, set.channels];
                    append(set.image(photo), size, set.maximum, is_flipped(place), &mut values);
                }
                pictures(values, [set.height, set.width, set.channels])
            }
            Self::Files(files) => {
                let [side, channels] = files.size();
                let mut values = Vec::with_capacity(photos.len() * side * side * channels);
                for (place, image) in files.read(photos)?.into_iter().enumerate() {
                    append(&image, [side, channels], u8::MAX, is_flipped(place), &mut values);
                }
                pictures(values, [side, side, channels])
            }
            Self::Features { values, width } => {
                let rows = photos
                    .iter()
                    .flat_map(|&photo| &values[photo * width..(photo + 1) * width]);
                let data = TensorData::new(rows.copied().collect::<Vec<f32>>(), [photos.len(), *width]);
                Input::Features(Tensor::from_data(data, device))
            }
        })
    }

    /// Rows of a picture; none where photos are numbers.
    pub fn side(&self) -> Option<usize> {
        match self {
            Self::Pictures(set) => Some(set.height),
            Self::Files(files) => Some(files.size()[0]),
            Self::Features { .. } => None,
        }
    }

    /// Channels of a picture, or numbers of a photo.
    pub fn channels(&self) -> usize {
        match self {
            Self::Pictures(set) => set.channels,
            Self::Files(files) => files.size()[1],
            Self::Features { width, .. } => *width,
        }
    }

    /// These photos alone, in this order.
    #[must_use]
    pub fn subset(&self, photos: &[usize]) -> Self {
        match self {
            Self::Pictures(set) => Self::Pictures(set.subset(set.name.as_str(), photos)),
            Self::Files(files) => Self::Files(files.subset(photos)),
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

    /// The same without a copy where that is all of them.
    #[must_use]
    pub(super) fn only(self, photos: &[usize]) -> Self {
        match photos.iter().copied().eq(0..self.len()) {
            true => self,
            false => self.subset(photos),
        }
    }

    /// Digest of what a network sees of photos.
    ///
    /// # Errors
    ///
    /// A file that can no longer be read.
    pub fn digest(&self, photos: &[usize]) -> Result<blake3::Hash> {
        let mut hasher = blake3::Hasher::new();
        match self {
            Self::Pictures(set) => photos.iter().for_each(|&photo| {
                hasher.update(set.image(photo));
            }),
            Self::Files(files) => files.digest(photos, &mut hasher)?,
            Self::Features { values, width } => {
                let rows = photos
                    .iter()
                    .flat_map(|&photo| &values[photo * width..(photo + 1) * width]);
                rows.for_each(|value| {
                    hasher.update(&value.to_le_bytes());
                });
            }
        }
        Ok(hasher.finalize())
    }
}

fn append(image: &[u8], [width, channels]: [usize; 2], maximum: u8, is_flipped: bool, values: &mut Vec<f32>) {
    let scaled = |byte: &u8| f32::from(*byte) / (f32::from(maximum) / 2.0) - 1.0;
    if !is_flipped {
        values.extend(image.iter().map(scaled));
        return;
    }
    for row in image.chunks_exact(width * channels) {
        values.extend(row.chunks_exact(channels).rev().flatten().map(scaled));
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
        let batch = Inputs::Pictures(set).batch(&[0, 0], &[true, false], &testing::device());
        let Ok(Input::Pictures(batch)) = batch else {
            panic!("pictures");
        };
        let expected = [0.6, 1.0, -0.2, 0.2, -1.0, -0.6, -1.0, -0.6, -0.2, 0.2, 0.6, 1.0];
        testing::assert_close(&testing::values(batch), &expected, 1e-6);
    }
}
