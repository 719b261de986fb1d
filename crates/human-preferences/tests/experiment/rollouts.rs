//! Environments side by side: clips that can be replayed, exact states, time limits that are no deaths, and episodes that
//! are dropped when a simulation breaks.

use human_preferences::{
    actions::Actions,
    clip::ClipError,
    clip_frames,
    environment::{
        self, Action, ActionSpace, Environment, EnvironmentError, EnvironmentOptions, Hidden, NAMES, ObservationSpace,
        Outcome, Task, View,
    },
    experience::End,
    frame::Frame,
    rollout::{Collected, Lengths, Rollouts, RolloutsState},
};
use papers_core::random::Streams;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

const LANES: usize = 3;

/// Draws from all of a task's actions.
fn at_random(space: ActionSpace) -> impl FnMut(&[f32], &mut [ChaCha8Rng]) -> Result<Actions, EnvironmentError> {
    move |_, generators| {
        Ok(match space {
            ActionSpace::Continuous { size, low, high } => Actions::Continuous {
                size,
                // Beyond the actuators' range, as a policy's actions may be.
                values: generators
                    .iter_mut()
                    .flat_map(|generator| {
                        (0..size)
                            .map(|_| generator.random_range(1.5 * low..1.5 * high) as f32)
                            .collect::<Vec<f32>>()
                    })
                    .collect(),
            },
            ActionSpace::Discrete { actions } => Actions::Discrete {
                actions,
                chosen: generators
                    .iter_mut()
                    .map(|generator| generator.random_range(0..actions as u32))
                    .collect(),
            },
        })
    }
}

fn collect(rollouts: &mut Rollouts, steps: usize, round: u64) -> Collected {
    let space = rollouts.task().action;
    let collected = rollouts.collect(steps, round, at_random(space));
    collected.expect("actions that fit")
}

/// Every environment of the program, games in both views.
fn all() -> Vec<Box<dyn Environment>> {
    let mut environments = Vec::new();
    for name in NAMES {
        let grid = EnvironmentOptions::default();
        environments.push(environment::make(name, &grid).expect(name));
        let pixels = EnvironmentOptions {
            view: View::Pixels,
            ..grid
        };
        environments.extend(environment::make(name, &pixels));
    }
    environments
}

fn rollouts(environment: &dyn Environment, lengths: Lengths) -> Rollouts {
    Rollouts::new(environment, LANES, lengths, Streams::new(7), "rollout")
}

/// What is seen and earned when a clip's actions are taken once more.
fn replay(environment: &dyn Environment, snapshot: &[u8], actions: &Actions) -> (Vec<f32>, f64, Vec<f64>) {
    let mut environment = environment.boxed_clone();
    environment.restore(snapshot).expect("a snapshot of it");
    let mut observation = vec![0.0; environment.task().observation.len()];
    let (mut seen, mut earned, mut signals) = (Vec::new(), 0.0, Vec::new());
    for index in 0..actions.len() {
        environment.observe(&mut observation);
        seen.extend_from_slice(&observation);
        let outcome = actions.with(index, |action| environment.step(action));
        let hidden = outcome.expect("an action that was taken before").hidden;
        earned += hidden.true_reward;
        signals.extend(hidden.signals);
    }
    (seen, earned, signals)
}

#[test]
fn every_clip_replays_to_what_it_holds() {
    let lengths = Lengths { episode: 40, clip: 12 };
    for environment in all() {
        let name = environment.task().name;
        let mut rollouts = rollouts(environment.as_ref(), lengths);
        let mut clips = collect(&mut rollouts, 25, 0).clips;
        clips.extend(collect(&mut rollouts, 60, 1).clips);
        assert!(clips.len() >= LANES, "{name}: {} clips", clips.len());
        for clip in &clips {
            let mut held = Vec::new();
            clip.clip.observations.append_features(&mut held);
            let (seen, earned, signals) = replay(environment.as_ref(), &clip.record.snapshot, &clip.clip.actions);
            assert!(held == seen, "{name}: another clip than was seen");
            assert_eq!(clip.record.true_return, earned, "{name}");
            assert_eq!(clip.record.signals, signals, "{name}");
            assert_eq!(clip.clip.steps(), lengths.clip);
            assert!(clip.clip.start + clip.clip.steps() <= lengths.episode, "{name}");
        }
        let frames = clip_frames::of_clip(environment.as_ref(), &clips[0]).expect("pictures");
        assert_eq!(frames.len(), lengths.clip, "{name}");
        for (index, first) in clips.iter().enumerate() {
            let others = &clips[index + 1..];
            assert!(!others.iter().any(|other| first.clip.overlaps(&other.clip)), "{name}");
        }
    }
}

#[test]
fn a_state_that_was_written_and_read_has_the_same_future() {
    let lengths = Lengths { episode: 40, clip: 12 };
    for environment in all() {
        let name = environment.task().name;
        let mut whole = rollouts(environment.as_ref(), lengths);
        collect(&mut whole, 25, 0);
        let text = serde_json::to_string(&whole.state()).expect("a state");
        let state: RolloutsState = serde_json::from_str(&text).expect("the same state");
        let mut resumed = rollouts(environment.as_ref(), lengths);
        resumed.restore(state).expect("a state of the same environment");
        assert_eq!(
            serde_json::to_string(&resumed.state()).expect("a state"),
            text,
            "{name}"
        );
        let [one, other] = [&mut whole, &mut resumed].map(|rollouts| collect(rollouts, 50, 1));
        assert!(one.experience == other.experience, "{name}");
        assert_eq!(one.true_rewards, other.true_rewards, "{name}");
        assert_eq!(one.signals, other.signals, "{name}");
        assert_eq!(one.returns, other.returns, "{name}");
        let clips = |collected: &Collected| -> Vec<_> {
            let clips = collected.clips.iter();
            clips.map(|clip| (clip.clip.clone(), clip.record.clone())).collect()
        };
        assert!(clips(&one) == clips(&other), "{name}");
    }
}

#[test]
fn a_state_of_other_environments_is_refused() {
    let lengths = Lengths { episode: 40, clip: 12 };
    let make = |name| environment::make(name, &EnvironmentOptions::default()).expect("an environment");
    let (pendulum, hopper) = (make("pendulum"), make("hopper"));
    let mut other = rollouts(hopper.as_ref(), lengths);
    other
        .restore(rollouts(pendulum.as_ref(), lengths).state())
        .expect_err("a snapshot of another environment");
    let mut more = Rollouts::new(pendulum.as_ref(), LANES + 1, lengths, Streams::new(7), "rollout");
    let error = more.restore(rollouts(pendulum.as_ref(), lengths).state());
    let error = error.expect_err("other lanes").to_string();
    assert!(error.contains('3') && error.contains('4'), "{error}");
}

#[test]
fn a_time_limit_is_no_death_in_any_environment() {
    let lengths = Lengths { episode: 15, clip: 5 };
    for environment in all() {
        let name = environment.task().name;
        let mut rollouts = rollouts(environment.as_ref(), lengths);
        let collected = collect(&mut rollouts, 40, 0);
        let ends = &collected.experience.ends;
        for (index, end) in ends.iter().enumerate() {
            let step = index % 40 + 1;
            let expected = (step % 15 == 0).then_some(End::Truncated);
            assert_eq!(*end, expected, "{name}: step {step}");
        }
        // What follows an end is estimated from what was seen last, and not from the next episode's beginning.
        let size = environment.task().observation.len();
        let experience = &collected.experience;
        assert_eq!(experience.truncated_observations.len(), 2 * LANES * size, "{name}");
        let last_seen = &experience.truncated_observations[..size];
        let begun = &experience.observations[15 * size..16 * size];
        let before = &experience.observations[14 * size..15 * size];
        assert!(last_seen != begun || before == begun, "{name}");
        assert_eq!(collected.returns.len(), 2 * LANES, "{name}");
    }
}

#[test]
fn the_last_observation_of_an_episode_is_what_the_environment_shows_then() {
    let environment = environment::make("pendulum", &EnvironmentOptions::default()).expect("an environment");
    // One clip is the whole episode, so that it can be replayed to its end.
    let lengths = Lengths { episode: 10, clip: 10 };
    let mut rollouts = Rollouts::new(environment.as_ref(), 1, lengths, Streams::new(7), "rollout");
    let collected = collect(&mut rollouts, 10, 0);
    let clip = &collected.clips[0];
    let mut replayed = environment.boxed_clone();
    replayed.restore(&clip.record.snapshot).expect("its snapshot");
    for index in 0..10 {
        clip.clip
            .actions
            .with(index, |action| replayed.step(action))
            .expect("a step");
    }
    let mut last = vec![0.0; 3];
    replayed.observe(&mut last);
    assert_eq!(collected.experience.truncated_observations, last);
    assert_ne!(collected.experience.last_observations, last);
}

/// What goes wrong in an environment.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    /// The simulation says that it broke.
    Diverges,
    /// It does not say so, and shows what is no number.
    ShowsNoNumber,
    /// It does not say so, and its reward is no number.
    EarnsNoNumber,
    /// It breaks in every step.
    AlwaysDiverges,
}

/// A count of steps that breaks in every third episode, after its seventh step.
#[derive(Debug, Clone)]
struct Breaking {
    task: Task,
    fault: Fault,
    is_doomed: bool,
    step: u64,
}

impl Breaking {
    fn new(fault: Fault) -> Self {
        let task = Task {
            name: "breaking",
            observation: ObservationSpace::vector(2),
            action: ActionSpace::Discrete { actions: 2 },
            episode_steps: 20,
            clip_steps: 4,
            steps_per_second: 10.0,
            signals: &["step"],
            instructions: "",
        };
        Self {
            task,
            fault,
            is_doomed: false,
            step: 0,
        }
    }

    fn has_broken(&self) -> bool {
        self.fault == Fault::AlwaysDiverges || self.is_doomed && self.step >= 7
    }
}

impl Environment for Breaking {
    fn task(&self) -> &Task {
        &self.task
    }

    fn reset(&mut self, rng: &mut ChaCha8Rng) {
        self.is_doomed = rng.random_range(0..3) == 0;
        self.step = 0;
    }

    fn observe(&self, observation: &mut [f32]) {
        let is_bad = self.fault == Fault::ShowsNoNumber && self.has_broken();
        observation[0] = if is_bad { f32::NAN } else { self.step as f32 };
        observation[1] = f32::from(u8::from(self.is_doomed));
    }

    fn step(&mut self, _action: Action<'_>) -> Result<Outcome, EnvironmentError> {
        if self.has_broken() && matches!(self.fault, Fault::Diverges | Fault::AlwaysDiverges) {
            return Err(EnvironmentError::Diverged {
                environment: self.task.name.to_owned(),
                step: self.step,
            });
        }
        let is_bad = self.fault == Fault::EarnsNoNumber && self.has_broken();
        self.step += 1;
        Ok(Outcome {
            terminated: false,
            hidden: Hidden {
                true_reward: if is_bad { f64::NAN } else { 1.0 },
                signals: vec![self.step as f64],
            },
        })
    }

    fn snapshot(&self) -> Vec<u8> {
        vec![u8::from(self.is_doomed), self.step as u8]
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), EnvironmentError> {
        (self.is_doomed, self.step) = (snapshot[0] == 1, u64::from(snapshot[1]));
        Ok(())
    }

    fn render(&self) -> Frame {
        Frame::filled(1, 1, [0; 3])
    }

    fn boxed_clone(&self) -> Box<dyn Environment> {
        Box::new(self.clone())
    }
}

const BREAKING: Lengths = Lengths { episode: 20, clip: 4 };

#[test]
fn an_episode_that_breaks_is_dropped_and_counted() {
    let environment = Breaking::new(Fault::Diverges);
    let mut rollouts = rollouts(&environment, BREAKING);
    let collected = collect(&mut rollouts, 400, 0);
    let experience = &collected.experience;
    // Seven steps of an episode that breaks were good; it ends in the eighth.
    let broken = (0..LANES * 400).filter(|&index| {
        let observation = &experience.observations[2 * index..2 * index + 2];
        observation == [7.0, 1.0]
    });
    let broken: Vec<usize> = broken.collect();
    assert!(broken.len() > 5, "{broken:?}");
    assert_eq!(rollouts.diverged(), broken.len() as u64);
    assert!(
        broken
            .iter()
            .all(|&index| experience.ends[index] == Some(End::Diverged))
    );
    let diverged = experience.ends.iter().filter(|end| **end == Some(End::Diverged));
    assert_eq!(diverged.count(), broken.len());
    // The next step is the first one of another episode.
    let next = |index: &usize| (index + 1).is_multiple_of(400) || experience.observations[2 * (index + 1)] == 0.0;
    assert!(broken.iter().all(next));
    // No return of it is reported, and no clip has its last step.
    assert!(collected.returns.iter().all(|&episode| episode == 20.0));
    let ends = experience.ends.iter().flatten().count();
    assert_eq!(collected.returns.len() + broken.len(), ends);
    assert!(collected.clips.iter().all(|clip| clip.record.true_return == 4.0));
    // As many last observations as there are ends, each of its own episode.
    assert_eq!(experience.truncated_observations.len(), 2 * ends);
    let of_broken = experience.truncated_observations.chunks_exact(2);
    assert_eq!(of_broken.filter(|seen| *seen == [7.0, 1.0]).count(), broken.len());
}

#[test]
fn episodes_that_break_repeat_as_others_do() {
    let environment = Breaking::new(Fault::Diverges);
    let [one, other] = [0; 2].map(|_| collect(&mut rollouts(&environment, BREAKING), 100, 0));
    assert!(one.experience.ends.contains(&Some(End::Diverged)));
    assert_eq!(one.experience, other.experience);
}

#[test]
fn the_count_of_dropped_episodes_is_part_of_the_state() {
    let environment = Breaking::new(Fault::Diverges);
    let mut first = rollouts(&environment, BREAKING);
    collect(&mut first, 100, 0);
    assert!(first.diverged() > 0);
    let mut second = rollouts(&environment, BREAKING);
    second.restore(first.state()).expect("its state");
    assert_eq!(second.diverged(), first.diverged());
}

#[test]
fn what_shows_or_earns_no_number_is_no_clip_and_is_counted() {
    for fault in [Fault::ShowsNoNumber, Fault::EarnsNoNumber] {
        let environment = Breaking::new(fault);
        let mut rollouts = rollouts(&environment, BREAKING);
        let collected = collect(&mut rollouts, 400, 0);
        assert!(collected.clips.len() > 50);
        for clip in &collected.clips {
            assert_eq!(clip.clip.check(), Ok(()));
            assert_eq!(clip.record.true_return, 4.0);
        }
        let is_expected = |problem: &ClipError| match fault {
            Fault::ShowsNoNumber => matches!(
                problem,
                ClipError::NotFinite {
                    what: "observation",
                    ..
                }
            ),
            _ => matches!(problem, ClipError::TrueReturn { value } if value.is_nan()),
        };
        assert!(collected.rejected.iter().all(is_expected), "{:?}", collected.rejected);
        assert!(collected.rejected.len() > 10);
        assert_eq!(rollouts.rejected(), collected.rejected.len() as u64);
        // The count is part of the state.
        let mut second = Rollouts::new(&environment, LANES, BREAKING, Streams::new(7), "rollout");
        second.restore(rollouts.state()).expect("its state");
        assert_eq!(second.rejected(), rollouts.rejected());
    }
}

#[test]
fn whole_episodes_have_no_clip_that_is_left_out() {
    for environment in all() {
        let mut rollouts = rollouts(environment.as_ref(), Lengths { episode: 40, clip: 12 });
        let collected = collect(&mut rollouts, 80, 0);
        let (name, rejected) = (environment.task().name, &collected.rejected);
        assert!(rejected.is_empty(), "{name}: {rejected:?}");
    }
}

#[test]
fn an_environment_that_always_breaks_gives_no_clip_and_ends_every_step() {
    let environment = Breaking::new(Fault::AlwaysDiverges);
    let mut rollouts = rollouts(&environment, BREAKING);
    let collected = collect(&mut rollouts, 10, 0);
    assert!(collected.clips.is_empty() && collected.returns.is_empty());
    assert_eq!(rollouts.diverged(), 10 * LANES as u64);
}
