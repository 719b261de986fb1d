use rand::{Rng, RngExt};

/// Number of attributes.
pub const ATTRIBUTES: usize = 8;
/// Numbers that preferences are about: the attributes and three curved terms.
pub const FEATURES: usize = ATTRIBUTES + 3;

/// How often a portrait has glasses.
const GLASSES: f64 = 0.35;

/// What a portrait is drawn from, each in `[-1, 1]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attributes {
    /// From a frown to a smile.
    pub smile: f64,
    /// Size of the eyes.
    pub eyes: f64,
    /// From a long to a wide face.
    pub aspect: f64,
    /// From light to dark hair.
    pub hair: f64,
    /// 1 with glasses, -1 without.
    pub glasses: f64,
    /// Brightness of the background.
    pub background: f64,
    /// How far to the right the head is.
    pub offset: f64,
    /// From blurred to sharp.
    pub sharpness: f64,
}

impl Attributes {
    /// Uniform attributes; glasses with a chance of 35 %.
    pub fn draw(random: &mut impl Rng) -> Self {
        let mut uniform = || 2.0 * random.random::<f64>() - 1.0;
        let [smile, eyes, aspect, hair, background, offset, sharpness, glasses] = std::array::from_fn(|_| uniform());
        Self {
            smile,
            eyes,
            aspect,
            hair,
            glasses: if (glasses + 1.0) / 2.0 < GLASSES { 1.0 } else { -1.0 },
            background,
            offset,
            sharpness,
        }
    }

    /// Another photo of the same person: eyes, face and hair stay.
    #[must_use]
    pub fn of_same_person(self, other: Self) -> Self {
        Self {
            eyes: self.eyes,
            aspect: self.aspect,
            hair: self.hair,
            ..other
        }
    }

    /// In the order of the fields.
    pub fn values(&self) -> [f64; ATTRIBUTES] {
        [
            self.smile,
            self.eyes,
            self.aspect,
            self.hair,
            self.glasses,
            self.background,
            self.offset,
            self.sharpness,
        ]
    }
}

/// `φ(a)`: the attributes, `1 - 2·eyes²`, `smile·background`, `1 - 2·aspect²`; quality is no line in what is seen.
pub fn features(attributes: &Attributes) -> [f64; FEATURES] {
    let values = attributes.values();
    std::array::from_fn(|index| match index {
        8 => 1.0 - 2.0 * attributes.eyes.powi(2),
        9 => attributes.smile * attributes.background,
        10 => 1.0 - 2.0 * attributes.aspect.powi(2),
        _ => values[index],
    })
}
