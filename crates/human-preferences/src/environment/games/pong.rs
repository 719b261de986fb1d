use serde::{Deserialize, Serialize};

use super::{
    Description, Game,
    canvas::{Canvas, Color, SIDE},
    court::{CELL, COURT, FRAMES, Grid, LAST},
};
use crate::environment::{Hidden, dice::Dice};

/// Height of a paddle, in pixels: two cells.
const PADDLE: i32 = 2 * CELL;
const LAST_PADDLE: i32 = COURT - PADDLE;
/// Pixels per frame of the ball, along each axis, and of the player's paddle: a cell per step.
const SPEED: i32 = CELL / FRAMES as i32;
/// Pixels per frame of the opponent's paddle: half as fast as the ball.
const OPPONENT_SPEED: i32 = SPEED / 2;
/// Points that end a game.
const POINTS: i32 = 21;
const MOVES: [i32; 3] = [0, -1, 1];

/// A ball between two paddles; the player's is the one at the right.
///
/// The ball moves diagonally and lies exactly on a cell before each step. Then it turns back where a paddle is beside
/// it: upward from the upper half of the paddle, downward from the lower half. So a player chooses the ball's way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pong {
    /// Left and top edge of the ball's cell.
    ball: [i32; 2],
    /// Direction of the ball, each -1 or 1.
    direction: [i32; 2],
    /// Top edges of the paddles.
    player: i32,
    opponent: i32,
    /// Points of the opponent and the player in this game.
    points: [i32; 2],
}

impl Pong {
    /// The opponent serves, from a row and in a direction that are drawn.
    fn serve(&mut self, dice: &mut Dice) {
        self.ball = [CELL, CELL * dice.below(10)];
        self.direction = [1, dice.sign()];
    }

    /// Turns the ball at paddles and walls.
    fn bounce(&mut self) {
        let [x, y] = self.ball;
        let middle = y + CELL / 2;
        let paddle = match (x, self.direction[0]) {
            (CELL, -1) => Some(self.opponent),
            (x, 1) if x == LAST - CELL => Some(self.player),
            _ => None,
        };
        if let Some(top) = paddle.filter(|&top| (top..top + PADDLE).contains(&middle)) {
            self.direction[0] = -self.direction[0];
            self.direction[1] = if middle < top + PADDLE / 2 { -1 } else { 1 };
        }
        if !(0..=LAST).contains(&(y + CELL * self.direction[1])) {
            self.direction[1] = -self.direction[1];
        }
    }

    fn frame(&mut self, turn: i32) {
        self.player = (self.player + SPEED * turn).clamp(0, LAST_PADDLE);
        let above = (self.ball[1] + CELL / 2) - (self.opponent + PADDLE / 2);
        self.opponent = (self.opponent + OPPONENT_SPEED * above.signum()).clamp(0, LAST_PADDLE);
        for (place, direction) in self.ball.iter_mut().zip(self.direction) {
            *place += SPEED * direction;
        }
    }

    /// The point that is made where the ball reached the end of the court; a new ball follows, and a new game after the
    /// last point.
    fn point(&mut self, dice: &mut Dice) -> i32 {
        let point = match self.ball[0] {
            0 => 1,
            LAST => -1,
            _ => return 0,
        };
        self.points[usize::from(point == 1)] += 1;
        if self.points.contains(&POINTS) {
            self.points = [0; 2];
        }
        self.serve(dice);
        point
    }
}

impl Game for Pong {
    const DESCRIPTION: Description = Description {
        name: "pong",
        actions: MOVES.len(),
        channels: 4,
        episode_steps: 500,
        signals: &["points"],
        instructions: "The agent is the green paddle at the right. Choose the clip in which it plays better: it gets to \
            the ball in time, and the ball passes the orange paddle at the left rather than the green one. Call it a tie \
            when both play alike.",
    };

    fn start(dice: &mut Dice) -> Self {
        let mut game = Self {
            ball: [0; 2],
            direction: [1; 2],
            player: LAST_PADDLE / 2,
            opponent: LAST_PADDLE / 2,
            points: [0; 2],
        };
        game.serve(dice);
        game
    }

    fn step(&mut self, action: usize, dice: &mut Dice, mut record: impl FnMut(&Self)) -> Hidden {
        self.bounce();
        for _ in 0..FRAMES {
            self.frame(MOVES[action]);
            record(self);
        }
        let point = f64::from(self.point(dice));
        Hidden {
            true_reward: point,
            signals: vec![point],
        }
    }

    fn mark(&self, before: &Self, grid: &mut Grid<'_>) {
        let half = CELL / 2;
        for cell in [half, half + CELL] {
            grid.mark(0, LAST + half, self.player + cell);
            grid.mark(1, half, self.opponent + cell);
        }
        grid.mark(2, self.ball[0] + half, self.ball[1] + half);
        grid.mark(3, before.ball[0] + half, before.ball[1] + half);
    }

    fn paint(&self, canvas: &mut impl Canvas, _day_night: bool) {
        const FLOOR: Color = [22, 44, 60];
        const NET: Color = [44, 74, 94];
        const GREEN: Color = [96, 208, 110];
        const ORANGE: Color = [222, 130, 60];
        const WHITE: Color = [245, 245, 240];
        let side = SIDE as i32;
        canvas.rectangle(0, 0, side, side, [84, 104, 118]);
        canvas.in_court(0, 0, COURT, COURT, FLOOR);
        for dash in 0..COURT / CELL {
            canvas.in_court(COURT / 2 - 1, CELL * dash + 2, 2, CELL - 4, NET);
        }
        canvas.in_court(CELL - 4, self.opponent, 4, PADDLE, ORANGE);
        canvas.in_court(LAST, self.player, 4, PADDLE, GREEN);
        canvas.in_court(self.ball[0] + 2, self.ball[1] + 2, 4, 4, WHITE);
    }

    fn score(&self) -> Vec<i32> {
        self.points.into()
    }

    fn is_possible(&self, is_between_steps: bool) -> bool {
        let paddle = |top| (0..=LAST_PADDLE).contains(&top);
        let is_on_cell = self.ball.iter().all(|place| place % CELL == 0) && (CELL..LAST).contains(&self.ball[0]);
        self.ball.iter().all(|place| (0..=LAST).contains(place))
            && (is_on_cell || !is_between_steps)
            && self.direction.iter().all(|direction| direction.abs() == 1)
            && paddle(self.player)
            && paddle(self.opponent)
            && self.points.iter().all(|points| (0..POINTS).contains(points))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ball in a cell, and paddles whose upper ends are in the given rows.
    fn game(ball: [i32; 2], direction: [i32; 2], opponent: i32, player: i32) -> Pong {
        Pong {
            ball: ball.map(|cell| CELL * cell),
            direction,
            player: CELL * player,
            opponent: CELL * opponent,
            points: [0; 2],
        }
    }

    /// Plays one step; returns the ball's cell, its direction, and the point.
    fn step(mut game: Pong, action: usize) -> ([i32; 2], [i32; 2], f64) {
        let hidden = game.step(action, &mut Dice::new(3), |_| ());
        (game.ball.map(|place| place / CELL), game.direction, hidden.true_reward)
    }

    #[test]
    fn the_ball_moves_a_cell_per_step_and_turns_at_walls() {
        assert_eq!(step(game([4, 5], [1, 1], 0, 0), 0), ([5, 6], [1, 1], 0.0));
        assert_eq!(step(game([4, 9], [1, 1], 0, 0), 0), ([5, 8], [1, -1], 0.0));
        assert_eq!(step(game([4, 0], [-1, -1], 0, 0), 0), ([3, 1], [-1, 1], 0.0));
    }

    #[test]
    fn the_half_of_the_paddle_decides_where_the_ball_goes() {
        for came_from in [-1, 1] {
            assert_eq!(step(game([8, 4], [1, came_from], 0, 4), 0), ([7, 3], [-1, -1], 0.0));
            assert_eq!(step(game([8, 5], [1, came_from], 0, 4), 0), ([7, 6], [-1, 1], 0.0));
            assert_eq!(step(game([1, 4], [-1, came_from], 4, 0), 0), ([2, 3], [1, -1], 0.0));
        }
    }

    #[test]
    fn a_ball_that_passes_a_paddle_is_a_point_and_the_opponent_serves() {
        let (ball, direction, point) = step(game([8, 6], [1, 1], 0, 4), 0);
        assert_eq!((ball[0], direction[0], point), (1, 1, -1.0));
        let (ball, direction, point) = step(game([1, 6], [-1, 1], 4, 0), 0);
        assert_eq!((ball[0], direction[0], point), (1, 1, 1.0));
    }

    #[test]
    fn paddles_move_a_cell_and_half_a_cell_per_step() {
        let mut state = game([4, 9], [1, -1], 2, 4);
        state.step(1, &mut Dice::new(0), |_| ());
        assert_eq!((state.player, state.opponent), (3 * CELL, 2 * CELL + CELL / 2));
        state.step(2, &mut Dice::new(0), |_| ());
        assert_eq!(state.player, 4 * CELL);
    }

    #[test]
    fn the_last_point_begins_a_new_game() {
        let mut state = game([8, 6], [1, 1], 0, 4);
        state.points = [POINTS - 1, 3];
        state.step(0, &mut Dice::new(0), |_| ());
        assert_eq!(state.points, [0, 0]);
    }
}
