//! A `.tar.gz` of JPEG pictures whose names say place and class: `train/00000_frog.jpg`.

use std::{
    io::{self, Cursor, Read},
    ops::ControlFlow,
};

use image::ImageFormat;

use super::{
    FormatError, ImagesError,
    archive::{self, Limits, Member},
    decode,
    planes::Shape,
    read::{Content, Source},
};

/// Most bytes that the file of a picture can have, per value of it: JPEG files are smaller than their pixels,
/// but a very small one has headers.
const BYTES_PER_VALUE: usize = 4;

/// Most bytes of the headers of a picture.
const HEADER_BYTES: usize = 1 << 16;

/// Bytes of an entry's header and padding.
const ENTRY_BYTES: usize = 1024;

/// Reads the pictures of a split in their fixed order.
pub(super) fn read(source: &Source<'_>) -> Result<Content, ImagesError> {
    let mut images = source.buffer()?;
    let mut labels = vec![0; source.files.items];
    let pictures = Pictures {
        folder: source.split.name(),
        classes: &source.format.classes,
        shape: source.shape(),
    };
    let limits = Limits {
        // The pictures, and the folders that they are in.
        entries: source.files.items.saturating_add(64),
        ..source.limits(pictures.most_bytes() + ENTRY_BYTES)
    };
    pictures
        .read(source.unpack()?, limits, &mut images, &mut labels)
        .map_err(source.damaged())?;
    Ok((images, labels))
}

/// What the pictures of an archive have to be.
struct Pictures<'a> {
    /// Folder of the archive that they are in.
    folder: &'a str,
    classes: &'a [String],
    shape: Shape,
}

impl Pictures<'_> {
    /// Most bytes of the file of one picture.
    fn most_bytes(&self) -> usize {
        self.shape.pixels() * BYTES_PER_VALUE + HEADER_BYTES
    }

    /// Reads as many pictures as there are labels out of an uncompressed archive that has no others.
    fn read(
        &self,
        archive: impl Read,
        limits: Limits,
        images: &mut [u8],
        labels: &mut [u8],
    ) -> Result<(), FormatError> {
        let items = labels.len();
        let mut places = std::iter::zip(images.chunks_exact_mut(self.shape.pixels().max(1)), labels);
        let mut index = 0;
        archive::walk(archive, limits, &mut |member| {
            let Some((pixels, label)) = places.next() else {
                let found = member.path.to_owned();
                return Err(FormatError::TooMany { items, found });
            };
            *label = self.class(index, member.path)?;
            pixels.copy_from_slice(&self.decode(member)?);
            index += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        if index < items {
            return Err(FormatError::Missing {
                member: self.name(index, "*"),
            });
        }
        Ok(())
    }

    fn name(&self, index: usize, class: &str) -> String {
        format!("{}/{index:05}_{class}.jpg", self.folder)
    }

    /// The class in the name of the picture that has to be number `index`.
    fn class(&self, index: usize, path: &str) -> Result<u8, FormatError> {
        let class = self.classes.iter().position(|class| self.name(index, class) == path);
        class
            .and_then(|class| u8::try_from(class).ok())
            .ok_or_else(|| FormatError::Order {
                index,
                expected: self.name(index, "*"),
                found: path.to_owned(),
            })
    }

    /// The pixels of one picture, as many as the shape says.
    fn decode(&self, member: Member<'_>) -> Result<Vec<u8>, FormatError> {
        let name = || member.path.to_owned();
        let expected = self.most_bytes() as u64;
        if member.bytes > expected {
            let (member, found) = (name(), member.bytes);
            return Err(FormatError::Size {
                member,
                expected,
                found,
            });
        }
        let mut file = Vec::new();
        member.content.read_to_end(&mut file)?;
        if file.len() as u64 != member.bytes {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        let look = |width: u32, height: u32| {
            if (height as usize, width as usize) == (self.shape.height, self.shape.width) {
                return Ok(());
            }
            let member = name();
            Err(FormatError::PictureSize { member, width, height })
        };
        let picture = |source| FormatError::Picture { member: name(), source };
        let image = decode::decode(Cursor::new(file), Some(ImageFormat::Jpeg), &look, &picture)?;
        // A note of the camera may have turned the picture.
        look(image.width(), image.height())?;
        Ok(decode::pixels(image, self.shape.channels))
    }
}

#[cfg(test)]
mod tests {
    use image::RgbImage;

    use super::{super::archive::tests::tar_of, *};

    const LIMITS: Limits = Limits {
        entries: 8,
        bytes: 1 << 16,
    };

    /// A picture of one color.
    fn jpeg(side: u32, color: [u8; 3]) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let image = RgbImage::from_pixel(side, side, color.into());
        image.write_to(&mut file, ImageFormat::Jpeg).unwrap();
        file.into_inner()
    }

    /// Two pictures of 8x8 pixels.
    fn read(files: &[(&str, &[u8])]) -> Result<Content, FormatError> {
        let pictures = Pictures {
            folder: "train",
            classes: &["cat".to_owned(), "frog".to_owned()],
            shape: Shape {
                height: 8,
                width: 8,
                channels: 3,
            },
        };
        let (mut images, mut labels) = (vec![0; 2 * 192], vec![0; 2]);
        pictures.read(tar_of(files).as_slice(), LIMITS, &mut images, &mut labels)?;
        Ok((images, labels))
    }

    #[test]
    fn names_give_the_classes_and_the_order() {
        let (red, blue) = (jpeg(8, [250, 0, 0]), jpeg(8, [0, 0, 250]));
        let (images, labels) = read(&[("train/00000_frog.jpg", &red), ("train/00001_cat.jpg", &blue)]).unwrap();
        assert_eq!(labels, [1, 0]);
        // JPEG keeps a single color within a few levels.
        let (first, second) = images.split_at(192);
        for (pixel, color) in [(&first[..3], [250, 0, 0]), (&second[..3], [0, 0, 250])] {
            let error = std::iter::zip(pixel, color).map(|(&found, expected): (&u8, u8)| found.abs_diff(expected));
            assert!(error.max().unwrap() <= 4, "{pixel:?}");
        }
    }

    #[test]
    fn another_order_or_name_is_refused() {
        let picture = jpeg(8, [9; 3]);
        let first = ("train/00000_frog.jpg", picture.as_slice());
        let second = ("train/00001_cat.jpg", picture.as_slice());
        for (files, expected) in [
            (&[second, first][..], "member 0 of the archive is `train/00001_cat.jpg`"),
            (&[first], "lacks `train/00001_*.jpg`"),
            (
                &[first, ("train/00001_dog.jpg", &picture)],
                "instead of `train/00001_*.jpg`",
            ),
            (
                &[first, ("test/00001_cat.jpg", &picture)],
                "instead of `train/00001_*.jpg`",
            ),
            (
                &[first, ("train/1_cat.jpg", &picture)],
                "instead of `train/00001_*.jpg`",
            ),
            (
                &[first, second, ("train/00002_cat.jpg", &picture)],
                "goes on after the 2 pictures",
            ),
        ] {
            let error = read(files).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn pictures_of_another_size_or_format_are_refused() {
        let large = jpeg(16, [9; 3]);
        let error = read(&[("train/00000_frog.jpg", &large)]).unwrap_err().to_string();
        assert!(error.contains("`train/00000_frog.jpg` has 16x16 pixels"), "{error}");
        let error = read(&[("train/00000_frog.jpg", b"GIF89a")]).unwrap_err();
        assert!(matches!(error, FormatError::Picture { .. }), "{error}");
        let huge = vec![0; 1 << 17];
        let limits = read(&[("train/00000_frog.jpg", &huge)]).unwrap_err();
        assert!(matches!(limits, FormatError::Size { .. }), "{limits}");
    }
}
