/// What there is to do, perceive and act upon in an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Name of the environment, as in `hopper`.
    pub name: &'static str,
    /// What the agent perceives.
    pub observation: ObservationSpace,
    /// What the agent can do.
    pub action: ActionSpace,
    /// Steps of an episode, where nothing else is said.
    pub episode_steps: usize,
    /// Steps of a clip that people judge, where nothing else is said: 1 to 2 seconds.
    pub clip_steps: usize,
    /// Steps per second at which a clip is shown.
    pub steps_per_second: f64,
    /// Names of the numbers in [`Hidden::signals`](super::Hidden::signals), for scripted labellers and reports.
    pub signals: &'static [&'static str],
    /// What a person who compares clips is told.
    pub instructions: &'static str,
}

/// Form of an observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservationSpace {
    /// Sizes, outermost first; `[channels, height, width]` for pictures, the newest frame of a stack last.
    pub shape: Vec<usize>,
    /// How observations are kept in memory.
    pub storage: Storage,
}

impl ObservationSpace {
    /// A vector of `size` numbers.
    pub fn vector(size: usize) -> Self {
        Self {
            shape: vec![size],
            storage: Storage::Float,
        }
    }

    /// Numbers of one observation.
    #[expect(clippy::len_without_is_empty, reason = "an observation is never empty")]
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// How observations are kept in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// As they are.
    Float,
    /// One byte per number, which is a multiple of 1/255.
    Byte,
    /// One byte per number, and only the newest channel of each step: the others are those of the steps before.
    StackedBytes,
}

/// What an agent can do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ActionSpace {
    /// `size` numbers, each clipped to `[low, high]`.
    Continuous {
        /// Numbers of one action.
        size: usize,
        /// Smallest value.
        low: f64,
        /// Largest value.
        high: f64,
    },
    /// One of `actions` actions.
    Discrete {
        /// How many there are.
        actions: usize,
    },
}

impl ActionSpace {
    /// Numbers of an action where a network sees it: the values, or one per action of which one is 1.
    pub fn features(&self) -> usize {
        match *self {
            Self::Continuous { size, .. } => size,
            Self::Discrete { actions } => actions,
        }
    }
}
