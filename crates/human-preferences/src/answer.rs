//! What a person, an oracle or a script says about a pair of clips.

use serde::{Deserialize, Serialize};

/// One of four answers (section 2.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The left, or first, clip is better.
    Left,
    /// The right, or second, clip is better.
    Right,
    /// Both are equally good.
    Tie,
    /// The clips cannot be compared; the answer is kept, and not learned from.
    CantTell,
}

impl Answer {
    /// All answers.
    pub const ALL: [Self; 4] = [Self::Left, Self::Right, Self::Tie, Self::CantTell];

    /// The distribution µ over the two clips, first clip first; nothing for an answer that is not learned from.
    pub fn preference(self) -> Option<[f64; 2]> {
        match self {
            Self::Left => Some([1.0, 0.0]),
            Self::Right => Some([0.0, 1.0]),
            Self::Tie => Some([0.5, 0.5]),
            Self::CantTell => None,
        }
    }

    /// The same judgement of the clips in the other order.
    pub fn swapped(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
            other => other,
        }
    }

    /// Its name in files and requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Tie => "tie",
            Self::CantTell => "cant_tell",
        }
    }
}
