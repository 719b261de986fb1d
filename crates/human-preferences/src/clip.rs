//! Clips: short pieces of what an agent saw and did, in the paper's word "trajectory segments".

use serde::{Deserialize, Serialize};

use crate::{
    actions::Actions,
    environment::{ObservationSpace, Storage},
    packed,
};

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

/// Why something is no clip.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ClipError {
    /// No step at all.
    #[error("the clip has no step")]
    Empty,
    /// Observations and actions that are not as many.
    #[error("the clip has {observations} observations and {actions} actions; there must be as many of both")]
    Lengths {
        /// Observations.
        observations: usize,
        /// Actions.
        actions: usize,
    },
    /// Two clips that cannot be compared fairly: the sum of rewards would tell their lengths.
    #[error("the clips of a pair have {first} and {second} steps; both must be as long")]
    Unequal {
        /// Steps of the first.
        first: usize,
        /// Steps of the second.
        second: usize,
    },
    /// A number that is none.
    #[error("the clip's {what} of step {step} is not finite")]
    NotFinite {
        /// `observation` or `action`.
        what: &'static str,
        /// The step within the clip.
        step: usize,
    },
    /// What the true rewards sum up to is no number, so that no oracle can judge the clip.
    #[error("the clip's true return is {value}, which is not finite")]
    TrueReturn {
        /// The sum.
        value: f64,
    },
    /// Frames in which each observation does not begin where the one before had its second.
    #[error("the observations of step {step} are no stack of frames that go on from the step before")]
    NotStacked {
        /// The step within the clip.
        step: usize,
    },
    /// Numbers that are no whole number of observations or actions.
    #[error("the clip's {what}s are {numbers} numbers, which is no whole number of them")]
    Shape {
        /// `observation` or `action`.
        what: &'static str,
        /// Numbers held.
        numbers: usize,
    },
    /// An action that there is not.
    #[error("the clip has action {found}, and there are only {actions}")]
    NoSuchAction {
        /// The action.
        found: u32,
        /// How many there are.
        actions: usize,
    },
    /// An episode too short to hold a clip.
    #[error(
        "the episode has {episode} steps, fewer than the {clip} of a clip; lower `clip_steps` or run longer episodes"
    )]
    EpisodeTooShort {
        /// Steps of the episode.
        episode: usize,
        /// Steps of a clip.
        clip: usize,
    },
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
    fn check(&self) -> Result<(), ClipError> {
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
mod tests {
    use super::*;

    fn clip(episode: u64, start: usize, steps: usize) -> Clip {
        let observations = Observations::Floats {
            size: 2,
            values: vec![0.5; 2 * steps],
        };
        let actions = Actions::Discrete {
            actions: 3,
            chosen: vec![1; steps],
        };
        Clip::new(episode, start, observations, actions).expect("a clip")
    }

    #[test]
    fn clips_of_one_episode_overlap_where_they_share_a_step() {
        assert!(clip(0, 0, 5).overlaps(&clip(0, 4, 5)));
        assert!(!clip(0, 0, 5).overlaps(&clip(0, 5, 5)));
        assert!(!clip(0, 0, 5).overlaps(&clip(1, 0, 5)));
    }

    #[test]
    fn clips_of_two_lengths_are_no_pair() {
        let error = clip(0, 0, 5).check_pair(&clip(1, 0, 6));
        assert_eq!(error, Err(ClipError::Unequal { first: 5, second: 6 }));
    }

    #[test]
    fn what_cannot_be_learned_from_is_no_clip() {
        let actions = |steps| Actions::Discrete {
            actions: 2,
            chosen: vec![0; steps],
        };
        let floats = |values: &[f32]| Observations::Floats {
            size: 1,
            values: values.to_vec(),
        };
        assert_eq!(Clip::new(0, 0, floats(&[]), actions(0)), Err(ClipError::Empty));
        let error = Clip::new(0, 0, floats(&[1.0]), actions(2));
        assert_eq!(
            error,
            Err(ClipError::Lengths {
                observations: 1,
                actions: 2
            })
        );
        for bad in [f32::NAN, f32::INFINITY] {
            let error = Clip::new(0, 0, floats(&[0.0, bad]), actions(2));
            assert_eq!(
                error,
                Err(ClipError::NotFinite {
                    what: "observation",
                    step: 1
                })
            );
        }
    }

    #[test]
    fn a_number_that_is_none_is_found_before_it_is_a_byte() {
        let space = ObservationSpace {
            shape: vec![2],
            storage: Storage::Byte,
        };
        let error = Observations::new(&space, &[0.0, 0.2, f32::NAN, 0.6]);
        assert_eq!(
            error,
            Err(ClipError::NotFinite {
                what: "observation",
                step: 1
            })
        );
    }

    #[test]
    fn stacked_frames_are_kept_once_and_come_back_as_they_were() {
        let space = ObservationSpace {
            shape: vec![2, 1, 1],
            storage: Storage::StackedBytes,
        };
        let values: Vec<f32> = [0.0, 51.0, 51.0, 102.0, 102.0, 255.0]
            .iter()
            .map(|byte| byte / 255.0)
            .collect();
        let observations = Observations::new(&space, &values).expect("a stack");
        let Observations::Stacked { frames, .. } = &observations else {
            panic!("another storage");
        };
        assert_eq!(frames, &[0, 51, 102, 255]);
        let mut back = Vec::new();
        observations.append_features(&mut back);
        assert_eq!(back, values);
        let error = Observations::new(&space, &[0.0, 0.2, 0.4, 0.6]);
        assert_eq!(error, Err(ClipError::NotStacked { step: 1 }));
    }
}
