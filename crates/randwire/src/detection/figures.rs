use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        images::{self, ImageSet, Tile},
    },
};

use super::{Bounds, Found, scene::Scene};

/// Scenes of the sheet, and in one row of it.
const SHOWN: usize = 12;
const COLUMNS: usize = 4;
/// Pixels of the sheet for a pixel of a scene.
const ZOOM: usize = 3;
/// What is surer than this is drawn.
const SURE: f32 = 0.3;

const THERE: [u8; 3] = [0x00, 0x9e, 0x73];
const FOUND: [u8; 3] = [0xe6, 0x9f, 0x00];

/// The first scenes with what is there and what was found.
pub(super) fn scenes(scenes: &[Scene], found: &[Vec<Found>], side: usize) -> Result<Figure> {
    let shown = scenes.iter().zip(found).take(SHOWN);
    let tiles: Vec<Tile> = shown.map(|(scene, found)| tile(scene, found, side)).collect();
    let set = ImageSet {
        name: "scenes".to_owned(),
        images: Vec::new(),
        labels: Vec::new(),
        height: ZOOM * side,
        width: ZOOM * side,
        channels: 3,
        maximum: u8::MAX,
        classes: 0,
        class_names: Vec::new(),
    };
    Ok(Figure {
        name: "scenes".to_owned(),
        title: "Scenes to measure on".to_owned(),
        caption: format!(
            "What is there is framed green, what was found with a score above {SURE} orange; below, class and score."
        ),
        body: Body::Png(images::sheet(&set, &tiles, COLUMNS)?),
    })
}

fn tile(scene: &Scene, found: &[Found], side: usize) -> Tile {
    let mut canvas = Canvas::new(scene, side);
    for (_, bounds) in &scene.truth {
        canvas.frame(bounds, THERE);
    }
    let sure: Vec<&Found> = found.iter().filter(|found| found.score > SURE).collect();
    for found in &sure {
        canvas.frame(&found.bounds, FOUND);
    }
    let named = sure
        .iter()
        .map(|found| format!("{} {:.0}%", found.class, 100.0 * found.score));
    Tile {
        pixels: canvas.pixels,
        lines: vec![named.collect::<Vec<_>>().join(", ")],
        marked: false,
    }
}

/// A scene with colors, enlarged.
struct Canvas {
    pixels: Vec<u8>,
    side: usize,
}

impl Canvas {
    fn new(scene: &Scene, side: usize) -> Self {
        let large = ZOOM * side;
        let gray = |place: usize| scene.pixels[place / large / ZOOM * side + place % large / ZOOM];
        Self {
            pixels: (0..large * large).flat_map(|place| [gray(place); 3]).collect(),
            side: large,
        }
    }

    fn frame(&mut self, bounds: &Bounds, color: [u8; 3]) {
        let last = self.side - 1;
        let place = |edge: f32| ((edge * ZOOM as f32).max(0.0) as usize).min(last);
        let [left, top, right, bottom] = [bounds.left, bounds.top, bounds.right, bounds.bottom].map(place);
        for column in left..=right {
            self.dot(top, column, color);
            self.dot(bottom, column, color);
        }
        for row in top..=bottom {
            self.dot(row, left, color);
            self.dot(row, right, color);
        }
    }

    fn dot(&mut self, row: usize, column: usize, color: [u8; 3]) {
        let start = 3 * (row * self.side + column);
        self.pixels[start..start + 3].copy_from_slice(&color);
    }
}
