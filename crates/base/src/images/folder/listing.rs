use std::{
    collections::{BTreeMap, HashMap},
    path::{Component, Path, PathBuf},
};

use image::{DynamicImage, imageops::FilterType};

use super::{FolderError, FolderOptions, Reader, class_names, known_classes, labels_of, open, walk};
use crate::images::{ImageSet, ImagesError, decode};

/// Most pictures of a listing: their names fit into memory.
const MOST_PICTURES: usize = 20_000_000;
/// Most classes of a listing.
const MOST_CLASSES: usize = 1_000_000;

/// The labeled pictures of a folder, read one at a time: for sets that do not fit into memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    directory: PathBuf,
    /// Paths in the folder, sorted.
    files: Vec<String>,
    labels: Vec<u32>,
    class_names: Vec<String>,
}

impl Listing {
    /// Finds the labeled pictures below `directory`, and reads none yet; which they are is said in [`folder`](super::folder).
    ///
    /// # Errors
    ///
    /// A file or a line that cannot be used, a label that is not among `classes`, or no labeled picture.
    pub fn new(directory: &Path, labels: Option<&Path>, classes: Option<&[String]>) -> Result<Self, ImagesError> {
        let files = walk::pictures(directory, labels, &[], MOST_PICTURES)?;
        let known = labels_of(&files, labels)?;
        let class_names = match classes {
            Some(classes) => known_classes(classes, &known, MOST_CLASSES)?,
            None => class_names(&known, MOST_CLASSES)?,
        };
        Self::labeled(directory, files, &known, class_names)
    }

    /// Finds all pictures below `directory`: those without a label are of the class `rest`, the last one, if there are some.
    ///
    /// # Errors
    ///
    /// A file or a line that cannot be used, or no picture.
    pub fn with_rest(directory: &Path, labels: Option<&Path>, rest: &str) -> Result<Self, ImagesError> {
        let files = walk::pictures(directory, labels, &[], MOST_PICTURES)?;
        let mut known = labels_of(&files, labels)?;
        let mut class_names = class_names(&known, MOST_CLASSES)?;
        let is_labeled = |file: &String| known.get(file).is_some_and(Option::is_some);
        if !files.iter().all(is_labeled) {
            class_names.retain(|name| name != rest);
            class_names.push(rest.to_owned());
        }
        for file in &files {
            known
                .entry(file.clone())
                .or_default()
                .get_or_insert_with(|| rest.to_owned());
        }
        Self::labeled(directory, files, &known, class_names)
    }

    /// Finds all pictures below `directory`, in one class: sub-folders, however many, mean nothing.
    ///
    /// # Errors
    ///
    /// A file that cannot be used, or no picture.
    pub fn of_one_class(directory: &Path, name: &str) -> Result<Self, ImagesError> {
        let files = walk::pictures(directory, None, &[], MOST_PICTURES)?;
        let known = files.iter().map(|file| (file.clone(), Some(name.to_owned()))).collect();
        Self::labeled(directory, files, &known, vec![name.to_owned()])
    }

    /// Pictures that a data set's own list names, each with its path below `directory` and its label, in this order.
    ///
    /// Whether they are there is seen when they are [read](Self::read).
    ///
    /// # Errors
    ///
    /// No picture, too many pictures or classes, or a path that leads out of the folder.
    pub fn of_files(directory: &Path, pictures: Vec<(String, String)>) -> Result<Self, ImagesError> {
        if pictures.len() > MOST_PICTURES {
            let (folder, limit) = (directory.to_owned(), MOST_PICTURES);
            return Err(FolderError::TooMany { folder, limit }.into());
        }
        let leads_out = |file: &str| {
            !Path::new(file)
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
        };
        if let Some((file, _)) = pictures.iter().find(|(file, _)| leads_out(file)) {
            let path = directory.join(file);
            return Err(FolderError::Link { path }.into());
        }
        let known: BTreeMap<String, Option<String>> = pictures
            .iter()
            .map(|(file, label)| (file.clone(), Some(label.clone())))
            .collect();
        let class_names = class_names(&known, MOST_CLASSES)?;
        let files = pictures.into_iter().map(|(file, _)| file).collect();
        Self::labeled(directory, files, &known, class_names)
    }

    fn labeled(
        directory: &Path,
        files: Vec<String>,
        known: &BTreeMap<String, Option<String>>,
        class_names: Vec<String>,
    ) -> Result<Self, ImagesError> {
        let places: HashMap<&String, u32> = class_names.iter().zip(0..).collect();
        let label = |file: &String| known.get(file)?.as_ref().and_then(|label| places.get(label).copied());
        let labeled = files
            .into_iter()
            .filter_map(|file| label(&file).map(|label| (file, label)));
        let (files, labels): (Vec<String>, Vec<u32>) = labeled.unzip();
        if files.is_empty() {
            let folder = directory.to_owned();
            return Err(FolderError::Empty { folder }.into());
        }
        Ok(Self {
            directory: directory.to_owned(),
            files,
            labels,
            class_names,
        })
    }

    /// Number of pictures.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Path of each picture in the folder.
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// Names of the classes, in the order of their numbers.
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The class of a picture.
    ///
    /// # Panics
    ///
    /// If there is no such picture.
    pub fn label(&self, index: usize) -> usize {
        self.labels[index] as usize
    }

    /// Some of the pictures, in this order.
    ///
    /// # Panics
    ///
    /// If there is no such picture.
    #[must_use]
    pub fn subset(&self, indices: &[usize]) -> Self {
        Self {
            directory: self.directory.clone(),
            files: indices.iter().map(|&index| self.files[index].clone()).collect(),
            labels: indices.iter().map(|&index| self.labels[index]).collect(),
            class_names: self.class_names.clone(),
        }
    }

    /// Reads a picture.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or decoded, or is too large.
    ///
    /// # Panics
    ///
    /// If there is no such picture.
    pub fn read(&self, index: usize) -> Result<Picture, ImagesError> {
        Ok(Picture(open(&self.directory, &self.files[index])?))
    }

    /// Columns and rows of a picture, from the head of its file; none of its pixels are decoded.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is no picture, or claims too many pixels.
    ///
    /// # Panics
    ///
    /// If there is no such picture.
    pub fn size(&self, index: usize) -> Result<[u32; 2], ImagesError> {
        Ok(super::size(&self.directory, &self.files[index])?)
    }

    /// Reads all of them, without labels, in the size that `options` say; classes and sub-folders in there count for nothing.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, decoded or brought to the size, or more pictures than memory has room for.
    pub fn images(&self, options: &FolderOptions) -> Result<ImageSet, ImagesError> {
        options.check()?;
        let first = self.files.first().map_or("", String::as_str);
        let reader = Reader::new(&self.directory, first, options)?;
        reader.read(self.directory.display().to_string(), &self.files, &[])
    }
}

/// A picture of any size.
#[derive(Debug, Clone)]
pub struct Picture(DynamicImage);

/// A part of a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Picture {
    /// Columns and rows.
    pub fn size(&self) -> [u32; 2] {
        [self.0.width(), self.0.height()]
    }

    /// A part of it, brought to `side` rows and columns: `[side, side, channels]`, gray for one channel, red, green, blue
    /// otherwise. What of the part is outside of the picture is left out.
    pub fn view(&self, part: Part, side: u32, channels: usize) -> Vec<u8> {
        let Part {
            left,
            top,
            width,
            height,
        } = part;
        let cut = self.0.crop_imm(left, top, width, height);
        // The triangle filter averages over all pixels when it makes pictures smaller, and never leaves their range.
        decode::pixels(cut.resize_exact(side, side, FilterType::Triangle), channels)
    }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (class, red) in [("a", 10), ("b", 200)] {
            std::fs::create_dir(folder.path().join(class)).unwrap();
            for number in 0..2 {
                let picture = RgbImage::from_fn(6, 4, |x, _| Rgb([red, if x < 3 { 0 } else { 255 }, number]));
                picture
                    .save(folder.path().join(class).join(format!("{number}.png")))
                    .unwrap();
            }
        }
        folder
    }

    #[test]
    fn pictures_are_listed_with_their_labels_and_read_one_by_one() {
        let folder = folder();
        let listing = Listing::new(folder.path(), None, None).unwrap();
        assert_eq!((listing.len(), listing.class_names().len()), (4, 2));
        assert_eq!([0, 1, 2, 3].map(|index| listing.label(index)), [0, 0, 1, 1]);
        let picture = listing.read(3).unwrap();
        assert_eq!(picture.size(), [6, 4]);
        let left = Part {
            left: 0,
            top: 0,
            width: 3,
            height: 4,
        };
        assert_eq!(picture.view(left, 1, 3), [200, 0, 1]);
        let last = listing.subset(&[3, 0]);
        assert_eq!((last.label(0), last.len()), (1, 2));
        assert_eq!(last.read(1).unwrap().view(left, 1, 3), [10, 0, 0]);
    }

    #[test]
    fn pictures_of_a_list_keep_its_order() {
        let folder = folder();
        let list = |files: &[(&str, &str)]| {
            let owned = |&(file, label): &(&str, &str)| (file.to_owned(), label.to_owned());
            Listing::of_files(folder.path(), files.iter().map(owned).collect())
        };
        let listing = list(&[("b/1.png", "10"), ("a/0.png", "9"), ("none.png", "10")]).unwrap();
        assert_eq!(
            (listing.len(), listing.class_names()),
            (3, &["9".to_owned(), "10".to_owned()][..])
        );
        assert_eq!([0, 1, 2].map(|index| listing.label(index)), [1, 0, 1]);
        assert_eq!(listing.size(0).unwrap(), [6, 4]);
        assert!(listing.size(2).unwrap_err().to_string().contains("none.png"));
        for path in ["../a/0.png", "/etc/a.png"] {
            assert!(list(&[(path, "9")]).is_err(), "{path}");
        }
        assert!(list(&[]).is_err());
    }

    #[test]
    fn broken_pictures_and_unknown_labels_are_told() {
        let folder = folder();
        std::fs::write(folder.path().join("a/2.png"), "no picture").unwrap();
        let listing = Listing::new(folder.path(), None, None).unwrap();
        let message = listing.read(2).unwrap_err().to_string();
        assert!(message.contains("2.png"), "{message}");
        let classes = ["a".to_owned()];
        assert!(Listing::new(folder.path(), None, Some(&classes)).is_err());
        assert!(Listing::new(&folder.path().join("none"), None, None).is_err());
    }

    #[test]
    fn pictures_without_a_label_are_a_class_or_all_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let save = |name: &str, level: u8| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            image::RgbImage::from_pixel(4, 2, [level; 3].into()).save(path).unwrap();
        };
        (0..300).for_each(|number| save(&format!("n{number:03}/a.png"), 1));
        save("b.png", 7);
        let listing = Listing::with_rest(folder.path(), None, "rest").unwrap();
        assert_eq!((listing.len(), listing.class_names().len()), (301, 301));
        assert_eq!(listing.class_names()[listing.label(0)], "rest");
        let listing = Listing::of_one_class(folder.path(), "all").unwrap();
        assert_eq!((listing.len(), listing.class_names()), (301, &["all".to_owned()][..]));
        assert_eq!(listing.files()[0], "b.png");
        let options = FolderOptions {
            side: Some(2),
            channels: 1,
            skip: Vec::new(),
            classes: None,
        };
        let images = listing.images(&options).unwrap();
        assert_eq!((images.len(), images.image(0)), (301, &[7; 4][..]));
        assert!(images.labels.is_empty() && images.classes == 0);
        std::fs::remove_file(folder.path().join("b.png")).unwrap();
        let listing = Listing::with_rest(folder.path(), None, "rest").unwrap();
        assert_eq!(listing.class_names().len(), 300);
    }
}
