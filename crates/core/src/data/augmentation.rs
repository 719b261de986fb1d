use papers_base::images::ImageSet;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::random::Streams;

/// Random views of a picture that show the same thing: mirrored, and shifted by at most `pad` pixels.
///
/// A picture is flipped first, then padded by reflection (the border pixel is not repeated), then cut back to its size
/// at a random place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augmentation {
    /// Whether every second picture has left and right exchanged. Not for digits, which then show something else.
    pub flip: bool,
    /// Pixels of padding on each side.
    pub pad: usize,
}

/// What was drawn for one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Placement {
    /// Whether left and right are exchanged.
    pub flip: bool,
    /// Row of the padded picture where the cut begins, in `0..=2·pad`; `pad` does not shift.
    pub offset_y: usize,
    /// Column of the padded picture where the cut begins, in `0..=2·pad`; `pad` does not shift.
    pub offset_x: usize,
}

impl Augmentation {
    /// Refuses pictures that are too small to be padded by reflection.
    ///
    /// # Errors
    ///
    /// What is wrong, to be read after the name of the setting.
    pub fn check(&self, height: usize, width: usize) -> Result<(), String> {
        let side = height.min(width);
        if self.pad < side {
            return Ok(());
        }
        Err(format!(
            "pads by {} pixels, and pictures of {height} × {width} can be reflected by {} at most",
            self.pad,
            side.saturating_sub(1)
        ))
    }

    /// Draws what happens to one picture: offsets are uniform over `0..=2·pad`, a flip has probability 1/2.
    pub fn draw(&self, rng: &mut ChaCha8Rng) -> Placement {
        Placement {
            flip: self.flip && rng.random_bool(0.5),
            offset_y: rng.random_range(0..=2 * self.pad),
            offset_x: rng.random_range(0..=2 * self.pad),
        }
    }

    /// Writes one view of a picture, each value through `convert`: one pass, no picture in between.
    ///
    /// # Shapes
    ///
    /// - picture: `shape`, which is `[height, width, channels]`
    /// - output: `[channels, height, width]`
    ///
    /// # Panics
    ///
    /// If the picture is one that [`check`](Self::check) refuses, or an offset is beyond `2·pad`.
    pub fn place<S: Copy, T>(
        &self,
        placement: Placement,
        picture: &[S],
        shape: [usize; 3],
        convert: impl Fn(S) -> T,
        output: &mut [T],
    ) {
        let [height, width, channels] = shape;
        assert_eq!(picture.len(), height * width * channels, "a picture has its shape");
        assert_eq!(output.len(), picture.len(), "a view is as large as its picture");
        let columns: Vec<usize> = (0..width)
            .map(|column| {
                let column = reflected(column + placement.offset_x, self.pad, width);
                let column = if placement.flip { width - 1 - column } else { column };
                column * channels
            })
            .collect();
        for (index, line) in output.chunks_exact_mut(width).enumerate() {
            let (channel, row) = (index / height, index % height);
            let row = reflected(row + placement.offset_y, self.pad, height);
            let source = &picture[row * width * channels..(row + 1) * width * channels];
            for (value, column) in line.iter_mut().zip(&columns) {
                *value = convert(source[column + channel]);
            }
        }
    }
}

/// Where a place in the padded line comes from in the line of `length`; the ends are mirrors and stand once.
fn reflected(padded: usize, pad: usize, length: usize) -> usize {
    match padded.checked_sub(pad) {
        None => pad - padded,
        Some(place) if place < length => place,
        Some(place) => 2 * (length - 1) - place,
    }
}

/// Augmented views of pictures of a set, in `[-1, 1]` (`x · 2 / maximum - 1`).
///
/// View `i` is drawn from `streams.at(name, step, i)`: steps can be computed in any order, and what stands elsewhere in
/// the batch does not matter. The same picture twice in a batch has two views.
///
/// # Shapes
///
/// - output: `[indices, channels, height, width]`
///
/// # Panics
///
/// If an index is outside the set, or [`Augmentation::check`] refuses its pictures.
pub fn augmented(
    set: &ImageSet,
    indices: &[usize],
    augmentation: &Augmentation,
    streams: &Streams,
    name: &str,
    step: u64,
) -> Vec<f32> {
    signed(set, indices, augmentation, |position| {
        augmentation.draw(&mut streams.at(name, step, position as u64))
    })
}

/// Views of pictures in `[-1, 1]`, with a placement for each position in `indices`.
pub(super) fn signed(
    set: &ImageSet,
    indices: &[usize],
    augmentation: &Augmentation,
    placement: impl Fn(usize) -> Placement,
) -> Vec<f32> {
    let levels = levels(set.maximum);
    let shape = [set.height, set.width, set.channels];
    let mut values = vec![0.0; indices.len() * set.pixels()];
    let views = values.chunks_exact_mut(set.pixels());
    for (position, (view, &index)) in views.zip(indices).enumerate() {
        let convert = |byte: u8| levels[usize::from(byte)];
        augmentation.place(placement(position), set.image(index), shape, convert, view);
    }
    values
}

/// What each byte stands for in `[-1, 1]`. A table is as fast as arithmetic, and both ends are met exactly.
fn levels(maximum: u8) -> [f32; 256] {
    std::array::from_fn(|byte| (byte as f64 * 2.0 / f64::from(maximum) - 1.0) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures whose bytes all differ.
    fn set() -> ImageSet {
        ImageSet {
            name: "made-up/train".to_owned(),
            images: (0..2 * 4 * 5 * 3).collect(),
            labels: vec![0, 1],
            height: 4,
            width: 5,
            channels: 3,
            maximum: 119,
            classes: 2,
            class_names: vec!["a".to_owned(), "b".to_owned()],
        }
    }

    fn views(indices: &[usize], seed: u64, step: u64) -> Vec<f32> {
        let augmentation = Augmentation { flip: true, pad: 3 };
        augmented(&set(), indices, &augmentation, &Streams::new(seed), "views", step)
    }

    #[test]
    fn a_line_is_reflected_without_its_border_pixel_twice() {
        let line: Vec<usize> = (0..8).map(|padded| reflected(padded, 2, 4)).collect();
        assert_eq!(line, [2, 1, 0, 1, 2, 3, 2, 1]);
    }

    #[test]
    fn all_shifts_are_equally_likely_and_so_are_flips() {
        const DRAWS: usize = 18_000;
        let augmentation = Augmentation { flip: true, pad: 1 };
        let streams = Streams::new(5);
        let mut counts = [[[0_usize; 3]; 3]; 2];
        for index in 0..DRAWS {
            let placement = augmentation.draw(&mut streams.at("views", 0, index as u64));
            counts[usize::from(placement.flip)][placement.offset_y][placement.offset_x] += 1;
        }
        // 1000 are expected of each; the standard deviation is 31, and four of them are allowed.
        for count in counts.as_flattened().as_flattened() {
            assert!(count.abs_diff(DRAWS / 18) < 124, "{counts:?}");
        }
    }

    #[test]
    fn nothing_is_flipped_unasked() {
        let augmentation = Augmentation { flip: false, pad: 2 };
        let streams = Streams::new(5);
        assert!((0..100).all(|index| !augmentation.draw(&mut streams.at("views", 0, index)).flip));
    }

    #[test]
    fn a_view_follows_from_seed_step_and_position() {
        let pair = views(&[0, 1], 1, 2);
        assert_eq!(pair, views(&[0, 1], 1, 2));
        assert_ne!(pair, views(&[0, 1], 2, 2));
        assert_ne!(pair, views(&[0, 1], 1, 3));
    }

    #[test]
    fn a_view_does_not_depend_on_the_others_of_its_batch() {
        let pixels = set().pixels();
        let pair = views(&[0, 1], 1, 2);
        assert_eq!(pair[..pixels], views(&[0], 1, 2));
        assert_eq!(pair[pixels..], views(&[0, 1, 0], 1, 2)[pixels..2 * pixels]);
    }

    #[test]
    fn black_and_white_are_the_ends_of_the_interval() {
        let view = signed(&set(), &[0, 1], &Augmentation::default(), |_| Placement::default());
        let ends = [f32::min, f32::max].map(|end| view.iter().copied().reduce(end));
        assert_eq!(ends, [Some(-1.0), Some(1.0)]);
    }

    #[test]
    fn pictures_smaller_than_the_padding_are_refused() {
        let augmentation = Augmentation { flip: false, pad: 4 };
        augmentation.check(5, 9).expect("a side of 5 reflects 4 pixels");
        for (height, width) in [(4, 9), (9, 4), (0, 0)] {
            augmentation.check(height, width).expect_err("too small");
        }
    }
}
