//! The CBCL set: gray pictures of 19×19 pixels, without groups.

use papers_core::{
    Context, Result,
    base::{catalogue::Split, images::ImageSet},
    random::Streams,
};

use super::{DataError, DataSet, Grouped, by_label, picture_set};
use crate::config::CbclConfig;

pub(super) fn load(config: &CbclConfig, context: &Context) -> Result<DataSet> {
    let of = |split| -> Result<[ImageSet; 2]> {
        let set = context.data.images("cbcl-faces", split)?;
        let labels = set.labels.clone();
        Ok(by_label(&brought(&set, config.side), &labels)?)
    };
    let [faces, non_faces] = of(Split::Train)?;
    let [test_faces, test_non_faces] = of(Split::Test)?;
    if config.test_non_faces > test_non_faces.len() {
        return Err(DataError::TooFew {
            group: "pictures without a face".to_owned(),
            wanted: config.test_non_faces,
            found: test_non_faces.len(),
            setting: "data.test_non_faces",
        }
        .into());
    }
    let order = Streams::new(config.seed).permutation("cbcl", 0, test_non_faces.len());
    let test_non_faces = test_non_faces.subset("cbcl/test others", &order[..config.test_non_faces]);
    Ok(DataSet {
        face_groups: vec![0; faces.len()],
        face_group_names: vec!["faces".to_owned()],
        attributes: Vec::new(),
        faces,
        non_faces,
        test_faces: Grouped::of_one(test_faces, "faces"),
        test_non_faces: Grouped::of_one(test_non_faces, "others"),
        comparable: Vec::new(),
        warnings: Vec::new(),
    })
}

/// Pictures resized by linear interpolation between pixel centers, which keeps their range.
fn brought(set: &ImageSet, side: usize) -> ImageSet {
    if (set.height, set.width) == (side, side) {
        return set.clone().without_labels();
    }
    let places = |size: usize| -> Vec<(usize, usize, f32)> {
        let place = |to: usize| {
            let at = ((to as f32 + 0.5) * size as f32 / side as f32 - 0.5).clamp(0.0, (size - 1) as f32);
            let low = at.floor() as usize;
            (low, (low + 1).min(size - 1), at - low as f32)
        };
        (0..side).map(place).collect()
    };
    let (rows, columns) = (places(set.height), places(set.width));
    let mut bytes = Vec::with_capacity(set.len() * side * side * set.channels);
    for index in 0..set.len() {
        let picture = set.image(index);
        for &(top, bottom, down) in &rows {
            for &(left, right, along) in &columns {
                for channel in 0..set.channels {
                    let value = |row: usize, column: usize| {
                        f32::from(picture[(row * set.width + column) * set.channels + channel])
                    };
                    let upper = value(top, left) * (1.0 - along) + value(top, right) * along;
                    let lower = value(bottom, left) * (1.0 - along) + value(bottom, right) * along;
                    bytes.push((upper * (1.0 - down) + lower * down).round() as u8);
                }
            }
        }
    }
    picture_set(set.name.clone(), bytes, [side, side, set.channels])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resizing_keeps_flat_pictures_and_means() {
        let flat = picture_set("flat", vec![77; 19 * 19], [19, 19, 1]);
        assert_eq!(brought(&flat, 16).images, vec![77; 256]);
        let ramp: Vec<u8> = (0..19 * 19).map(|place| (place % 19) as u8 * 10).collect();
        let small = brought(&picture_set("ramp", ramp, [19, 19, 1]), 16);
        let mean = small.images.iter().map(|&value| f64::from(value)).sum::<f64>() / 256.0;
        assert!((mean - 90.0).abs() < 1.0, "{mean}");
        assert!(small.images[..16].is_sorted());
    }

    /// Between pixel centers, by hand: of three columns 0, 60, 120 two are at 0.25 and 1.75.
    #[test]
    fn resizing_interpolates_between_the_centers_of_pixels() {
        let set = picture_set("small", vec![0, 60, 120, 30, 90, 150, 60, 120, 180], [3, 3, 1]);
        assert_eq!(brought(&set, 2).images, [23, 113, 68, 158]);
        assert_eq!(brought(&set, 3).images, set.images);
    }
}
