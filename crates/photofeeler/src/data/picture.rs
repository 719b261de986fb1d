//! How a photo of any size becomes what a network sees: the longest side is scaled, and what is missing to a square
//! has the mean color of the border.

use std::{
    io::{BufRead, Seek},
    path::Path,
};

use image::{DynamicImage, ImageDecoder, ImageReader, Limits, Rgb, RgbImage, imageops, imageops::FilterType};

/// Reads a picture file: colors whatever it holds, turned as its camera noted, without transparency.
///
/// # Errors
///
/// What is wrong with the file.
pub fn read(path: &Path) -> Result<RgbImage, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    decode(std::io::BufReader::new(file))
}

/// The same from any source.
///
/// # Errors
///
/// What is wrong with the bytes.
pub fn decode(source: impl BufRead + Seek) -> Result<RgbImage, String> {
    let text = |error: image::ImageError| error.to_string();
    let mut reader = ImageReader::new(source)
        .with_guessed_format()
        .map_err(|error| error.to_string())?;
    reader.limits(Limits::default());
    let mut decoder = reader.into_decoder().map_err(text)?;
    let orientation = decoder.orientation().map_err(text)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(text)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}

/// Scales the longest side to `side` and fills up to a square, the picture in the middle.
///
/// # Shapes
///
/// - output: `[side, side, channels]`, gray for one channel
///
/// # Panics
///
/// If the picture has no pixel.
pub fn fit(picture: &RgbImage, side: usize, channels: usize) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let longest = f64::from(width.max(height));
    let scaled = |length: u32| ((f64::from(length) * side as f64 / longest).round() as u32).max(1);
    let (width, height) = (scaled(width), scaled(height));
    let small = match (width, height) == picture.dimensions() {
        true => picture.clone(),
        false => imageops::resize(picture, width, height, FilterType::Triangle),
    };
    let side = side as u32;
    let mut square = RgbImage::from_pixel(side, side, border(&small));
    imageops::replace(
        &mut square,
        &small,
        i64::from((side - width) / 2),
        i64::from((side - height) / 2),
    );
    match channels {
        1 => DynamicImage::from(square).into_luma8().into_raw(),
        _ => square.into_raw(),
    }
}

/// Mean color of the outermost pixels.
fn border(picture: &RgbImage) -> Rgb<u8> {
    let (width, height) = picture.dimensions();
    let (mut sums, mut count) = ([0_u64; 3], 0_u64);
    for (x, y, pixel) in picture.enumerate_pixels() {
        if x == 0 || y == 0 || x + 1 == width || y + 1 == height {
            for (sum, value) in sums.iter_mut().zip(pixel.0) {
                *sum += u64::from(value);
            }
            count += 1;
        }
    }
    Rgb(sums.map(|sum| ((sum + count / 2) / count.max(1)) as u8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_pictures_get_borders_of_their_edges_color() {
        let mut picture = RgbImage::from_pixel(8, 4, Rgb([200, 100, 0]));
        picture.put_pixel(3, 1, Rgb([0, 0, 0]));
        let fitted = fit(&picture, 8, 3);
        assert_eq!(fitted.len(), 8 * 8 * 3);
        assert_eq!(&fitted[..3], [200, 100, 0]);
        // Rows 2 to 5 are the picture's.
        assert_eq!(&fitted[(3 * 8 + 3) * 3..][..3], [0, 0, 0]);
        assert_eq!(fit(&picture, 8, 1).len(), 64);
    }
}
