use serde::{Deserialize, Serialize};

use super::{
    Description, Game, SCORE_LIMIT,
    canvas::{Canvas, Color, SIDE},
    court::{CELL, CELLS, COURT, FRAMES, Grid, LAST},
};
use crate::environment::{Hidden, dice::Dice};

/// Rows of cells that hold bricks.
const BRICK_ROWS: std::ops::Range<i32> = 1..4;
const ALL_BRICKS: u32 = (1 << 30) - 1;
/// Row from which a new ball falls.
const SERVE_ROW: i32 = 4;
/// Pixels per frame of the paddle and, along each axis, of the ball: a cell per step.
const SPEED: i32 = CELL / FRAMES as i32;
const MOVES: [i32; 3] = [0, -1, 1];

/// A ball that breaks bricks, and a paddle that has to keep it in play.
///
/// The ball moves diagonally and lies exactly on a cell before each step. There it turns at walls, at a brick in the cell
/// ahead, which breaks, and at the paddle: straight below it the ball goes on sideways as before, in the cell ahead it
/// goes back where it came from. A ball that reaches the lowest row is lost, and a new game starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Breakout {
    /// Left and top edge of the ball's cell.
    ball: [i32; 2],
    /// Direction of the ball, each -1 or 1.
    direction: [i32; 2],
    /// Left edge of the paddle.
    paddle: i32,
    /// One bit per brick that is left, row by row.
    bricks: u32,
    /// Bricks broken in this game.
    score: i32,
}

/// The bit of the brick in a cell; 0 where no brick can be.
fn brick_bit(column: i32, row: i32) -> u32 {
    if (0..CELLS).contains(&column) && BRICK_ROWS.contains(&row) {
        1 << ((row - BRICK_ROWS.start) * CELLS + column)
    } else {
        0
    }
}

impl Breakout {
    /// Turns the ball where something is ahead of it; returns the number of bricks that broke.
    fn bounce(&mut self) -> i32 {
        let [column, row] = self.ball.map(|place| place / CELL);
        self.turn_at_walls(column, row);
        self.turn_at_paddle(column, row);
        let mut broken = 0;
        loop {
            let ahead = brick_bit(column + self.direction[0], row + self.direction[1]);
            if self.bricks & ahead == 0 {
                return broken;
            }
            self.bricks &= !ahead;
            broken += 1;
            self.direction[1] = -self.direction[1];
            self.turn_at_walls(column, row);
        }
    }

    fn turn_at_walls(&mut self, column: i32, row: i32) {
        if !(0..CELLS).contains(&(column + self.direction[0])) {
            self.direction[0] = -self.direction[0];
        }
        if row + self.direction[1] < 0 {
            self.direction[1] = 1;
        }
    }

    fn turn_at_paddle(&mut self, column: i32, row: i32) {
        let paddle = self.paddle / CELL;
        if row != CELLS - 2 || self.direction[1] != 1 {
            return;
        }
        if paddle == column + self.direction[0] {
            self.direction = self.direction.map(|direction| -direction);
            self.turn_at_walls(column, row);
        } else if paddle == column {
            self.direction[1] = -1;
        } else {
            return;
        }
        if self.bricks == 0 {
            self.bricks = ALL_BRICKS;
        }
    }

    fn is_lost(&self) -> bool {
        self.ball[1] == LAST
    }
}

impl Game for Breakout {
    const DESCRIPTION: Description = Description {
        name: "breakout",
        actions: MOVES.len(),
        channels: 4,
        episode_steps: 500,
        signals: &["bricks", "lost"],
        instructions: "The agent is the light bar at the bottom. Choose the clip in which it breaks more bricks and keeps \
            the ball in play. When the ball is lost, all bricks come back: that is bad. Call it a tie when both do alike.",
    };

    fn start(dice: &mut Dice) -> Self {
        // From a column of the middle, and with the paddle below the ball, every ball can be reached in time.
        let column = CELL * (2 + dice.below(6));
        Self {
            ball: [column, CELL * SERVE_ROW],
            direction: [dice.sign(), 1],
            paddle: column,
            bricks: ALL_BRICKS,
            score: 0,
        }
    }

    fn step(&mut self, action: usize, dice: &mut Dice, mut record: impl FnMut(&Self)) -> Hidden {
        let broken = self.bounce();
        self.score += broken;
        for _ in 0..FRAMES {
            self.paddle = (self.paddle + SPEED * MOVES[action]).clamp(0, LAST);
            for (place, direction) in self.ball.iter_mut().zip(self.direction) {
                *place += SPEED * direction;
            }
            record(self);
        }
        let lost = i32::from(self.is_lost());
        if self.is_lost() {
            *self = Self::start(dice);
        }
        Hidden {
            true_reward: f64::from(broken - lost),
            signals: vec![f64::from(broken), f64::from(lost)],
        }
    }

    fn mark(&self, before: &Self, grid: &mut Grid<'_>) {
        let half = CELL / 2;
        grid.mark(0, self.paddle + half, LAST + half);
        grid.mark(1, self.ball[0] + half, self.ball[1] + half);
        grid.mark(2, before.ball[0] + half, before.ball[1] + half);
        for row in BRICK_ROWS {
            for column in (0..CELLS).filter(|&column| self.bricks & brick_bit(column, row) != 0) {
                grid.mark(3, CELL * column + half, CELL * row + half);
            }
        }
    }

    fn paint(&self, canvas: &mut impl Canvas, _day_night: bool) {
        const DARK: Color = [28, 28, 38];
        const BRICKS: [Color; 3] = [[226, 88, 80], [236, 160, 70], [120, 190, 96]];
        const BAR: Color = [120, 190, 240];
        const WHITE: Color = [245, 245, 240];
        let side = SIDE as i32;
        canvas.rectangle(0, 0, side, side, [96, 98, 112]);
        canvas.in_court(0, 0, COURT, COURT, DARK);
        for (row, color) in BRICK_ROWS.zip(BRICKS) {
            for column in (0..CELLS).filter(|&column| self.bricks & brick_bit(column, row) != 0) {
                canvas.in_court(CELL * column, CELL * row, CELL - 1, CELL - 1, color);
            }
        }
        canvas.in_court(self.paddle, LAST, CELL, 4, BAR);
        canvas.in_court(self.ball[0] + 2, self.ball[1] + 2, 4, 4, WHITE);
    }

    fn score(&self) -> Vec<i32> {
        vec![self.score]
    }

    fn is_possible(&self, is_between_steps: bool) -> bool {
        let [x, y] = self.ball;
        let inside = |place| (0..=LAST).contains(&place);
        let is_on_cell = x % CELL == 0 && y % CELL == 0 && self.paddle % CELL == 0 && !self.is_lost();
        inside(x)
            && inside(y)
            && inside(self.paddle)
            && (is_on_cell || !is_between_steps)
            && self.direction.iter().all(|direction| direction.abs() == 1)
            && self.bricks <= ALL_BRICKS
            && (0..SCORE_LIMIT).contains(&self.score)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ball and a paddle in cells, and the bricks that are left.
    fn game(ball: [i32; 2], direction: [i32; 2], paddle: i32, bricks: u32) -> Breakout {
        Breakout {
            ball: ball.map(|cell| CELL * cell),
            direction,
            paddle: CELL * paddle,
            bricks,
            score: 0,
        }
    }

    /// Plays one step; returns the ball's cell, its direction, and the true reward.
    fn step(game: &mut Breakout, action: usize) -> ([i32; 2], [i32; 2], f64) {
        let hidden = game.step(action, &mut Dice::new(3), |_| ());
        (game.ball.map(|place| place / CELL), game.direction, hidden.true_reward)
    }

    #[test]
    fn a_brick_ahead_breaks_and_turns_the_ball() {
        let mut state = game([4, 4], [1, -1], 0, ALL_BRICKS);
        assert_eq!(step(&mut state, 0), ([5, 5], [1, 1], 1.0));
        // Row 3 is the third of bricks; its column 5 is bit 25.
        assert_eq!(state.bricks, ALL_BRICKS & !(1 << 25));
    }

    #[test]
    fn a_ball_between_two_bricks_breaks_both() {
        // From row 2 upward: column 5 of row 1 is bit 5, and of row 3 bit 25.
        let mut state = game([4, 2], [1, -1], 0, 1 << 5 | 1 << 25 | 1);
        assert_eq!(step(&mut state, 0), ([5, 1], [1, -1], 2.0));
        assert_eq!(state.bricks, 1);
    }

    #[test]
    fn walls_turn_the_ball() {
        assert_eq!(step(&mut game([9, 6], [1, 1], 0, 1), 0), ([8, 7], [-1, 1], 0.0));
        assert_eq!(step(&mut game([4, 0], [1, -1], 0, 1 << 20), 0), ([5, 1], [1, 1], 0.0));
    }

    #[test]
    fn the_paddle_below_keeps_the_direction_and_the_one_ahead_turns_it() {
        assert_eq!(step(&mut game([4, 8], [1, 1], 4, 1), 0), ([5, 7], [1, -1], 0.0));
        assert_eq!(step(&mut game([4, 8], [1, 1], 5, 1), 0), ([3, 7], [-1, -1], 0.0));
    }

    #[test]
    fn a_lost_ball_costs_one_and_begins_a_new_game() {
        let mut state = game([4, 8], [1, 1], 3, 1);
        let (ball, direction, reward) = step(&mut state, 0);
        assert_eq!((ball[1], direction[1], reward), (4, 1, -1.0));
        assert_eq!((state.bricks, state.score), (ALL_BRICKS, 0));
        assert_eq!(state.paddle, state.ball[0]);
    }

    #[test]
    fn a_cleared_wall_is_built_again_when_the_paddle_hits_the_ball() {
        let mut state = game([4, 8], [1, 1], 4, 0);
        step(&mut state, 0);
        assert_eq!(state.bricks, ALL_BRICKS);
    }

    #[test]
    fn every_new_ball_can_be_reached() {
        for seed in 0..100 {
            let mut state = Breakout::start(&mut Dice::new(seed));
            let mut aim = state;
            for _ in 0..4 {
                aim.bounce();
                aim.ball = [0, 1].map(|axis| aim.ball[axis] + CELL * aim.direction[axis]);
            }
            for _ in 0..4 {
                let action = match (aim.ball[0] - state.paddle).signum() {
                    -1 => 1,
                    other => 2 * other as usize,
                };
                step(&mut state, action);
            }
            assert_eq!(state.paddle, state.ball[0], "seed {seed}");
            assert_eq!(step(&mut state, 0).1[1], -1, "seed {seed}");
        }
    }
}
