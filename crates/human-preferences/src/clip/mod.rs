//! Clips: short pieces of what an agent saw and did, in the paper's word "trajectory segments".

mod error;
mod observations;

pub use self::{error::ClipError, observations::Observations};

use serde::{Deserialize, Serialize};

use crate::actions::Actions;

/// `steps` consecutive pairs of observation and action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Clip {
    /// The episode it is from; no two episodes of a run have the same number.
    pub episode: u64,
    /// Its first step within the episode.
    pub start: usize,
    /// What the agent saw.
    pub observations: Observations,
    /// What it did.
    pub actions: Actions,
}

impl Clip {
    /// A clip, after a look at whether it can be learned from.
    ///
    /// # Errors
    ///
    /// An empty clip, lengths that differ, or a number that is not finite.
    pub fn new(episode: u64, start: usize, observations: Observations, actions: Actions) -> Result<Self, ClipError> {
        let clip = Self {
            episode,
            start,
            observations,
            actions,
        };
        clip.check()?;
        Ok(clip)
    }

    /// Refuses a clip that cannot be learned from; needed for one that was read from a file.
    ///
    /// # Errors
    ///
    /// An empty clip, lengths that differ, or a number that is not finite.
    pub fn check(&self) -> Result<(), ClipError> {
        self.observations.check()?;
        self.actions.check()?;
        let (observations, actions) = (self.observations.len(), self.actions.len());
        if observations != actions {
            return Err(ClipError::Lengths { observations, actions });
        }
        if actions == 0 {
            return Err(ClipError::Empty);
        }
        if let Observations::Floats { size, values } = &self.observations {
            check_finite(values, *size, "observation")?;
        }
        if let Actions::Continuous { size, values } = &self.actions {
            check_finite(values, *size, "action")?;
        }
        Ok(())
    }

    /// Steps of the clip.
    pub fn steps(&self) -> usize {
        self.actions.len()
    }

    /// Whether both show some of the same steps.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.episode == other.episode
            && self.start < other.start + other.steps()
            && other.start < self.start + self.steps()
    }

    /// Refuses a pair of clips of different lengths.
    ///
    /// # Errors
    ///
    /// [`ClipError::Unequal`].
    pub fn check_pair(&self, other: &Self) -> Result<(), ClipError> {
        let (first, second) = (self.steps(), other.steps());
        if first == second {
            Ok(())
        } else {
            Err(ClipError::Unequal { first, second })
        }
    }
}

fn check_finite(values: &[f32], size: usize, what: &'static str) -> Result<(), ClipError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(ClipError::NotFinite {
            what,
            step: index / size,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
