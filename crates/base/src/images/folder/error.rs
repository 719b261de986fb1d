use std::{io, path::PathBuf};

use image::ImageError;
use thiserror::Error;

/// Why a folder of pictures cannot be used. Files are named by their path in the folder.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FolderError {
    /// What was asked for makes no sense.
    #[error("{problem}")]
    Options {
        /// What would.
        problem: &'static str,
    },
    /// A file or folder could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no picture.
    #[error("{} has no .png, .jpg or .jpeg picture", folder.display())]
    Empty {
        /// The folder.
        folder: PathBuf,
    },
    /// There are more pictures than can be handled.
    #[error("{} has more than {limit} pictures", folder.display())]
    TooMany {
        /// The folder.
        folder: PathBuf,
        /// The largest number.
        limit: usize,
    },
    /// A sub-folder lies too deep.
    #[error("{} lies more than {limit} folders deep", path.display())]
    TooDeep {
        /// The sub-folder.
        path: PathBuf,
        /// The largest depth.
        limit: usize,
    },
    /// A name that is no Unicode text.
    #[error("the name of {} is no Unicode text; give it another one", path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// A link to something outside, or to a folder.
    #[error("{} is a link that leads out of the folder, to a folder, or nowhere; put the picture itself there", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A file that is no picture.
    #[error("`{file}` is no picture: names end in .png, .jpg or .jpeg. Move it out of the folder")]
    Extension {
        /// The file.
        file: String,
    },
    /// A picture cannot be decoded.
    #[error("the picture `{file}` cannot be read")]
    Picture {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: ImageError,
    },
    /// A picture that is far larger than any use of it here.
    #[error("the picture `{file}` claims {width}x{height} pixels, and {limit} pixels are the most")]
    TooLarge {
        /// The file.
        file: String,
        /// Columns that its header says.
        width: u32,
        /// Rows that its header says.
        height: u32,
        /// The largest number of pixels.
        limit: u64,
    },
    /// Pictures have different sizes, and no size was asked for.
    #[error(
        "`{file}` has {}x{} pixels, but `{first}` has {}x{}; ask for a size, and all pictures are brought to it",
        found.0, found.1, expected.0, expected.1
    )]
    Size {
        /// The file.
        file: String,
        /// Its columns and rows.
        found: (u32, u32),
        /// The first picture.
        first: String,
        /// Columns and rows of the first picture.
        expected: (u32, u32),
    },
    /// A line of the table of labels cannot be used.
    #[error("{}, line {line}: {problem}", table.display())]
    Table {
        /// The table.
        table: PathBuf,
        /// Number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// A label that is none of the classes.
    #[error("`{file}` has the label `{label}`, and the classes are: {}", classes.join(", "))]
    Label {
        /// The file.
        file: String,
        /// Its label.
        label: String,
        /// The classes.
        classes: Vec<String>,
    },
    /// More classes than labels can tell apart.
    #[error("there are {found} different labels, and {limit} are the most; is it the right column?")]
    Classes {
        /// Number of different labels.
        found: usize,
        /// The largest number.
        limit: usize,
    },
}
