use std::ops::Range;

/// Rows and columns of an Atari screen.
pub(super) const HEIGHT: usize = 210;
pub(super) const WIDTH: usize = 160;
/// Rows and columns of the agent's picture.
pub(super) const SIDE: usize = 84;

/// Paints areas black; `depth` is the number of bytes per pixel.
pub(super) fn blank(screen: &mut [u8], depth: usize, areas: &[(Range<usize>, Range<usize>)]) {
    for (rows, columns) in areas {
        for row in screen.chunks_exact_mut(WIDTH * depth).skip(rows.start).take(rows.len()) {
            row[columns.start * depth..columns.end * depth].fill(0);
        }
    }
}

/// Shrinks screens to the agent's picture: each pixel is the mean of the area that it covers.
#[derive(Debug, Clone)]
pub(super) struct Shrink {
    rows: Vec<Part>,
    columns: Vec<Part>,
}

/// What a pixel of the picture covers along one axis: the first pixel of the screen, and the weight of each from there.
type Part = (usize, Vec<u32>);

impl Shrink {
    pub(super) fn new() -> Self {
        Self {
            rows: parts(HEIGHT),
            columns: parts(WIDTH),
        }
    }

    /// The picture of a screen, row by row.
    pub(super) fn apply(&self, screen: &[u8]) -> Vec<u8> {
        let mut narrow = Vec::with_capacity(HEIGHT * SIDE);
        for row in screen.chunks_exact(WIDTH) {
            narrow.extend(self.columns.iter().map(|(start, weights)| {
                let pixels = &row[*start..];
                weights
                    .iter()
                    .zip(pixels)
                    .map(|(weight, &pixel)| weight * u32::from(pixel))
                    .sum::<u32>()
            }));
        }
        let total = (HEIGHT * WIDTH) as u32;
        let mut picture = Vec::with_capacity(SIDE * SIDE);
        for (start, weights) in &self.rows {
            for column in 0..SIDE {
                let pixels = narrow[start * SIDE..].iter().skip(column).step_by(SIDE);
                let sum: u32 = weights.iter().zip(pixels).map(|(weight, pixel)| weight * pixel).sum();
                picture.push(((sum + total / 2) / total) as u8);
            }
        }
        picture
    }
}

/// Along an axis of `size` pixels: pixel i of the picture covers `i * size..(i + 1) * size`, pixel j of the screen
/// `j * SIDE..(j + 1) * SIDE`. The weights of each add up to `size`.
fn parts(size: usize) -> Vec<Part> {
    let part = |index: usize| {
        let covered = index * size..(index + 1) * size;
        let (start, end) = (covered.start / SIDE, covered.end.div_ceil(SIDE));
        let overlap = |pixel: usize| (covered.end.min((pixel + 1) * SIDE) - covered.start.max(pixel * SIDE)) as u32;
        (start, (start..end).map(overlap).collect())
    };
    (0..SIDE).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_cover_an_axis_evenly() {
        for size in [HEIGHT, WIDTH] {
            let parts = parts(size);
            assert!(
                parts
                    .iter()
                    .all(|(_, weights)| weights.iter().sum::<u32>() as usize == size)
            );
            let mut of_pixel = vec![0; size];
            for (start, weights) in parts {
                for (index, weight) in weights.into_iter().enumerate() {
                    of_pixel[start + index] += weight;
                }
            }
            assert!(of_pixel.iter().all(|&weight| weight == SIDE as u32));
        }
    }

    #[test]
    fn a_picture_is_the_mean_of_what_it_covers() {
        let shrink = Shrink::new();
        assert!(shrink.apply(&[77; HEIGHT * WIDTH]).iter().all(|&pixel| pixel == 77));
        // A row of the picture covers 2.5 rows of the screen: the first takes the rows 0 and 1 and half of row 2.
        let mut screen = vec![0; HEIGHT * WIDTH];
        screen[2 * WIDTH..3 * WIDTH].fill(250);
        let picture = shrink.apply(&screen);
        assert_eq!((picture[0], picture[SIDE], picture[2 * SIDE]), (50, 50, 0));
    }

    #[test]
    fn blanked_areas_are_black_and_the_rest_is_as_it_was() {
        let mut screen = vec![9; HEIGHT * WIDTH * 3];
        blank(&mut screen, 3, &[(1..2, 2..4)]);
        let black: Vec<usize> = (0..screen.len()).filter(|&byte| screen[byte] == 0).collect();
        assert_eq!(black, (WIDTH * 3 + 6..WIDTH * 3 + 12).collect::<Vec<_>>());
    }
}
