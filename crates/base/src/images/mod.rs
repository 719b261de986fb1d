//! Sets of small labeled images, kept in memory as bytes.

mod digits;
mod font;
mod preview;
mod sheet;

pub use digits::digits;
pub use preview::{Preview, preview};
pub use sheet::{Tile, sheet};

use thiserror::Error;

use crate::{
    catalogue::{CatalogueError, Dataset, DatasetFolder, ImageFormat, Split},
    idx::{Idx, IdxError},
};

/// Labeled images of one size, as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageSet {
    /// Name of the data set and split, such as `mnist/train`.
    pub name: String,
    /// Pixels, `[items, height, width, channels]` in row-major order, each in `0..=maximum`.
    pub images: Vec<u8>,
    /// Class of each image, in `0..classes`.
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

/// Why files are not the image set that their manifest describes.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImagesError {
    /// The files are not where they should be, or are others.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A file is not an IDX array.
    #[error("`{file}` of `{dataset}` cannot be read")]
    Idx {
        /// The set.
        dataset: String,
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        source: IdxError,
    },
    /// A file has another shape than the manifest says.
    #[error("`{file}` of `{dataset}` has the shape {found:?} instead of {expected:?}")]
    Shape {
        /// The set.
        dataset: String,
        /// The file.
        file: String,
        /// Shape of the manifest.
        expected: Vec<usize>,
        /// Shape of the file.
        found: Vec<usize>,
    },
    /// A label is no class, or a pixel is brighter than the set allows.
    #[error("item {index} of `{name}` has the {what} {value}, and {largest} is the largest allowed")]
    Value {
        /// Data set and split.
        name: String,
        /// Number of the item.
        index: usize,
        /// `label` or `pixel`.
        what: &'static str,
        /// What stands there.
        value: u8,
        /// What may stand there at most.
        largest: u8,
    },
    /// The manifest describes no images.
    #[error("`{dataset}` is not a set of images of one size")]
    NoImages {
        /// The set.
        dataset: String,
    },
    /// A line of the embedded digits is no digit.
    #[error("line {line} of the embedded digits is damaged")]
    Line {
        /// Number of the line, from 1.
        line: usize,
    },
    /// A picture could not be encoded.
    #[error("the contact sheet cannot be encoded")]
    Encode(#[from] png::EncodingError),
}

impl ImageSet {
    /// Reads one split of a data set of IDX files, comparing digests and shapes with the manifest.
    ///
    /// # Errors
    ///
    /// [`ImagesError::Catalogue`] for a file that is missing or not the published one;
    /// [`ImagesError::Idx`], [`ImagesError::Shape`] and [`ImagesError::Value`] for content that is
    /// not what the manifest says.
    pub fn read(folder: &DatasetFolder, split: Split) -> Result<Self, ImagesError> {
        let dataset = folder.dataset();
        let format = format_of(dataset)?;
        let files = dataset.split(split)?;
        let mut image_shape = vec![files.items, format.height, format.width];
        if format.channels != 1 {
            image_shape.push(format.channels);
        }
        let images = read_array(folder, &files.images, &image_shape)?;
        let labels = read_array(folder, &files.labels, &[files.items])?;
        Self::new(dataset, split, images, labels)
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
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

    /// Number of images of each class.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        for &label in &self.labels {
            counts[usize::from(label)] += 1;
        }
        counts
    }

    /// The images with these numbers, in this order, under the name `name`.
    ///
    /// # Panics
    ///
    /// If a number is not below [`len`](Self::len).
    pub fn subset(&self, name: impl Into<String>, indices: &[usize]) -> Self {
        Self {
            name: name.into(),
            images: indices.iter().flat_map(|&index| self.image(index)).copied().collect(),
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
            class_names: self.class_names.clone(),
            ..*self
        }
    }

    /// Joins pixels and labels whose shapes fit, after checking their values.
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

fn read_array(folder: &DatasetFolder, file: &str, expected: &[usize]) -> Result<Vec<u8>, ImagesError> {
    let bytes = folder.read(file)?;
    let dataset = &folder.dataset().name;
    let limit = expected.iter().product::<usize>() as u64;
    let array = Idx::parse(&bytes, limit).map_err(|source| ImagesError::Idx {
        dataset: dataset.clone(),
        file: file.to_owned(),
        source,
    })?;
    if array.shape != expected {
        return Err(ImagesError::Shape {
            dataset: dataset.clone(),
            file: file.to_owned(),
            expected: expected.to_vec(),
            found: array.shape,
        });
    }
    Ok(array.data)
}
