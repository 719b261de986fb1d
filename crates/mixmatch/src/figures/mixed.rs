use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        images::{self, ImageSet, Tile},
    },
    random::Streams,
};

use crate::{
    data::Pictures,
    evaluate::{Labels, likeliest},
    method::MixMatch,
    mixup::Mixing,
};

/// Labeled pictures and as many unlabeled ones of the sheet.
const SHOWN: usize = 16;
const COLUMNS: usize = 8;

/// What the method learns from: labeled and unlabeled pictures, each blended with another one of the pool. Augmentation
/// is left out, so that the pictures can be recognized.
pub(crate) fn mixed(pictures: &Pictures, settings: &MixMatch, guesses: &Labels, streams: &Streams) -> Result<Figure> {
    let pool = Pool::new(pictures, guesses);
    // One augmentation, so that every picture comes once.
    let drawn = MixMatch {
        augmentations: 1,
        ..settings.clone()
    };
    let mixing = drawn.draw(pool.rows.len() / 2, streams, 0)?;
    let tiles: Vec<Tile> = (0..pool.rows.len()).map(|row| pool.tile(row, &mixing)).collect();
    Ok(Figure {
        name: "mixup".to_owned(),
        title: "Pictures after MixUp".to_owned(),
        caption:
            "Labeled pictures, then unlabeled ones with guessed labels (marked with a question mark), each blended \
                  with another picture of the pool; below, the likeliest class of both and their shares."
                .to_owned(),
        body: Body::Png(images::sheet(&pictures.labeled, &tiles, COLUMNS)?),
    })
}

/// As many labeled as unlabeled pictures with their classes.
struct Pool<'a> {
    rows: Vec<(&'a [u8], String)>,
}

impl<'a> Pool<'a> {
    fn new(pictures: &'a Pictures, guesses: &Labels) -> Self {
        let (labeled, unlabeled) = (&pictures.labeled, &pictures.unlabeled);
        let count = SHOWN.min(labeled.len()).min(guesses.sharpened.rows().count());
        let name = |set: &ImageSet, class: usize| set.class_names[class].clone();
        let known = (0..count).map(|index| (labeled.image(index), name(labeled, usize::from(labeled.labels[index]))));
        let guessed = guesses.sharpened.rows().take(count).enumerate();
        let guessed = guessed.map(|(index, row)| {
            let class = format!("{}?", name(unlabeled, likeliest(row)));
            (unlabeled.image(index), class)
        });
        let mut rows: Vec<_> = known.collect();
        rows.extend(guessed);
        Self { rows }
    }

    fn tile(&self, row: usize, mixing: &Mixing) -> Tile {
        let kept = mixing.kept()[row];
        let ((first, class), (second, other)) = (&self.rows[row], &self.rows[mixing.partners()[row]]);
        let blend = |(a, b): (&u8, &u8)| (kept * f64::from(*a) + (1.0 - kept) * f64::from(*b)).round() as u8;
        Tile {
            pixels: first.iter().zip(*second).map(blend).collect(),
            lines: vec![format!("{kept:.2} {class}"), format!("{:.2} {other}", 1.0 - kept)],
            marked: false,
        }
    }
}
