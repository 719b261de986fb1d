use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
};

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{
    AleOptions,
    atari::Atari,
    screen::{self, HEIGHT, SIDE, Shrink, WIDTH},
    worker::{Failure, Played, Request, Worker},
};
use crate::{
    environment::{
        Action, ActionSpace, Environment, EnvironmentError, Hidden, ObservationSpace, Outcome, Storage, Task,
        dice::Dice,
    },
    frame::Frame,
};

/// Pictures that an agent sees at once.
const STACK: usize = 4;
/// Pixels of a picture.
const PIXELS: usize = SIDE * SIDE;
/// Frames of nothing at the start of a game: up to so many.
const MOST_NO_OPS: u32 = 30;
/// Five minutes at 15 steps per second.
const EPISODE_STEPS: usize = 4500;
const STEPS_PER_SECOND: f64 = 15.0;
const CLIP_STEPS: usize = 25;
/// Version of the form of snapshots.
const SCHEMA: u32 = 1;

/// An Atari game that a worker plays.
pub(super) struct AleEnvironment {
    game: &'static Atari,
    task: Task,
    python: PathBuf,
    options: AleOptions,
    show_score: bool,
    shrink: Shrink,
    dice: Dice,
    /// The last pictures, the newest last.
    pictures: Vec<u8>,
    link: Mutex<Link>,
}

/// The worker, or why there is none any more: methods that cannot report an error leave it to the next step.
type Link = Result<Worker, EnvironmentError>;

/// The readable part of a snapshot; a line break, the pictures and the emulator's state follow it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    schema: u32,
    game: String,
    dice: Dice,
}

impl AleEnvironment {
    pub(super) fn new(game: &'static Atari, show_score: bool, options: AleOptions) -> Result<Self, EnvironmentError> {
        let python = options.python();
        let worker = Worker::start(&python, game.rom, game.actions, options.time_out)?;
        let mut environment = Self {
            game,
            task: task(game),
            python,
            options,
            show_score,
            shrink: Shrink::new(),
            dice: Dice::new(0),
            pictures: vec![0; STACK * PIXELS],
            link: Mutex::new(Ok(worker)),
        };
        environment.begin_episode()?;
        Ok(environment)
    }

    fn begin_episode(&mut self) -> Result<(), EnvironmentError> {
        let played = self.begin_game()?;
        let picture = self.picture(played.screen);
        for place in self.pictures.chunks_exact_mut(PIXELS) {
            place.copy_from_slice(&picture);
        }
        Ok(())
    }

    fn begin_game(&mut self) -> Result<Played, EnvironmentError> {
        let no_ops = self.dice.below(MOST_NO_OPS + 1) as u8;
        self.play(Request::Begin(no_ops))
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the worker; a worker that breaks is kept as the error of all that follows.
    fn with_worker<T>(&self, ask: impl FnOnce(&mut Worker) -> Result<T, Failure>) -> Result<T, Failure> {
        let mut link = self.link();
        let worker = link.as_mut().map_err(|error| Failure::Broken(error.clone()))?;
        let answer = ask(worker);
        if let Err(Failure::Broken(error)) = &answer {
            *link = Err(error.clone());
        }
        answer
    }

    fn play(&self, request: Request<'_>) -> Result<Played, EnvironmentError> {
        self.with_worker(|worker| worker.play(request))
            .map_err(|failure| self.error(failure))
    }

    fn error(&self, failure: Failure) -> EnvironmentError {
        match failure {
            Failure::Broken(error) => error,
            Failure::Refused(problem) => EnvironmentError::Simulator {
                simulator: "the Arcade Learning Environment",
                problem,
                remedy: "a release of ale-py other than the installed one may do it".to_owned(),
            },
        }
    }

    fn picture(&self, mut screen: Vec<u8>) -> Vec<u8> {
        screen::blank(&mut screen, 1, self.game.score);
        self.shrink.apply(&screen)
    }

    fn chosen(&self, action: Action<'_>) -> Result<u8, EnvironmentError> {
        match action {
            Action::Discrete(chosen) if chosen < self.game.actions => Ok(chosen as u8),
            other => Err(EnvironmentError::Action {
                environment: self.task.name.to_owned(),
                found: format!("{other:?}"),
                expected: format!("Discrete(0) to Discrete({})", self.game.actions - 1),
            }),
        }
    }

    fn wrong_snapshot(&self, problem: impl Into<String>) -> EnvironmentError {
        EnvironmentError::Snapshot {
            environment: self.task.name.to_owned(),
            problem: problem.into(),
        }
    }

    /// Head, pictures and the emulator's state of a snapshot.
    fn parse<'a>(&self, snapshot: &'a [u8]) -> Result<(Head, &'a [u8], &'a [u8]), EnvironmentError> {
        let end = snapshot.iter().position(|&byte| byte == b'\n');
        let (head, rest) = snapshot.split_at(end.ok_or_else(|| self.wrong_snapshot("it has no head"))?);
        let head: Head = serde_json::from_slice(head).map_err(|error| self.wrong_snapshot(error.to_string()))?;
        let name = self.game.name;
        if head.schema != SCHEMA || head.game != name {
            let Head { schema, game, .. } = head;
            let problem = format!("it is of `{game}`, schema {schema}; expected `{name}`, schema {SCHEMA}");
            return Err(self.wrong_snapshot(problem));
        }
        let (pictures, state) = rest[1..]
            .split_at_checked(STACK * PIXELS)
            .ok_or_else(|| self.wrong_snapshot("it is cut off"))?;
        Ok((head, pictures, state))
    }
}

fn task(game: &Atari) -> Task {
    Task {
        name: game.name,
        observation: ObservationSpace {
            shape: vec![STACK, SIDE, SIDE],
            storage: Storage::StackedBytes,
        },
        action: ActionSpace::Discrete { actions: game.actions },
        episode_steps: EPISODE_STEPS,
        clip_steps: CLIP_STEPS,
        steps_per_second: STEPS_PER_SECOND,
        signals: &["score", "game_over"],
        instructions: game.instructions,
    }
}

impl Environment for AleEnvironment {
    fn task(&self) -> &Task {
        &self.task
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) {
        self.dice = Dice::new(rng.random());
        if let Err(error) = self.begin_episode() {
            *self.link() = Err(error);
        }
    }

    fn observe(&self, observation: &mut [f32]) {
        for (number, pixel) in observation.iter_mut().zip(&self.pictures) {
            *number = f32::from(*pixel) / 255.0;
        }
    }

    fn step(&mut self, action: Action<'_>) -> Result<Outcome, EnvironmentError> {
        let action = self.chosen(action)?;
        let mut played = self.play(Request::Act(action))?;
        let (score, is_over) = (f64::from(played.reward), played.is_over);
        if is_over {
            // The agent is not told: the next game follows as one picture follows another.
            played = self.begin_game()?;
        }
        let picture = self.picture(played.screen);
        self.pictures.copy_within(PIXELS.., 0);
        self.pictures[(STACK - 1) * PIXELS..].copy_from_slice(&picture);
        let penalty = if is_over { self.game.penalty } else { 0.0 };
        Ok(Outcome {
            terminated: false,
            hidden: Hidden {
                true_reward: score - penalty,
                signals: vec![score, f64::from(u8::from(is_over))],
            },
        })
    }

    /// Nothing where the worker is gone; the next step says why.
    fn snapshot(&self) -> Vec<u8> {
        let Ok(state) = self.with_worker(|worker| worker.ask(Request::State)) else {
            return Vec::new();
        };
        let head = Head {
            schema: SCHEMA,
            game: self.game.name.to_owned(),
            dice: self.dice.clone(),
        };
        let mut snapshot = serde_json::to_vec(&head).expect("numbers and names can always be written");
        snapshot.push(b'\n');
        snapshot.extend_from_slice(&self.pictures);
        snapshot.extend(state);
        snapshot
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), EnvironmentError> {
        let (head, pictures, state) = self.parse(snapshot)?;
        self.with_worker(|worker| worker.ask(Request::Restore(state)))
            .map_err(|failure| match failure {
                Failure::Refused(problem) => self.wrong_snapshot(problem),
                Failure::Broken(error) => error,
            })?;
        self.dice = head.dice;
        self.pictures.copy_from_slice(pictures);
        Ok(())
    }

    /// The screen in color, twice as wide as it is kept: the pixels of these games are. Black where the worker is gone.
    fn render(&self) -> Frame {
        let mut frame = Frame::filled(2 * WIDTH as u32, HEIGHT as u32, [0; 3]);
        let Ok(mut screen) = self.with_worker(|worker| worker.ask(Request::Picture)) else {
            return frame;
        };
        if !self.show_score && screen.len() == 3 * HEIGHT * WIDTH {
            screen::blank(&mut screen, 3, self.game.score);
        }
        for (places, pixel) in frame.pixels.chunks_exact_mut(6).zip(screen.chunks_exact(3)) {
            places[..3].copy_from_slice(pixel);
            places[3..].copy_from_slice(pixel);
        }
        frame
    }

    /// The copy has a worker of its own; if that cannot be started, its first step says why.
    fn boxed_clone(&self) -> Box<dyn Environment> {
        let link = match &*self.link() {
            Ok(_) => Worker::start(&self.python, self.game.rom, self.game.actions, self.options.time_out),
            Err(error) => Err(error.clone()),
        };
        let mut clone = Self {
            game: self.game,
            task: self.task.clone(),
            python: self.python.clone(),
            options: self.options.clone(),
            show_score: self.show_score,
            shrink: self.shrink.clone(),
            dice: self.dice.clone(),
            pictures: self.pictures.clone(),
            link: Mutex::new(link),
        };
        if let Err(error) = clone.restore(&self.snapshot()) {
            let mut link = clone.link();
            if link.is_ok() {
                *link = Err(error);
            }
        }
        Box::new(clone)
    }
}

impl std::fmt::Debug for AleEnvironment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AleEnvironment")
            .field("game", &self.game.name)
            .field("python", &self.python)
            .finish_non_exhaustive()
    }
}
