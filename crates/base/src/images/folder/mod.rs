mod error;
mod listing;
mod table;
#[cfg(test)]
mod tests;
mod walk;

use std::{collections::BTreeMap, fs::File, io::BufReader, path::Path};

use image::{DynamicImage, ImageReader, imageops::FilterType};

pub use error::FolderError;
pub use listing::{Listing, Part, Picture};

use super::{ImageSet, ImagesError, decode};

/// Sub-folder whose pictures have no label when the names of the sub-folders are the labels.
const UNLABELED: &str = "unlabeled";

/// Labels are bytes.
const MOST_CLASSES: usize = 256;

/// Most pictures of a folder.
const MOST_PICTURES: usize = 1_000_000;

/// Most pixels of a picture before it is brought to size; 100 million take 300 MB.
const MOST_PIXELS: u64 = 100_000_000;

/// Most rows and columns that pictures are brought to.
const MOST_SIDE: usize = 4096;

/// How the pictures of a [`folder`] are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderOptions {
    /// Rows and columns that all pictures get: the square in the middle of each, resized. None: the pictures
    /// must have one size, and they keep it.
    pub side: Option<usize>,
    /// Values per pixel: 1 for gray, 3 for red, green, blue.
    pub channels: usize,
    /// Sub-folders to pass over, such as `test`.
    pub skip: Vec<String>,
    /// The classes in the order of their numbers, as for pictures to measure on: those of the pictures that were
    /// learned from. None: the labels of these pictures.
    pub classes: Option<Vec<String>>,
}

impl FolderOptions {
    fn check(&self) -> Result<(), FolderError> {
        let problem = if ![1, 3].contains(&self.channels) {
            "pictures have 1 or 3 channels"
        } else if self.side.is_some_and(|side| !(1..=MOST_SIDE).contains(&side)) {
            "pictures are brought to 1 to 4096 rows and columns"
        } else {
            return Ok(());
        };
        Err(FolderError::Options { problem })
    }
}

/// The pictures of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pictures {
    /// Those with a label, in the order of their paths.
    pub labeled: ImageSet,
    /// Those without, in the order of their paths.
    pub unlabeled: ImageSet,
    /// Path in the folder of each labeled picture.
    pub labeled_files: Vec<String>,
    /// Path in the folder of each unlabeled picture.
    pub unlabeled_files: Vec<String>,
}

/// Reads the user's own pictures: all PNG and JPEG files below `directory`, in sub-folders too.
///
/// With a table `labels`, a CSV file with the columns `file` (path in `directory`) and `label`, pictures that it
/// does not name, and those whose label is empty or -1, have no label. Without a table, the label is the name of
/// the outermost sub-folder; pictures beside the sub-folders, and those in `unlabeled`, have none. Unless `options`
/// give them, the classes are the different labels, sorted: as numbers if all are whole numbers, as text otherwise.
///
/// Transparency is dropped, and pictures are turned as their camera noted. Hidden files are passed over.
///
/// # Errors
///
/// [`ImagesError::Folder`] with the file or the line that cannot be used; [`ImagesError::Memory`].
pub fn folder(directory: &Path, labels: Option<&Path>, options: &FolderOptions) -> Result<Pictures, ImagesError> {
    options.check()?;
    let files = walk::pictures(directory, labels, &options.skip, MOST_PICTURES)?;
    let Some(first) = files.first() else {
        return Err(FolderError::Empty {
            folder: directory.to_owned(),
        }
        .into());
    };
    let labels = labels_of(&files, labels)?;
    let class_names = match &options.classes {
        Some(classes) => known_classes(classes, &labels, MOST_CLASSES)?,
        None => class_names(&labels, MOST_CLASSES)?,
    };
    let label = |file: &String| labels.get(file).and_then(Option::as_ref);
    let (labeled_files, unlabeled_files): (Vec<String>, Vec<String>) =
        files.iter().cloned().partition(|file| label(file).is_some());

    let reader = Reader::new(directory, first, options)?;
    let name = |part: &str| format!("{}/{part}", directory.display());
    let mut labeled = reader.read(name("labeled"), &labeled_files, &class_names)?;
    // There are at most 256 classes, and each label is one of them.
    labeled.labels = labeled_files
        .iter()
        .filter_map(|file| class_names.iter().position(|class| Some(class) == label(file)))
        .map(|class| class as u8)
        .collect();
    let unlabeled = reader.read(name("unlabeled"), &unlabeled_files, &class_names)?;
    Ok(Pictures {
        labeled,
        unlabeled,
        labeled_files,
        unlabeled_files,
    })
}

/// The label of each picture, from a table or from the names of sub-folders.
fn labels_of(files: &[String], table: Option<&Path>) -> Result<BTreeMap<String, Option<String>>, FolderError> {
    let is_there = |file: &str| files.binary_search_by(|known| known.as_str().cmp(file)).is_ok();
    match table {
        Some(table) => table::read(table, &is_there),
        None => Ok(files.iter().map(|file| (file.clone(), label_of_folder(file))).collect()),
    }
}

/// The outermost sub-folder of a picture.
fn label_of_folder(file: &str) -> Option<String> {
    let (folder, _) = file.split_once('/')?;
    (folder != UNLABELED).then(|| folder.to_owned())
}

/// The classes that were given, if all labels are among them.
fn known_classes(
    classes: &[String],
    labels: &BTreeMap<String, Option<String>>,
    limit: usize,
) -> Result<Vec<String>, FolderError> {
    if classes.len() > limit {
        return Err(FolderError::Classes {
            found: classes.len(),
            limit,
        });
    }
    for (file, label) in labels {
        if let Some(label) = label
            && !classes.contains(label)
        {
            return Err(FolderError::Label {
                file: file.clone(),
                label: label.clone(),
                classes: classes.to_vec(),
            });
        }
    }
    Ok(classes.to_vec())
}

/// The different labels in order.
fn class_names(labels: &BTreeMap<String, Option<String>>, limit: usize) -> Result<Vec<String>, FolderError> {
    let mut names: Vec<String> = labels.values().flatten().cloned().collect();
    names.sort();
    names.dedup();
    if names.len() > limit {
        return Err(FolderError::Classes {
            found: names.len(),
            limit,
        });
    }
    let number = |name: &String| name.parse::<i64>().ok();
    if names.iter().all(|name| number(name).is_some()) {
        names.sort_by_key(number);
    }
    Ok(names)
}

/// Reads pictures of one size.
struct Reader<'a> {
    directory: &'a Path,
    options: &'a FolderOptions,
    /// The picture whose size all have to have, if they keep their size.
    first: &'a str,
    /// Columns and rows that all pictures get.
    size: (u32, u32),
}

impl<'a> Reader<'a> {
    fn new(directory: &'a Path, first: &'a str, options: &'a FolderOptions) -> Result<Self, ImagesError> {
        let size = match options.side {
            Some(side) => {
                let side = u32::try_from(side).unwrap_or(u32::MAX);
                (side, side)
            }
            None => {
                let image = open(directory, first)?;
                (image.width(), image.height())
            }
        };
        Ok(Self {
            directory,
            options,
            first,
            size,
        })
    }

    fn read(&self, name: String, files: &[String], class_names: &[String]) -> Result<ImageSet, ImagesError> {
        let (width, height) = (self.size.0 as usize, self.size.1 as usize);
        let channels = self.options.channels;
        let pixels = height
            .checked_mul(width)
            .and_then(|pixels| pixels.checked_mul(channels))
            .unwrap_or(usize::MAX);
        let mut images = super::read::buffer(files.len(), pixels)?;
        for (file, pixels) in std::iter::zip(files, images.chunks_exact_mut(pixels.max(1))) {
            let image = self.fit(open(self.directory, file)?, file)?;
            pixels.copy_from_slice(&decode::pixels(image, channels));
        }
        Ok(ImageSet {
            name,
            images,
            labels: Vec::new(),
            height,
            width,
            channels,
            maximum: u8::MAX,
            classes: class_names.len(),
            class_names: class_names.to_vec(),
        })
    }

    /// The picture in the size of all.
    fn fit(&self, image: DynamicImage, file: &str) -> Result<DynamicImage, FolderError> {
        let found = (image.width(), image.height());
        if found == self.size {
            return Ok(image);
        }
        if self.options.side.is_none() {
            return Err(FolderError::Size {
                file: file.to_owned(),
                found,
                first: self.first.to_owned(),
                expected: self.size,
            });
        }
        let side = found.0.min(found.1);
        let square = image.crop_imm((found.0 - side) / 2, (found.1 - side) / 2, side, side);
        // The triangle filter averages over all pixels when it makes pictures smaller, and never leaves their range.
        Ok(square.resize_exact(self.size.0, self.size.1, FilterType::Triangle))
    }
}

/// Refuses more pixels than memory should hold.
fn look(name: &str, width: u32, height: u32) -> Result<(), FolderError> {
    if u64::from(width) * u64::from(height) <= MOST_PIXELS {
        return Ok(());
    }
    Err(FolderError::TooLarge {
        file: name.to_owned(),
        width,
        height,
        limit: MOST_PIXELS,
    })
}

/// Columns and rows that the head of a file claims.
fn size(directory: &Path, name: &str) -> Result<[u32; 2], FolderError> {
    let path = directory.join(name);
    let read = |source| FolderError::Read {
        path: path.clone(),
        source,
    };
    let file = BufReader::new(File::open(&path).map_err(read)?);
    let reader = ImageReader::new(file).with_guessed_format().map_err(read)?;
    let (width, height) = reader.into_dimensions().map_err(|source| FolderError::Picture {
        file: name.to_owned(),
        source,
    })?;
    look(name, width, height)?;
    Ok([width, height])
}

fn open(directory: &Path, name: &str) -> Result<DynamicImage, FolderError> {
    let path = directory.join(name);
    let file = File::open(&path).map_err(|source| FolderError::Read { path, source })?;
    let look = |width: u32, height: u32| look(name, width, height);
    let picture = |source| FolderError::Picture {
        file: name.to_owned(),
        source,
    };
    decode::decode(BufReader::new(file), None, &look, &picture)
}
