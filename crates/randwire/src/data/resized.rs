use image::{GrayImage, imageops};
use papers_core::base::images::ImageSet;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

/// One color of a picture, brought to `side` × `side` pixels from 0 to 255 by linear interpolation.
pub(crate) fn plane(set: &ImageSet, index: usize, channel: usize, side: usize) -> GrayImage {
    let scale = 255.0 / f32::from(set.maximum);
    let values = set.image(index).iter().skip(channel).step_by(set.channels);
    let bytes = values.map(|&value| (f32::from(value) * scale) as u8).collect();
    let picture = GrayImage::from_raw(set.width as u32, set.height as u32, bytes).expect("a picture has its size");
    imageops::resize(&picture, side as u32, side as u32, imageops::FilterType::Triangle)
}

/// Some pictures of a set, brought to that size by all cores.
pub(super) fn resized(set: &ImageSet, indices: &[usize], side: usize) -> ImageSet {
    let picture = |&index: &usize| {
        let plane = |channel| plane(set, index, channel, side).into_raw();
        let planes: Vec<Vec<u8>> = (0..set.channels).map(plane).collect();
        let pixels = (0..side * side).flat_map(|pixel| planes.iter().map(move |plane| plane[pixel]));
        pixels.collect::<Vec<u8>>()
    };
    let pictures: Vec<Vec<u8>> = indices.par_iter().map(picture).collect();
    ImageSet {
        name: set.name.clone(),
        images: pictures.concat(),
        labels: indices.iter().map(|&index| set.labels[index]).collect(),
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
        let large = resized(&set, &[0, 1], 4);
        assert_eq!((large.len(), large.height, large.width, large.channels), (2, 4, 4, 2));
        assert_eq!((large.maximum, large.labels.as_slice()), (255, [1, 0].as_slice()));
        let first = large.image(0);
        assert_eq!(first[..2], [255, 0], "the left is of the first color");
        assert_eq!(first[6..8], [0, 255], "the right is of the second");
        let second: Vec<u8> = large.image(1).iter().copied().skip(1).step_by(2).collect();
        assert!(second.iter().all(|&value| value == 127), "{second:?}");
        let turned = resized(&set, &[1, 0, 1], 4);
        assert_eq!(turned.labels, [0, 1, 0]);
        assert_eq!([turned.image(0), turned.image(1)], [large.image(1), first]);
    }
}
