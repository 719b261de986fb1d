//! Images as one plane per color, as binary files have them, and as pixels.

use std::io::{self, Read};

/// In which order a plane has its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// Row by row.
    Rows,
    /// Column by column, as MATLAB has them.
    Columns,
}

/// Sizes of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels: usize,
}

impl Shape {
    /// Values in one image.
    pub(super) fn pixels(self) -> usize {
        self.height * self.width * self.channels
    }
}

/// Reads records of `header` bytes and an image in planes, until `images` is full; `observe` gets the number of
/// each record and its header.
///
/// # Shapes
///
/// - `images`: `[records, height, width, channels]`; a rest that is no whole image stays as it is
pub(super) fn read_records<E: From<io::Error>>(
    mut reader: impl Read,
    header: usize,
    shape: Shape,
    order: Order,
    images: &mut [u8],
    mut observe: impl FnMut(usize, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut record = vec![0; header + shape.pixels()];
    for (number, pixels) in images.chunks_exact_mut(shape.pixels().max(1)).enumerate() {
        reader.read_exact(&mut record)?;
        let (header, planes) = record.split_at(header);
        observe(number, header)?;
        interleave(planes, shape, order, pixels);
    }
    Ok(())
}

/// Turns the planes of one image into pixels, `[height, width, channels]`.
fn interleave(planes: &[u8], shape: Shape, order: Order, pixels: &mut [u8]) {
    let Shape {
        height,
        width,
        channels,
    } = shape;
    for (channel, plane) in planes.chunks_exact((height * width).max(1)).enumerate() {
        for row in 0..height {
            for column in 0..width {
                let value = match order {
                    Order::Rows => plane[row * width + column],
                    Order::Columns => plane[column * height + row],
                };
                pixels[(row * width + column) * channels + channel] = value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two rows, three columns, two colors: a b c / d e f, and the same in capitals.
    const SHAPE: Shape = Shape {
        height: 2,
        width: 3,
        channels: 2,
    };
    const PIXELS: &[u8] = b"aAbBcCdDeEfF";

    fn read(bytes: &[u8], header: usize, order: Order, records: usize) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let mut images = vec![0; records * SHAPE.pixels()];
        let mut headers = Vec::new();
        read_records(bytes, header, SHAPE, order, &mut images, |_, header| {
            headers.extend(header);
            Ok::<_, io::Error>(())
        })?;
        Ok((headers, images))
    }

    #[test]
    fn rows_become_pixels() {
        let (headers, images) = read(b"1abcdefABCDEF2abcdefABCDEF", 1, Order::Rows, 2).unwrap();
        assert_eq!(headers, b"12");
        assert_eq!(images, PIXELS.repeat(2));
    }

    #[test]
    fn columns_become_pixels() {
        let (_, images) = read(b"adbecfADBECF", 0, Order::Columns, 1).unwrap();
        assert_eq!(images, PIXELS);
    }

    #[test]
    fn a_cut_record_is_an_error() {
        let error = read(b"1abcdefABCDE", 1, Order::Rows, 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..100),
            header in 0_usize..4,
            sides in (0_usize..4, 0_usize..4, 0_usize..4),
            length in 0_usize..60,
        ) {
            let (height, width, channels) = sides;
            let mut images = vec![0; length];
            let _ = read_records(
                bytes.as_slice(), header, Shape { height, width, channels }, Order::Columns, &mut images,
                |_, _| Ok::<_, io::Error>(()),
            );
        }
    }
}
