//! The IDX format of MNIST and its relatives: a big-endian header, then bytes in row-major order.
//!
//! Layout (LeCun, Cortes, Burges, "The MNIST database", file formats): two zero bytes, one byte for
//! the element type (`0x08` is unsigned byte), one byte for the number of axes, one `u32` per axis, then
//! the data. Files may be compressed with gzip.

use std::io::{self, Read};

use thiserror::Error;

use crate::gzip;

/// Axes beyond this number are refused; the largest known file of this kind has five.
const MAX_AXES: u8 = 8;

/// Element type of the only kind of IDX file that image sets use.
const UNSIGNED_BYTE: u8 = 0x08;

/// An array of bytes with its shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idx {
    /// Sizes of the axes, slowest first.
    pub shape: Vec<usize>,
    /// The elements in row-major order; as many as the product of `shape`.
    pub data: Vec<u8>,
}

/// Why bytes are not an IDX array.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum IdxError {
    /// The stream could not be read, or its compression is damaged.
    #[error("the IDX stream cannot be read; fetch or import the file again")]
    Read(#[source] io::Error),
    /// The first bytes are not those of an IDX file.
    #[error("not an IDX file: it begins with the bytes {found:02x?}, and IDX begins with 00 00")]
    Magic {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// An element type other than unsigned byte.
    #[error("IDX element type 0x{code:02x} is not supported; only unsigned bytes (0x08) are")]
    ElementType {
        /// The third byte of the file.
        code: u8,
    },
    /// A number of axes that no data set has.
    #[error("an IDX array of {axes} axes is not supported; 1 to {MAX_AXES} are")]
    Axes {
        /// The fourth byte of the file.
        axes: u8,
    },
    /// The header asks for more than the caller allows.
    #[error("the IDX header claims the shape {shape:?}, more than the {limit} bytes allowed here")]
    TooLarge {
        /// Sizes in the header.
        shape: Vec<usize>,
        /// Limit of the caller, in bytes.
        limit: u64,
    },
    /// The file ends before the data that its header promises.
    #[error("the IDX header promises {expected} bytes of data, and {found} are there: the file is cut")]
    Truncated {
        /// Bytes promised.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// The file goes on after the data that its header promises.
    #[error("the IDX file goes on after the {expected} bytes that its header promises")]
    TrailingBytes {
        /// Bytes promised.
        expected: u64,
    },
}

impl Idx {
    /// Parses a whole file in memory, gzip or plain.
    ///
    /// # Errors
    ///
    /// As [`Idx::read`].
    pub fn parse(file: &[u8], limit: u64) -> Result<Self, IdxError> {
        Self::read(gzip::reader(file), limit)
    }

    /// Reads one array of at most `limit` bytes from an uncompressed stream, up to its end.
    ///
    /// Memory grows with the bytes that really come out of `reader`, never with what the header claims.
    ///
    /// # Errors
    ///
    /// [`IdxError::TooLarge`] before any data is read; [`IdxError::Truncated`] and
    /// [`IdxError::TrailingBytes`] if header and data disagree; otherwise the variant of the damaged part.
    pub fn read(mut reader: impl Read, limit: u64) -> Result<Self, IdxError> {
        let shape = read_shape(&mut reader)?;
        let expected = shape
            .iter()
            .try_fold(1_u64, |product, &size| product.checked_mul(size as u64))
            .filter(|&product| product <= limit);
        let Some(expected) = expected else {
            return Err(IdxError::TooLarge { shape, limit });
        };
        let mut data = Vec::new();
        // One byte more than promised, so that a longer stream is noticed and the end of a gzip stream,
        // where its checksum stands, is reached.
        let found = reader
            .take(expected.saturating_add(1))
            .read_to_end(&mut data)
            .map_err(IdxError::Read)? as u64;
        if found < expected {
            return Err(IdxError::Truncated { expected, found });
        }
        if found > expected {
            return Err(IdxError::TrailingBytes { expected });
        }
        Ok(Self { shape, data })
    }

    /// Number of items along the first axis.
    pub fn len(&self) -> usize {
        self.shape.first().copied().unwrap_or(0)
    }

    /// Whether there is no item along the first axis.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn read_shape(reader: &mut impl Read) -> Result<Vec<usize>, IdxError> {
    let mut magic = [0; 4];
    read_header(reader, &mut magic)?;
    let [zero, also_zero, code, axes] = magic;
    if (zero, also_zero) != (0, 0) {
        return Err(IdxError::Magic { found: magic });
    }
    if code != UNSIGNED_BYTE {
        return Err(IdxError::ElementType { code });
    }
    if !(1..=MAX_AXES).contains(&axes) {
        return Err(IdxError::Axes { axes });
    }
    let mut sizes = vec![0; usize::from(axes) * 4];
    read_header(reader, &mut sizes)?;
    let (words, _) = sizes.as_chunks::<4>();
    Ok(words.iter().map(|&word| u32::from_be_bytes(word) as usize).collect())
}

/// Fills `bytes`, or says how many were there.
fn read_header(reader: &mut impl Read, bytes: &mut [u8]) -> Result<(), IdxError> {
    let mut header = Vec::with_capacity(bytes.len());
    let found = reader
        .take(bytes.len() as u64)
        .read_to_end(&mut header)
        .map_err(IdxError::Read)?;
    if found < bytes.len() {
        return Err(IdxError::Truncated {
            expected: bytes.len() as u64,
            found: found as u64,
        });
    }
    bytes.copy_from_slice(&header);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    const LIMIT: u64 = 1 << 20;

    fn file(shape: &[u32], data: &[u8]) -> Vec<u8> {
        let mut file = vec![0, 0, UNSIGNED_BYTE, shape.len() as u8];
        for size in shape {
            file.extend(size.to_be_bytes());
        }
        file.extend(data);
        file
    }

    fn compress(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Remembers the largest buffer that it was asked to fill.
    struct Watched<'a> {
        bytes: &'a [u8],
        largest: &'a mut usize,
    }

    impl Read for Watched<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            *self.largest = (*self.largest).max(buffer.len());
            self.bytes.read(buffer)
        }
    }

    #[test]
    fn shape_and_data_are_read_plain_and_compressed() {
        let plain = file(&[2, 1, 3], &[1, 2, 3, 4, 5, 6]);
        let expected = Idx {
            shape: vec![2, 1, 3],
            data: vec![1, 2, 3, 4, 5, 6],
        };
        assert_eq!(Idx::parse(&plain, LIMIT).unwrap(), expected);
        assert_eq!(Idx::parse(&compress(&plain), LIMIT).unwrap(), expected);
    }

    #[test]
    fn a_lying_header_allocates_no_more_than_the_file_justifies() {
        let lie = file(&[u32::MAX, 3], &[7; 100]);
        let mut largest = 0;
        let reader = Watched {
            bytes: &lie,
            largest: &mut largest,
        };
        let error = Idx::read(reader, u64::MAX).unwrap_err();
        assert!(matches!(error, IdxError::Truncated { found: 100, .. }), "{error}");
        // The standard library probes with small buffers and at most doubles what it has.
        assert!(largest <= 8192, "asked for {largest} bytes at once");
    }

    #[test]
    fn sizes_whose_product_overflows_are_too_large() {
        let lie = file(&[u32::MAX; 8], &[]);
        let error = Idx::parse(&lie, u64::MAX).unwrap_err();
        assert!(matches!(error, IdxError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn a_header_above_the_limit_is_refused() {
        let error = Idx::parse(&file(&[11], &[0; 11]), 10).unwrap_err();
        assert!(matches!(error, IdxError::TooLarge { limit: 10, .. }), "{error}");
    }

    #[test]
    fn trailing_bytes_are_refused() {
        let error = Idx::parse(&file(&[2], &[0; 3]), LIMIT).unwrap_err();
        assert!(matches!(error, IdxError::TrailingBytes { expected: 2 }), "{error}");
    }

    #[test]
    fn a_damaged_gzip_checksum_is_refused() {
        let mut damaged = compress(&file(&[4], &[1, 2, 3, 4]));
        let checksum = damaged.len() - 8; // RFC 1952: CRC-32 and length are the last eight bytes.
        damaged[checksum] ^= 1;
        let error = Idx::parse(&damaged, LIMIT).unwrap_err();
        assert!(matches!(error, IdxError::Read(_)), "{error}");
    }

    #[test]
    fn other_element_types_are_named() {
        let error = Idx::parse(&[0, 0, 0x0d, 1, 0, 0, 0, 0], LIMIT).unwrap_err();
        assert!(error.to_string().contains("0x0d"), "{error}");
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Idx::parse(&bytes, LIMIT);
        }

        #[test]
        fn arbitrary_bytes_after_a_valid_start_never_panic(
            axes in 0_u8..10,
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            compressed in any::<bool>(),
        ) {
            let mut file = vec![0, 0, UNSIGNED_BYTE, axes];
            file.extend(bytes);
            let file = if compressed { compress(&file) } else { file };
            if let Ok(array) = Idx::parse(&file, LIMIT) {
                prop_assert_eq!(array.shape.iter().product::<usize>(), array.data.len());
            }
        }

        #[test]
        fn damaged_gzip_never_panics(position in 0_usize..60, bit in 0_u8..8) {
            let mut file = compress(&file(&[5, 4], &[9; 20]));
            let position = position % file.len();
            file[position] ^= 1 << bit;
            let _ = Idx::parse(&file, LIMIT);
        }
    }
}
