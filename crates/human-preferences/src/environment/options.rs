use serde::{Deserialize, Serialize};

/// What can be chosen about an environment besides its name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnvironmentOptions {
    /// Gymnasium's own reward and termination, instead of those for learning from preferences.
    pub gym: bool,
    /// How a game is seen.
    pub view: View,
    /// Change the palette of `drive` every 3,000 frames, as the game's days and nights do.
    pub day_night: bool,
    /// Draw the score, masked out of what the agent sees.
    pub show_score: bool,
}

/// How a game is seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum View {
    /// 10×10 cells with one channel per kind of thing.
    #[default]
    Grid,
    /// The last four of 84×84 gray pictures, for the paper's networks.
    Pixels,
}
