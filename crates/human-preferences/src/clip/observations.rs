use serde::{Deserialize, Serialize};

use super::{ClipError, check_finite};
use crate::{
    environment::{ObservationSpace, Storage},
    packed,
};

/// Observations of a row of steps, one after another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observations {
    /// `[steps, size]`.
    Floats {
        /// Numbers of one observation.
        size: usize,
        /// The numbers.
        #[serde(with = "packed")]
        values: Vec<f32>,
    },
    /// `[steps, size]`, multiples of 1/255.
    Bytes {
        /// Numbers of one observation.
        size: usize,
        /// The numbers times 255.
        #[serde(with = "packed")]
        values: Vec<u8>,
    },
    /// Frames, of which each observation is `stack` in a row: `[steps + stack - 1, size / stack]`.
    Stacked {
        /// Numbers of one observation.
        size: usize,
        /// Frames of one observation.
        stack: usize,
        /// The frames, times 255.
        #[serde(with = "packed")]
        frames: Vec<u8>,
    },
}

impl Observations {
    /// Takes `[steps, size]` numbers as the space keeps them.
    ///
    /// # Errors
    ///
    /// [`ClipError::NotStacked`] where frames should follow each other and do not; a number that is not finite.
    pub fn new(space: &ObservationSpace, values: &[f32]) -> Result<Self, ClipError> {
        let size = space.len();
        check_finite(values, size, "observation")?;
        let byte = |value: &f32| (value * 255.0).round() as u8;
        match space.storage {
            Storage::Float => Ok(Self::Floats {
                size,
                values: values.to_vec(),
            }),
            Storage::Byte => Ok(Self::Bytes {
                size,
                values: values.iter().map(byte).collect(),
            }),
            Storage::StackedBytes => {
                Self::stacked(space.shape.first().copied().unwrap_or(1).max(1), size, values, byte)
            }
        }
    }

    fn stacked(stack: usize, size: usize, values: &[f32], byte: impl Fn(&f32) -> u8) -> Result<Self, ClipError> {
        let frame = size / stack;
        let mut frames: Vec<u8> = Vec::new();
        for (step, observation) in values.chunks_exact(size).enumerate() {
            let bytes: Vec<u8> = observation.iter().map(&byte).collect();
            if step == 0 {
                frames.extend(&bytes);
                continue;
            }
            let known = frames.len() - (stack - 1) * frame;
            if frames[known..] != bytes[..size - frame] {
                return Err(ClipError::NotStacked { step });
            }
            frames.extend(&bytes[size - frame..]);
        }
        Ok(Self::Stacked { size, stack, frames })
    }

    /// Refuses numbers that are no whole number of observations.
    pub(super) fn check(&self) -> Result<(), ClipError> {
        let (numbers, unit) = match self {
            Self::Floats { size, values } => (values.len(), *size),
            Self::Bytes { size, values } => (values.len(), *size),
            Self::Stacked { size, stack, frames } if *stack > 0 && size % stack == 0 => (frames.len(), size / stack),
            Self::Stacked { frames, .. } => (frames.len(), 0),
        };
        if unit == 0 || numbers % unit != 0 {
            return Err(ClipError::Shape {
                what: "observation",
                numbers,
            });
        }
        Ok(())
    }

    /// Number of observations held.
    pub fn len(&self) -> usize {
        match self {
            Self::Floats { size, values } => values.len() / size,
            Self::Bytes { size, values } => values.len() / size,
            Self::Stacked { size, stack, frames } => (frames.len() / (size / stack)).saturating_sub(stack - 1),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers of one observation.
    pub fn size(&self) -> usize {
        match *self {
            Self::Floats { size, .. } | Self::Bytes { size, .. } | Self::Stacked { size, .. } => size,
        }
    }

    /// Appends them as numbers.
    ///
    /// # Shapes
    ///
    /// - `features`: grows by `len() · size()` numbers, row by row
    pub fn append_features(&self, features: &mut Vec<f32>) {
        let number = |&byte: &u8| f32::from(byte) / 255.0;
        match self {
            Self::Floats { values, .. } => features.extend_from_slice(values),
            Self::Bytes { values, .. } => features.extend(values.iter().map(number)),
            Self::Stacked { size, stack, frames } => {
                let frame = size / stack;
                for step in 0..self.len() {
                    features.extend(frames[step * frame..step * frame + size].iter().map(number));
                }
            }
        }
    }
}
