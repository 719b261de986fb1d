//! Reading one split of a data set in the encoding of its manifest.

use std::{
    fs::File,
    io::{BufReader, Read},
};

use flate2::read::MultiGzDecoder;

use super::{FormatError, ImageSet, ImagesError, archive::Limits, cifar, jpeg_archive, mat, planes::Shape, stl};
use crate::{
    catalogue::{DatasetFolder, Encoding, ImageFormat, Split, SplitFiles},
    idx::Idx,
};

/// More bytes than the files of an archive that are no images: descriptions, lists of names and folds.
const OTHER_BYTES: u64 = 16 << 20;

/// Bytes of a compressed file that are read at once.
const BUFFER: usize = 1 << 16;

impl ImageSet {
    /// Reads one split of a data set, comparing digests, shapes and values with the manifest.
    ///
    /// Archives are read as a stream: memory holds the images and little else.
    ///
    /// # Errors
    ///
    /// [`ImagesError::Catalogue`] for a file that is missing or not the published one;
    /// [`ImagesError::Idx`], [`ImagesError::Format`], [`ImagesError::Shape`] and [`ImagesError::Value`] for
    /// content that is not what the manifest says; [`ImagesError::Memory`].
    pub fn read(folder: &DatasetFolder, split: Split) -> Result<Self, ImagesError> {
        let dataset = folder.dataset();
        dataset.validate()?;
        let source = Source {
            folder,
            format: super::format_of(dataset)?,
            files: dataset.split(split)?,
            split,
        };
        let (images, labels) = match &source.format.encoding {
            Encoding::Idx => source.read_idx(),
            Encoding::Cifar { label_bytes, label } => cifar::read(&source, *label_bytes, *label),
            Encoding::Mat {
                images,
                labels,
                zero_label,
            } => mat::read(&source, [images, labels], *zero_label),
            Encoding::Stl { .. } => stl::read(&source),
            Encoding::JpegArchive => jpeg_archive::read(&source),
        }?;
        Self::new(dataset, split, images, labels)
    }
}

/// Pixels, `[items, height, width, channels]`, and labels; no labels for an unlabeled split.
pub(super) type Content = (Vec<u8>, Vec<u8>);

/// Where the images of one split come from.
pub(super) struct Source<'a> {
    pub(super) folder: &'a DatasetFolder,
    pub(super) format: &'a ImageFormat,
    pub(super) files: &'a SplitFiles,
    pub(super) split: Split,
}

impl Source<'_> {
    /// Sizes of one image.
    pub(super) fn shape(&self) -> Shape {
        Shape {
            height: self.format.height,
            width: self.format.width,
            channels: self.format.channels,
        }
    }

    /// Room for the pixels of all images.
    pub(super) fn buffer(&self) -> Result<Vec<u8>, ImagesError> {
        buffer(self.files.items, self.format.pixels())
    }

    /// The file with the images.
    pub(super) fn open(&self) -> Result<BufReader<File>, ImagesError> {
        let file = self.folder.open(&self.files.images)?;
        Ok(BufReader::with_capacity(BUFFER, file))
    }

    /// The content of the compressed file with the images.
    pub(super) fn unpack(&self) -> Result<impl Read, ImagesError> {
        Ok(MultiGzDecoder::new(self.open()?))
    }

    /// What the archive with the images may hold, from the number of images that the manifest promises;
    /// `image_bytes` is the most that one image with its label can take.
    pub(super) fn limits(&self, image_bytes: usize) -> Limits {
        let splits = self.folder.dataset().splits.values();
        let items: u64 = splits
            .filter(|files| files.images == self.files.images)
            .map(|files| files.items as u64)
            .sum();
        Limits {
            entries: 64,
            bytes: items.saturating_mul(image_bytes as u64).saturating_add(OTHER_BYTES),
        }
    }

    /// For `map_err`: which file is damaged.
    pub(super) fn damaged(&self) -> impl FnOnce(FormatError) -> ImagesError {
        let (dataset, file) = (self.folder.dataset().name.clone(), self.files.images.clone());
        move |source| ImagesError::Format {
            dataset,
            file,
            source: Box::new(source),
        }
    }

    fn read_idx(&self) -> Result<Content, ImagesError> {
        let format = self.format;
        let mut shape = vec![self.files.items, format.height, format.width];
        if format.channels != 1 {
            shape.push(format.channels);
        }
        let images = read_array(self.folder, &self.files.images, &shape)?;
        let labels = match &self.files.labels {
            Some(file) => read_array(self.folder, file, &[self.files.items])?,
            None => Vec::new(),
        };
        Ok((images, labels))
    }
}

/// Zeros for `items` images, or an error where the memory for them is not there.
pub(super) fn buffer(items: usize, pixels: usize) -> Result<Vec<u8>, ImagesError> {
    let error = || ImagesError::Memory { items, pixels };
    let bytes = items.checked_mul(pixels).ok_or_else(error)?;
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(bytes).map_err(|_| error())?;
    buffer.resize(bytes, 0);
    Ok(buffer)
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
