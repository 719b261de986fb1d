//! Who compares clips: an oracle that knows the true reward, a script, recorded answers, or a person.

mod script;
mod synthetic;

pub(crate) use self::script::is_upright;
pub use self::{
    script::{Script, ScriptError},
    synthetic::Synthetic,
};

use serde::{Deserialize, Serialize};

use crate::answer::Answer;

/// How many answers there were of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// The left clip was better.
    pub left: u64,
    /// The right clip was better.
    pub right: u64,
    /// Both were equally good.
    pub tie: u64,
    /// The clips could not be compared.
    pub cant_tell: u64,
    /// Answers among all of these that a script gave in place of a person.
    #[serde(default)]
    pub scripted: u64,
}

impl Counts {
    /// One more answer.
    pub fn add(&mut self, answer: Answer) {
        match answer {
            Answer::Left => self.left += 1,
            Answer::Right => self.right += 1,
            Answer::Tie => self.tie += 1,
            Answer::CantTell => self.cant_tell += 1,
        }
    }

    /// All answers.
    pub fn total(&self) -> u64 {
        self.usable() + self.cant_tell
    }

    /// Answers that are learned from.
    pub fn usable(&self) -> u64 {
        self.left + self.right + self.tie
    }

    /// Whether there are answers, and every one that is learned from is a tie: nothing can be learned from them.
    pub fn says_nothing(&self) -> bool {
        self.usable() > 0 && self.usable() == self.tie
    }
}
