//! Small games on a court of 80×80 pixels, which stand for the paper's Atari games.
//!
//! An agent's step is four frames of 60 per second. There are two views of the same game: `grid`, 10×10 cells with one
//! channel per kind of thing, 1 where it is and 0 elsewhere, and `pixels`, the last four of 84×84 gray pictures, each the
//! brighter of the last two frames of a step.
//!
//! | game | actions | grid channels | true reward |
//! |---|---|---|---|
//! | `moving-dot` | stay, up, down, left, right | dot, center | 1 when the dot came nearer to the center, -1 when farther |
//! | `pong` | stay, up, down | player, opponent, ball, ball one step ago | 1 and -1 for points |
//! | `breakout` | stay, left, right | paddle, ball, ball one step ago, bricks | 1 for a brick, -1 for a lost ball |
//! | `drive` | stay, faster, slower, left, right, then faster-left, faster-right, slower-left, slower-right | player, cars, cars one step ago, marks on the road, marks one step ago | 1 for a car overtaken, -1 for one that overtakes |
//!
//! No game ends for the agent: a new one begins inside (section 3.2 of the paper, "variable length episodes"), and a lost
//! ball of `breakout` shows only in the oracle's reward. The score is in no observation, whether people see it or not.

mod breakout;
mod canvas;
mod court;
mod drive;
mod game_environment;
mod moving_dot;
mod pong;

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};

use self::{
    breakout::Breakout, canvas::Canvas, court::Grid, drive::Drive, game_environment::GameEnvironment,
    moving_dot::MovingDot, pong::Pong,
};
use super::{Environment, EnvironmentError, EnvironmentOptions, Hidden, dice::Dice};

/// Names of the games.
pub const NAMES: [&str; 4] = ["moving-dot", "pong", "breakout", "drive"];

/// The game of this name, at the start of an episode; nothing if there is none.
///
/// # Errors
///
/// An option that the game does not have.
pub fn make(name: &str, options: &EnvironmentOptions) -> Option<Result<Box<dyn Environment>, EnvironmentError>> {
    let make: fn(EnvironmentOptions) -> Box<dyn Environment> = match name {
        "moving-dot" => boxed::<MovingDot>,
        "pong" => boxed::<Pong>,
        "breakout" => boxed::<Breakout>,
        "drive" => boxed::<Drive>,
        _ => return None,
    };
    Some(check(name, options).map(|()| make(*options)))
}

fn boxed<G: Game>(options: EnvironmentOptions) -> Box<dyn Environment> {
    Box::new(GameEnvironment::<G>::new(options))
}

fn check(name: &str, options: &EnvironmentOptions) -> Result<(), EnvironmentError> {
    let problem = if options.gym {
        "it is no task of Gymnasium, so that the option `gym` does not apply"
    } else if options.day_night && name != "drive" {
        "the option `day_night` is for `drive` alone"
    } else {
        return Ok(());
    };
    Err(EnvironmentError::Option {
        environment: name.to_owned(),
        problem: problem.to_owned(),
    })
}

/// Scores are below this; no episode comes near.
const SCORE_LIMIT: i32 = 1_000_000;

/// What is fixed about a game.
struct Description {
    name: &'static str,
    actions: usize,
    /// Channels of the grid view.
    channels: usize,
    episode_steps: usize,
    signals: &'static [&'static str],
    instructions: &'static str,
}

/// State and rules of a game, in whole numbers.
trait Game: Debug + Copy + Send + Sync + Serialize + DeserializeOwned + 'static {
    const DESCRIPTION: Description;

    /// A new game.
    fn start(dice: &mut Dice) -> Self;

    /// Plays the frames of one step, and shows each to `record`. `action` is below the number of actions.
    fn step(&mut self, action: usize, dice: &mut Dice, record: impl FnMut(&Self)) -> Hidden;

    /// Marks the cells of the grid view; `before` is the state one step ago.
    fn mark(&self, before: &Self, grid: &mut Grid<'_>);

    /// Paints all but the score.
    fn paint(&self, canvas: &mut impl Canvas, day_night: bool);

    /// Numbers of the score, for people.
    fn score(&self) -> Vec<i32>;

    /// Whether the rules could lead to this state, as far as the code relies on it; `is_between_steps` where the next
    /// step begins, and not at a frame within a step.
    fn is_possible(&self, is_between_steps: bool) -> bool;
}
