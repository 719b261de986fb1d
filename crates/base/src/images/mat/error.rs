use std::io;

use thiserror::Error;

use super::reader::MOST_ARRAYS;

/// Why bytes are not the MATLAB file that a data set needs.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MatError {
    /// The stream ends early, or its compression is damaged.
    #[error("the MATLAB file ends early or is damaged; fetch or import it again")]
    Read(#[from] io::Error),
    /// The header is that of another kind of file.
    #[error("not a MATLAB file of version 5 in little-endian order")]
    Header,
    /// An element is of another type than stands at its place.
    #[error("the MATLAB file has an element of type {found} where {expected} has to be")]
    Element {
        /// What has to be there.
        expected: &'static str,
        /// Type of the element.
        found: u32,
    },
    /// The size of an element is impossible.
    #[error("the MATLAB file has {what} of {bytes} bytes, which cannot be")]
    Size {
        /// Which element.
        what: &'static str,
        /// The size that its tag says.
        bytes: u64,
    },
    /// More arrays than any data set has.
    #[error("the MATLAB file has more than {MOST_ARRAYS} arrays")]
    TooMany,
    /// There is no array of this name, or nothing but text and structures.
    #[error("the MATLAB file has no array of numbers `{name}`")]
    Missing {
        /// The name.
        name: String,
    },
    /// An array stands there twice.
    #[error("the MATLAB file has `{name}` twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// An array has other sizes than the data set says.
    #[error("`{name}` of the MATLAB file has the shape {found:?} instead of {expected:?}")]
    Shape {
        /// The array.
        name: String,
        /// Shape that the set says.
        expected: Vec<usize>,
        /// Shape of the file.
        found: Vec<usize>,
    },
    /// An array has values of a type that cannot be used.
    #[error("`{name}` of the MATLAB file has values of type {kind}, which are not used here")]
    Values {
        /// The array.
        name: String,
        /// Type of its values.
        kind: u32,
    },
    /// A value is no whole number of 0 to 255.
    #[error("value {index} of `{name}` in the MATLAB file is {value}, and whole numbers of 0 to 255 are needed")]
    Number {
        /// The array.
        name: String,
        /// Place of the value, from 0.
        index: usize,
        /// The value.
        value: f64,
    },
}
