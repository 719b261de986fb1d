//! JPEG pictures of a `.tar.gz`, and the one way that pictures of all sources take before a detector sees them.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use image::{ImageFormat, RgbImage, codecs::jpeg::JpegEncoder, imageops, imageops::FilterType};
use papers_core::{Error, Result, base::catalogue::DatasetFolder};

use super::DataError;

/// More bytes than a picture of these archives has.
const MOST_BYTES: u64 = 1 << 20;
/// More pictures than these archives have.
const MOST_PICTURES: usize = 100_000;

/// Rows and columns at which pictures of all sources are compressed.
pub(super) const COMMON: u32 = 64;
/// Quality of that compression.
const QUALITY: u8 = 90;

/// Reads the pictures of an archive one by one, in its order: path and pixels.
pub(super) fn pictures(
    folder: &DatasetFolder,
    file: &'static str,
    mut take: impl FnMut(String, RgbImage) -> Result<()>,
) -> Result<()> {
    let damaged = |problem: String| -> Error {
        DataError::File {
            file: folder.path().join(file).display().to_string(),
            problem,
        }
        .into()
    };
    let mut archive = tar::Archive::new(MultiGzDecoder::new(folder.open(file)?));
    let entries = archive.entries().map_err(|error| damaged(error.to_string()))?;
    let mut count = 0;
    for entry in entries {
        let mut entry = entry.map_err(|error| damaged(error.to_string()))?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        count += 1;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if count > MOST_PICTURES || entry.size() > MOST_BYTES {
            return Err(damaged(format!("`{path}` is more than such an archive holds")));
        }
        let mut bytes = Vec::new();
        entry
            .read_to_end(&mut bytes)
            .map_err(|error| damaged(error.to_string()))?;
        let picture = image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg)
            .map_err(|error| damaged(format!("`{path}`: {error}")))?;
        take(path, picture.into_rgb8())?;
    }
    Ok(())
}

/// What every picture goes through, wherever it comes from: to 64×64, compressed as JPEG of quality 90, then to `side`. What remains
/// of the ways in which sources were made is in the pixels of 64×64 at most, and the smaller picture averages over it.
///
/// # Shapes
///
/// - output: `[side, side, 3]`
pub(super) fn common(picture: &RgbImage, side: u32) -> Result<Vec<u8>> {
    let brought = imageops::resize(picture, COMMON, COMMON, FilterType::Lanczos3);
    let mut file = Vec::new();
    let unusable = |error: image::ImageError| -> Error {
        DataError::File {
            file: "a picture in memory".to_owned(),
            problem: error.to_string(),
        }
        .into()
    };
    JpegEncoder::new_with_quality(&mut file, QUALITY)
        .encode_image(&brought)
        .map_err(unusable)?;
    let decoder = image::ImageReader::with_format(Cursor::new(file), ImageFormat::Jpeg);
    let compressed = decoder.decode().map_err(unusable)?.into_rgb8();
    Ok(imageops::resize(&compressed, side, side, FilterType::Triangle).into_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_all_sizes_become_alike() {
        let flat = |side| RgbImage::from_pixel(side, side, image::Rgb([200, 100, 50]));
        let [large, small] = [128, 64].map(|side| common(&flat(side), 16).unwrap());
        assert_eq!(large, small);
        assert_eq!(large.len(), 16 * 16 * 3);
        assert!(
            large
                .chunks(3)
                .all(|pixel| pixel[0].abs_diff(200) < 4 && pixel[2].abs_diff(50) < 4)
        );
    }

    /// Waves of several lengths, the finest of three pixels.
    fn textured(side: u32) -> RgbImage {
        RgbImage::from_fn(side, side, |x, y| {
            let (x, y) = (
                f64::from(x) * 128.0 / f64::from(side),
                f64::from(y) * 128.0 / f64::from(side),
            );
            let value = 128.0 + 50.0 * (x / 9.0).sin() * (y / 7.0).cos() + 40.0 * ((x + 2.0 * y) / 3.0).sin();
            image::Rgb([value as u8, (255.0 - value) as u8, (value * 0.7) as u8])
        })
    }

    /// How much neighboring pixels differ.
    fn roughness(pixels: &[u8], side: usize) -> f64 {
        let row = |row: usize| (row * side * 3..(row + 1) * side * 3 - 3).map(|at| pixels[at].abs_diff(pixels[at + 3]));
        let sum: u64 = (0..side).flat_map(row).map(u64::from).sum();
        sum as f64 / (side * (side - 1) * 3) as f64
    }

    /// A photo of 128 pixels, as ImageNet's are here, and the same one as FairFace's lie: brought to 64 and compressed before.
    #[test]
    fn a_textured_picture_does_not_tell_which_source_it_is_from() {
        for side in [16, 32] {
            let large = textured(128);
            let of_one_source = common(&large, side).unwrap();
            let small = imageops::resize(&large, COMMON, COMMON, FilterType::Lanczos3);
            let mut file = Vec::new();
            JpegEncoder::new_with_quality(&mut file, QUALITY)
                .encode_image(&small)
                .unwrap();
            let stored = image::load_from_memory_with_format(&file, ImageFormat::Jpeg)
                .unwrap()
                .into_rgb8();
            let of_the_other = common(&stored, side).unwrap();
            let differences = of_one_source
                .iter()
                .zip(&of_the_other)
                .map(|(one, other)| f64::from(one.abs_diff(*other)));
            let mean = differences.sum::<f64>() / of_one_source.len() as f64;
            let rough = [&of_one_source, &of_the_other].map(|pixels| roughness(pixels, side as usize));
            assert!(rough[0] > 5.0, "there is a texture: {rough:?}");
            assert!((rough[1] / rough[0] - 1.0).abs() < 0.02, "{side}: {rough:?}");
            assert!(mean < 1.0, "{side}: {mean}");
        }
    }
}
