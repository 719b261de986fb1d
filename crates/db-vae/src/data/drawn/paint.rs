//! A small rasterizer: layers with soft edges, painted back to front.
//!
//! Pixel centers lie in `[-1, 1]²`, v downwards. A layer is given by a function that is negative inside; its edge is half a pixel
//! wide or so.

use rand::{Rng, RngExt};

use super::attributes::{Attributes, Outline, normal};

/// Deviation of a pixel's noise.
const NOISE: f64 = 0.03;
/// Deviation of the place of a feature.
const JITTER: f64 = 0.012;

const EYES: [[f64; 2]; 2] = [[-0.20, -0.10], [0.20, -0.10]];
const NOSE: [f64; 2] = [0.0, 0.08];
const MOUTH: [f64; 2] = [0.0, 0.36];

/// Parts of a face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Feature {
    LeftEye,
    RightEye,
    Nose,
    Mouth,
}

/// All of them.
pub(super) const FEATURES: [Feature; 4] = [Feature::LeftEye, Feature::RightEye, Feature::Nose, Feature::Mouth];

impl Feature {
    /// Where it is in a face.
    pub(super) fn place(self) -> [f64; 2] {
        match self {
            Self::LeftEye => EYES[0],
            Self::RightEye => EYES[1],
            Self::Nose => NOSE,
            Self::Mouth => MOUTH,
        }
    }
}

/// A feature somewhere on a head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) feature: Feature,
    pub(super) place: [f64; 2],
    /// Whether brows are below eyes.
    pub(super) is_upside_down: bool,
}

/// A picture in the making.
pub(super) struct Canvas {
    side: usize,
    /// `[side, side]`, red, green, blue.
    pixels: Vec<[f64; 3]>,
}

impl Canvas {
    /// A linear gradient between two grays.
    pub(super) fn with_background(side: usize, random: &mut impl Rng) -> Self {
        let mut gray = || {
            let gray = random.random_range(0.3..0.7);
            [0; 3].map(|_| gray + normal(0.0, 0.05, random))
        };
        let (one, other) = (gray(), gray());
        let direction: f64 = random.random_range(0.0..std::f64::consts::TAU);
        let (sin, cos) = direction.sin_cos();
        let mut canvas = Self {
            side,
            pixels: vec![[0.0; 3]; side * side],
        };
        canvas.each(|[u, v], pixel| {
            let share = (0.5 + 0.5 * (cos * u + sin * v)).clamp(0.0, 1.0);
            *pixel = [0, 1, 2].map(|channel| one[channel] * (1.0 - share) + other[channel] * share);
        });
        canvas
    }

    fn each(&mut self, mut paint: impl FnMut([f64; 2], &mut [f64; 3])) {
        let side = self.side;
        let coordinate = |place: usize| (2.0 * (place as f64 + 0.5)) / side as f64 - 1.0;
        for (place, pixel) in self.pixels.iter_mut().enumerate() {
            paint([coordinate(place % side), coordinate(place / side)], pixel);
        }
    }

    /// Ellipses and boxes of random colors.
    pub(super) fn clutter(&mut self, random: &mut impl Rng) {
        let edge = edge(self.side);
        for _ in 0..random.random_range(3..=7) {
            let is_ellipse = random.random_bool(0.5);
            let center = [0; 2].map(|_| random.random_range(-1.0..1.0));
            let half: [f64; 2] = [0; 2].map(|_| random.random_range(0.1..0.6));
            let color = [0; 3].map(|_| random.random::<f64>());
            self.each(|[u, v], pixel| {
                let (x, y) = ((u - center[0]) / half[0], (v - center[1]) / half[1]);
                let outside = if is_ellipse {
                    x.hypot(y) - 1.0
                } else {
                    x.abs().max(y.abs()) - 1.0
                };
                blend(pixel, color, coverage(outside, edge));
            });
        }
    }

    /// A head with features, and what it wears.
    pub(super) fn head(&mut self, attributes: &Attributes, features: &[Placed], random: &mut impl Rng) {
        let jittered: Vec<Placed> = features
            .iter()
            .map(|placed| Placed {
                place: placed.place.map(|place| place + normal(0.0, JITTER, random)),
                ..*placed
            })
            .collect();
        let iris: f64 = random.random();
        let head = Head::new(attributes, self.side, iris);
        self.each(|at, pixel| head.paint(at, &jittered, pixel));
    }

    /// Light, noise, and bytes: `[side, side, 3]`.
    pub(super) fn finish(mut self, attributes: Option<&Attributes>, random: &mut impl Rng) -> Vec<u8> {
        let (gain, gradient, light) = attributes.map_or((1.0, 0.0, 0.0), |head| (head.gain, head.gradient, head.light));
        let (sin, cos) = light.sin_cos();
        let mut bytes = Vec::with_capacity(3 * self.pixels.len());
        self.each(|[u, v], pixel| {
            let light = gain * (1.0 + gradient * (cos * u + sin * v));
            for value in pixel {
                let value = (*value * light + normal(0.0, NOISE, random)).clamp(0.0, 1.0);
                bytes.push((value * 255.0).round() as u8);
            }
        });
        bytes
    }
}

/// How sharp edges are, by the size of the picture.
fn edge(side: usize) -> f64 {
    5.0 * side as f64 / 32.0
}

fn coverage(outside: f64, edge: f64) -> f64 {
    (0.5 - outside * edge).clamp(0.0, 1.0)
}

fn blend(pixel: &mut [f64; 3], color: [f64; 3], coverage: f64) {
    for (value, color) in pixel.iter_mut().zip(color) {
        *value += coverage * (color - *value);
    }
}

/// The outside of an ellipse.
fn ellipse([p, q]: [f64; 2], [x, y]: [f64; 2], [a, b]: [f64; 2]) -> f64 {
    ((p - x) / a).hypot((q - y) / b) - 1.0
}

struct Head<'a> {
    attributes: &'a Attributes,
    edge: f64,
    sin: f64,
    cos: f64,
    skin: [f64; 3],
    iris: [f64; 3],
}

impl<'a> Head<'a> {
    fn new(attributes: &'a Attributes, side: usize, iris: f64) -> Self {
        let (sin, cos) = attributes.roll.sin_cos();
        let lightness = 1.0 - attributes.shade;
        Self {
            attributes,
            edge: edge(side),
            sin,
            cos,
            skin: attributes.skin(),
            iris: [0.1, 0.2, 0.3].map(|tint| 0.10 + iris * tint * lightness),
        }
    }

    fn coverage(&self, outside: f64) -> f64 {
        coverage(outside, self.edge)
    }

    /// Of the part of a shape above a line.
    fn above(&self, outside: f64, q: f64, line: f64) -> f64 {
        self.coverage(outside).min(self.coverage(q - line))
    }

    fn paint(&self, [u, v]: [f64; 2], features: &[Placed], pixel: &mut [f64; 3]) {
        let Attributes {
            center,
            scale,
            hair,
            outline,
            bald,
            beard,
            hat,
            ..
        } = *self.attributes;
        let (du, dv) = ((u - center[0]) / scale, (v - center[1]) / scale);
        let (p, q) = (self.cos * du + self.sin * dv, -self.sin * du + self.cos * dv);
        if !bald {
            let behind = match outline {
                Outline::Female => self.above(ellipse([p, q], [0.0, -0.05], [0.68, 0.86]), q, 0.72),
                Outline::Male => self.above(ellipse([p, q], [0.0, -0.14], [0.60, 0.70]), q, -0.08),
            };
            blend(pixel, hair, behind);
        }
        let (width, jaw) = match outline {
            Outline::Female => (0.48, 0.38),
            Outline::Male => (0.55, 0.14),
        };
        let half = width * (1.0 - jaw * q.clamp(0.0, 1.0).powf(1.5));
        let inside = self.coverage(ellipse([p, q], [0.0, 0.0], [half, 0.68]));
        blend(pixel, self.skin, inside);
        if !bald {
            blend(pixel, hair, inside * self.coverage(q + 0.44));
        }
        if beard {
            blend(pixel, hair, inside * self.coverage(0.22 - q) * 0.65);
        }
        for placed in features {
            self.feature(placed, [p, q], inside, pixel);
        }
        self.glasses(features, [p, q], inside, pixel);
        if let Some(color) = hat {
            blend(
                pixel,
                color,
                self.above(ellipse([p, q], [0.0, -0.30], [0.64, 0.52]), q, -0.40),
            );
        }
    }

    /// Where a turned head has a feature.
    fn turned(&self, placed: &Placed) -> [f64; 2] {
        let shift = if placed.feature == Feature::Nose { 0.14 } else { 0.10 };
        [placed.place[0] + shift * self.attributes.yaw, placed.place[1]]
    }

    fn feature(&self, placed: &Placed, at: [f64; 2], inside: f64, pixel: &mut [f64; 3]) {
        let Self { skin, .. } = *self;
        let is_female = self.attributes.outline == Outline::Female;
        let place = self.turned(placed);
        let mut layer = |center, axes, color| {
            blend(pixel, color, inside * self.coverage(ellipse(at, center, axes)));
        };
        match placed.feature {
            Feature::Nose => layer(place, [0.05, 0.13], skin.map(|value| 0.80 * value)),
            Feature::Mouth => {
                const LIPS: [f64; 3] = [0.72, 0.22, 0.26];
                let (height, lips) = if is_female { (0.062, 0.65) } else { (0.040, 0.35) };
                let color = [0, 1, 2].map(|channel| 0.85 * skin[channel] * (1.0 - lips) + LIPS[channel] * lips);
                layer(place, [0.17, height], color);
            }
            Feature::LeftEye | Feature::RightEye => {
                layer(place, [0.11, 0.062], [0.92 * (1.0 - 0.15 * self.attributes.shade); 3]);
                layer(place, [0.05, 0.055], self.iris);
                let brow = if is_female { 0.020 } else { 0.036 };
                let above = if placed.is_upside_down { 0.125 } else { -0.125 };
                let color = self.attributes.hair.map(|value| 0.6 * value);
                layer([place[0], place[1] + above], [0.125, brow], color);
            }
        }
    }

    fn glasses(&self, features: &[Placed], [p, q]: [f64; 2], inside: f64, pixel: &mut [f64; 3]) {
        let Attributes {
            glasses, sunglasses, ..
        } = *self.attributes;
        if !glasses && !sunglasses {
            return;
        }
        let eyes = features
            .iter()
            .filter(|placed| matches!(placed.feature, Feature::LeftEye | Feature::RightEye));
        for eye in eyes {
            let [x, y] = self.turned(eye);
            let ring = ellipse([p, q], [x, y], [0.15, 0.10]);
            if glasses {
                blend(pixel, [0.12; 3], inside * self.coverage(ring.abs() - 0.25));
            }
            if sunglasses {
                let filled = ellipse([p, q], [x, y], [0.15 * 1.05, 0.10 * 1.05]);
                blend(pixel, [0.06; 3], inside * self.coverage(filled));
            }
        }
    }
}
