//! Pictures of a classification set, set on a dark canvas: something to find, made of what is there without a download.

use image::GrayImage;
use papers_core::base::{
    config::{Checks, ConfigError},
    images::ImageSet,
};
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{Bounds, average_precision::Truth};
use crate::{config::MOST_SIDE, data::plane};

/// What scenes look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SceneConfig {
    /// Height and width, in pixels.
    pub side: usize,
    /// Least height and width of a picture on it.
    pub least: usize,
    /// Greatest height and width of a picture on it.
    pub most: usize,
    /// Pictures of a scene at most; there are from 1 to so many.
    pub objects: usize,
}

impl SceneConfig {
    pub(crate) fn validate(&self, table: &'static str) -> Result<(), ConfigError> {
        let checks = Checks::of(table);
        checks.at_least(1, "objects", self.objects)?;
        checks.at_most(MOST_OBJECTS, "objects", self.objects)?;
        checks.at_most(MOST_SIDE, "side", self.side)?;
        checks.at_least(4, "least", self.least)?;
        checks.require(
            self.least <= self.most && self.most <= self.side,
            "most",
            format_args!(
                "must be from `least` ({}) to `side` ({}), not {}",
                self.least, self.side, self.most
            ),
        )
    }
}

/// A canvas with what stands on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// `[side, side]`, from 0 to 255.
    pub pixels: Vec<u8>,
    /// Class and bounds of each picture's bright part.
    pub truth: Truth,
}

/// Pictures of a scene, at most.
const MOST_OBJECTS: usize = 1000;
/// Two pictures overlap by this at most.
const OVERLAP: f32 = 0.05;
/// Places that are tried for a picture before it is left out.
const TRIES: usize = 30;
/// A pixel belongs to what a picture shows if it has this share of the greatest brightness.
const BRIGHT: f32 = 0.25;

impl Scene {
    /// Draws a scene with pictures of a gray set, from 1 to `objects` of them.
    ///
    /// # Panics
    ///
    /// If the set is empty or has colors.
    pub fn draw(set: &ImageSet, config: &SceneConfig, random: &mut impl Rng) -> Self {
        assert!(
            !set.is_empty() && set.channels == 1,
            "scenes are drawn with gray pictures"
        );
        let mut scene = Self {
            pixels: vec![0; config.side * config.side],
            truth: Vec::new(),
        };
        for _ in 0..random.random_range(1..=config.objects) {
            let index = random.random_range(0..set.len());
            let side = random.random_range(config.least..=config.most);
            let picture = plane(set, index, 0, side);
            let Some(bright) = bright(&picture) else { continue };
            for _ in 0..TRIES {
                let [left, top] = [0; 2].map(|_| random.random_range(0..=config.side - side));
                let bounds = shifted(bright, left, top);
                if scene.truth.iter().all(|(_, known)| known.overlap(&bounds) <= OVERLAP) {
                    scene.paste(&picture, config.side, left, top);
                    scene.truth.push((usize::from(set.labels[index]), bounds));
                    break;
                }
            }
        }
        scene
    }

    fn paste(&mut self, picture: &GrayImage, side: usize, left: usize, top: usize) {
        for (x, y, pixel) in picture.enumerate_pixels() {
            let place = (top + y as usize) * side + left + x as usize;
            self.pixels[place] = self.pixels[place].max(pixel.0[0]);
        }
    }
}

/// Bounds of the bright pixels, if there are any.
fn bright(picture: &GrayImage) -> Option<Bounds> {
    let bright = picture
        .enumerate_pixels()
        .filter(|(_, _, pixel)| f32::from(pixel.0[0]) > BRIGHT * 255.0);
    let one = |x: u32, y: u32| Bounds {
        left: x as f32,
        top: y as f32,
        right: x as f32 + 1.0,
        bottom: y as f32 + 1.0,
    };
    bright.map(|(x, y, _)| one(x, y)).reduce(|all, one| Bounds {
        left: all.left.min(one.left),
        top: all.top.min(one.top),
        right: all.right.max(one.right),
        bottom: all.bottom.max(one.bottom),
    })
}

fn shifted(bounds: Bounds, left: usize, top: usize) -> Bounds {
    let (left, top) = (left as f32, top as f32);
    Bounds {
        left: bounds.left + left,
        top: bounds.top + top,
        right: bounds.right + left,
        bottom: bounds.bottom + top,
    }
}

/// A set of scenes with one picture each, which a network can learn to classify before it learns to find.
///
/// Scene `index` is drawn by the generator that `random` gives for it.
pub fn single<R: Rng>(
    set: &ImageSet,
    indices: &[usize],
    config: &SceneConfig,
    random: impl Fn(usize) -> R,
) -> ImageSet {
    let config = SceneConfig { objects: 1, ..*config };
    let mut images = Vec::with_capacity(indices.len() * config.side * config.side);
    for (place, &index) in indices.iter().enumerate() {
        let one = set.subset("one", &[index]);
        images.extend(Scene::draw(&one, &config, &mut random(place)).pixels);
    }
    ImageSet {
        name: format!("{} on canvas", set.name),
        images,
        labels: indices.iter().map(|&index| set.labels[index]).collect(),
        height: config.side,
        width: config.side,
        channels: 1,
        maximum: u8::MAX,
        classes: set.classes,
        class_names: set.class_names.clone(),
    }
}

#[cfg(test)]
mod tests {
    use papers_core::{base::catalogue::Split, base::images, random::Streams};

    use super::*;

    const CONFIG: SceneConfig = SceneConfig {
        side: 64,
        least: 16,
        most: 32,
        objects: 4,
    };

    #[test]
    fn what_stands_on_a_scene_is_where_it_is_said_to_be() {
        let set = images::digits(Split::Train).expect("embedded");
        let mut counts = [0; 5];
        for index in 0..50 {
            let scene = Scene::draw(&set, &CONFIG, &mut Streams::new(0).at("scenes", 0, index));
            counts[scene.truth.len()] += 1;
            let mut outside = scene.pixels.clone();
            for (place, (_, bounds)) in scene.truth.iter().enumerate() {
                assert!(
                    bounds.left >= 0.0 && bounds.right <= 64.0 && bounds.area() > 30.0,
                    "{bounds:?}"
                );
                for (_, other) in &scene.truth[..place] {
                    assert!(bounds.overlap(other) <= OVERLAP);
                }
                for row in bounds.top as usize..bounds.bottom as usize {
                    outside[row * 64 + bounds.left as usize..row * 64 + bounds.right as usize].fill(0);
                }
            }
            assert!(
                outside.iter().all(|&pixel| f32::from(pixel) <= BRIGHT * 255.0),
                "nothing else is bright"
            );
        }
        assert!(
            counts[0] == 0 && counts[1..].iter().all(|&count| count > 0),
            "{counts:?}"
        );
    }

    #[test]
    fn single_scenes_keep_their_labels_and_follow_from_the_seed() {
        let set = images::digits(Split::Test).expect("embedded");
        let draw = |seed| {
            single(&set, &[3, 5], &CONFIG, |place| {
                Streams::new(seed).at("one", 0, place as u64)
            })
        };
        let scenes = draw(1);
        assert_eq!(scenes.labels, [set.labels[3], set.labels[5]]);
        assert_eq!((scenes.len(), scenes.height), (2, 64));
        assert_eq!(scenes, draw(1));
        assert_ne!(scenes.images, draw(2).images);
    }
}
