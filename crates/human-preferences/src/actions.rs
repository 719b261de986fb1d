//! Many actions of one kind, on the host.

use serde::{Deserialize, Serialize};

use crate::{
    clip::ClipError,
    environment::{Action, ActionSpace},
    packed,
};

/// Actions of a row of steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actions {
    /// `[steps, size]`, row by row.
    Continuous {
        /// Numbers of one action.
        size: usize,
        /// The numbers, as the policy drew them: not clipped to the actuators' range.
        #[serde(with = "packed")]
        values: Vec<f32>,
    },
    /// `[steps]`.
    Discrete {
        /// How many actions there are.
        actions: usize,
        /// Those that were taken.
        #[serde(with = "packed")]
        chosen: Vec<u32>,
    },
}

impl Actions {
    /// No action yet.
    pub fn new(space: &ActionSpace) -> Self {
        match *space {
            ActionSpace::Continuous { size, .. } => Self::Continuous {
                size,
                values: Vec::new(),
            },
            ActionSpace::Discrete { actions } => Self::Discrete {
                actions,
                chosen: Vec::new(),
            },
        }
    }

    /// Refuses numbers that are no whole number of actions, and actions that there are not.
    pub(crate) fn check(&self) -> Result<(), ClipError> {
        match self {
            Self::Continuous { size, values } if *size == 0 || values.len() % size != 0 => Err(ClipError::Shape {
                what: "action",
                numbers: values.len(),
            }),
            Self::Discrete { actions, chosen } => match chosen.iter().find(|chosen| **chosen as usize >= *actions) {
                Some(&found) => Err(ClipError::NoSuchAction {
                    found,
                    actions: *actions,
                }),
                None => Ok(()),
            },
            Self::Continuous { .. } => Ok(()),
        }
    }

    /// Number of actions held.
    pub fn len(&self) -> usize {
        match self {
            Self::Continuous { size, values } => values.len() / (*size).max(1),
            Self::Discrete { chosen, .. } => chosen.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Numbers of one action where a network sees it; see [`ActionSpace::features`].
    pub fn features(&self) -> usize {
        match self {
            Self::Continuous { size, .. } => *size,
            Self::Discrete { actions, .. } => *actions,
        }
    }

    /// Calls `with` on one of them, as an environment takes it.
    ///
    /// # Panics
    ///
    /// If there is no such action.
    pub fn with<T>(&self, index: usize, with: impl FnOnce(Action<'_>) -> T) -> T {
        match self {
            Self::Continuous { size, values } => {
                let row: Vec<f64> = values[index * size..(index + 1) * size]
                    .iter()
                    .map(|&value| f64::from(value))
                    .collect();
                with(Action::Continuous(&row))
            }
            Self::Discrete { chosen, .. } => with(Action::Discrete(chosen[index] as usize)),
        }
    }

    /// Appends the actions of `range` of `other`, which is of the same kind.
    ///
    /// # Panics
    ///
    /// If the kinds differ or the range is not held.
    pub fn extend(&mut self, other: &Self, range: std::ops::Range<usize>) {
        match (self, other) {
            (
                Self::Continuous { size, values },
                Self::Continuous {
                    size: same,
                    values: more,
                },
            ) if size == same => {
                values.extend_from_slice(&more[range.start * *same..range.end * *same]);
            }
            (
                Self::Discrete { actions, chosen },
                Self::Discrete {
                    actions: same,
                    chosen: more,
                },
            ) if actions == same => {
                chosen.extend_from_slice(&more[range]);
            }
            _ => panic!("actions of two kinds"),
        }
    }

    /// Appends what a network sees of them: the values, or one number per action of which one is 1.
    ///
    /// # Shapes
    ///
    /// - `features`: grows by `len() · features()` numbers, row by row
    pub fn append_features(&self, features: &mut Vec<f32>) {
        match self {
            Self::Continuous { values, .. } => features.extend_from_slice(values),
            Self::Discrete { actions, chosen } => {
                for &chosen in chosen {
                    features.extend((0..*actions).map(|action| if action == chosen as usize { 1.0 } else { 0.0 }));
                }
            }
        }
    }
}
