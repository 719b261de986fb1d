//! Reading small data sets in the encodings of the large ones, from the manifest to the pixels.

use std::{
    fs,
    io::{Cursor, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use image::{ImageFormat, RgbImage};
use papers_base::{
    catalogue::{Dataset, DatasetFolder, Digest, Origin, Root, Search, Split},
    images::{self, FormatError, ImageSet, ImagesError},
};
use tempfile::TempDir;

/// A data set of one file, and the folder that holds it.
struct Case {
    temporary: TempDir,
    manifest: String,
}

impl Case {
    /// A set called `toy` of 2x3 colored images of two classes, in the file `file`; `rest` are its encoding and splits.
    fn new(content: &[u8], rest: &str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        fs::create_dir(temporary.path().join("toy")).unwrap();
        fs::write(temporary.path().join("toy/file"), content).unwrap();
        let manifest = format!(
            "name = 'toy'\ntitle = ''\nsummary = ''\nlicense = ''\ncitation = ''\nhomepage = ''\n\
             [[files]]\nname = 'file'\nsha256 = '{}'\n\
             [images]\nheight = 2\nwidth = 3\nchannels = 3\nclasses = ['a', 'b']\n{rest}",
            Digest::sha256(content)
        );
        Self { temporary, manifest }
    }

    fn folder(&self) -> DatasetFolder {
        let dataset = Dataset::parse("toy", &self.manifest).unwrap();
        DatasetFolder::new(&dataset, self.temporary.path().join("toy"), Origin::CommandLine)
    }

    fn read(&self, split: Split) -> Result<ImageSet, ImagesError> {
        ImageSet::read(&self.folder(), split)
    }
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, *content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

/// The pixels of one image: a digit for the place, in small letters red, in capitals green, shifted ones blue.
const PIXELS: &[u8] = b"aAgbBhcCidDjeEkfFl";
const ROWS: &[u8] = b"abcdefABCDEFghijkl";
const COLUMNS: &[u8] = b"adbecfADBECFgjhkil";

#[test]
fn cifar_records_are_read_in_the_order_of_the_manifest() {
    let record = |label: u8| [&[label], ROWS].concat();
    let case = Case::new(
        &archive(&[("set/2", &record(1)), ("set/test", &record(0)), ("set/1", &record(0))]),
        "encoding = { kind = 'cifar', label_bytes = 1, label = 0 }\n\
         [splits.train]\nitems = 2\nimages = 'file'\nlabels = 'file'\nmembers = ['set/1', 'set/2']\n\
         [splits.test]\nitems = 1\nimages = 'file'\nlabels = 'file'\nmembers = ['set/test']",
    );
    let train = case.read(Split::Train).unwrap();
    assert_eq!((train.name.as_str(), train.len()), ("toy/train", 2));
    assert_eq!(train.labels, [0, 1]);
    assert_eq!(train.images, PIXELS.repeat(2));
    assert_eq!(case.read(Split::Test).unwrap().labels, [0]);
    assert!(matches!(case.read(Split::Extra), Err(ImagesError::Catalogue(_))));
}

#[test]
fn a_damaged_archive_is_named_with_its_set() {
    let case = Case::new(
        &archive(&[("set/1", ROWS)]),
        "encoding = { kind = 'cifar', label_bytes = 1, label = 0 }\n\
         [splits.train]\nitems = 1\nimages = 'file'\nlabels = 'file'\nmembers = ['set/1']",
    );
    let error = case.read(Split::Train).unwrap_err();
    assert_eq!(error.to_string(), "`file` of `toy` cannot be read");
    let ImagesError::Format { source, .. } = error else {
        panic!("{error}");
    };
    assert!(
        matches!(
            *source,
            FormatError::Size {
                expected: 19,
                found: 18,
                ..
            }
        ),
        "{source}"
    );
}

#[test]
fn a_bomb_stops_at_what_the_set_justifies() {
    let case = Case::new(
        &archive(&[("bomb", &vec![0; 32 << 20])]),
        "encoding = { kind = 'cifar', label_bytes = 1, label = 0 }\n\
         [splits.train]\nitems = 1\nimages = 'file'\nlabels = 'file'\nmembers = ['set/1']",
    );
    let Err(ImagesError::Format { source, .. }) = case.read(Split::Train) else {
        panic!("read");
    };
    assert!(matches!(*source, FormatError::TooLarge { .. }), "{source}");
}

#[test]
fn stl_has_labels_from_one_unlabeled_images_and_folds() {
    let case = Case::new(
        &archive(&[
            ("set/test_X.bin", COLUMNS),
            ("set/train_y.bin", &[2, 1]),
            ("set/unlabeled_X.bin", &COLUMNS.repeat(3)),
            ("set/folds.txt", b"1 0\n0\n"),
            ("set/train_X.bin", &COLUMNS.repeat(2)),
            ("set/test_y.bin", &[1]),
        ]),
        "encoding = { kind = 'stl', folds = 'set/folds.txt' }\n\
         [splits.train]\nitems = 2\nimages = 'file'\nlabels = 'file'\nmembers = ['set/train_X.bin', 'set/train_y.bin']\n\
         [splits.test]\nitems = 1\nimages = 'file'\nlabels = 'file'\nmembers = ['set/test_X.bin', 'set/test_y.bin']\n\
         [splits.unlabeled]\nitems = 3\nimages = 'file'\nmembers = ['set/unlabeled_X.bin']",
    );
    let train = case.read(Split::Train).unwrap();
    assert_eq!(
        (train.images.as_slice(), train.labels.as_slice()),
        (PIXELS.repeat(2).as_slice(), &[1, 0][..])
    );
    assert_eq!(case.read(Split::Test).unwrap().labels, [0]);
    let unlabeled = case.read(Split::Unlabeled).unwrap();
    assert_eq!((unlabeled.len(), unlabeled.is_labeled()), (3, false));
    assert_eq!(unlabeled.image(2), PIXELS);
    assert_eq!(images::stl10_folds(&case.folder()).unwrap(), [vec![1, 0], vec![0]]);
}

#[test]
fn other_sets_have_no_folds() {
    let case = Case::new(b"", "[splits.train]\nitems = 1\nimages = 'file'\nlabels = 'file'");
    assert!(matches!(
        images::stl10_folds(&case.folder()),
        Err(ImagesError::NoFolds { .. })
    ));
}

#[test]
fn mat_arrays_are_read_by_name() {
    let element = |kind: u32, data: &[u8]| {
        let mut element = [kind.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat();
        element.extend(data);
        element.resize(element.len().next_multiple_of(8), 0);
        element
    };
    let array = |name: &str, sizes: &[i32], values: &[u8]| {
        let sizes: Vec<u8> = sizes.iter().flat_map(|size| size.to_le_bytes()).collect();
        let flags = element(6, &[9, 0, 0, 0, 0, 0, 0, 0]);
        let inside = [
            flags,
            element(5, &sizes),
            element(1, name.as_bytes()),
            element(2, values),
        ]
        .concat();
        element(14, &inside)
    };
    let mut file = vec![b' '; 124];
    file.extend(b"\x00\x01IM");
    file.extend(array("X", &[2, 3, 3, 2], &COLUMNS.repeat(2)));
    file.extend(array("y", &[2, 1], &[10, 1]));
    let case = Case::new(
        &file,
        "encoding = { kind = 'mat', images = 'X', labels = 'y', zero_label = 10 }\n\
         [splits.extra]\nitems = 2\nimages = 'file'\nlabels = 'file'",
    );
    let extra = case.read(Split::Extra).unwrap();
    assert_eq!(
        (extra.name.as_str(), extra.labels.as_slice()),
        ("toy/extra", &[0, 1][..])
    );
    assert_eq!(extra.images, PIXELS.repeat(2));
}

#[test]
fn jpeg_pictures_have_their_classes_in_their_names() {
    let mut picture = Cursor::new(Vec::new());
    let gray = RgbImage::from_pixel(3, 2, [100; 3].into());
    gray.write_to(&mut picture, ImageFormat::Jpeg).unwrap();
    let case = Case::new(
        &archive(&[
            ("train/00000_b.jpg", picture.get_ref()),
            ("train/00001_a.jpg", picture.get_ref()),
        ]),
        "encoding = { kind = 'jpeg-archive' }\n\
         [splits.train]\nitems = 2\nimages = 'file'\nlabels = 'file'",
    );
    let train = case.read(Split::Train).unwrap();
    assert_eq!(train.labels, [1, 0]);
    // JPEG keeps a single gray level within rounding.
    assert!(train.images.len() == 36 && train.images.iter().all(|&value| value.abs_diff(100) <= 1));
}

#[test]
fn a_set_is_also_found_in_the_other_folders_of_its_manifest() {
    let case = Case::new(b"content", "");
    let search = |name: &str| {
        let manifest = case
            .manifest
            .replace("name = 'toy'", &format!("name = '{name}'\nalso_in = ['toy']"));
        let dataset = Dataset::parse(name, &manifest).unwrap();
        let path = case.temporary.path().to_owned();
        let root = Root {
            origin: Origin::Environment,
            path,
        };
        Search::of([root]).find(&dataset).map(|folder| folder.path().to_owned())
    };
    assert_eq!(search("other").unwrap(), case.temporary.path().join("toy"));
    // Its own folder comes first, if it is complete.
    let own = case.temporary.path().join("other");
    fs::create_dir(&own).unwrap();
    assert_eq!(search("other").unwrap(), case.temporary.path().join("toy"));
    write(&own.join("file"), b"content");
    assert_eq!(search("other").unwrap(), own);
}

fn write(path: &Path, content: &[u8]) {
    fs::File::create(path).unwrap().write_all(content).unwrap();
}
