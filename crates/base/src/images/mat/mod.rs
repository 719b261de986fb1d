//! Images in a MATLAB file of version 5, as SVHN has them: `X`, `[height, width, channels, items]`, and labels `y`.

mod error;
mod reader;
#[cfg(test)]
mod tests;

use std::io::Read;

pub use error::MatError;
use reader::read_arrays;

use super::{
    FormatError, ImagesError,
    planes::{self, Order, Shape},
    read::{Content, Source},
};

/// Reads the arrays `names`: the pixels and the labels.
pub(super) fn read(source: &Source<'_>, names: [&str; 2], zero_label: u8) -> Result<Content, ImagesError> {
    let mut images = source.buffer()?;
    let mut labels = vec![0; source.files.items];
    parse(source.open()?, names, source.shape(), &mut images, &mut labels)
        .and_then(|()| replace_zero(&mut labels, zero_label))
        .map_err(source.damaged())?;
    Ok((images, labels))
}

/// Fills `images`, `[items, height, width, channels]`, and `labels` from a whole MATLAB file.
fn parse(
    file: impl Read,
    names: [&str; 2],
    shape: Shape,
    images: &mut [u8],
    labels: &mut [u8],
) -> Result<(), FormatError> {
    let items = labels.len();
    let Shape {
        height,
        width,
        channels,
    } = shape;
    Ok(read_arrays(file, &names, &mut |place, array, values| {
        if place == 0 {
            array.expect_shape(&[&[height, width, channels, items]])?;
            array.expect_bytes()?;
            planes::read_records(values, 0, shape, Order::Columns, images, |_, _| Ok(()))
        } else {
            array.expect_shape(&[&[items, 1], &[1, items]])?;
            array.small_numbers(values, labels)
        }
    })?)
}

/// Turns the label that stands for class 0 into 0; the other labels are classes already.
fn replace_zero(labels: &mut [u8], zero_label: u8) -> Result<(), FormatError> {
    for (index, label) in labels.iter_mut().enumerate() {
        if !(1..=zero_label).contains(label) {
            return Err(FormatError::Label {
                index,
                value: *label,
                first: 1,
                last: zero_label,
            });
        }
        if *label == zero_label {
            *label = 0;
        }
    }
    Ok(())
}
