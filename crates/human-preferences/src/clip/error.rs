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
