use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

use super::Attributes;

/// Rows and columns of a portrait.
pub const SIDE: usize = 32;

/// Deviation of the noise of pixels.
const NOISE: f64 = 0.06;
/// Skin, eyes, mouth and rims.
const SKIN: f64 = 0.72;
const DARK: f64 = 0.12;
/// Passes of a 3×3 mean in the blurred copy.
const BLURS: usize = 3;

/// A gray portrait, `[SIDE · SIDE]` bytes.
///
/// Coordinates go from -1 to 1 to the right and downwards.
pub fn portrait(attributes: &Attributes, random: &mut impl Rng) -> Vec<u8> {
    let pixel = |index: usize| 2.0 * (index as f64 + 0.5) / SIDE as f64 - 1.0;
    let sharp: Vec<f64> = (0..SIDE * SIDE)
        .map(|place| shade(attributes, pixel(place % SIDE), pixel(place / SIDE)))
        .collect();
    let blurred = (0..BLURS).fold(sharp.clone(), |image, _| blur(&image));
    let share = (1.0 - attributes.sharpness) / 2.0;
    let noisy = sharp.iter().zip(&blurred).map(|(sharp, blurred)| {
        let noise: f64 = StandardNormal.sample(random);
        (1.0 - share) * sharp + share * blurred + NOISE * noise
    });
    noisy
        .map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect()
}

/// Brightness at a place, later things on top.
fn shade(attributes: &Attributes, x: f64, y: f64) -> f64 {
    let x = x - 0.15 * attributes.offset;
    let (width, height) = (0.5 + 0.08 * attributes.aspect, 0.68 - 0.08 * attributes.aspect);
    let within = |dx: f64, dy: f64, rx: f64, ry: f64| (dx / rx).powi(2) + (dy / ry).powi(2) <= 1.0;
    let mut shade = 0.45 + 0.3 * attributes.background;
    if within(x, y + 0.12, 1.15 * width, 1.12 * height) {
        shade = 0.45 - 0.35 * attributes.hair;
    }
    if within(x, y - 0.05, width, height) {
        shade = SKIN;
    }
    let eye = 0.09 + 0.035 * attributes.eyes;
    for side in [-0.2, 0.2] {
        let (dx, dy) = (x - side, y + 0.1);
        if within(dx, dy, eye, eye) {
            shade = DARK;
        }
        let ring = dx.hypot(dy);
        if attributes.glasses > 0.0 && (0.14..0.2).contains(&ring) {
            shade = DARK;
        }
    }
    // A parabola: the corners of a smile are higher than its middle.
    let mouth = 0.38 - attributes.smile * 1.6 * (x * x - 0.02);
    if x.abs() < 0.24 && (y - mouth).abs() < 0.045 {
        shade = 0.25;
    }
    shade
}

/// The mean of each 3×3 square; the border repeats.
fn blur(image: &[f64]) -> Vec<f64> {
    let at = |row: usize, column: usize| image[row * SIDE + column];
    let near = |index: usize| [index.saturating_sub(1), index, (index + 1).min(SIDE - 1)];
    (0..SIDE * SIDE)
        .map(|place| {
            let (rows, columns) = (near(place / SIDE), near(place % SIDE));
            let sum: f64 = rows
                .iter()
                .map(|&row| columns.iter().map(|&column| at(row, column)).sum::<f64>())
                .sum();
            sum / 9.0
        })
        .collect()
}
