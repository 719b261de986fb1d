//! Small good files of every format, built here.

use std::io::{Cursor, Write as _};

use anyhow::Context as _;
use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use image::{DynamicImage, ImageFormat, RgbImage};
use tar::EntryType;

/// Pixels of one picture of 2x3 colored pixels.
const PIXELS: [u8; 18] = *b"aAgbBhcCidDjeEkfFl";

pub(super) fn gzip(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}

/// An IDX array of bytes.
pub(super) fn idx(shape: &[u32]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, shape.len() as u8];
    bytes.extend(shape.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend((0..shape.iter().product::<u32>()).map(|place| place as u8 % 2));
    bytes
}

/// A tar archive; entries that are no regular files are links or folders with odd names.
pub(super) fn tar(entries: &[(EntryType, &str, &[u8])]) -> anyhow::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, path, content) in entries {
        let mut header = tar::Header::new_ustar();
        for (byte, letter) in header.as_old_mut().name.iter_mut().zip(path.bytes()) {
            *byte = letter;
        }
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("/etc/passwd")?;
        }
        header.set_cksum();
        builder.append(&header, *content)?;
    }
    builder.into_inner().context("a tar archive in memory")
}

/// Archives that name places outside of themselves; with the members of every encoding behind that.
pub(super) fn malicious_tars() -> anyhow::Result<Vec<Vec<u8>>> {
    let escapes = [
        (EntryType::Regular, "../canary"),
        (EntryType::Regular, "../../canary"),
        (EntryType::Regular, "/tmp/drill-canary"),
        (EntryType::Regular, "set/../../canary"),
        (EntryType::Regular, "..\\canary"),
        (EntryType::Symlink, "set"),
        (EntryType::Link, "set/1"),
        (EntryType::Directory, "../canary/"),
        (EntryType::GNULongName, "././@LongLink"),
        (EntryType::XHeader, "pax"),
    ];
    let record = [&[1][..], &PIXELS].concat();
    escapes
        .iter()
        .map(|&(kind, path)| {
            tar(&[
                (
                    kind,
                    path,
                    &b"30 path=../canary\n"[..if kind.is_symlink() { 0 } else { 18 }],
                ),
                (EntryType::Regular, "set/1", &record),
                (EntryType::Regular, "set/X.bin", &PIXELS),
                (EntryType::Regular, "set/y.bin", &[1]),
                (EntryType::Regular, "set/folds.txt", b"0\n"),
            ])
        })
        .collect()
}

/// Records of CIFAR: a label, then the planes.
pub(super) fn cifar() -> anyhow::Result<Vec<u8>> {
    let record = |label: u8| [&[label], &PIXELS[..]].concat();
    tar(&[
        (EntryType::Directory, "set/", b""),
        (EntryType::Regular, "set/1", &[record(0), record(1)].concat()),
    ])
}

/// Planes of STL-10 with labels from 1, and folds.
pub(super) fn stl() -> anyhow::Result<Vec<u8>> {
    tar(&[
        (EntryType::Regular, "set/X.bin", &PIXELS.repeat(2)),
        (EntryType::Regular, "set/y.bin", &[1, 2]),
        (EntryType::Regular, "set/folds.txt", b"1 0\n0\n"),
    ])
}

/// Pictures as files, with their classes in their names.
pub(super) fn jpegs() -> anyhow::Result<Vec<u8>> {
    let picture = picture(ImageFormat::Jpeg)?;
    tar(&[
        (EntryType::Regular, "train/00000_b.jpg", &picture),
        (EntryType::Regular, "train/00001_a.jpg", &picture),
    ])
}

/// A picture of 3x2 pixels.
pub(super) fn picture(format: ImageFormat) -> anyhow::Result<Vec<u8>> {
    let pixels = RgbImage::from_raw(3, 2, PIXELS.to_vec()).context("18 values are 3x2 pixels")?;
    let mut file = Cursor::new(Vec::new());
    DynamicImage::from(pixels).write_to(&mut file, format)?;
    Ok(file.into_inner())
}

/// A MATLAB file with the arrays `X` and `y`, packed or not.
pub(super) fn mat(is_packed: bool) -> anyhow::Result<Vec<u8>> {
    let mut file = b"MATLAB 5.0 MAT-file, written by a drill".to_vec();
    file.resize(124, b' ');
    file.extend(b"\x00\x01IM");
    for (name, shape, values) in [("X", &[2, 3, 3, 2][..], PIXELS.repeat(2)), ("y", &[2, 1], vec![10, 1])] {
        let array = array(name, shape, &values);
        if is_packed {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&array)?;
            let packed = encoder.finish()?;
            file.extend([15_u32.to_le_bytes(), (packed.len() as u32).to_le_bytes()].concat());
            file.extend(packed);
        } else {
            file.extend(array);
        }
    }
    Ok(file)
}

fn array(name: &str, shape: &[i32], values: &[u8]) -> Vec<u8> {
    let sizes: Vec<u8> = shape.iter().flat_map(|size| size.to_le_bytes()).collect();
    let inside = [
        element(6, &[9, 0, 0, 0, 0, 0, 0, 0]),
        element(5, &sizes),
        element(1, name.as_bytes()),
        element(2, values),
    ];
    element(14, &inside.concat())
}

fn element(kind: u32, data: &[u8]) -> Vec<u8> {
    let mut element = [kind.to_le_bytes(), (data.len() as u32).to_le_bytes()].concat();
    element.extend(data);
    element.resize(element.len().next_multiple_of(8), 0);
    element
}
