//! Numeric arrays of MATLAB files of version 5, as streams.
//!
//! Layout ("MAT-File Format", The MathWorks, chapter "Level 5 MAT-File Format"): a header of 128 bytes, then data
//! elements, each a tag (type and size) and data in multiples of 8 bytes. A compressed element is a zlib stream
//! with one element in it. An array is an element that holds elements: flags, sizes, name, values.

use std::io::{self, Read};

use flate2::read::ZlibDecoder;

use super::MatError;

/// Bytes of the header of the file.
const FILE_HEADER: usize = 128;

/// Version and mark of a file of version 5 in little-endian order, at the end of the header.
const VERSION_AND_ORDER: &[u8] = b"\x00\x01IM";

/// Most arrays that are looked at.
pub(super) const MOST_ARRAYS: usize = 64;

/// Most axes of an array.
const MOST_AXES: u64 = 8;

/// Longest name; MATLAB itself allows 63 letters.
const MOST_NAME_BYTES: u64 = 256;

/// Types of elements.
mod kind {
    pub(super) const INT8: u32 = 1;
    pub(super) const UINT8: u32 = 2;
    pub(super) const INT16: u32 = 3;
    pub(super) const UINT16: u32 = 4;
    pub(super) const INT32: u32 = 5;
    pub(super) const UINT32: u32 = 6;
    pub(super) const SINGLE: u32 = 7;
    pub(super) const DOUBLE: u32 = 9;
    pub(super) const MATRIX: u32 = 14;
    pub(super) const COMPRESSED: u32 = 15;
}

/// Classes of arrays that have plain numbers: double, single, and whole numbers of 8 to 64 bits.
const NUMERIC_CLASSES: std::ops::RangeInclusive<u8> = 6..=15;

/// Flag of an array of complex numbers.
const COMPLEX: u8 = 0x08;

/// What a file says about an array of numbers, before its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Array {
    pub(super) name: String,
    /// Sizes, the fastest first.
    pub(super) shape: Vec<usize>,
    /// Type of the values in the file, which may be narrower than that of the array.
    kind: u32,
    /// Size of the values in the file.
    bytes: u64,
}

impl Array {
    /// Checks that the sizes are one of those `allowed`.
    pub(super) fn expect_shape(&self, allowed: &[&[usize]]) -> Result<(), MatError> {
        if allowed.contains(&self.shape.as_slice()) {
            return Ok(());
        }
        Err(MatError::Shape {
            name: self.name.clone(),
            expected: allowed.first().map(|shape| shape.to_vec()).unwrap_or_default(),
            found: self.shape.clone(),
        })
    }

    /// Checks that the values are unsigned bytes, as many as the sizes say.
    pub(super) fn expect_bytes(&self) -> Result<(), MatError> {
        match self.kind {
            kind::UINT8 => self.expect_size(1),
            _ => Err(self.wrong_kind()),
        }
    }

    /// Reads whole numbers of 0 to 255 of any type, as many as `numbers` has room for.
    pub(super) fn small_numbers(&self, values: &mut dyn Read, numbers: &mut [u8]) -> Result<(), MatError> {
        let width = match self.kind {
            kind::INT8 | kind::UINT8 => 1,
            kind::INT16 | kind::UINT16 => 2,
            kind::INT32 | kind::UINT32 | kind::SINGLE => 4,
            kind::DOUBLE => 8,
            _ => return Err(self.wrong_kind()),
        };
        self.expect_size(width as u64)?;
        let mut bytes = [0; 8];
        for (index, number) in numbers.iter_mut().enumerate() {
            values.read_exact(&mut bytes[..width])?;
            let value = self.value(bytes);
            if !(0.0..=255.0).contains(&value) || value.fract() != 0.0 {
                let name = self.name.clone();
                return Err(MatError::Number { name, index, value });
            }
            *number = value as u8;
        }
        Ok(())
    }

    /// One value from its first bytes.
    fn value(&self, bytes: [u8; 8]) -> f64 {
        let [a, b, c, d, ..] = bytes;
        match self.kind {
            kind::INT8 => f64::from(i8::from_le_bytes([a])),
            kind::UINT8 => f64::from(a),
            kind::INT16 => f64::from(i16::from_le_bytes([a, b])),
            kind::UINT16 => f64::from(u16::from_le_bytes([a, b])),
            kind::INT32 => f64::from(i32::from_le_bytes([a, b, c, d])),
            kind::UINT32 => f64::from(u32::from_le_bytes([a, b, c, d])),
            kind::SINGLE => f64::from(f32::from_le_bytes([a, b, c, d])),
            _ => f64::from_le_bytes(bytes),
        }
    }

    fn expect_size(&self, width: u64) -> Result<(), MatError> {
        let count = self
            .shape
            .iter()
            .try_fold(width, |product, &size| product.checked_mul(size as u64));
        if count == Some(self.bytes) {
            return Ok(());
        }
        Err(MatError::Size {
            what: "an array",
            bytes: self.bytes,
        })
    }

    fn wrong_kind(&self) -> MatError {
        MatError::Values {
            name: self.name.clone(),
            kind: self.kind,
        }
    }
}

/// What [`read_arrays`] calls: the place of the name, the array, and its values.
pub(super) type Visit<'a> = &'a mut dyn FnMut(usize, &Array, &mut dyn Read) -> Result<(), MatError>;

/// Reads the arrays of these names, in the order in which the file has them, and nothing behind the last.
///
/// `visit` has to read all values of its array.
///
/// # Errors
///
/// [`MatError::Missing`] and [`MatError::Twice`]; the variant of what is damaged; what `visit` returns.
pub(super) fn read_arrays(mut file: impl Read, names: &[&str], visit: Visit<'_>) -> Result<(), MatError> {
    let mut header = [0; FILE_HEADER];
    file.read_exact(&mut header)?;
    if !header.ends_with(VERSION_AND_ORDER) {
        return Err(MatError::Header);
    }
    let mut search = Search {
        names,
        found: vec![false; names.len()],
        visit,
    };
    for _ in 0..MOST_ARRAYS {
        if search.is_done() {
            return Ok(());
        }
        let Some(tag) = read_tag(&mut file)? else {
            return Err(search.missing());
        };
        let mut element = (&mut file).take(tag.bytes);
        match tag.kind {
            kind::MATRIX => search.matrix(&mut element).map(drop)?,
            kind::COMPRESSED => search.compressed(&mut element)?,
            found => {
                let expected = "an array";
                return Err(MatError::Element { expected, found });
            }
        }
        io::copy(&mut element, &mut io::sink())?;
        if element.limit() > 0 {
            return Err(cut());
        }
    }
    if search.is_done() {
        Ok(())
    } else {
        Err(MatError::TooMany)
    }
}

/// The names that were found so far.
struct Search<'a> {
    names: &'a [&'a str],
    found: Vec<bool>,
    visit: Visit<'a>,
}

impl Search<'_> {
    fn is_done(&self) -> bool {
        self.found.iter().all(|&found| found)
    }

    fn missing(&self) -> MatError {
        let names = std::iter::zip(self.names, &self.found);
        let missing = names.filter(|(_, found)| !**found).map(|(name, _)| *name).next();
        MatError::Missing {
            name: missing.unwrap_or_default().to_owned(),
        }
    }

    /// An array in a zlib stream. One that nobody asked for is decompressed no further than its name.
    fn compressed(&mut self, packed: &mut dyn Read) -> Result<(), MatError> {
        let mut stream = ZlibDecoder::new(packed);
        let tag = read_tag(&mut stream)?.ok_or_else(cut)?;
        if tag.kind != kind::MATRIX {
            let (expected, found) = ("a compressed array", tag.kind);
            return Err(MatError::Element { expected, found });
        }
        let mut element = (&mut stream).take(tag.bytes);
        if self.matrix(&mut element)? {
            // At the end of the stream stands its checksum.
            let padding = io::copy(&mut (&mut stream).take(8), &mut io::sink())?;
            if padding == 8 {
                return Err(MatError::Size {
                    what: "a compressed array",
                    bytes: tag.bytes,
                });
            }
        }
        Ok(())
    }

    /// The inside of an array; returns whether its values were read.
    fn matrix(&mut self, element: &mut dyn Read) -> Result<bool, MatError> {
        let flags = read_small(element, kind::UINT32, "flags", 8)?;
        let [class, flags, ..] = flags[..] else {
            let (what, bytes) = ("flags", flags.len() as u64);
            return Err(MatError::Size { what, bytes });
        };
        let shape = read_small(element, kind::INT32, "sizes", 4 * MOST_AXES)?;
        let name = read_small(element, kind::INT8, "a name", MOST_NAME_BYTES)?;
        let Some(place) = self.names.iter().position(|wanted| wanted.as_bytes() == name) else {
            return Ok(false);
        };
        let name = self.names[place].to_owned();
        if !NUMERIC_CLASSES.contains(&class) || flags & COMPLEX != 0 {
            return Err(MatError::Missing { name });
        }
        if std::mem::replace(&mut self.found[place], true) {
            return Err(MatError::Twice { name });
        }
        let tag = read_tag(&mut *element)?.ok_or_else(cut)?;
        let array = Array {
            name,
            shape: sizes(&shape)?,
            kind: tag.kind,
            bytes: tag.bytes,
        };
        match tag.small {
            Some(data) => (self.visit)(place, &array, &mut data.as_slice().take(tag.bytes))?,
            None => (self.visit)(place, &array, &mut element.take(tag.bytes))?,
        }
        Ok(true)
    }
}

/// Type and size of an element, and the data of a small one, which stand in the tag itself.
struct Tag {
    kind: u32,
    bytes: u64,
    small: Option<[u8; 4]>,
}

/// The next tag, or nothing at the end of the stream.
fn read_tag(mut reader: impl Read) -> Result<Option<Tag>, MatError> {
    let mut tag = Vec::with_capacity(8);
    (&mut reader).take(8).read_to_end(&mut tag)?;
    if tag.is_empty() {
        return Ok(None);
    }
    let [a, b, c, d, data @ ..] = <[u8; 8]>::try_from(tag).map_err(|_| cut())?;
    let first = u32::from_le_bytes([a, b, c, d]);
    Ok(Some(match first >> 16 {
        0 => Tag {
            kind: first,
            bytes: u64::from(u32::from_le_bytes(data)),
            small: None,
        },
        bytes @ 1..=4 => Tag {
            kind: first & 0xffff,
            bytes: u64::from(bytes),
            small: Some(data),
        },
        bytes => {
            let (what, bytes) = ("a small element", u64::from(bytes));
            return Err(MatError::Size { what, bytes });
        }
    }))
}

/// A part of an array before its values: of type `kind`, at most `most` bytes.
fn read_small(reader: &mut dyn Read, kind: u32, what: &'static str, most: u64) -> Result<Vec<u8>, MatError> {
    let tag = read_tag(&mut *reader)?.ok_or_else(cut)?;
    if tag.kind != kind {
        let (expected, found) = (what, tag.kind);
        return Err(MatError::Element { expected, found });
    }
    let bytes = tag.bytes;
    if bytes > most {
        return Err(MatError::Size { what, bytes });
    }
    let length = bytes as usize;
    let mut data = match tag.small {
        Some(data) => data.to_vec(),
        None => {
            let mut padded = vec![0; length.next_multiple_of(8)];
            reader.read_exact(&mut padded)?;
            padded
        }
    };
    data.truncate(length);
    Ok(data)
}

/// Sizes of the axes, which the file has as signed numbers.
fn sizes(bytes: &[u8]) -> Result<Vec<usize>, MatError> {
    let (words, rest) = bytes.as_chunks::<4>();
    let sizes = words.iter().map(|&word| usize::try_from(i32::from_le_bytes(word)));
    let sizes: Result<Vec<_>, _> = sizes.collect();
    match sizes {
        Ok(sizes) if rest.is_empty() => Ok(sizes),
        _ => Err(MatError::Size {
            what: "sizes",
            bytes: bytes.len() as u64,
        }),
    }
}

fn cut() -> MatError {
    io::Error::from(io::ErrorKind::UnexpectedEof).into()
}
