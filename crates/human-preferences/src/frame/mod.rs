//! Pictures of an environment for people.

pub mod animation;

/// An RGB picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Three bytes per pixel, row by row from the top.
    pub pixels: Vec<u8>,
}

impl Frame {
    /// A picture of one color.
    pub fn filled(width: u32, height: u32, color: [u8; 3]) -> Self {
        Self {
            width,
            height,
            pixels: color.repeat(width as usize * height as usize),
        }
    }
}
