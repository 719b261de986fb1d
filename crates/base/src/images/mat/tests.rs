use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use proptest::prelude::*;

use super::*;

/// Two images of 2x3 pixels in one color.
const SHAPE: Shape = Shape {
    height: 2,
    width: 3,
    channels: 1,
};

/// An element: tag, data, padding; written small where it fits, if `small`.
fn element(kind: u32, data: &[u8], small: bool) -> Vec<u8> {
    let mut element = Vec::new();
    if small && data.len() <= 4 {
        element.extend((kind | (data.len() as u32) << 16).to_le_bytes());
        element.extend(data);
    } else {
        element.extend(kind.to_le_bytes());
        element.extend((data.len() as u32).to_le_bytes());
        element.extend(data);
    }
    element.resize(element.len().next_multiple_of(8), 0);
    element
}

struct Written<'a> {
    name: &'a str,
    class: u8,
    flags: u8,
    shape: &'a [i32],
    kind: u32,
    values: &'a [u8],
    small: bool,
}

impl Written<'_> {
    fn matrix(&self) -> Vec<u8> {
        let sizes: Vec<u8> = self.shape.iter().flat_map(|size| size.to_le_bytes()).collect();
        let inside = [
            element(6, &[self.class, self.flags, 0, 0, 0, 0, 0, 0], false),
            element(5, &sizes, self.small),
            element(1, self.name.as_bytes(), self.small),
            element(self.kind, self.values, self.small),
        ]
        .concat();
        element(14, &inside, false)
    }

    fn compressed(&self) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&self.matrix()).unwrap();
        let packed = encoder.finish().unwrap();
        // Compressed elements are not padded.
        [15_u32.to_le_bytes(), (packed.len() as u32).to_le_bytes()]
            .concat()
            .into_iter()
            .chain(packed)
            .collect()
    }
}

const X: Written<'_> = Written {
    name: "X",
    class: 9,
    flags: 0,
    shape: &[2, 3, 1, 2],
    kind: 2,
    values: b"adbecfADBECF",
    small: true,
};

/// Labels of the class double that are written as bytes, as MATLAB does.
const Y: Written<'_> = Written {
    name: "y",
    class: 6,
    flags: 0,
    shape: &[2, 1],
    kind: 2,
    values: &[10, 3],
    small: true,
};

fn file(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"MATLAB 5.0 MAT-file, written by a test".to_vec();
    file.resize(124, b' ');
    file.extend(b"\x00\x01IM");
    file.extend(elements.concat());
    file
}

fn read_file(file: &[u8]) -> Result<Content, FormatError> {
    let (mut images, mut labels) = (vec![0; 12], vec![0; 2]);
    parse(file, ["X", "y"], SHAPE, &mut images, &mut labels)?;
    replace_zero(&mut labels, 10)?;
    Ok((images, labels))
}

fn message(elements: &[Vec<u8>]) -> String {
    read_file(&file(elements)).unwrap_err().to_string()
}

#[test]
fn columns_become_rows_and_ten_becomes_zero() {
    let expected = (b"abcdefABCDEF".to_vec(), vec![0, 3]);
    for elements in [
        [X.compressed(), Y.compressed()],
        [Y.compressed(), X.compressed()],
        [X.matrix(), Y.matrix()],
    ] {
        assert_eq!(read_file(&file(&elements)).unwrap(), expected);
    }
    let large = [
        Written { small: false, ..X }.compressed(),
        Written { small: false, ..Y }.matrix(),
    ];
    assert_eq!(read_file(&file(&large)).unwrap(), expected);
}

#[test]
fn labels_may_be_numbers_of_any_type() {
    let doubles: Vec<u8> = [10.0_f64, 3.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let singles: Vec<u8> = [10.0_f32, 3.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    let words: Vec<u8> = [10_i16, 3].iter().flat_map(|value| value.to_le_bytes()).collect();
    let longs: Vec<u8> = [10_u32, 3].iter().flat_map(|value| value.to_le_bytes()).collect();
    for (kind, values) in [
        (9, &doubles),
        (7, &singles),
        (3, &words),
        (4, &words),
        (6, &longs),
        (5, &longs),
    ] {
        let labels = Written { kind, values, ..Y };
        let (_, labels) = read_file(&file(&[X.compressed(), labels.compressed()])).unwrap();
        assert_eq!(labels, [0, 3], "type {kind}");
    }
}

#[test]
fn other_arrays_are_skipped() {
    let text = Written {
        name: "note",
        class: 4,
        kind: 4,
        ..Y
    };
    let other = Written { name: "Z", ..X };
    let (_, labels) = read_file(&file(&[
        text.matrix(),
        other.compressed(),
        X.compressed(),
        Y.compressed(),
    ]))
    .unwrap();
    assert_eq!(labels, [0, 3]);
}

#[test]
fn wrong_arrays_are_named() {
    let fraction: Vec<u8> = [1.5_f64, 3.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    for (elements, expected) in [
        ([X.compressed(), X.compressed()], "has `X` twice"),
        (
            [X.compressed(), Written { name: "Y", ..Y }.matrix()],
            "no array of numbers `y`",
        ),
        (
            [X.compressed(), Written { class: 4, ..Y }.matrix()],
            "no array of numbers `y`",
        ),
        (
            [X.compressed(), Written { flags: 8, ..Y }.matrix()],
            "no array of numbers `y`",
        ),
        (
            [
                Written {
                    shape: &[3, 2, 1, 2],
                    ..X
                }
                .compressed(),
                Y.matrix(),
            ],
            "shape [3, 2, 1, 2] instead of [2, 3, 1, 2]",
        ),
        ([Written { kind: 1, ..X }.compressed(), Y.matrix()], "values of type 1"),
        (
            [Written { values: b"short", ..X }.compressed(), Y.matrix()],
            "an array of 5 bytes",
        ),
        (
            [
                Written {
                    shape: &[2, -3, 1, 2],
                    ..X
                }
                .matrix(),
                Y.matrix(),
            ],
            "sizes of 16 bytes",
        ),
        (
            [
                X.matrix(),
                Written {
                    kind: 9,
                    values: &fraction,
                    ..Y
                }
                .matrix(),
            ],
            "value 0 of `y` in the MATLAB file is 1.5",
        ),
        (
            [X.matrix(), Written { values: &[1, 0], ..Y }.matrix()],
            "item 1 has the label 0",
        ),
        (
            [X.matrix(), Written { values: &[11, 1], ..Y }.matrix()],
            "item 0 has the label 11",
        ),
        ([X.matrix(), Written { kind: 12, ..Y }.matrix()], "values of type 12"),
        (
            [X.matrix(), element(2, b"loose", false)],
            "type 2 where an array has to be",
        ),
    ] {
        let message = message(&elements);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn other_kinds_of_files_are_refused() {
    let mut big_endian = file(&[X.matrix(), Y.matrix()]);
    big_endian[126..128].copy_from_slice(b"MI");
    let error = read_file(&big_endian).unwrap_err().to_string();
    assert!(error.contains("not a MATLAB file of version 5"), "{error}");
    let error = read_file(b"\x89HDF").unwrap_err().to_string();
    assert!(error.contains("ends early"), "{error}");
}

#[test]
fn every_cut_and_a_wrong_checksum_are_errors() {
    let mut whole = file(&[X.compressed(), Y.compressed()]);
    for length in 0..whole.len() {
        assert!(read_file(&whole[..length]).is_err(), "cut at {length}");
    }
    // The last four bytes of a zlib stream are its checksum.
    let last = whole.len() - 1;
    whole[last] ^= 1;
    assert!(read_file(&whole).is_err());
}

#[test]
fn a_claimed_size_allocates_nothing() {
    let mut lie = X.matrix();
    lie[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    // The size of the values, behind 8 + 16 + 24 + 8 bytes of tag, flags, sizes and name.
    lie[60..64].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(message(&[lie]).contains("an array of 4294967295 bytes"));
}

#[test]
fn a_name_that_never_ends_is_refused() {
    let name = "x".repeat(300);
    assert!(message(&[Written { name: &name, ..X }.compressed()]).contains("a name of 300 bytes"));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_file(&bytes);
        let _ = read_file(&file(&[bytes]));
    }

    #[test]
    fn damaged_files_never_panic(
        position in any::<prop::sample::Index>(),
        value in any::<u8>(),
        is_compressed in any::<bool>(),
    ) {
        let elements = if is_compressed { [X.compressed(), Y.compressed()] } else { [X.matrix(), Y.matrix()] };
        let mut bytes = file(&elements);
        let position = position.index(bytes.len());
        bytes[position] = value;
        let _ = read_file(&bytes);
    }

    #[test]
    fn arbitrary_bytes_in_a_zlib_stream_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&element(14, &bytes, false)).unwrap();
        let packed = encoder.finish().unwrap();
        let _ = read_file(&file(&[element(15, &packed, false)]));
    }
}
