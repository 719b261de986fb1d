//! The paper's protocol on large pictures: squares of several sizes slide over a picture, and one that counts as a face makes the
//! picture one (section 4.2). Which sizes and which stride decides the result; whole pictures need neither.

use burn::prelude::*;
use papers_core::{
    Error, Result,
    base::images::{Part, Picture},
    nn::Statistics,
};

use crate::{data::picture_set, data::pictures, model::DbVae};

/// Windows that pass the network together.
const BATCH: usize = 500;

/// Squares that slide over a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlidingWindow {
    sizes: Vec<u32>,
    stride: u32,
}

impl SlidingWindow {
    /// Squares of these sides, each that many pixels from the next.
    ///
    /// # Errors
    ///
    /// No size, or a size or stride of 0.
    pub fn new(sizes: Vec<u32>, stride: u32) -> Result<Self> {
        if sizes.is_empty() || sizes.contains(&0) || stride == 0 {
            return Err(Error::Usage(
                "windows need at least one size, and sizes and stride of at least one pixel".to_owned(),
            ));
        }
        Ok(Self { sizes, stride })
    }

    /// Where windows lie in a picture of so many columns and rows; the last of each row and column touches the edge. Sizes that do not
    /// fit are left out, and if none does there is one window, the middle square.
    pub fn parts(&self, [width, height]: [u32; 2]) -> Vec<Part> {
        let places = |length: u32, size: u32| {
            let last = length - size;
            let regular = (0..last).step_by(self.stride as usize);
            regular.chain([last])
        };
        let mut parts = Vec::new();
        for &size in self.sizes.iter().filter(|&&size| size <= width.min(height)) {
            for top in places(height, size) {
                parts.extend(places(width, size).map(|left| Part {
                    left,
                    top,
                    width: size,
                    height: size,
                }));
            }
        }
        if parts.is_empty() {
            let side = width.min(height).max(1);
            parts.push(Part {
                left: (width - side.min(width)) / 2,
                top: (height - side.min(height)) / 2,
                width: side,
                height: side,
            });
        }
        parts
    }

    /// The highest log odds of a face of any window: at or above a threshold if any of them is.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    pub fn score(&self, network: &DbVae, picture: &Picture, shape: [usize; 3], device: &Device) -> Result<f64> {
        let [side, _, channels] = shape;
        let mut highest = f64::NEG_INFINITY;
        for parts in self.parts(picture.size()).chunks(BATCH) {
            let views = parts.iter().map(|part| picture.view(*part, side as u32, channels));
            let set = picture_set("windows", views.collect::<Vec<_>>().concat(), shape);
            let indices: Vec<usize> = (0..set.len()).collect();
            let encoded = network.encode(pictures(&set, &indices, device), Statistics::Running);
            let logits = encoded.logits.narrow(1, 0, 1).try_into_vec_as::<f64>()?;
            // A window that says nothing finite is told, and not passed over as `max` would.
            highest = logits
                .into_iter()
                .fold(highest, |highest, logit| match highest.is_nan() || logit.is_nan() {
                    true => f64::NAN,
                    false => highest.max(logit),
                });
        }
        Ok(highest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_a_picture_to_its_edges() {
        let windows = SlidingWindow::new(vec![4, 6, 20], 3).unwrap();
        let parts = windows.parts([10, 6]);
        // Columns 0, 3, 6 and rows 0, 2 of size 4; columns 0, 3, 4 and row 0 of size 6.
        assert_eq!(parts.len(), 3 * 2 + 3);
        for part in &parts {
            assert!(part.left + part.width <= 10 && part.top + part.height <= 6, "{part:?}");
        }
        assert!(parts.iter().any(|part| part.left == 6 && part.top == 2));
        assert!(parts.iter().any(|part| part.left == 4 && part.width == 6));
    }

    #[test]
    fn a_picture_that_is_smaller_than_all_windows_is_one() {
        let windows = SlidingWindow::new(vec![64], 8).unwrap();
        let part = windows.parts([10, 6])[0];
        assert_eq!((part.left, part.top, part.width), (2, 0, 6));
        assert!(SlidingWindow::new(vec![], 8).is_err() && SlidingWindow::new(vec![8], 0).is_err());
    }
}
