//! Decoding single PNG and JPEG pictures, with limits.

use std::io::{BufRead, Seek};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

/// Rows and columns of a picture before anything was decoded; refusing them refuses the picture.
pub(super) type Look<'a, E> = &'a dyn Fn(u32, u32) -> Result<(), E>;

/// Decodes one picture, turned as its camera noted; of the format found in its first bytes unless `format` says.
///
/// # Errors
///
/// `picture` of what the decoder met; what `look` returns for the size that the file claims, before there is
/// memory for it.
pub(super) fn decode<E>(
    file: impl BufRead + Seek,
    format: Option<ImageFormat>,
    look: Look<'_, E>,
    picture: &dyn Fn(ImageError) -> E,
) -> Result<DynamicImage, E> {
    let mut reader = match format {
        Some(format) => ImageReader::with_format(file, format),
        None => ImageReader::new(file)
            .with_guessed_format()
            .map_err(|error| picture(ImageError::IoError(error)))?,
    };
    // The default bounds the memory of a decoder.
    reader.limits(Limits::default());
    let mut decoder = reader.into_decoder().map_err(picture)?;
    let (width, height) = decoder.dimensions();
    look(width, height)?;
    let orientation = decoder.orientation().map_err(picture)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(picture)?;
    image.apply_orientation(orientation);
    Ok(image)
}

/// The pixels of a picture, `[height, width, channels]`: gray for one channel, red, green, blue otherwise.
///
/// Transparency is dropped.
pub(super) fn pixels(image: DynamicImage, channels: usize) -> Vec<u8> {
    match channels {
        1 => image.into_luma8().into_raw(),
        _ => image.into_rgb8().into_raw(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{GrayImage, RgbImage};
    use proptest::prelude::*;

    use super::*;

    fn encode(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        image.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    fn decode_any(bytes: &[u8]) -> Result<DynamicImage, String> {
        let small = |width, height| {
            if width * height <= 100 {
                Ok(())
            } else {
                Err(format!("{width}x{height}"))
            }
        };
        decode(Cursor::new(bytes), None, &small, &|error| error.to_string())
    }

    #[test]
    fn pixels_survive_png() {
        let colors = RgbImage::from_raw(2, 1, vec![1, 2, 3, 4, 5, 6]).unwrap();
        let file = encode(&colors.into(), ImageFormat::Png);
        assert_eq!(pixels(decode_any(&file).unwrap(), 3), [1, 2, 3, 4, 5, 6]);
        let gray = GrayImage::from_raw(2, 1, vec![7, 8]).unwrap();
        let file = encode(&gray.into(), ImageFormat::Png);
        assert_eq!(pixels(decode_any(&file).unwrap(), 1), [7, 8]);
        assert_eq!(pixels(decode_any(&file).unwrap(), 3), [7, 7, 7, 8, 8, 8]);
    }

    #[test]
    fn a_large_picture_is_refused_before_it_is_decoded() {
        let file = encode(&RgbImage::new(60, 50).into(), ImageFormat::Jpeg);
        // Cut behind the headers: it could not be decoded.
        let error = decode_any(&file[..file.len() - 10]).unwrap_err();
        assert_eq!(error, "60x50");
    }

    proptest! {
        #[test]
        fn damaged_pictures_never_panic(
            position in any::<prop::sample::Index>(),
            value in any::<u8>(),
            cut in any::<prop::sample::Index>(),
            format in prop::sample::select(vec![ImageFormat::Png, ImageFormat::Jpeg]),
        ) {
            let mut file = encode(&RgbImage::from_fn(8, 8, |x, y| [x as u8 * 30, y as u8 * 30, 9].into()).into(), format);
            let position = position.index(file.len());
            file[position] = value;
            let _ = decode_any(&file);
            let _ = decode_any(&file[..cut.index(file.len())]);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode_any(&bytes);
            let _ = decode_any(&[b"\xff\xd8\xff", bytes.as_slice()].concat());
            let _ = decode_any(&[b"\x89PNG\r\n\x1a\n", bytes.as_slice()].concat());
        }
    }
}
