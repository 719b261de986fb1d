//! The binary version of CIFAR-10 and CIFAR-100: records of label bytes and color planes, in a `.tar.gz`.

use std::io::Read;

use super::{
    FormatError, ImagesError,
    archive::{self, Limits, Wanted},
    planes::{self, Order, Shape},
    read::{Content, Source},
};

/// Reads the members of a split, in the order of the manifest.
pub(super) fn read(source: &Source<'_>, label_bytes: usize, label: usize) -> Result<Content, ImagesError> {
    let mut images = source.buffer()?;
    let mut labels = vec![0; source.files.items];
    let layout = Layout {
        shape: source.shape(),
        label_bytes,
        label,
    };
    let limits = source.limits(layout.record_bytes());
    let members = &source.files.members;
    layout
        .read(source.unpack()?, limits, members, &mut images, &mut labels)
        .map_err(source.damaged())?;
    Ok((images, labels))
}

/// How a record looks.
#[derive(Debug, Clone, Copy)]
struct Layout {
    shape: Shape,
    label_bytes: usize,
    /// Which label byte is the class.
    label: usize,
}

impl Layout {
    fn record_bytes(self) -> usize {
        self.label_bytes + self.shape.pixels()
    }

    /// Reads `members`, each with the same number of records, out of an uncompressed archive.
    fn read(
        self,
        archive: impl Read,
        limits: Limits,
        members: &[String],
        images: &mut [u8],
        labels: &mut [u8],
    ) -> Result<(), FormatError> {
        // The members may have any order in the archive, so each gets its place in the result.
        let part = labels.len() / members.len().max(1);
        let bytes = (part * self.record_bytes()) as u64;
        let wanted: Vec<_> = members.iter().map(|path| Wanted { path, bytes }).collect();
        archive::members(archive, limits, &wanted, &mut |place, content| {
            let items = place * part..(place + 1) * part;
            let pixels = self.shape.pixels();
            let images = &mut images[items.start * pixels..items.end * pixels];
            self.read_records(content, images, &mut labels[items])
        })
    }

    /// Reads as many records as there is room for.
    fn read_records(self, reader: impl Read, images: &mut [u8], labels: &mut [u8]) -> Result<(), FormatError> {
        let Self {
            shape,
            label_bytes,
            label,
        } = self;
        planes::read_records(reader, label_bytes, shape, Order::Rows, images, |item, header| {
            labels[item] = header[label];
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::archive::tests::tar_of, *};

    /// Images of 1x2 pixels in three colors, with a coarse and a fine label.
    const LAYOUT: Layout = Layout {
        shape: Shape {
            height: 1,
            width: 2,
            channels: 3,
        },
        label_bytes: 2,
        label: 1,
    };
    const LIMITS: Limits = Limits {
        entries: 8,
        bytes: 1 << 16,
    };

    fn read(archive: &[u8], items: usize) -> Result<Content, FormatError> {
        let members = ["set/first".to_owned(), "set/second".to_owned()];
        let (mut images, mut labels) = (vec![0; items * 6], vec![0; items]);
        LAYOUT.read(archive, LIMITS, &members, &mut images, &mut labels)?;
        Ok((images, labels))
    }

    #[test]
    fn members_come_in_the_order_of_the_manifest_and_the_fine_label_counts() {
        let archive = tar_of(&[
            ("set/second", b"\x07\x02aAbBcC"),
            ("set/readme", b"text"),
            ("set/first", b"\x08\x01rRgGcC"),
        ]);
        let (images, labels) = read(&archive, 2).unwrap();
        assert_eq!(images, b"rgcRGCabcABC");
        assert_eq!(labels, [1, 2]);
    }

    #[test]
    fn a_member_of_another_number_of_records_is_refused() {
        let archive = tar_of(&[("set/first", b"\x08\x01rRgGcC"), ("set/second", b"")]);
        let error = read(&archive, 2).unwrap_err();
        assert_eq!(error.to_string(), "the member `set/second` has 0 bytes instead of 8");
    }

    proptest! {
        #[test]
        fn arbitrary_records_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40), items in 0_usize..5) {
            let (mut images, mut labels) = (vec![0; items * 6], vec![0; items]);
            let result = LAYOUT.read_records(bytes.as_slice(), &mut images, &mut labels);
            prop_assert_eq!(result.is_ok(), bytes.len() >= items * 8);
        }
    }
}
