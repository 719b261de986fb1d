use papers_core::base::images::rgb_png;

use super::Layout;
use crate::frame::Frame;

/// Pictures in a row of a sheet: no side becomes longer than what browsers draw.
const COLUMNS: u32 = 8;

/// All pictures of a clip in one PNG, and how they lie in it; none for no pictures, or pictures of several sizes.
pub fn sheet(frames: &[Frame], rate: f64) -> Option<(Vec<u8>, Layout)> {
    let first = frames.first()?;
    let count = u32::try_from(frames.len()).ok()?;
    if frames
        .iter()
        .any(|frame| (frame.width, frame.height) != (first.width, first.height))
    {
        return None;
    }
    let columns = COLUMNS.min(count);
    let layout = Layout {
        frames: count,
        columns,
        width: first.width,
        height: first.height,
        rate,
    };
    let pixels = joined(frames, &layout);
    let width = layout.width.checked_mul(columns)?;
    let height = layout.height.checked_mul(count.div_ceil(columns))?;
    let png = rgb_png(width, height, &pixels).ok()?;
    Some((png, layout))
}

/// Rows of pixels of all pictures, side by side; what is left over at the end is black.
fn joined(frames: &[Frame], layout: &Layout) -> Vec<u8> {
    let row = layout.width as usize * 3;
    let mut pixels = Vec::new();
    for band in frames.chunks(layout.columns as usize) {
        for y in 0..layout.height as usize {
            for frame in band {
                pixels.extend_from_slice(&frame.pixels[y * row..(y + 1) * row]);
            }
            pixels.resize(pixels.len() + (layout.columns as usize - band.len()) * row, 0);
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_row_by_row() {
        let frames: Vec<Frame> = (0..10).map(|gray| Frame::filled(2, 3, [gray, gray, gray])).collect();
        let (png, layout) = sheet(&frames, 10.0).expect("a sheet");
        assert_eq!(
            (layout.frames, layout.columns, layout.width, layout.height),
            (10, 8, 2, 3)
        );
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().expect("a PNG");
        let mut pixels = vec![0; reader.output_buffer_size().expect("a size")];
        reader.next_frame(&mut pixels).expect("the picture");
        let at = |x: usize, y: usize| pixels[(y * 16 + x) * 3];
        assert_eq!([at(0, 0), at(15, 2), at(0, 3), at(3, 5), at(4, 5)], [0, 7, 8, 9, 0]);
    }

    #[test]
    fn no_pictures_and_pictures_of_two_sizes_make_no_sheet() {
        assert!(sheet(&[], 10.0).is_none());
        let frames = [Frame::filled(2, 3, [0; 3]), Frame::filled(3, 2, [0; 3])];
        assert!(sheet(&frames, 10.0).is_none());
    }
}
