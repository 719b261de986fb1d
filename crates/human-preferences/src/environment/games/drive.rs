use serde::{Deserialize, Serialize};

use super::{
    Description, Game, SCORE_LIMIT,
    canvas::{Canvas, Color, SIDE},
    court::{COURT, FRAMES, Grid},
};
use crate::environment::{Hidden, dice::Dice};

const LANES: i32 = 5;
const LANE: i32 = COURT / LANES;
/// Speed of all other cars, in pixels per frame.
const OTHERS_SPEED: i32 = 4;
const TOP_SPEED: i32 = 8;
/// Pixels per frame that the player moves sideways.
const SIDE_SPEED: i32 = 2;
/// Where the player's center may be: half a lane from the edges of the road.
const LEFTMOST: i32 = LANE / 2;
const RIGHTMOST: i32 = COURT - LANE / 2;
/// Width and length of a car.
const WIDTH: i32 = 10;
const LENGTH: i32 = 12;
/// Height of the player's center in the court.
const PLAYER: i32 = COURT / 2 + 4;
/// A car that falls back or drives ahead farther than this comes back at the other end, in another lane.
const HORIZON: i32 = 120;
const CARS: usize = 6;
/// Distance at which two cars count as level.
const LEVEL: i32 = 12;
/// Distance between two marks on the road, and their length.
const MARK_DISTANCE: i32 = 40;
const MARK: i32 = 14;
/// Frames of a day, and of a night.
const HALF_DAY: u32 = 3000;
/// Acceleration and turn of the actions.
const MOVES: [[i32; 2]; 9] = [
    [0, 0],
    [1, 0],
    [-1, 0],
    [0, -1],
    [0, 1],
    [1, -1],
    [1, 1],
    [-1, -1],
    [-1, 1],
];

/// A road with other cars that drive at one speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Drive {
    /// The player's center, across the road.
    across: i32,
    /// Pixels per frame.
    speed: i32,
    cars: [Car; CARS],
    /// Pixels driven since the last mark on the road.
    road: i32,
    /// Frames of the day and night so far.
    time: u32,
    /// Cars overtaken, less those that overtook.
    score: i32,
}

/// Another car, or a gap in the traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Car {
    lane: i32,
    /// Distance between its center and the player's, positive in front.
    ahead: i32,
    is_there: bool,
}

impl Car {
    fn draw(ahead: i32, dice: &mut Dice) -> Self {
        Self {
            lane: dice.below(LANES as u32),
            ahead,
            is_there: dice.below(2) == 1,
        }
    }

    /// Moves it by `distance` relative to the player; returns 1 if the player overtook it, -1 if it overtook the player.
    fn advance(&mut self, distance: i32, dice: &mut Dice) -> i32 {
        let was_ahead = self.ahead > 0;
        self.ahead += distance;
        let overtaken = i32::from(was_ahead) - i32::from(self.ahead > 0);
        let overtaken = if self.is_there { overtaken } else { 0 };
        if self.ahead < -HORIZON {
            *self = Self::draw(self.ahead + 2 * HORIZON, dice);
        } else if self.ahead >= HORIZON {
            *self = Self::draw(self.ahead - 2 * HORIZON, dice);
        }
        overtaken
    }

    fn across(&self) -> i32 {
        LANE * self.lane + LANE / 2
    }

    /// Height of its center in the court.
    fn height(&self) -> i32 {
        PLAYER - self.ahead
    }
}

impl Drive {
    fn cars(&self) -> impl Iterator<Item = &Car> {
        self.cars.iter().filter(|car| car.is_there)
    }

    /// One frame; returns the cars that were overtaken, less those that overtook.
    fn frame(&mut self, turn: i32, dice: &mut Dice) -> i32 {
        self.across = (self.across + SIDE_SPEED * turn).clamp(LEFTMOST, RIGHTMOST);
        self.road = (self.road + self.speed) % MARK_DISTANCE;
        self.time = (self.time + 1) % (2 * HALF_DAY);
        let distance = OTHERS_SPEED - self.speed;
        let overtaken = self.cars.iter_mut().map(|car| car.advance(distance, dice)).sum();
        if self.is_in_contact() {
            self.speed = 0;
        }
        overtaken
    }

    fn is_in_contact(&self) -> bool {
        self.cars()
            .any(|car| car.ahead.abs() < LENGTH && (car.across() - self.across).abs() < WIDTH)
    }

    /// Distance along the road to the nearest car, in pixels; that of the horizon if there is none.
    fn nearest(&self) -> i32 {
        self.cars().map(|car| car.ahead.abs()).min().unwrap_or(HORIZON)
    }

    /// Heights of the marks in the court.
    fn marks(&self) -> impl Iterator<Item = i32> {
        (-1..COURT / MARK_DISTANCE).map(|mark| self.road + MARK_DISTANCE * mark)
    }
}

impl Game for Drive {
    const DESCRIPTION: Description = Description {
        name: "drive",
        actions: MOVES.len(),
        channels: 5,
        episode_steps: 500,
        signals: &["nearest_car", "level"],
        instructions: "The agent drives the yellow car. Choose the clip in which it drives better: it overtakes other cars, \
            is not overtaken, and touches none, since a touch stops it. Call it a tie when both drive alike.",
    };

    fn start(dice: &mut Dice) -> Self {
        let slot = 2 * HORIZON / CARS as i32;
        // Cars of neighboring slots keep more than a car's length between them, so that none overlap.
        let car = |index| Car::draw(-HORIZON + slot * index as i32 + dice.below(16), dice);
        Self {
            across: COURT / 2,
            speed: 0,
            cars: std::array::from_fn(car),
            road: 0,
            time: 0,
            score: 0,
        }
    }

    fn step(&mut self, action: usize, dice: &mut Dice, mut record: impl FnMut(&Self)) -> Hidden {
        let [acceleration, turn] = MOVES[action];
        self.speed = (self.speed + acceleration).clamp(0, TOP_SPEED);
        let mut overtaken = 0;
        for _ in 0..FRAMES {
            overtaken += self.frame(turn, dice);
            record(self);
        }
        self.score += overtaken;
        let nearest = self.nearest();
        Hidden {
            true_reward: f64::from(overtaken),
            signals: vec![f64::from(nearest), f64::from(u8::from(nearest <= LEVEL))],
        }
    }

    fn mark(&self, before: &Self, grid: &mut Grid<'_>) {
        grid.mark(0, self.across, PLAYER);
        for (channel, state) in [(1, self), (2, before)] {
            for car in state.cars() {
                grid.mark(channel, car.across(), car.height());
            }
        }
        for (channel, state) in [(3, self), (4, before)] {
            for height in state.marks() {
                grid.mark(channel, 0, height);
            }
        }
    }

    fn paint(&self, canvas: &mut impl Canvas, day_night: bool) {
        let palette = if day_night && self.time >= HALF_DAY {
            &NIGHT
        } else {
            &DAY
        };
        let side = SIDE as i32;
        canvas.rectangle(0, 0, side, side, palette.grass);
        canvas.in_court(0, 0, COURT, COURT, palette.road);
        for lane in 1..LANES {
            for height in self.marks() {
                canvas.in_court(LANE * lane - 1, height, 2, MARK, palette.mark);
            }
        }
        for car in self.cars() {
            palette.paint_car(canvas, car.across(), car.height(), palette.other);
        }
        palette.paint_car(canvas, self.across, PLAYER, palette.player);
    }

    fn score(&self) -> Vec<i32> {
        vec![self.score]
    }

    fn is_possible(&self, _is_between_steps: bool) -> bool {
        let car = |car: &Car| (0..LANES).contains(&car.lane) && (-HORIZON..HORIZON).contains(&car.ahead);
        (LEFTMOST..=RIGHTMOST).contains(&self.across)
            && (0..=TOP_SPEED).contains(&self.speed)
            && self.cars.iter().all(car)
            && (0..MARK_DISTANCE).contains(&self.road)
            && self.time < 2 * HALF_DAY
            && (-SCORE_LIMIT..SCORE_LIMIT).contains(&self.score)
    }
}

/// Colors of the road by day or by night.
struct Palette {
    grass: Color,
    road: Color,
    mark: Color,
    player: Color,
    other: Color,
    glass: Color,
    tail: Color,
}

const DAY: Palette = Palette {
    grass: [86, 140, 76],
    road: [58, 60, 68],
    mark: [104, 106, 112],
    player: [255, 226, 96],
    other: [96, 170, 240],
    glass: [30, 34, 44],
    tail: [220, 60, 54],
};

const NIGHT: Palette = Palette {
    grass: [14, 24, 34],
    road: [22, 22, 34],
    mark: [48, 50, 66],
    player: [206, 176, 70],
    other: [56, 92, 150],
    glass: [10, 12, 18],
    tail: [255, 80, 70],
};

impl Palette {
    /// A car seen from above, driving upward, around a center.
    fn paint_car(&self, canvas: &mut impl Canvas, across: i32, height: i32, body: Color) {
        let (left, top) = (across - WIDTH / 2, height - LENGTH / 2);
        canvas.in_court(left + 1, top, WIDTH - 2, LENGTH, body);
        for wheel in [top + 1, top + LENGTH - 4] {
            canvas.in_court(left, wheel, 1, 3, self.glass);
            canvas.in_court(left + WIDTH - 1, wheel, 1, 3, self.glass);
        }
        canvas.in_court(left + 2, top + 3, WIDTH - 4, 2, self.glass);
        canvas.in_court(left + 1, top + LENGTH - 1, 2, 1, self.tail);
        canvas.in_court(left + WIDTH - 3, top + LENGTH - 1, 2, 1, self.tail);
    }
}

#[cfg(test)]
mod tests {
    use super::super::court::CELL;
    use super::*;

    /// The player in the middle lane with one other car.
    fn game(speed: i32, lane: i32, ahead: i32) -> Drive {
        let gap = Car {
            lane: 0,
            ahead: 0,
            is_there: false,
        };
        let mut cars = [gap; CARS];
        cars[0] = Car {
            lane,
            ahead,
            is_there: true,
        };
        Drive {
            across: COURT / 2,
            speed,
            cars,
            road: 0,
            time: 0,
            score: 0,
        }
    }

    fn step(game: &mut Drive, action: usize) -> Hidden {
        game.step(action, &mut Dice::new(0), |_| ())
    }

    #[test]
    fn overtaking_pays_and_being_overtaken_costs() {
        // At speed 7 a car falls back 3 pixels per frame, at speed 1 it gains as many.
        let hidden = step(&mut game(7, 0, 12), 0);
        assert_eq!((hidden.true_reward, hidden.signals), (1.0, vec![0.0, 1.0]));
        let hidden = step(&mut game(1, 0, -11), 0);
        assert_eq!((hidden.true_reward, hidden.signals), (-1.0, vec![1.0, 1.0]));
        let hidden = step(&mut game(7, 0, 25), 0);
        assert_eq!((hidden.true_reward, hidden.signals), (0.0, vec![13.0, 0.0]));
    }

    #[test]
    fn the_actions_change_speed_and_place() {
        let expected = [
            (5, 40),
            (6, 40),
            (4, 40),
            (5, 32),
            (5, 48),
            (6, 32),
            (6, 48),
            (4, 32),
            (4, 48),
        ];
        for (action, expected) in expected.into_iter().enumerate() {
            let mut state = game(5, 0, 100);
            step(&mut state, action);
            assert_eq!((state.speed, state.across), expected, "action {action}");
        }
        let mut state = game(8, 0, 100);
        step(&mut state, 1);
        assert_eq!(state.speed, 8);
    }

    #[test]
    fn contact_stops_the_player_and_a_neighboring_lane_does_not() {
        // 12 pixels are a car's length: the second frame is in contact, and then the other car drives on.
        let mut state = game(6, 2, 14);
        let hidden = step(&mut state, 0);
        assert_eq!((state.speed, hidden.true_reward), (0, 0.0));
        let mut state = game(6, 1, 14);
        step(&mut state, 0);
        assert_eq!(state.speed, 6);
    }

    #[test]
    fn a_car_out_of_sight_comes_back_at_the_other_end_without_reward() {
        let mut state = game(8, 0, -HORIZON + 3);
        let hidden = step(&mut state, 0);
        // 16 pixels back, and around the ring of 240.
        assert_eq!(state.cars[0].ahead, -HORIZON + 3 - 16 + 240);
        assert_eq!(hidden.true_reward, 0.0);
    }

    #[test]
    fn nights_follow_days_after_3000_frames() {
        let mut state = game(0, 0, 100);
        let mut grass = Vec::new();
        for time in [HALF_DAY - 1, HALF_DAY, 2 * HALF_DAY - 1] {
            state.time = time;
            let mut pixels = vec![0; SIDE * SIDE];
            state.paint(&mut super::super::canvas::GrayCanvas::new(&mut pixels), true);
            grass.push(pixels[0]);
        }
        assert!(grass[0] > grass[1] && grass[1] == grass[2], "{grass:?}");
        state.time = 2 * HALF_DAY - 4;
        step(&mut state, 0);
        assert_eq!(state.time, 0);
    }

    #[test]
    fn cars_of_a_new_road_do_not_overlap() {
        for seed in 0..200 {
            let game = Drive::start(&mut Dice::new(seed));
            for (index, car) in game.cars.iter().enumerate() {
                let near = |other: &Car| other.lane == car.lane && (other.ahead - car.ahead).abs() < LENGTH;
                assert!(!game.cars[index + 1..].iter().any(near), "seed {seed}");
            }
        }
    }

    #[test]
    fn a_cell_is_as_wide_as_the_player_moves_in_a_step() {
        assert_eq!(SIDE_SPEED * FRAMES as i32, CELL);
    }
}
