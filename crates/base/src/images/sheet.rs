//! Sheets of pictures with captions, as PNG.

use super::{ImageSet, ImagesError, font, rgb_png};

/// Pixels between things on a sheet.
pub(super) const GAP: usize = 4;

/// Sheet pixels per pixel of a letter.
pub(super) const LETTER_SCALE: usize = 2;

/// Height of a line of text with the gap below it.
const LINE: usize = font::HEIGHT * LETTER_SCALE + GAP;

/// Pictures are enlarged, by a whole factor, to at least this many rows.
const LEAST_HEIGHT: usize = 64;

const PAPER: [u8; 3] = [255, 255, 255];
const INK: [u8; 3] = [40, 40, 40];
const MARK: [u8; 3] = [192, 57, 43];

/// A picture on a sheet, with lines of text below it.
///
/// The letters are those of capitals, digits and `-_./%+:=,>?`; small letters become capitals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tile {
    /// Pixels, `[height, width, channels]`, each in `0..=maximum` of the set that the sheet is of.
    pub pixels: Vec<u8>,
    /// Lines below the picture.
    pub lines: Vec<String>,
    /// Whether it is framed in red.
    pub marked: bool,
}

/// Draws pictures of the shape and range of `set` in rows of so many, as a PNG file.
///
/// # Errors
///
/// [`ImagesError::Encode`] if the sheet has no pixel or too many for a PNG file.
///
/// # Panics
///
/// If a tile has fewer pixels than a picture of the set.
pub fn sheet(set: &ImageSet, tiles: &[Tile], columns: usize) -> Result<Vec<u8>, ImagesError> {
    let scale = LEAST_HEIGHT.div_ceil(set.height.max(1));
    let lines = tiles.iter().map(|tile| tile.lines.len()).max().unwrap_or(0);
    let longest = tiles
        .iter()
        .flat_map(|tile| &tile.lines)
        .map(|line| text_width(line))
        .max();
    let width = (set.width * scale).max(longest.unwrap_or(0)) + 2 * GAP;
    let height = set.height * scale + 2 * GAP + lines * LINE;
    let columns = columns.clamp(1, tiles.len().max(1));
    let mut sheet = Sheet::new(GAP + columns * width, GAP + tiles.len().div_ceil(columns) * height);
    for (place, tile) in tiles.iter().enumerate() {
        let (top, left) = (GAP + place / columns * height, GAP + place % columns * width);
        if tile.marked {
            sheet.rectangle(
                top - GAP / 2,
                left - GAP / 2,
                [set.height * scale + GAP, set.width * scale + GAP],
                MARK,
            );
        }
        sheet.image(set, &tile.pixels, scale, top, left);
        for (line, text) in tile.lines.iter().enumerate() {
            sheet.text(text, top + set.height * scale + GAP + line * LINE, left);
        }
    }
    Ok(sheet.encode()?)
}

fn text_width(text: &str) -> usize {
    text.chars().count() * (font::WIDTH + 1) * LETTER_SCALE
}

/// A picture in the making.
pub(super) struct Sheet {
    width: usize,
    height: usize,
    /// `[height, width, 3]`.
    pixels: Vec<u8>,
}

impl Sheet {
    pub(super) fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            pixels: PAPER.repeat(width * height),
        }
    }

    /// One line of text, its upper left corner at row `top` and column `left`.
    pub(super) fn text(&mut self, text: &str, top: usize, left: usize) {
        for (position, letter) in text.chars().enumerate() {
            self.letter(letter, top, left + position * (font::WIDTH + 1) * LETTER_SCALE);
        }
    }

    fn letter(&mut self, letter: char, top: usize, left: usize) {
        for (row, bits) in font::rows(letter).into_iter().enumerate() {
            for column in (0..font::WIDTH).filter(|column| bits >> (font::WIDTH - 1 - column) & 1 == 1) {
                self.square(
                    top + row * LETTER_SCALE,
                    left + column * LETTER_SCALE,
                    LETTER_SCALE,
                    INK,
                );
            }
        }
    }

    pub(super) fn image(&mut self, set: &ImageSet, image: &[u8], scale: usize, top: usize, left: usize) {
        for row in 0..set.height {
            for column in 0..set.width {
                let start = (row * set.width + column) * set.channels;
                let value = |channel: usize| {
                    let value = u32::from(image[start + channel.min(set.channels - 1)]);
                    (value * 255 / u32::from(set.maximum.max(1))) as u8
                };
                let color = [value(0), value(1), value(2)];
                self.square(top + row * scale, left + column * scale, scale, color);
            }
        }
    }

    /// Fills a square whose corner is at row `top` and column `left`.
    fn square(&mut self, top: usize, left: usize, size: usize, color: [u8; 3]) {
        self.rectangle(top, left, [size, size], color);
    }

    fn rectangle(&mut self, top: usize, left: usize, [height, width]: [usize; 2], color: [u8; 3]) {
        for row in top..(top + height).min(self.height) {
            for column in left..(left + width).min(self.width) {
                let start = (row * self.width + column) * 3;
                self.pixels[start..start + 3].copy_from_slice(&color);
            }
        }
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, png::EncodingError> {
        let side = |length| u32::try_from(length).unwrap_or(u32::MAX);
        rgb_png(side(self.width), side(self.height), &self.pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> ImageSet {
        ImageSet {
            name: "toy".to_owned(),
            images: Vec::new(),
            labels: Vec::new(),
            height: 64,
            width: 64,
            channels: 1,
            maximum: 1,
            classes: 0,
            class_names: Vec::new(),
        }
    }

    #[test]
    fn marked_pictures_have_a_red_frame() {
        let tile = |marked| Tile {
            pixels: vec![0; 64 * 64],
            lines: vec!["a".to_owned()],
            marked,
        };
        let png = sheet(&set(), &[tile(false), tile(true)], 2).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        // A picture and two gaps, twice, after a gap; a line of 10 pixels and a gap below.
        assert_eq!((info.width, info.height), (4 + 2 * 72, 4 + 72 + 14));
        let pixel = |row: usize, column: usize| &pixels[(row * info.width as usize + column) * 3..][..3];
        assert_eq!(pixel(4, 4), [0, 0, 0]);
        assert_eq!(pixel(2, 4), PAPER);
        assert_eq!(pixel(2, 4 + 72), MARK);
    }

    #[test]
    fn no_tiles_are_no_panic() {
        let _ = sheet(&set(), &[], 0);
    }
}
