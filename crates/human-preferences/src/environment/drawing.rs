//! Pictures in side view.

use tiny_skia::{Color, FillRule, LineCap, Paint, Path, PathBuilder, Pixmap, Stroke, Transform};

use crate::frame::Frame;

/// Width and height of a picture, in pixels.
const SIZE: (u32, u32) = (320, 240);

/// A color: red, green, blue.
pub(super) type Rgb = [u8; 3];

/// Colors that people with any color vision tell apart, with a darker one for outlines.
pub(super) const BODY: Rgb = [84, 94, 112];
pub(super) const NEAR: Rgb = [0, 114, 178];
pub(super) const FAR: Rgb = [230, 148, 20];
pub(super) const DARK: Rgb = [38, 43, 54];
pub(super) const MARK: Rgb = [146, 154, 166];
pub(super) const PALE: Rgb = [208, 215, 226];
pub(super) const WHITE: Rgb = [255, 255, 255];
const SKY: Rgb = [240, 245, 250];
const GROUND: [Rgb; 2] = [[198, 207, 194], [180, 191, 176]];
const SHADOW: Rgb = [150, 162, 147];
const POSTS: [Rgb; 3] = [[214, 222, 232], [202, 212, 224], [221, 216, 226]];

/// Length of the tiles of the ground, in meters.
const TILE: f64 = 0.5;
/// Width of an outline, in pixels.
const OUTLINE: f64 = 2.0;

/// A picture of the plane, x to the right and z up, in meters.
pub(super) struct Drawing {
    pixmap: Pixmap,
    center: [f64; 2],
    pixels_per_meter: f64,
}

impl Drawing {
    /// An empty picture that shows `width` meters around a center.
    pub(super) fn new(center: [f64; 2], width: f64) -> Self {
        let mut pixmap = Pixmap::new(SIZE.0, SIZE.1).expect("the size is not zero");
        pixmap.fill(color(SKY));
        Self {
            pixmap,
            center,
            pixels_per_meter: f64::from(SIZE.0) / width,
        }
    }

    /// The floor at z = 0: tiles, and posts behind it. Both stand still in the world, so that speed is seen.
    pub(super) fn ground(&mut self) {
        let half = f64::from(SIZE.0) / self.pixels_per_meter / 2.0;
        let bottom = self.center[1] - f64::from(SIZE.1) / self.pixels_per_meter;
        let (first, last) = ((self.center[0] - half) / TILE, (self.center[0] + half) / TILE);
        let tiles = first.floor() as i64 - 1..=last.ceil() as i64;
        for tile in tiles.clone() {
            self.post(tile);
        }
        for tile in tiles {
            let left = tile as f64 * TILE;
            // A little wider than a tile, so that no seam shows the sky.
            let right = left + TILE + 1.0 / self.pixels_per_meter;
            let shade = GROUND[tile.rem_euclid(2) as usize];
            self.polygon(&[[left, 0.0], [right, 0.0], [right, bottom], [left, bottom]], shade);
        }
        let (left, right) = (self.center[0] - half, self.center[0] + half);
        self.line([left, 0.0], [right, 0.0], 0.015, MARK);
    }

    /// Posts differ in height and shade without a pattern, so that a fast runner does not seem to stand still.
    fn post(&mut self, number: i64) {
        let mixed = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32;
        let height = 0.12 + 0.5 * (mixed % 64) as f64 / 64.0;
        let x = (number as f64 + 0.5) * TILE;
        let shade = POSTS[(mixed >> 8) as usize % POSTS.len()];
        let half = 0.12 * TILE + 0.22 * TILE * ((mixed >> 16) % 16) as f64 / 16.0;
        self.block([x, 0.5 * height], half, 0.5 * height, shade);
    }

    /// What a body between two places along x darkens of the floor.
    pub(super) fn shadow(&mut self, [left, right]: [f64; 2]) {
        let low = -4.0 / self.pixels_per_meter;
        self.line([left, low], [right, low], 4.0 / self.pixels_per_meter, SHADOW);
    }

    /// A stroke with round ends and an outline.
    pub(super) fn capsule(&mut self, from: [f64; 2], to: [f64; 2], radius: f64, rgb: Rgb) {
        let inside = 2.0 * radius - OUTLINE / self.pixels_per_meter;
        self.line(from, to, 2.0 * radius, rgb.map(|part| (f64::from(part) * 0.6) as u8));
        self.line(from, to, inside, rgb);
    }

    /// A stroke with round ends, `width` meters wide.
    pub(super) fn line(&mut self, from: [f64; 2], to: [f64; 2], width: f64, rgb: Rgb) {
        // Nothing is drawn of what has no extent.
        if from == to {
            return self.disk(from, 0.5 * width, rgb);
        }
        let mut path = PathBuilder::new();
        let ([from_x, from_y], [to_x, to_y]) = (self.pixel(from), self.pixel(to));
        path.move_to(from_x, from_y);
        path.line_to(to_x, to_y);
        self.stroke(path.finish(), width, rgb);
    }

    /// A filled circle.
    pub(super) fn disk(&mut self, center: [f64; 2], radius: f64, rgb: Rgb) {
        let [x, y] = self.pixel(center);
        self.fill(PathBuilder::from_circle(x, y, self.length(radius)), rgb);
    }

    /// A circle's line.
    pub(super) fn ring(&mut self, center: [f64; 2], radius: f64, width: f64, rgb: Rgb) {
        let [x, y] = self.pixel(center);
        self.stroke(PathBuilder::from_circle(x, y, self.length(radius)), width, rgb);
    }

    /// An eye that looks towards `ahead`, a vector of any length.
    pub(super) fn eye(&mut self, center: [f64; 2], ahead: [f64; 2], radius: f64) {
        let share = 0.4 * radius / ahead[0].hypot(ahead[1]).max(f64::MIN_POSITIVE);
        self.disk(center, radius, WHITE);
        let pupil = [center[0] + share * ahead[0], center[1] + share * ahead[1]];
        self.disk(pupil, 0.55 * radius, DARK);
    }

    /// A filled rectangle of half sizes around a center.
    pub(super) fn block(&mut self, [x, z]: [f64; 2], half_width: f64, half_height: f64, rgb: Rgb) {
        let (left, right) = (x - half_width, x + half_width);
        let (bottom, top) = (z - half_height, z + half_height);
        self.polygon(&[[left, bottom], [right, bottom], [right, top], [left, top]], rgb);
    }

    fn polygon(&mut self, corners: &[[f64; 2]], rgb: Rgb) {
        let mut path = PathBuilder::new();
        for (index, &corner) in corners.iter().enumerate() {
            let [x, y] = self.pixel(corner);
            if index == 0 {
                path.move_to(x, y);
            } else {
                path.line_to(x, y);
            }
        }
        path.close();
        self.fill(path.finish(), rgb);
    }

    /// The finished picture.
    pub(super) fn finish(self) -> Frame {
        let rgb = |pixel: &[u8]| [pixel[0], pixel[1], pixel[2]];
        Frame {
            width: SIZE.0,
            height: SIZE.1,
            // Nothing is transparent, so that no color is multiplied by an opacity.
            pixels: self.pixmap.data().chunks_exact(4).flat_map(rgb).collect(),
        }
    }

    fn pixel(&self, [x, z]: [f64; 2]) -> [f32; 2] {
        let right = (x - self.center[0]) * self.pixels_per_meter + f64::from(SIZE.0) / 2.0;
        let down = (self.center[1] - z) * self.pixels_per_meter + f64::from(SIZE.1) / 2.0;
        // Far out of the picture nothing is seen, and numbers as large as this can still be drawn.
        [right, down].map(|place| place.clamp(-1e5, 1e5) as f32)
    }

    fn length(&self, meters: f64) -> f32 {
        (meters * self.pixels_per_meter) as f32
    }

    /// What has no extent, or is nowhere, is not drawn.
    fn fill(&mut self, path: Option<Path>, rgb: Rgb) {
        if let Some(path) = path {
            let rule = FillRule::Winding;
            self.pixmap
                .fill_path(&path, &paint(rgb), rule, Transform::identity(), None);
        }
    }

    fn stroke(&mut self, path: Option<Path>, width: f64, rgb: Rgb) {
        if let Some(path) = path {
            let stroke = Stroke {
                width: self.length(width).max(1.0),
                line_cap: LineCap::Round,
                ..Stroke::default()
            };
            self.pixmap
                .stroke_path(&path, &paint(rgb), &stroke, Transform::identity(), None);
        }
    }
}

fn color([red, green, blue]: Rgb) -> Color {
    Color::from_rgba8(red, green, blue, 255)
}

fn paint(rgb: Rgb) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color(color(rgb));
    paint.anti_alias = true;
    paint
}
