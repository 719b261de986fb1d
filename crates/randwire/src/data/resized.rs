use image::{GrayImage, imageops};
use papers_core::base::images::ImageSet;

/// One color of a picture, brought to `side` × `side` pixels from 0 to 255 by linear interpolation.
pub(crate) fn plane(set: &ImageSet, index: usize, channel: usize, side: usize) -> GrayImage {
    let scale = 255.0 / f32::from(set.maximum);
    let values = set.image(index).iter().skip(channel).step_by(set.channels);
    let bytes = values.map(|&value| (f32::from(value) * scale) as u8).collect();
    let picture = GrayImage::from_raw(set.width as u32, set.height as u32, bytes).expect("a picture has its size");
    imageops::resize(&picture, side as u32, side as u32, imageops::FilterType::Triangle)
}

/// All pictures of a set, brought to that size.
pub(super) fn resized(set: &ImageSet, side: usize) -> ImageSet {
    let mut images = Vec::with_capacity(set.len() * side * side * set.channels);
    for index in 0..set.len() {
        let planes: Vec<Vec<u8>> = (0..set.channels)
            .map(|channel| plane(set, index, channel, side).into_raw())
            .collect();
        images.extend((0..side * side).flat_map(|pixel| planes.iter().map(move |plane| plane[pixel])));
    }
    ImageSet {
        name: set.name.clone(),
        images,
        labels: set.labels.clone(),
        height: side,
        width: side,
        maximum: u8::MAX,
        class_names: set.class_names.clone(),
        ..*set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_stay_apart_and_reach_the_largest_value() {
        let set = ImageSet {
            name: "two".to_owned(),
            images: vec![10, 0, 0, 10, 0, 5, 0, 5],
            labels: vec![1, 0],
            height: 1,
            width: 2,
            channels: 2,
            maximum: 10,
            classes: 2,
            class_names: vec!["a".to_owned(), "b".to_owned()],
        };
        let large = resized(&set, 4);
        assert_eq!((large.len(), large.height, large.width, large.channels), (2, 4, 4, 2));
        assert_eq!((large.maximum, large.labels.as_slice()), (255, [1, 0].as_slice()));
        let first = large.image(0);
        assert_eq!(first[..2], [255, 0], "the left is of the first color");
        assert_eq!(first[6..8], [0, 255], "the right is of the second");
        let second: Vec<u8> = large.image(1).iter().copied().skip(1).step_by(2).collect();
        assert!(second.iter().all(|&value| value == 127), "{second:?}");
    }
}
