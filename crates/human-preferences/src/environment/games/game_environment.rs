use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{
    Game,
    canvas::{self, ColorCanvas, GrayCanvas, SIDE},
    court::{CELLS, Grid},
};
use crate::{
    environment::{
        Action, ActionSpace, Environment, EnvironmentError, EnvironmentOptions, ObservationSpace, Outcome, Storage,
        Task, View, dice::Dice,
    },
    frame::Frame,
};

/// Pictures that an agent sees at once.
const STACK: usize = 4;
/// Pixels of a picture.
const PIXELS: usize = SIDE * SIDE;
/// Steps at which an agent acts and a clip is shown: every fourth of 60 frames per second.
const STEPS_PER_SECOND: f64 = 15.0;
const CLIP_STEPS: usize = 25;
/// Version of the form of snapshots.
const SCHEMA: u32 = 1;

/// A game as an environment, in one of two views.
#[derive(Debug, Clone)]
pub(super) struct GameEnvironment<G> {
    task: Task,
    options: EnvironmentOptions,
    dice: Dice,
    recent: Recent<G>,
    /// Pictures of `recent` in the pixel view, the newest last; empty in the grid view, where nobody looks at them.
    pictures: Vec<u8>,
}

/// The last two frames of the last steps, the newest last: all that an agent sees follows from them.
type Recent<G> = [[G; 2]; STACK];

/// What a snapshot holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot<G> {
    schema: u32,
    game: String,
    dice: Dice,
    recent: Recent<G>,
}

impl<G: Game> GameEnvironment<G> {
    pub(super) fn new(options: EnvironmentOptions) -> Self {
        let description = &G::DESCRIPTION;
        let mut dice = Dice::new(0);
        let game = G::start(&mut dice);
        let pixels = match options.view {
            View::Grid => 0,
            View::Pixels => STACK * PIXELS,
        };
        let mut environment = Self {
            task: Task {
                name: description.name,
                observation: observation_space(options.view, description.channels),
                action: ActionSpace::Discrete {
                    actions: description.actions,
                },
                episode_steps: description.episode_steps,
                clip_steps: CLIP_STEPS,
                steps_per_second: STEPS_PER_SECOND,
                signals: description.signals,
                instructions: description.instructions,
            },
            options,
            dice,
            recent: [[game; 2]; STACK],
            pictures: vec![0; pixels],
        };
        environment.paint_all();
        environment
    }

    fn now(&self) -> &G {
        &self.recent[STACK - 1][1]
    }

    fn paint_all(&mut self) {
        for (picture, frames) in self.pictures.chunks_exact_mut(PIXELS).zip(&self.recent) {
            paint_picture(picture, frames, self.options);
        }
    }

    fn chosen(&self, action: Action<'_>) -> Result<usize, EnvironmentError> {
        let actions = G::DESCRIPTION.actions;
        match action {
            Action::Discrete(chosen) if chosen < actions => Ok(chosen),
            other => Err(EnvironmentError::Action {
                environment: self.task.name.to_owned(),
                found: format!("{other:?}"),
                expected: format!("Discrete(0) to Discrete({})", actions - 1),
            }),
        }
    }

    fn parse(snapshot: &[u8]) -> Result<Snapshot<G>, String> {
        let snapshot: Snapshot<G> = serde_json::from_slice(snapshot).map_err(|error| error.to_string())?;
        let name = G::DESCRIPTION.name;
        if snapshot.schema != SCHEMA || snapshot.game != name {
            let Snapshot { schema, game, .. } = snapshot;
            return Err(format!(
                "it is of `{game}`, schema {schema}; expected `{name}`, schema {SCHEMA}"
            ));
        }
        let is_possible = |frames: &[G; 2]| frames[0].is_possible(false) && frames[1].is_possible(true);
        match snapshot.recent.iter().find(|frames| !is_possible(frames)) {
            Some(frames) => Err(format!("the game cannot be in the states {frames:?}")),
            None => Ok(snapshot),
        }
    }
}

fn observation_space(view: View, channels: usize) -> ObservationSpace {
    match view {
        View::Grid => ObservationSpace {
            shape: vec![channels, CELLS as usize, CELLS as usize],
            storage: Storage::Byte,
        },
        View::Pixels => ObservationSpace {
            shape: vec![STACK, SIDE, SIDE],
            storage: Storage::StackedBytes,
        },
    }
}

/// What an agent sees of two frames: the brighter of both, pixel by pixel, without the score.
fn paint_picture<G: Game>(picture: &mut [u8], frames: &[G; 2], options: EnvironmentOptions) {
    let mut first = [0; PIXELS];
    paint(&mut GrayCanvas::new(&mut first), &frames[0], options);
    paint(&mut GrayCanvas::new(picture), &frames[1], options);
    for (pixel, before) in picture.iter_mut().zip(first) {
        *pixel = before.max(*pixel);
    }
    if options.show_score {
        canvas::blank_score(&mut GrayCanvas::new(picture));
    }
}

fn paint<G: Game>(canvas: &mut impl canvas::Canvas, game: &G, options: EnvironmentOptions) {
    game.paint(canvas, options.day_night);
    if options.show_score {
        canvas::paint_score(canvas, &game.score());
    }
}

impl<G: Game> Environment for GameEnvironment<G> {
    fn task(&self) -> &Task {
        &self.task
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) {
        self.dice = Dice::new(rng.random());
        self.recent = [[G::start(&mut self.dice); 2]; STACK];
        self.paint_all();
    }

    fn observe(&self, observation: &mut [f32]) {
        match self.options.view {
            View::Grid => {
                let before = &self.recent[STACK - 2][1];
                self.now().mark(before, &mut Grid::new(observation));
            }
            View::Pixels => {
                for (number, pixel) in observation.iter_mut().zip(&self.pictures) {
                    *number = f32::from(*pixel) / 255.0;
                }
            }
        }
    }

    fn step(&mut self, action: Action<'_>) -> Result<Outcome, EnvironmentError> {
        let action = self.chosen(action)?;
        let mut game = *self.now();
        let mut frames = [game; 2];
        let hidden = game.step(action, &mut self.dice, |frame| frames = [frames[1], *frame]);
        // What the step leads to, as a new ball, is in the last frame.
        frames[1] = game;
        self.recent.rotate_left(1);
        self.recent[STACK - 1] = frames;
        if self.options.view == View::Pixels {
            self.pictures.copy_within(PIXELS.., 0);
            let newest = (STACK - 1) * PIXELS;
            paint_picture(&mut self.pictures[newest..], &frames, self.options);
        }
        Ok(Outcome {
            terminated: false,
            hidden,
        })
    }

    fn snapshot(&self) -> Vec<u8> {
        let snapshot = Snapshot {
            schema: SCHEMA,
            game: G::DESCRIPTION.name.to_owned(),
            dice: self.dice.clone(),
            recent: self.recent,
        };
        serde_json::to_vec(&snapshot).expect("numbers and names can always be written")
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), EnvironmentError> {
        let snapshot = Self::parse(snapshot).map_err(|problem| EnvironmentError::Snapshot {
            environment: self.task.name.to_owned(),
            problem,
        })?;
        self.dice = snapshot.dice;
        self.recent = snapshot.recent;
        self.paint_all();
        Ok(())
    }

    fn render(&self) -> Frame {
        let mut canvas = ColorCanvas::new();
        paint(&mut canvas, self.now(), self.options);
        canvas.into_frame()
    }

    fn boxed_clone(&self) -> Box<dyn Environment> {
        Box::new(self.clone())
    }
}
