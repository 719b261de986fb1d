//! Clips as animated PNG files: no loss, and every browser plays them in an `<img>`.

use std::io::Cursor;

use super::Frame;

/// How much longer the last frame stays than the others, in frames: who watches sees where the clip ends.
const HOLD: u16 = 7;
/// Units of a second in which the delays are counted.
const UNITS: f64 = 100.0;
/// Most pixels of a picture that is decoded.
const PIXELS_LIMIT: u64 = 1 << 24;

/// Writes frames that repeat for ever, the last one held for seven frames more.
///
/// # Errors
///
/// No frame, frames of several sizes, or a speed out of 0.01 to 600 steps per second.
pub fn encode(frames: &[Frame], steps_per_second: f64) -> Result<Vec<u8>, AnimationError> {
    let (first, others) = frames.split_first().ok_or(AnimationError::Empty)?;
    let rate = rate(steps_per_second)?;
    for (frame, index) in frames.iter().zip(0..) {
        check_size(frame, first, index)?;
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, first.width, first.height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let count = u32::try_from(frames.len()).map_err(|_| AnimationError::Unwritable("too many frames".to_owned()))?;
    encoder.set_animated(count, 0)?;
    encoder.set_frame_delay(delay(others.is_empty()), rate)?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&first.pixels)?;
    for (index, pair) in frames.windows(2).enumerate() {
        let [before, now] = pair else { continue };
        let area = changed_area(before, now);
        // Position and size are checked against the picture one after the other.
        writer.reset_frame_position()?;
        writer.set_frame_dimension(area.width, area.height)?;
        writer.set_frame_position(area.left, area.top)?;
        writer.set_frame_delay(delay(index + 1 == others.len()), rate)?;
        writer.write_image_data(&area.cut(now))?;
    }
    writer.finish()?;
    Ok(bytes)
}

/// Frames per `UNITS` seconds.
fn rate(steps_per_second: f64) -> Result<u16, AnimationError> {
    let rate = (UNITS * steps_per_second).round();
    if (1.0..=60_000.0).contains(&rate) {
        Ok(rate as u16)
    } else {
        Err(AnimationError::Speed(steps_per_second))
    }
}

/// `UNITS` for each frame that the picture stays.
fn delay(is_last: bool) -> u16 {
    UNITS as u16 * if is_last { 1 + HOLD } else { 1 }
}

fn check_size(frame: &Frame, first: &Frame, index: usize) -> Result<(), AnimationError> {
    let size = frame.width as usize * frame.height as usize * 3;
    if frame.width != first.width || frame.height != first.height || frame.pixels.len() != size {
        return Err(AnimationError::Sizes { index });
    }
    Ok(())
}

/// A part of a picture.
#[derive(Debug, PartialEq, Eq)]
struct Area {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Area {
    fn cut(&self, frame: &Frame) -> Vec<u8> {
        let line = 3 * frame.width as usize;
        let part = 3 * self.left as usize..3 * (self.left + self.width) as usize;
        let rows = frame.pixels.chunks_exact(line);
        rows.skip(self.top as usize)
            .take(self.height as usize)
            .flat_map(|row| &row[part.clone()])
            .copied()
            .collect()
    }
}

/// The smallest area outside of which two frames are equal; one pixel if they are the same, since no area is empty.
fn changed_area(before: &Frame, now: &Frame) -> Area {
    let line = 3 * now.width as usize;
    let (mut left, mut right, mut top, mut bottom) = (now.width, 0, now.height, 0);
    let rows = before.pixels.chunks_exact(line).zip(now.pixels.chunks_exact(line));
    for (row, (before, now)) in (0..).zip(rows).filter(|(_, (before, now))| before != now) {
        let mut columns = before
            .chunks_exact(3)
            .zip(now.chunks_exact(3))
            .map(|(before, now)| before != now);
        let differs = |position: Option<usize>| position.unwrap_or(0) as u32;
        left = left.min(differs(columns.clone().position(|differs| differs)));
        right = right.max(differs(columns.rposition(|differs| differs)) + 1);
        top = top.min(row);
        bottom = row + 1;
    }
    if bottom == 0 {
        (left, right, top, bottom) = (0, 1, 0, 1);
    }
    Area {
        left,
        top,
        width: right - left,
        height: bottom - top,
    }
}

/// A decoded animation.
#[derive(Debug, Clone, PartialEq)]
pub struct Animation {
    /// The pictures.
    pub frames: Vec<Frame>,
    /// How long each is shown, in seconds.
    pub seconds: Vec<f64>,
}

/// Reads what [`encode`] wrote; of other animations only those that are RGB and replace what they cover.
///
/// # Errors
///
/// Bytes that are no such file.
pub fn decode(bytes: &[u8]) -> Result<Animation, AnimationError> {
    let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info()?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    let count = info.animation_control().map_or(1, |control| control.num_frames);
    if reader.output_color_type() != (png::ColorType::Rgb, png::BitDepth::Eight) {
        return Err(AnimationError::Unreadable("it is not RGB with 8 bits".to_owned()));
    }
    if u64::from(width) * u64::from(height) > PIXELS_LIMIT {
        return Err(AnimationError::Unreadable(format!(
            "{width}×{height} pixels are too many"
        )));
    }
    let mut shown = Frame::filled(width, height, [0; 3]);
    let mut animation = Animation {
        frames: Vec::new(),
        seconds: Vec::new(),
    };
    for _ in 0..count {
        let mut pixels = vec![0; reader.output_buffer_size().unwrap_or(0)];
        reader.next_frame(&mut pixels)?;
        let control = reader.info().frame_control().copied().unwrap_or_default();
        let area = Area {
            left: control.x_offset,
            top: control.y_offset,
            width: if control.width == 0 { width } else { control.width },
            height: if control.height == 0 { height } else { control.height },
        };
        paste(&mut shown, &area, &pixels);
        animation.frames.push(shown.clone());
        let units = if control.delay_den == 0 { 100 } else { control.delay_den };
        animation.seconds.push(f64::from(control.delay_num) / f64::from(units));
    }
    Ok(animation)
}

fn paste(frame: &mut Frame, area: &Area, pixels: &[u8]) {
    let line = 3 * frame.width as usize;
    let part = 3 * area.left as usize..3 * (area.left + area.width) as usize;
    let rows = frame.pixels.chunks_exact_mut(line).skip(area.top as usize);
    for (row, new) in rows
        .zip(pixels.chunks_exact(3 * area.width as usize))
        .take(area.height as usize)
    {
        row[part.clone()].copy_from_slice(new);
    }
}

/// Why an animation could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnimationError {
    /// No frame at all.
    #[error("an animation needs at least one frame")]
    Empty,
    /// A frame that is not as large as the first, or has not the pixels that its size says.
    #[error("frame {index} of the animation is not as large as the first")]
    Sizes {
        /// Number of the frame.
        index: usize,
    },
    /// A speed that cannot be written.
    #[error("{0} steps per second are out of 0.01 to 600")]
    Speed(f64),
    /// The encoder refused.
    #[error("the animation cannot be written: {0}")]
    Unwritable(String),
    /// Bytes that are no animation.
    #[error("the animation cannot be read: {0}")]
    Unreadable(String),
}

impl From<png::EncodingError> for AnimationError {
    fn from(error: png::EncodingError) -> Self {
        Self::Unwritable(error.to_string())
    }
}

impl From<png::DecodingError> for AnimationError {
    fn from(error: png::DecodingError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(dots: &[(usize, usize)]) -> Frame {
        let mut frame = Frame::filled(5, 4, [10, 20, 30]);
        for (column, row) in dots {
            frame.pixels[3 * (row * 5 + column)..][..3].copy_from_slice(&[200, 100, 50]);
        }
        frame
    }

    #[test]
    fn frames_come_back_as_they_were_and_the_last_is_held() {
        let frames = [frame(&[]), frame(&[(1, 2)]), frame(&[(1, 2)]), frame(&[(4, 0), (0, 3)])];
        let bytes = encode(&frames, 12.5).expect("an animation");
        let animation = decode(&bytes).expect("the same animation");
        assert_eq!(animation.frames, frames);
        assert_eq!(animation.seconds, [0.08, 0.08, 0.08, 0.64]);
    }

    #[test]
    fn a_single_frame_is_an_animation() {
        let animation = decode(&encode(&[frame(&[(0, 0)])], 15.0).expect("a picture")).expect("the same");
        assert_eq!(animation.frames, [frame(&[(0, 0)])]);
        assert!((animation.seconds[0] - 8.0 / 15.0).abs() < 1e-12);
    }

    #[test]
    fn only_what_changed_is_written() {
        let area = changed_area(&frame(&[]), &frame(&[(1, 1), (3, 2)]));
        let expected = Area {
            left: 1,
            top: 1,
            width: 3,
            height: 2,
        };
        assert_eq!(area, expected);
    }

    #[test]
    fn what_is_no_animation_is_refused() {
        assert!(matches!(encode(&[], 15.0), Err(AnimationError::Empty)));
        let sizes = [frame(&[]), Frame::filled(4, 4, [0; 3])];
        assert!(matches!(encode(&sizes, 15.0), Err(AnimationError::Sizes { index: 1 })));
        let mut short = frame(&[]);
        short.pixels.pop();
        assert!(matches!(
            encode(&[short], 15.0),
            Err(AnimationError::Sizes { index: 0 })
        ));
        for speed in [0.0, -1.0, 1e9, f64::NAN] {
            assert!(matches!(encode(&[frame(&[])], speed), Err(AnimationError::Speed(_))));
        }
        let bytes = encode(&[frame(&[]), frame(&[(1, 1)])], 15.0).expect("an animation");
        for length in [0, 8, 20, bytes.len() / 2] {
            assert!(matches!(decode(&bytes[..length]), Err(AnimationError::Unreadable(_))));
        }
    }
}
