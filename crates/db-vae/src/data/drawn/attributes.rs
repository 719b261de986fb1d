//! What a drawing shows, drawn at random before it is painted.

use std::f64::consts::TAU;

use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

/// Shades from here on are the dark group.
pub(super) const DARK: f64 = 0.5;

const BLOND: [f64; 3] = [0.85, 0.70, 0.40];
const BROWN: [f64; 3] = [0.40, 0.25, 0.15];
const BLACK: [f64; 3] = [0.10, 0.08, 0.07];

/// Preset of a head's outline; a drawing has no sex.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outline {
    /// Narrow, with long hair: the preset called female.
    Female,
    /// Wide, with short hair: the preset called male.
    Male,
}

/// Hidden attributes of a drawing; no model sees them.
#[derive(Debug, Clone, PartialEq)]
pub struct Attributes {
    /// From 0, light, to 1, dark.
    pub shade: f64,
    /// Preset of the outline.
    pub outline: Outline,
    /// Where features are shifted to, in `[-1, 1]`.
    pub yaw: f64,
    /// Rotation in the plane, in radians.
    pub roll: f64,
    /// Middle of the head.
    pub center: [f64; 2],
    /// Size of the head.
    pub scale: f64,
    /// Brightness of the light.
    pub gain: f64,
    /// How much brightness changes over the picture.
    pub gradient: f64,
    /// Where the light comes from, in radians.
    pub light: f64,
    /// Color of the hair.
    pub hair: [f64; 3],
    /// Without hair.
    pub bald: bool,
    /// With a beard.
    pub beard: bool,
    /// With glasses.
    pub glasses: bool,
    /// With sunglasses.
    pub sunglasses: bool,
    /// With a hat, of this color.
    pub hat: Option<[f64; 3]>,
}

/// How often heads have what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Habits {
    /// Of both outlines, if the first is set, otherwise of the male one.
    pub(super) anyone_bald: bool,
    pub(super) bald: f64,
    pub(super) beard: f64,
    pub(super) glasses: f64,
    pub(super) sunglasses: f64,
    pub(super) hat: f64,
}

/// Of faces.
pub(super) const FACES: Habits = Habits {
    anyone_bald: false,
    bald: 0.12,
    beard: 0.25,
    glasses: 0.08,
    sunglasses: 0.01,
    hat: 0.01,
};

/// Of heads that are no faces.
pub(super) const HEADS: Habits = Habits {
    anyone_bald: true,
    bald: 0.3,
    beard: 0.15,
    glasses: 0.0,
    sunglasses: 0.0,
    hat: 0.04,
};

impl Attributes {
    pub(super) fn draw(shade: f64, outline: Outline, habits: Habits, random: &mut impl Rng) -> Self {
        let is_male = outline == Outline::Male;
        let yaw: f64 = normal(0.0, 0.35, random);
        let roll = normal(0.0, 0.08, random);
        let center = [normal(0.0, 0.06, random), normal(0.06, 0.05, random)];
        let scale = random.random_range(0.95..1.15);
        let gain = normal(1.0, 0.08, random);
        let gradient = random.random_range(0.0..0.35);
        let light = random.random_range(0.0..TAU);
        let shares = if shade <= DARK { [0.35, 0.40] } else { [0.02, 0.13] };
        let which: f64 = random.random();
        let color = if which < shares[0] {
            BLOND
        } else if which < shares[0] + shares[1] {
            BROWN
        } else {
            BLACK
        };
        let brightness = random.random_range(0.85..1.1);
        let mut chance = |share: f64| random.random_bool(share);
        let [bald, beard, glasses, sunglasses, hat] = [
            chance(habits.bald),
            chance(habits.beard),
            chance(habits.glasses),
            chance(habits.sunglasses),
            chance(habits.hat),
        ];
        let hat_color = [random.random(), random.random(), random.random()];
        Self {
            shade,
            outline,
            yaw: yaw.clamp(-1.0, 1.0),
            roll,
            center,
            scale,
            gain,
            gradient,
            light,
            hair: color.map(|value| value * brightness),
            bald: bald && (is_male || habits.anyone_bald),
            beard: beard && is_male,
            glasses,
            sunglasses,
            hat: hat.then_some(hat_color),
        }
    }

    /// Puts a hat of a random color on, or takes it off.
    pub(super) fn wear_hat(&mut self, is_worn: bool, random: &mut impl Rng) {
        let color = [random.random(), random.random(), random.random()];
        self.hat = is_worn.then_some(color);
    }

    /// Color of the skin.
    pub(super) fn skin(&self) -> [f64; 3] {
        const LIGHT: [f64; 3] = [0.93, 0.78, 0.69];
        const DEEP: [f64; 3] = [0.24, 0.15, 0.11];
        [0, 1, 2].map(|channel| LIGHT[channel] * (1.0 - self.shade) + DEEP[channel] * self.shade)
    }
}

/// A normal number.
pub(super) fn normal(mean: f64, deviation: f64, random: &mut impl Rng) -> f64 {
    let standard: f64 = StandardNormal.sample(random);
    mean + deviation * standard
}
