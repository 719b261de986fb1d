use std::ops::Range;

use super::court::{COURT, LEFT, TOP};
use crate::frame::Frame;

/// Width and height of the agent's picture, in pixels.
pub(super) const SIDE: usize = 84;
/// Pixels of the picture for people per pixel of the agent's.
const SCALE: usize = 3;

/// Red, green and blue.
pub(super) type Color = [u8; 3];

/// A picture that is painted with rectangles. Agents and people are shown the same rectangles, in gray or in color.
pub(super) trait Canvas {
    /// Fills the part of a rectangle that lies in the given rows and columns, in pixels of the agent's picture.
    fn fill(&mut self, columns: Range<usize>, rows: Range<usize>, color: Color);

    /// Fills a rectangle in pixels of the agent's picture; what is outside of the picture is left out.
    fn rectangle(&mut self, left: i32, top: i32, width: i32, height: i32, color: Color) {
        let side = SIDE as i32;
        self.fill(span(left, width, 0, side), span(top, height, 0, side), color);
    }

    /// Fills a rectangle in pixels of the court; what is outside of the court is left out.
    fn in_court(&mut self, left: i32, top: i32, width: i32, height: i32, color: Color) {
        self.fill(
            span(left + LEFT, width, LEFT, COURT),
            span(top + TOP, height, TOP, COURT),
            color,
        );
    }
}

/// The part of `start..start + length` within `from..from + size`.
fn span(start: i32, length: i32, from: i32, size: i32) -> Range<usize> {
    let inside = |position: i32| position.clamp(from, from + size) as usize;
    inside(start)..inside(start + length)
}

/// 84×84 gray pixels, as the agent sees them.
pub(super) struct GrayCanvas<'a> {
    pixels: &'a mut [u8],
}

impl<'a> GrayCanvas<'a> {
    /// Paints on `SIDE * SIDE` pixels, row by row.
    pub(super) fn new(pixels: &'a mut [u8]) -> Self {
        Self { pixels }
    }
}

impl Canvas for GrayCanvas<'_> {
    fn fill(&mut self, columns: Range<usize>, rows: Range<usize>, color: Color) {
        let gray = luminance(color);
        for row in rows {
            self.pixels[row * SIDE..(row + 1) * SIDE][columns.clone()].fill(gray);
        }
    }
}

/// Brightness of a color by the weights of ITU-R BT.601.
fn luminance([red, green, blue]: Color) -> u8 {
    let sum = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue);
    ((sum + 500) / 1000) as u8
}

/// A colored picture for people.
pub(super) struct ColorCanvas {
    frame: Frame,
}

impl ColorCanvas {
    pub(super) fn new() -> Self {
        let side = (SIDE * SCALE) as u32;
        Self {
            frame: Frame::filled(side, side, [0; 3]),
        }
    }

    pub(super) fn into_frame(self) -> Frame {
        self.frame
    }
}

impl Canvas for ColorCanvas {
    fn fill(&mut self, columns: Range<usize>, rows: Range<usize>, color: Color) {
        let line = 3 * SCALE * SIDE;
        let part = 3 * SCALE * columns.start..3 * SCALE * columns.end;
        for row in SCALE * rows.start..SCALE * rows.end {
            let pixels = &mut self.frame.pixels[row * line..(row + 1) * line][part.clone()];
            for pixel in pixels.chunks_exact_mut(3) {
                pixel.copy_from_slice(&color);
            }
        }
    }
}

/// Rows of three bits, from the top, of the ten digits.
const DIGITS: [[u8; 4]; 10] = [
    [0b111, 0b101, 0b101, 0b111],
    [0b110, 0b010, 0b010, 0b111],
    [0b110, 0b001, 0b010, 0b111],
    [0b111, 0b011, 0b001, 0b111],
    [0b101, 0b101, 0b111, 0b001],
    [0b111, 0b110, 0b001, 0b110],
    [0b100, 0b111, 0b101, 0b111],
    [0b111, 0b001, 0b010, 0b010],
    [0b111, 0b111, 0b101, 0b111],
    [0b111, 0b101, 0b111, 0b001],
];
const DIGIT_WIDTH: i32 = 4;
const INK: Color = [235, 235, 225];

/// Writes numbers side by side into the strip above the court.
pub(super) fn paint_score(canvas: &mut impl Canvas, numbers: &[i32]) {
    blank_score(canvas);
    for (place, number) in numbers.iter().enumerate() {
        paint_number(canvas, LEFT + place as i32 * COURT / 2, *number);
    }
}

/// Paints the strip above the court black.
pub(super) fn blank_score(canvas: &mut impl Canvas) {
    canvas.rectangle(0, 0, SIDE as i32, TOP, [0; 3]);
}

fn paint_number(canvas: &mut impl Canvas, mut left: i32, number: i32) {
    if number < 0 {
        canvas.rectangle(left, 2, 2, 1, INK);
        left += DIGIT_WIDTH - 1;
    }
    for digit in number.unsigned_abs().to_string().bytes() {
        let rows = DIGITS[usize::from(digit - b'0')];
        for (row, bits) in (0..).zip(rows) {
            for column in (0..3).filter(|column| bits >> (2 - column) & 1 == 1) {
                canvas.rectangle(left + column, row, 1, 1, INK);
            }
        }
        left += DIGIT_WIDTH;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_of_the_court_is_not_painted() {
        let mut pixels = vec![0; SIDE * SIDE];
        GrayCanvas::new(&mut pixels).in_court(-5, -5, 7, 7, [255; 3]);
        let painted: Vec<usize> = (0..pixels.len()).filter(|&pixel| pixels[pixel] != 0).collect();
        // Two columns and two rows are inside of the court, which begins at column 2 and row 4.
        assert_eq!(painted, [4 * 84 + 2, 4 * 84 + 3, 5 * 84 + 2, 5 * 84 + 3]);
    }

    #[test]
    fn gray_is_the_brightness_of_the_color() {
        assert_eq!(luminance([255; 3]), 255);
        assert_eq!(luminance([255, 0, 0]), 76);
        assert_eq!(luminance([0, 255, 0]), 150);
        assert_eq!(luminance([0, 0, 255]), 29);
    }
}
