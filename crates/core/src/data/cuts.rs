//! Pictures on disk as networks see them: a part of each is cut out, brought to a square and perhaps mirrored.

use papers_base::images::{Listing, Part};
use rand::{Rng, RngExt};

use crate::Result;

/// Colors of pictures on disk; gray ones have all three alike.
pub const COLORS: usize = 3;

/// Least and greatest width of a random part, in units of its height.
const SHAPES: [f64; 2] = [3.0 / 4.0, 4.0 / 3.0];
/// Parts that are drawn before the middle is taken.
const TRIES: usize = 10;

/// Which part of a picture is seen, and whether left and right are exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    /// The part.
    pub part: Part,
    /// Whether it is mirrored.
    pub is_mirrored: bool,
}

impl From<Part> for Cut {
    fn from(part: Part) -> Self {
        Self {
            part,
            is_mirrored: false,
        }
    }
}

/// Reads a picture and brings what `cut` says of its width and height to a square.
///
/// # Shapes
///
/// - output: `[3, side, side]`, in `[-1, 1]`
///
/// # Errors
///
/// A file that cannot be read or decoded.
pub fn square(listing: &Listing, index: usize, side: usize, cut: impl FnOnce([u32; 2]) -> Cut) -> Result<Vec<f32>> {
    let picture = listing.read(index)?;
    let Cut { part, is_mirrored } = cut(picture.size());
    Ok(planes(&picture.view(part, side as u32, COLORS), side, is_mirrored))
}

/// The square in the middle, of this share of the shorter side.
pub fn middle([width, height]: [u32; 2], share: f64) -> Part {
    let side = side([width, height], share);
    Part {
        left: width.saturating_sub(side) / 2,
        top: height.saturating_sub(side) / 2,
        width: side,
        height: side,
    }
}

/// A square anywhere, of this share of the shorter side.
pub fn random_square([width, height]: [u32; 2], share: f64, random: &mut impl Rng) -> Part {
    let side = side([width, height], share);
    Part {
        left: random.random_range(0..=width.saturating_sub(side)),
        top: random.random_range(0..=height.saturating_sub(side)),
        width: side,
        height: side,
    }
}

fn side([width, height]: [u32; 2], share: f64) -> u32 {
    ((f64::from(width.min(height)) * share).round() as u32).max(1)
}

/// A random part (Szegedy et al. 2015): its area is uniform from a least share to the whole, its shape uniform on a
/// logarithmic scale from 3:4 to 4:3. Where no part fits after ten tries, the middle.
pub fn random_part([width, height]: [u32; 2], least_area: f64, random: &mut impl Rng) -> Part {
    let whole = f64::from(width) * f64::from(height);
    for _ in 0..TRIES {
        let area = whole * random.random_range(least_area..=1.0);
        let shape = random.random_range(SHAPES[0].ln()..=SHAPES[1].ln()).exp();
        let columns = (area * shape).sqrt().round() as u32;
        let rows = (area / shape).sqrt().round() as u32;
        if (1..=width).contains(&columns) && (1..=height).contains(&rows) {
            return Part {
                left: random.random_range(0..=width - columns),
                top: random.random_range(0..=height - rows),
                width: columns,
                height: rows,
            };
        }
    }
    middle([width, height], 1.0)
}

/// `[side, side, 3]` of bytes to `[3, side, side]` in `[-1, 1]`.
fn planes(pixels: &[u8], side: usize, is_mirrored: bool) -> Vec<f32> {
    let mut planes = Vec::with_capacity(pixels.len());
    for color in 0..COLORS {
        for row in 0..side {
            let pixel = |column: usize| f32::from(pixels[(row * side + column) * COLORS + color]) / 127.5 - 1.0;
            match is_mirrored {
                true => planes.extend((0..side).rev().map(pixel)),
                false => planes.extend((0..side).map(pixel)),
            }
        }
    }
    planes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Streams;

    #[test]
    fn the_middle_of_wide_and_of_tall_pictures() {
        let part = |left, top, side| Part {
            left,
            top,
            width: side,
            height: side,
        };
        assert_eq!(middle([300, 200], 0.875), part(62, 12, 175));
        assert_eq!(middle([10, 30], 1.0), part(0, 10, 10));
        assert_eq!(middle([1, 1], 0.5), part(0, 0, 1));
    }

    #[test]
    fn random_parts_lie_within_and_have_the_asked_for_shapes() {
        let mut random = Streams::new(0).at("parts", 0, 0);
        let mut areas = Vec::new();
        for _ in 0..500 {
            let part = random_part([120, 90], 0.2, &mut random);
            assert!(
                part.left + part.width <= 120 && part.top + part.height <= 90,
                "{part:?}"
            );
            let shape = f64::from(part.width) / f64::from(part.height);
            assert!((0.7..1.4).contains(&shape), "{part:?}");
            areas.push(f64::from(part.width * part.height) / (120.0 * 90.0));
        }
        assert!(areas.iter().all(|&area| area > 0.19));
        assert!(areas.iter().any(|&area| area < 0.3) && areas.iter().any(|&area| area > 0.7));
        // Too long for any shape: the middle.
        assert_eq!(random_part([1000, 1], 0.9, &mut random), middle([1000, 1], 1.0));
    }

    #[test]
    fn random_squares_lie_within_and_go_everywhere() {
        let mut random = Streams::new(0).at("squares", 0, 0);
        let mut corners = Vec::new();
        for _ in 0..300 {
            let square = random_square([120, 96], 0.875, &mut random);
            assert_eq!((square.width, square.height), (84, 84), "7/8 of the shorter side");
            assert!(square.left + 84 <= 120 && square.top + 84 <= 96, "{square:?}");
            corners.push(square.left);
        }
        assert!(corners.contains(&0) && corners.contains(&36));
    }

    #[test]
    fn colors_come_first_and_mirrors_turn_rows() {
        let pixels = [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
        assert_eq!(planes(&pixels, 2, false)[..4], [1.0, -1.0, -1.0, 1.0]);
        assert_eq!(planes(&pixels, 2, true)[..4], [-1.0, 1.0, 1.0, -1.0]);
    }
}
