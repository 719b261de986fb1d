//! The binary version of STL-10: planes column by column, labels from 1, folds; in a `.tar.gz`.

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

use super::{
    FormatError, ImagesError,
    archive::{self, Limits, Wanted},
    planes::{self, Order, Shape},
    read::{Content, Source},
};
use crate::catalogue::{DatasetFolder, Encoding, Split};

/// More bytes than a list of folds has.
const MOST_FOLD_BYTES: u64 = 1 << 20;

/// Reads the images of a split, and its labels if it has some.
pub(super) fn read(source: &Source<'_>) -> Result<Content, ImagesError> {
    let mut images = source.buffer()?;
    let labeled = if source.files.labels.is_some() {
        source.files.items
    } else {
        0
    };
    let mut labels = vec![0; labeled];
    read_members(
        source.unpack()?,
        source.limits(source.format.pixels() + 1),
        &source.files.members,
        source.shape(),
        &mut images,
        &mut labels,
    )
    .map_err(source.damaged())?;
    let last = u8::try_from(source.format.classes.len()).unwrap_or(u8::MAX);
    number_from_zero(&mut labels, last).map_err(source.damaged())?;
    Ok((images, labels))
}

/// The predefined folds of STL-10: for each, the numbers of its images in the split [`Split::Train`], from 0.
///
/// # Errors
///
/// [`ImagesError::NoFolds`] for another set; [`ImagesError::Catalogue`] and [`ImagesError::Format`] as
/// [`ImageSet::read`](super::ImageSet::read).
pub fn stl10_folds(folder: &DatasetFolder) -> Result<Vec<Vec<usize>>, ImagesError> {
    let dataset = folder.dataset();
    dataset.validate()?;
    let format = super::format_of(dataset)?;
    let Encoding::Stl { folds } = &format.encoding else {
        return Err(ImagesError::NoFolds {
            dataset: dataset.name.clone(),
        });
    };
    let source = Source {
        folder,
        format,
        files: dataset.split(Split::Train)?,
        split: Split::Train,
    };
    let limits = source.limits(format.pixels() + 1);
    let list = read_text(source.unpack()?, limits, folds).map_err(source.damaged())?;
    parse_folds(&list, source.files.items)
        .map_err(|(line, problem)| FormatError::Fold {
            member: folds.clone(),
            line,
            problem,
        })
        .map_err(source.damaged())
}

/// Reads a member of images and, if there is a second one, a member of labels, out of an uncompressed archive.
fn read_members(
    archive: impl Read,
    limits: Limits,
    members: &[String],
    shape: Shape,
    images: &mut [u8],
    labels: &mut [u8],
) -> Result<(), FormatError> {
    let bytes = [images.len() as u64, labels.len() as u64];
    let wanted: Vec<_> = std::iter::zip(members, bytes)
        .map(|(path, bytes)| Wanted { path, bytes })
        .collect();
    archive::members(archive, limits, &wanted, &mut |place, content| {
        if place == 0 {
            return planes::read_records(content, 0, shape, Order::Columns, images, |_, _| Ok(()));
        }
        Ok(content.read_exact(labels)?)
    })
}

/// Turns labels of 1 to `last` into numbers of classes.
fn number_from_zero(labels: &mut [u8], last: u8) -> Result<(), FormatError> {
    for (index, label) in labels.iter_mut().enumerate() {
        if !(1..=last).contains(label) {
            let (value, first) = (*label, 1);
            return Err(FormatError::Label {
                index,
                value,
                first,
                last,
            });
        }
        *label -= 1;
    }
    Ok(())
}

/// One small member of an uncompressed archive.
fn read_text(archive: impl Read, limits: Limits, path: &str) -> Result<Vec<u8>, FormatError> {
    let mut text = None;
    archive::walk(archive, limits, &mut |member| {
        if member.path != path {
            return Ok(ControlFlow::Continue(()));
        }
        if member.bytes > MOST_FOLD_BYTES {
            return Err(FormatError::Size {
                member: path.to_owned(),
                expected: MOST_FOLD_BYTES,
                found: member.bytes,
            });
        }
        let mut content = Vec::new();
        member.content.read_to_end(&mut content)?;
        if content.len() as u64 != member.bytes {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        text = Some(content);
        Ok(ControlFlow::Break(()))
    })?;
    text.ok_or_else(|| FormatError::Missing {
        member: path.to_owned(),
    })
}

/// One fold per line, numbers below `items` with spaces between; or the bad line, from 1, and what is wrong.
fn parse_folds(text: &[u8], items: usize) -> Result<Vec<Vec<usize>>, (usize, &'static str)> {
    let mut folds = Vec::new();
    for (line, content) in text.split(|&byte| byte == b'\n').enumerate() {
        let problem = |problem| (line + 1, problem);
        let content = std::str::from_utf8(content).map_err(|_| problem("not text"))?;
        if content.trim().is_empty() {
            continue;
        }
        let mut is_there = vec![false; items];
        let mut fold = Vec::new();
        for word in content.split_whitespace() {
            let index: usize = word.parse().map_err(|_| problem("not a number"))?;
            let is_there = is_there.get_mut(index).ok_or_else(|| problem("no such image"))?;
            if std::mem::replace(is_there, true) {
                return Err(problem("an image stands there twice"));
            }
            fold.push(index);
        }
        folds.push(fold);
    }
    Ok(folds)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::archive::tests::tar_of, *};

    /// Images of two rows and three columns in one color.
    const SHAPE: Shape = Shape {
        height: 2,
        width: 3,
        channels: 1,
    };
    const LIMITS: Limits = Limits {
        entries: 8,
        bytes: 1 << 16,
    };

    fn read(archive: &[u8], members: &[&str], items: usize) -> Result<Content, FormatError> {
        let members: Vec<_> = members.iter().map(|&member| member.to_owned()).collect();
        let (mut images, mut labels) = (vec![0; items * 6], vec![0; (members.len() - 1) * items]);
        read_members(archive, LIMITS, &members, SHAPE, &mut images, &mut labels)?;
        number_from_zero(&mut labels, 10)?;
        Ok((images, labels))
    }

    #[test]
    fn columns_become_rows_and_labels_begin_at_zero() {
        let archive = tar_of(&[("y.bin", &[10, 1]), ("X.bin", b"adbecfADBECF")]);
        let (images, labels) = read(&archive, &["X.bin", "y.bin"], 2).unwrap();
        assert_eq!(images, b"abcdefABCDEF");
        assert_eq!(labels, [9, 0]);
    }

    #[test]
    fn unlabeled_images_need_no_labels() {
        let archive = tar_of(&[("unlabeled_X.bin", b"adbecf"), ("y.bin", &[1])]);
        let (images, labels) = read(&archive, &["unlabeled_X.bin"], 1).unwrap();
        assert_eq!((images.as_slice(), labels.len()), (&b"abcdef"[..], 0));
    }

    #[test]
    fn a_label_of_zero_is_refused() {
        let archive = tar_of(&[("y.bin", &[1, 0]), ("X.bin", b"adbecfADBECF")]);
        let error = read(&archive, &["X.bin", "y.bin"], 2).unwrap_err();
        assert_eq!(error.to_string(), "item 1 has the label 0, and labels are 1 to 10");
    }

    #[test]
    fn folds_are_lines_of_numbers() {
        let archive = tar_of(&[("X.bin", b"pixels"), ("folds.txt", b"3 0 1\n2 3\r\n\n")]);
        let text = read_text(archive.as_slice(), LIMITS, "folds.txt").unwrap();
        assert_eq!(parse_folds(&text, 4).unwrap(), [vec![3, 0, 1], vec![2, 3]]);
    }

    #[test]
    fn bad_folds_are_named_with_their_line() {
        for (text, expected) in [
            (&b"0\n4"[..], (2, "no such image")),
            (b"0 1 0", (1, "an image stands there twice")),
            (b"0\n\n1 x", (3, "not a number")),
            (b"-1", (1, "not a number")),
            (b"\xff", (1, "not text")),
        ] {
            assert_eq!(parse_folds(text, 4), Err(expected));
        }
    }

    proptest! {
        #[test]
        fn arbitrary_folds_never_panic(text in proptest::collection::vec(any::<u8>(), 0..100), items in 0_usize..20) {
            if let Ok(folds) = parse_folds(&text, items) {
                prop_assert!(folds.iter().flatten().all(|&index| index < items));
            }
        }

        #[test]
        fn arbitrary_labels_never_panic(mut labels in proptest::collection::vec(any::<u8>(), 0..20), last in any::<u8>()) {
            if number_from_zero(&mut labels, last).is_ok() {
                prop_assert!(labels.iter().all(|&label| label < last));
            }
        }
    }
}
