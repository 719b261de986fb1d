use std::io;

use image::ImageError;
use thiserror::Error;

use super::{FolderError, MatError};
use crate::{catalogue::CatalogueError, idx::IdxError};

/// Why files are not the image set that their manifest describes, or why sets do not fit.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ImagesError {
    /// The files are not where they should be, or are others.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A folder of the user's own pictures cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
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
    /// A file of another format is damaged.
    #[error("`{file}` of `{dataset}` cannot be read")]
    Format {
        /// The set.
        dataset: String,
        /// The file.
        file: String,
        /// What is wrong with it.
        #[source]
        source: Box<FormatError>,
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
    /// The manifest describes no predefined folds.
    #[error("`{dataset}` has no predefined folds; STL-10 has")]
    NoFolds {
        /// The set.
        dataset: String,
    },
    /// Two sets are of different kinds.
    #[error("`{first}` and `{second}` cannot be joined: they differ in {what}")]
    Unlike {
        /// Name of one set.
        first: String,
        /// Name of the other.
        second: String,
        /// The first difference.
        what: &'static str,
    },
    /// Images cannot be cut into squares of this size.
    #[error("images of {height}x{width} pixels cannot be pooled by {factor}: both sides must be multiples of it")]
    Pool {
        /// Rows of an image.
        height: usize,
        /// Columns of an image.
        width: usize,
        /// Side of the squares.
        factor: usize,
    },
    /// The images do not fit into memory.
    #[error("no memory for {items} images of {pixels} bytes")]
    Memory {
        /// Number of images.
        items: usize,
        /// Bytes of one.
        pixels: usize,
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

/// What is wrong with a file of images.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The stream could not be read, or its compression is damaged.
    #[error("the stream ends early or is damaged; fetch or import the file again")]
    Read(#[from] io::Error),
    /// More comes out of an archive than its set justifies.
    #[error("the archive unpacks to more than the {limit} bytes that the set justifies")]
    TooLarge {
        /// Largest number of bytes.
        limit: u64,
    },
    /// An archive has more entries than its set justifies.
    #[error("the archive has more than {limit} entries")]
    Entries {
        /// Largest number of entries.
        limit: usize,
    },
    /// An archive has an entry that no data set needs: a link, a device, a path that leaves the archive.
    #[error("the archive's entry `{path}` is {what}")]
    Entry {
        /// Path of the entry, made printable.
        path: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A member of an archive has another size than the set says.
    #[error("the member `{member}` has {found} bytes instead of {expected}")]
    Size {
        /// The member.
        member: String,
        /// Size that the set says, or the largest allowed.
        expected: u64,
        /// Size in the archive.
        found: u64,
    },
    /// A member stands in an archive twice.
    #[error("the member `{member}` stands in the archive twice")]
    Twice {
        /// The member.
        member: String,
    },
    /// An archive lacks a member.
    #[error("the archive lacks `{member}`")]
    Missing {
        /// The member.
        member: String,
    },
    /// Another member stands where a picture of a fixed order has to be.
    #[error("member {index} of the archive is `{found}` instead of `{expected}`")]
    Order {
        /// Number of the picture, from 0.
        index: usize,
        /// Its path, `*` for the name of a class.
        expected: String,
        /// The path in the archive.
        found: String,
    },
    /// An archive has more pictures than its set.
    #[error("the archive goes on after the {items} pictures of the set, with `{found}`")]
    TooMany {
        /// Pictures of the set.
        items: usize,
        /// The first member too many.
        found: String,
    },
    /// A label stands for no class.
    #[error("item {index} has the label {value}, and labels are {first} to {last}")]
    Label {
        /// Number of the item, from 0.
        index: usize,
        /// What stands there.
        value: u8,
        /// The smallest label.
        first: u8,
        /// The largest label.
        last: u8,
    },
    /// A picture cannot be decoded.
    #[error("the picture `{member}` cannot be decoded")]
    Picture {
        /// The picture.
        member: String,
        /// Why.
        #[source]
        source: ImageError,
    },
    /// A picture has another size than the set says.
    #[error("the picture `{member}` has {width}x{height} pixels, and the set has another size")]
    PictureSize {
        /// The picture.
        member: String,
        /// Columns of the picture.
        width: u32,
        /// Rows of the picture.
        height: u32,
    },
    /// A list of folds is none.
    #[error("line {line} of `{member}` is no list of images of the split: {problem}")]
    Fold {
        /// The member.
        member: String,
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A file is not the MATLAB file that the set says.
    #[error(transparent)]
    Mat(#[from] MatError),
}
