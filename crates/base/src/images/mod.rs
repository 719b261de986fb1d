//! Sets of small images, most of them labeled, kept in memory as bytes.
//!
//! [`ImageSet::read`] reads a split of a data set of the catalogue in the encoding of its manifest, [`digits`]
//! the embedded one, and [`folder`] a folder of the user's own pictures.

mod archive;
mod cifar;
mod decode;
mod digits;
mod encode;
mod error;
mod folder;
mod font;
mod jpeg_archive;
mod mat;
mod planes;
mod preview;
mod read;
mod sheet;
mod stl;

pub use digits::digits;
pub use encode::rgb_png;
pub use error::{FormatError, ImagesError};
pub use folder::{FolderError, FolderOptions, Listing, Part, Picture, Pictures, folder};
pub use mat::MatError;
pub use preview::{Preview, preview};
pub use sheet::{Tile, sheet};
pub use stl::stl10_folds;

use crate::catalogue::{Dataset, DatasetFolder, ImageFormat, Split};

/// Images of one size, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSet {
    /// Name of the data set and split, such as `mnist/train`.
    pub name: String,
    /// Pixels, `[items, height, width, channels]` in row-major order, each in `0..=maximum`.
    pub images: Vec<u8>,
    /// Class of each image, in `0..classes`; empty for a set without labels.
    pub labels: Vec<u8>,
    /// Rows of an image.
    pub height: usize,
    /// Columns of an image.
    pub width: usize,
    /// Values per pixel: 1 for gray, 3 for red, green, blue.
    pub channels: usize,
    /// Largest value that a pixel can have; dividing by it brings pixels to `[0, 1]`.
    pub maximum: u8,
    /// Number of classes.
    pub classes: usize,
    /// Name of each class.
    pub class_names: Vec<String>,
}

impl ImageSet {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.images.len().checked_div(self.pixels()).unwrap_or(0)
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every image has a label.
    pub fn is_labeled(&self) -> bool {
        self.labels.len() == self.len()
    }

    /// Values in one image: height times width times channels.
    pub fn pixels(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// The pixels of one image, `[height, width, channels]`.
    ///
    /// # Panics
    ///
    /// If there are not more than `index` images.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.images[index * self.pixels()..(index + 1) * self.pixels()]
    }

    /// Number of images of each class; zeros for a set without labels.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }

    /// The images with these numbers, in this order, under the name `name`; with their labels, if there are some.
    ///
    /// # Panics
    ///
    /// If a number is not below [`len`](Self::len).
    pub fn subset(&self, name: impl Into<String>, indices: &[usize]) -> Self {
        Self {
            name: name.into(),
            images: indices.iter().flat_map(|&index| self.image(index)).copied().collect(),
            labels: match self.is_labeled() {
                true => indices.iter().map(|&index| self.labels[index]).collect(),
                false => Vec::new(),
            },
            class_names: self.class_names.clone(),
            ..*self
        }
    }

    /// The same images without their labels.
    pub fn without_labels(self) -> Self {
        Self {
            labels: Vec::new(),
            ..self
        }
    }

    /// The images of this set, then those of `other`.
    ///
    /// # Errors
    ///
    /// [`ImagesError::Unlike`] if the images have other sizes or classes, or only one of the sets has labels;
    /// [`ImagesError::Memory`].
    pub fn concat(&self, other: &Self) -> Result<Self, ImagesError> {
        let shape = |set: &Self| [set.height, set.width, set.channels];
        let difference = if shape(self) != shape(other) {
            Some("the size of their images")
        } else if self.maximum != other.maximum {
            Some("the largest value of a pixel")
        } else if self.class_names != other.class_names {
            Some("their classes")
        } else if self.is_labeled() != other.is_labeled() {
            Some("having labels")
        } else {
            None
        };
        if let Some(what) = difference {
            return Err(ImagesError::Unlike {
                first: self.name.clone(),
                second: other.name.clone(),
                what,
            });
        }
        let mut images = read::buffer(self.len() + other.len(), self.pixels())?;
        let (first, second) = images.split_at_mut(self.images.len());
        first.copy_from_slice(&self.images);
        second.copy_from_slice(&other.images);
        Ok(Self {
            name: format!("{}+{}", self.name, other.name),
            images,
            labels: [self.labels.as_slice(), &other.labels].concat(),
            class_names: self.class_names.clone(),
            ..*self
        })
    }

    /// Images of a lower resolution: the mean of every square of `factor` times `factor` pixels, rounded to the
    /// nearest value, halves up.
    ///
    /// # Shapes
    ///
    /// - output: `[items, height / factor, width / factor, channels]`
    ///
    /// # Errors
    ///
    /// [`ImagesError::Pool`] if `factor` is 0 or does not divide both sides.
    pub fn mean_pooled(&self, factor: usize) -> Result<Self, ImagesError> {
        let divides = |side: usize| side.checked_rem(factor) == Some(0);
        if !divides(self.height) || !divides(self.width) {
            return Err(ImagesError::Pool {
                height: self.height,
                width: self.width,
                factor,
            });
        }
        let mut images = Vec::with_capacity(self.images.len() / (factor * factor));
        for index in 0..self.len() {
            self.pool(self.image(index), factor, &mut images);
        }
        Ok(Self {
            name: self.name.clone(),
            images,
            labels: self.labels.clone(),
            height: self.height / factor,
            width: self.width / factor,
            class_names: self.class_names.clone(),
            ..*self
        })
    }

    /// Appends the means of the squares of one image.
    fn pool(&self, image: &[u8], factor: usize, pooled: &mut Vec<u8>) {
        let count = factor * factor;
        for top in (0..self.height).step_by(factor) {
            for left in (0..self.width).step_by(factor) {
                for channel in 0..self.channels {
                    let row = |row: usize| (left..left + factor).map(move |column| row * self.width + column);
                    let values = (top..top + factor).flat_map(row);
                    let sum: usize = values
                        .map(|pixel| usize::from(image[pixel * self.channels + channel]))
                        .sum();
                    pooled.push(((sum + count / 2) / count) as u8);
                }
            }
        }
    }

    /// Joins pixels and labels whose shapes fit, after checking their values; no labels for an unlabeled split.
    fn new(dataset: &Dataset, split: Split, images: Vec<u8>, labels: Vec<u8>) -> Result<Self, ImagesError> {
        let format = format_of(dataset)?;
        let set = Self {
            name: format!("{}/{split}", dataset.name),
            images,
            labels,
            height: format.height,
            width: format.width,
            channels: format.channels,
            maximum: format.maximum,
            classes: format.classes.len(),
            class_names: format.classes.clone(),
        };
        let last_class = u8::try_from(set.classes.saturating_sub(1)).unwrap_or(u8::MAX);
        set.check("label", &set.labels, 1, last_class)?;
        set.check("pixel", &set.images, set.pixels(), set.maximum)?;
        Ok(set)
    }

    fn check(&self, what: &'static str, values: &[u8], per_item: usize, largest: u8) -> Result<(), ImagesError> {
        match values.iter().position(|&value| value > largest) {
            Some(position) => Err(ImagesError::Value {
                name: self.name.clone(),
                index: position / per_item,
                what,
                value: values[position],
                largest,
            }),
            None => Ok(()),
        }
    }
}

/// Reads one split of MNIST.
///
/// # Errors
///
/// As [`ImageSet::read`].
pub fn mnist(folder: &DatasetFolder, split: Split) -> Result<ImageSet, ImagesError> {
    ImageSet::read(folder, split)
}

fn format_of(dataset: &Dataset) -> Result<&ImageFormat, ImagesError> {
    dataset.images.as_ref().ok_or_else(|| ImagesError::NoImages {
        dataset: dataset.name.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn toy(images: &[u8], labels: &[u8]) -> ImageSet {
        ImageSet {
            name: "toy/train".to_owned(),
            images: images.to_vec(),
            labels: labels.to_vec(),
            height: 2,
            width: 2,
            channels: 1,
            maximum: 255,
            classes: 2,
            class_names: vec!["a".to_owned(), "b".to_owned()],
        }
    }

    #[test]
    fn a_set_without_labels_is_counted_by_its_pixels() {
        let set = toy(&[1, 2, 3, 4, 5, 6, 7, 8], &[0, 1]).without_labels();
        assert_eq!((set.len(), set.is_labeled(), set.is_empty()), (2, false, false));
        assert_eq!(set.class_counts(), [0, 0]);
        let second = set.subset("second", &[1]);
        assert_eq!((second.image(0), second.labels.len()), (&[5, 6, 7, 8][..], 0));
    }

    #[test]
    fn joined_sets_stand_one_after_the_other() {
        let joined = toy(&[1, 2, 3, 4], &[0]).concat(&toy(&[5, 6, 7, 8], &[1])).unwrap();
        assert_eq!(
            joined,
            ImageSet {
                name: "toy/train+toy/train".to_owned(),
                ..toy(&[1, 2, 3, 4, 5, 6, 7, 8], &[0, 1])
            }
        );
    }

    #[test]
    fn sets_of_different_kinds_are_not_joined() {
        let set = toy(&[1, 2, 3, 4], &[0]);
        let flat = ImageSet {
            height: 1,
            width: 4,
            ..set.clone()
        };
        let dark = ImageSet {
            maximum: 16,
            ..set.clone()
        };
        let named = ImageSet {
            class_names: Vec::new(),
            ..set.clone()
        };
        for (other, expected) in [
            (flat, "the size of their images"),
            (dark, "the largest value"),
            (named, "their classes"),
            (set.clone().without_labels(), "having labels"),
        ] {
            let error = set.concat(&other).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn pooling_rounds_the_mean_of_each_square_to_the_nearest_value() {
        // Sums 1 + 2 + 3 + 4 = 10 and 255 * 3 + 254 = 1019: means 2.5 and 254.75; a second channel of zeros.
        let set = ImageSet {
            images: vec![1, 0, 2, 0, 255, 0, 255, 0, 3, 0, 4, 0, 255, 0, 254, 0],
            width: 4,
            channels: 2,
            ..toy(&[], &[1])
        };
        let pooled = set.mean_pooled(2).unwrap();
        assert_eq!(
            (pooled.height, pooled.width, pooled.labels.as_slice()),
            (1, 2, &[1][..])
        );
        assert_eq!(pooled.images, [3, 0, 255, 0]);
        assert_eq!(set.mean_pooled(1).unwrap(), set);
    }

    #[test]
    fn sides_that_are_no_multiple_are_refused() {
        let set = toy(&[1, 2, 3, 4], &[0]);
        for factor in [0, 3, 4] {
            assert!(
                matches!(set.mean_pooled(factor), Err(ImagesError::Pool { .. })),
                "{factor}"
            );
        }
    }
}
