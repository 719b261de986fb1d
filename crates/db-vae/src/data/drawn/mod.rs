//! Drawn faces and drawn pictures that are none, with hidden attributes: a pure function of seed and index.
//!
//! They are drawings. Female and male are presets of an outline, light and dark are shades of a color; nothing about real people
//! follows from what a detector makes of them.

mod attributes;
mod paint;

use papers_core::random::Streams;
use rand::{RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub use attributes::{Attributes, Outline};
use attributes::{DARK, FACES, HEADS};
use paint::{Canvas, FEATURES, Feature, Placed};

/// Share of pictures without a face that are ellipses and boxes; of the others half are blank heads.
const CLUTTER: f64 = 0.2;
/// Shade from which on a head without a face is dark.
const DARK_HEAD: f64 = 0.55;

/// Values of a pixel.
pub(super) const CHANNELS: usize = 3;

/// What tells groups apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grouping {
    /// Light or dark, and the outline.
    #[default]
    Shade,
    /// Without or with sunglasses, and the outline; shades are half and half.
    Sunglasses,
    /// Without or with a hat, and the outline; shades are half and half. Heads without a face have hats, too.
    Hat,
}

impl Grouping {
    /// Names of the four groups, as shares and evaluation have them.
    pub fn names(self) -> [&'static str; 4] {
        match self {
            Self::Shade => ["light_female", "light_male", "dark_female", "dark_male"],
            Self::Sunglasses => ["bare_female", "bare_male", "sunglasses_female", "sunglasses_male"],
            Self::Hat => ["bare_female", "bare_male", "hat_female", "hat_male"],
        }
    }
}

/// A drawing.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// `[side, side, 3]`
    pub pixels: Vec<u8>,
    /// What it shows; clutter shows no head.
    pub attributes: Option<Attributes>,
}

/// Draws a face of a group, by its number in [`Grouping::names`].
///
/// # Panics
///
/// If there is no such group.
pub fn face(streams: &Streams, name: &str, index: u64, grouping: Grouping, group: usize, side: usize) -> Drawing {
    assert!(group < 4, "there are four groups");
    let mut random = streams.at(name, 1, index);
    let (is_rare, outline) = (group >= 2, [Outline::Female, Outline::Male][group % 2]);
    let is_dark = match grouping {
        Grouping::Shade => is_rare,
        Grouping::Sunglasses | Grouping::Hat => random.random_bool(0.5),
    };
    let shade = if is_dark {
        random.random_range(0.65..1.0)
    } else {
        random.random_range(0.0..0.35)
    };
    let mut attributes = Attributes::draw(shade, outline, FACES, &mut random);
    match grouping {
        Grouping::Shade => {}
        Grouping::Sunglasses => attributes.sunglasses = is_rare,
        Grouping::Hat => attributes.wear_hat(is_rare, &mut random),
    }
    let mut canvas = Canvas::with_background(side, &mut random);
    let features = FEATURES.map(|feature| Placed {
        feature,
        place: feature.place(),
        is_upside_down: false,
    });
    canvas.head(&attributes, &features, &mut random);
    Drawing {
        pixels: canvas.finish(Some(&attributes), &mut random),
        attributes: Some(attributes),
    }
}

/// The group of each training face: as many of each as its share says, rounded, in random order.
pub fn groups(streams: &Streams, faces: usize, shares: [f64; 4]) -> Vec<usize> {
    let mut sum = 0.0;
    let ends = shares.map(|share| {
        sum += share;
        ((sum * faces as f64).round() as usize).min(faces)
    });
    let order = streams.permutation("drawn group", 0, faces);
    // Rounding may leave the last end below all faces.
    let last = shares.iter().rposition(|share| *share > 0.0).unwrap_or(3);
    let group = |place: usize| ends.iter().position(|end| place < *end).unwrap_or(last);
    order.into_iter().map(group).collect()
}

/// How often heads without a face have a trait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Heads {
    /// Share that is dark.
    pub dark: f64,
    /// Share with a hat; none: a few.
    pub hats: Option<f64>,
}

/// Draws a picture that is no face: clutter, a head with too few features, or one with all of them in the wrong places.
pub fn non_face(streams: &Streams, name: &str, index: u64, heads: Heads, side: usize) -> Drawing {
    let mut random = streams.at(name, 2, index);
    let kind: f64 = random.random();
    let mut canvas = Canvas::with_background(side, &mut random);
    if kind < CLUTTER {
        canvas.clutter(&mut random);
        return Drawing {
            pixels: canvas.finish(None, &mut random),
            attributes: None,
        };
    }
    let shade = if random.random_bool(heads.dark) {
        random.random_range(DARK_HEAD..1.0)
    } else {
        random.random_range(0.0..DARK_HEAD)
    };
    let outline = if random.random_bool(0.5) {
        Outline::Female
    } else {
        Outline::Male
    };
    let mut attributes = Attributes::draw(shade, outline, HEADS, &mut random);
    if let Some(share) = heads.hats {
        let has_hat = random.random_bool(share);
        attributes.wear_hat(has_hat, &mut random);
    }
    let anywhere = |random: &mut ChaCha8Rng| [random.random_range(-0.32..0.32), random.random_range(-0.25..0.48)];
    let features: Vec<Placed> = if kind < CLUTTER + (1.0 - CLUTTER) / 2.0 {
        let mut features = FEATURES;
        features.shuffle(&mut random);
        let count = random.random_range(0..=2);
        let placed = |feature: &Feature| Placed {
            feature: *feature,
            place: anywhere(&mut random),
            is_upside_down: false,
        };
        features[..count].iter().map(placed).collect()
    } else {
        let jumble = random.random_range(0..3);
        let place = |(number, feature): (usize, Feature)| {
            let place = feature.place();
            let place = match jumble {
                0 => [place[0], 0.26 - place[1]],
                1 => FEATURES[(number + FEATURES.len() - 1) % FEATURES.len()].place(),
                _ => anywhere(&mut random),
            };
            Placed {
                feature,
                place,
                is_upside_down: jumble == 0,
            }
        };
        FEATURES.into_iter().enumerate().map(place).collect()
    };
    canvas.head(&attributes, &features, &mut random);
    Drawing {
        pixels: canvas.finish(Some(&attributes), &mut random),
        attributes: Some(attributes),
    }
}

impl Attributes {
    /// Whether a drawing without a face counts to the dark ones.
    pub fn is_dark_head(&self) -> bool {
        self.shade >= DARK_HEAD
    }

    /// Whether a face is of the dark groups.
    pub fn is_dark(&self) -> bool {
        self.shade > DARK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_follows_from_seed_and_index_alone() {
        let streams = Streams::new(0);
        let one = face(&streams, "a", 3, Grouping::Shade, 2, 16);
        assert_eq!(one, face(&streams, "a", 3, Grouping::Shade, 2, 16));
        assert_ne!(one.pixels, face(&streams, "a", 4, Grouping::Shade, 2, 16).pixels);
        assert_ne!(
            one.pixels,
            face(&Streams::new(1), "a", 3, Grouping::Shade, 2, 16).pixels
        );
        assert_eq!(one.pixels.len(), 16 * 16 * CHANNELS);
    }

    #[test]
    fn groups_are_what_they_are_called() {
        let streams = Streams::new(0);
        for index in 0..50 {
            for group in 0..4 {
                let attributes = face(&streams, "a", index, Grouping::Shade, group, 16)
                    .attributes
                    .unwrap();
                assert_eq!(attributes.is_dark(), group >= 2);
                assert_eq!(attributes.outline == Outline::Male, group % 2 == 1);
                assert!(attributes.outline == Outline::Male || !(attributes.bald || attributes.beard));
                let other = face(&streams, "a", index, Grouping::Sunglasses, group, 16)
                    .attributes
                    .unwrap();
                assert_eq!(other.sunglasses, group >= 2);
            }
        }
    }

    #[test]
    fn groups_have_the_shares_that_were_asked_for() {
        let counts = |faces, shares| {
            let mut counts = [0; 4];
            groups(&Streams::new(0), faces, shares)
                .into_iter()
                .for_each(|group| counts[group] += 1);
            counts
        };
        assert_eq!(counts(2500, [0.60, 0.36, 0.01, 0.03]), [1500, 900, 25, 75]);
        assert_eq!(counts(2500, [0.25; 4]), [625; 4]);
        assert_eq!(counts(10, [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 0.0]), [3, 4, 3, 0]);
        assert_eq!(counts(1, [0.0, 0.0, 0.5, 0.5]).iter().sum::<usize>(), 1);
        let order = groups(&Streams::new(0), 100, [0.5, 0.5, 0.0, 0.0]);
        assert!(!order.is_sorted());
        assert_ne!(order, groups(&Streams::new(1), 100, [0.5, 0.5, 0.0, 0.0]));
    }

    #[test]
    fn the_middle_of_a_light_face_is_lighter_than_that_of_a_dark_one() {
        let streams = Streams::new(0);
        let mean = |group| {
            let values = (0..100).flat_map(|index| {
                let drawing = face(&streams, "a", index, Grouping::Shade, group, 16);
                (6..10).flat_map(move |row| drawing.pixels[(row * 16 + 6) * 3..(row * 16 + 10) * 3].to_vec())
            });
            values.map(f64::from).sum::<f64>() / (100.0 * 48.0)
        };
        assert!(mean(0) > 1.8 * mean(2), "{} {}", mean(0), mean(2));
    }

    const HEADS_OF_TEST: Heads = Heads { dark: 0.85, hats: None };

    #[test]
    fn hats_are_worn_as_often_as_asked_for() {
        let streams = Streams::new(0);
        let heads = Heads {
            dark: 0.5,
            hats: Some(0.85),
        };
        let worn: Vec<bool> = (0..400)
            .filter_map(|index| Some(non_face(&streams, "n", index, heads, 16).attributes?.hat.is_some()))
            .collect();
        let share = worn.iter().filter(|worn| **worn).count() as f64 / worn.len() as f64;
        assert!((share - 0.85).abs() < 0.08, "{share}");
        for group in 0..4 {
            let attributes = face(&streams, "a", 7, Grouping::Hat, group, 16).attributes.unwrap();
            assert_eq!(attributes.hat.is_some(), group >= 2);
        }
    }

    #[test]
    fn heads_without_a_face_are_as_dark_as_asked_for() {
        let streams = Streams::new(0);
        let drawings: Vec<Drawing> = (0..400)
            .map(|index| non_face(&streams, "n", index, HEADS_OF_TEST, 16))
            .collect();
        let heads: Vec<&Attributes> = drawings
            .iter()
            .filter_map(|drawing| drawing.attributes.as_ref())
            .collect();
        // 320 ± 8 heads, 272 ± 9 of them dark.
        assert!((heads.len() as f64 - 320.0).abs() < 32.0, "{}", heads.len());
        let dark = heads.iter().filter(|head| head.is_dark_head()).count() as f64 / heads.len() as f64;
        assert!((dark - 0.85).abs() < 0.08, "{dark}");
    }
}
