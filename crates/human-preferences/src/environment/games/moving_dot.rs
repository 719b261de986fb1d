use serde::{Deserialize, Serialize};

use super::{
    Description, Game, SCORE_LIMIT,
    canvas::{Canvas, Color, SIDE},
    court::{COURT, FRAMES, Grid},
};
use crate::environment::{Hidden, dice::Dice};

/// Width and height of the dot, in pixels.
const DOT: i32 = 4;
/// Place of a dot in the center, and of the center in the court.
const MIDDLE: i32 = (COURT - DOT) / 2;
const CENTER: i32 = COURT / 2;
const MOVES: [[i32; 2]; 5] = [[0, 0], [0, -1], [0, 1], [-1, 0], [1, 0]];

/// A dot that moves one pixel per frame; the nearer to the center, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MovingDot {
    /// Left and top edge of the dot in the court.
    place: [i32; 2],
    /// Sum of the true rewards.
    score: i32,
}

impl MovingDot {
    /// Square of the distance between the dot's center and the court's.
    fn distance_squared(&self) -> i32 {
        self.place.iter().map(|place| (place - MIDDLE).pow(2)).sum()
    }
}

impl Game for MovingDot {
    const DESCRIPTION: Description = Description {
        name: "moving-dot",
        actions: MOVES.len(),
        channels: 2,
        episode_steps: 250,
        signals: &["distance"],
        instructions: "A yellow dot moves over a dark field with a cross in its middle. Choose the clip in which the \
            dot does better at coming near the cross and staying there. Where it is at the end counts less than \
            whether it got nearer. Call it a tie when you see no difference.",
    };

    fn start(dice: &mut Dice) -> Self {
        let places = (COURT - DOT + 1) as u32;
        Self {
            place: [dice.below(places), dice.below(places)],
            score: 0,
        }
    }

    fn step(&mut self, action: usize, _dice: &mut Dice, mut record: impl FnMut(&Self)) -> Hidden {
        let before = self.distance_squared();
        for _ in 0..FRAMES {
            for (place, speed) in self.place.iter_mut().zip(MOVES[action]) {
                *place = (*place + speed).clamp(0, COURT - DOT);
            }
            record(self);
        }
        let now = self.distance_squared();
        let reward = (before - now).signum();
        self.score += reward;
        Hidden {
            true_reward: f64::from(reward),
            signals: vec![f64::from(now).sqrt()],
        }
    }

    fn mark(&self, _before: &Self, grid: &mut Grid<'_>) {
        grid.mark(0, self.place[0] + DOT / 2, self.place[1] + DOT / 2);
        for [x, y] in [[-1, -1], [0, -1], [-1, 0], [0, 0]] {
            grid.mark(1, CENTER + x, CENTER + y);
        }
    }

    fn paint(&self, canvas: &mut impl Canvas, _day_night: bool) {
        const FIELD: Color = [24, 30, 48];
        const CROSS: Color = [92, 108, 140];
        const YELLOW: Color = [255, 221, 87];
        let side = SIDE as i32;
        canvas.rectangle(0, 0, side, side, [62, 70, 96]);
        canvas.in_court(0, 0, COURT, COURT, FIELD);
        canvas.in_court(CENTER - 5, CENTER - 1, 10, 2, CROSS);
        canvas.in_court(CENTER - 1, CENTER - 5, 2, 10, CROSS);
        canvas.in_court(self.place[0], self.place[1], DOT, DOT, YELLOW);
    }

    fn score(&self) -> Vec<i32> {
        vec![self.score]
    }

    fn is_possible(&self, _is_between_steps: bool) -> bool {
        self.place.iter().all(|place| (0..=COURT - DOT).contains(place))
            && (-SCORE_LIMIT..SCORE_LIMIT).contains(&self.score)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(place: [i32; 2], action: usize) -> (MovingDot, f64) {
        let mut game = MovingDot { place, score: 0 };
        let hidden = game.step(action, &mut Dice::new(0), |_| ());
        (game, hidden.true_reward)
    }

    #[test]
    fn a_step_is_four_pixels_and_pays_by_the_distance() {
        // The dot of 4 pixels is in the center of the court of 80 at 38.
        let moved = [
            (0, [10, 38], 0.0),
            (1, [10, 34], -1.0),
            (2, [10, 42], -1.0),
            (3, [6, 38], -1.0),
            (4, [14, 38], 1.0),
        ];
        for (action, place, reward) in moved {
            let (game, found) = step([10, 38], action);
            assert_eq!((game.place, found), (place, reward), "action {action}");
        }
    }

    #[test]
    fn equal_distances_before_and_after_pay_nothing() {
        assert_eq!(step([36, 38], 4).1, 0.0);
        assert_eq!(step([36, 38], 4).0.place, [40, 38]);
    }

    #[test]
    fn walls_stop_the_dot() {
        assert_eq!(step([75, 0], 4).0.place, [76, 0]);
        assert_eq!(step([75, 0], 1).0.place, [75, 0]);
    }
}
