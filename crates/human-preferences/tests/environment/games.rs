use human_preferences::environment::{Action, Environment, EnvironmentError, EnvironmentOptions, Storage, View, games};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::play::{num_actions, observe, play};

/// From black, 0, to white, 1.
type Brightness = std::ops::RangeInclusive<f32>;

const COURT_LEFT: usize = 2;
const COURT_TOP: usize = 4;

fn make(name: &str, view: View) -> Box<dyn Environment> {
    let options = EnvironmentOptions {
        view,
        ..EnvironmentOptions::default()
    };
    with_options(name, options)
}

fn with_options(name: &str, options: EnvironmentOptions) -> Box<dyn Environment> {
    games::make(name, &options).expect("a game").expect("its options")
}

fn seeded(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn each(mut test: impl FnMut(&str, View)) {
    for name in games::NAMES {
        for view in [View::Grid, View::Pixels] {
            test(name, view);
        }
    }
}

#[test]
fn the_same_seed_and_actions_give_the_same_game() {
    each(|name, view| {
        let run = |seed| {
            let mut environment = make(name, view);
            environment.reset(&mut seeded(seed));
            (play(environment.as_mut(), 300, 7), environment.snapshot())
        };
        assert!(run(1) == run(1), "{name}");
        assert!(run(1) != run(2), "{name}: another seed gives another game");
    });
}

#[test]
fn a_restored_snapshot_and_a_clone_have_the_same_future() {
    each(|name, view| {
        let mut environment = make(name, view);
        environment.reset(&mut seeded(3));
        play(environment.as_mut(), 137, 4);
        let snapshot = environment.snapshot();
        let mut other = make(name, view);
        other.reset(&mut seeded(99));
        other.restore(&snapshot).expect("its own snapshot");
        let mut clone = environment.boxed_clone();
        assert!(observe(environment.as_ref()) == observe(other.as_ref()), "{name}");
        assert!(environment.render() == other.render(), "{name}");
        let future = play(environment.as_mut(), 300, 5);
        assert!(future == play(other.as_mut(), 300, 5), "{name}");
        assert!(future == play(clone.as_mut(), 300, 5), "{name}");
        assert!(environment.snapshot() == other.snapshot(), "{name}");
    });
}

#[test]
fn observations_have_the_sizes_and_values_that_the_task_says() {
    each(|name, view| {
        let mut environment = make(name, view);
        environment.reset(&mut seeded(1));
        let space = environment.task().observation.clone();
        let expected = match view {
            View::Grid => (&[10, 10][..], Storage::Byte),
            View::Pixels => (&[84, 84][..], Storage::StackedBytes),
        };
        assert_eq!((&space.shape[1..], space.storage), expected, "{name}");
        for (observation, ..) in play(environment.as_mut(), 200, 2) {
            let fits = |value: &f32| match view {
                View::Grid => *value == 0.0 || *value == 1.0,
                View::Pixels => {
                    let byte = (value * 255.0).round();
                    (0.0..=255.0).contains(&byte) && byte / 255.0 == *value
                }
            };
            assert!(observation.iter().all(fits), "{name}");
        }
    });
}

#[test]
fn a_stack_of_pictures_moves_on_by_one() {
    for name in games::NAMES {
        let mut environment = make(name, View::Pixels);
        environment.reset(&mut seeded(1));
        let mut before = observe(environment.as_ref());
        // Games that begin anew inside do not break the stack: an agent is not told.
        for (now, ..) in play(environment.as_mut(), 300, 2) {
            assert!(before[84 * 84..] == now[..3 * 84 * 84], "{name}");
            before = now;
        }
    }
}

/// Cells in which a channel of the grid is 1, as column and row.
fn marked(grid: &[f32], channel: usize) -> Vec<[usize; 2]> {
    let cells = &grid[100 * channel..100 * (channel + 1)];
    let is_marked = (0..100).filter(|&cell| cells[cell] == 1.0);
    is_marked.map(|cell| [cell % 10, cell / 10]).collect()
}

/// Whether the newest picture is as bright as `brightness` somewhere in a cell.
fn shows(pixels: &[f32], [column, row]: [usize; 2], brightness: Brightness) -> bool {
    let newest = &pixels[3 * 84 * 84..];
    let mut places = (0..64).map(|place| (COURT_TOP + 8 * row + place / 8, COURT_LEFT + 8 * column + place % 8));
    places.any(|(row, column)| brightness.contains(&newest[84 * row + column]))
}

#[test]
fn both_views_show_the_same_game() {
    // Channels of things, and the brightness that each has in pictures.
    let things: [(&str, &[(usize, Brightness)]); 4] = [
        ("moving-dot", &[(0, 0.8..=0.9)]),
        ("pong", &[(0, 0.6..=0.7), (1, 0.55..=0.6), (2, 0.95..=1.0)]),
        ("breakout", &[(0, 0.65..=0.7), (1, 0.95..=1.0), (3, 0.5..=0.68)]),
        ("drive", &[(0, 0.86..=0.9), (1, 0.59..=0.62)]),
    ];
    for (name, things) in things {
        let [mut grid, mut pixels] = [View::Grid, View::Pixels].map(|view| make(name, view));
        grid.reset(&mut seeded(5));
        pixels.reset(&mut seeded(5));
        let seen = play(grid.as_mut(), 400, 6)
            .into_iter()
            .zip(play(pixels.as_mut(), 400, 6));
        for (step, ((cells, reward, signals), (picture, same_reward, same_signals))) in seen.enumerate() {
            assert_eq!((reward, signals), (same_reward, same_signals), "{name} {step}");
            for (channel, brightness) in things {
                // The player hides the car that it touches.
                let hidden = if name == "drive" && *channel == 1 {
                    marked(&cells, 0)
                } else {
                    Vec::new()
                };
                for cell in marked(&cells, *channel)
                    .into_iter()
                    .filter(|cell| !hidden.contains(cell))
                {
                    assert!(
                        shows(&picture, cell, brightness.clone()),
                        "{name}, step {step}: channel {channel} in {cell:?}"
                    );
                }
            }
        }
        assert!(grid.render() == pixels.render(), "{name}");
        assert!(grid.snapshot() == pixels.snapshot(), "{name}");
    }
}

#[test]
fn the_score_is_for_people_and_never_for_agents() {
    let options = |show_score| EnvironmentOptions {
        view: View::Pixels,
        show_score,
        ..EnvironmentOptions::default()
    };
    for name in games::NAMES {
        let [mut with, mut without] = [true, false].map(|show| with_options(name, options(show)));
        with.reset(&mut seeded(1));
        without.reset(&mut seeded(1));
        let seen = play(with.as_mut(), 200, 2);
        let strip = |observation: &[f32]| observation[..84 * COURT_TOP].iter().all(|pixel| *pixel == 0.0);
        assert!(seen.iter().all(|(observation, ..)| strip(observation)), "{name}");
        // Games with another score look the same to the agent, and not to people.
        let mut other = with.boxed_clone();
        let changed = with_other_score(&with.snapshot());
        other.restore(&changed).expect("another score is possible");
        assert!(observe(with.as_ref()) == observe(other.as_ref()), "{name}");
        assert!(with.render() != other.render(), "{name}");
        play(without.as_mut(), 200, 2);
        let before = without.render();
        without.restore(&changed).expect("another score is possible");
        assert!(without.render() == before, "{name}");
    }
}

/// The same games with other points.
fn with_other_score(snapshot: &[u8]) -> Vec<u8> {
    let mut snapshot: serde_json::Value = serde_json::from_slice(snapshot).expect("JSON");
    for step in snapshot["recent"].as_array_mut().expect("steps") {
        for frame in step.as_array_mut().expect("frames") {
            match frame.get_mut("points") {
                Some(points) => *points = serde_json::json!([18, 19]),
                None => frame["score"] = serde_json::json!(4321),
            }
        }
    }
    snapshot.to_string().into_bytes()
}

#[test]
fn days_and_nights_change_pictures_and_nothing_else() {
    let options = |day_night| EnvironmentOptions {
        view: View::Pixels,
        day_night,
        ..EnvironmentOptions::default()
    };
    let [mut plain, mut changing] = [false, true].map(|changes| with_options("drive", options(changes)));
    plain.reset(&mut seeded(1));
    changing.reset(&mut seeded(1));
    let [plain, changing] = [plain.as_mut(), changing.as_mut()].map(|environment| play(environment, 800, 2));
    let same = plain
        .iter()
        .zip(&changing)
        .map(|(plain, changing)| plain.0 == changing.0);
    // 3,000 frames are 750 steps.
    let first_night = same.clone().position(|same| !same);
    assert_eq!(first_night, Some(749));
    assert!(
        plain
            .iter()
            .zip(&changing)
            .all(|(plain, changing)| plain.1 == changing.1)
    );
}

/// Mean true return of an episode, with actions chosen from the grid.
fn mean_return(name: &str, mut player: impl FnMut(&[f32], &mut ChaCha8Rng) -> usize) -> f64 {
    let episodes = 20;
    let mut environment = make(name, View::Grid);
    let mut rng = seeded(11);
    let mut sum = 0.0;
    for _ in 0..episodes {
        environment.reset(&mut rng);
        for _ in 0..environment.task().episode_steps {
            let action = player(&observe(environment.as_ref()), &mut rng);
            let outcome = environment.step(Action::Discrete(action)).expect("a step");
            sum += outcome.hidden.true_reward;
        }
    }
    sum / f64::from(episodes)
}

fn assert_skill_pays(name: &str, margin: f64, player: fn(&[f32]) -> usize) {
    let actions = num_actions(make(name, View::Grid).as_ref());
    let random = mean_return(name, |_, rng| rng.random_range(0..actions));
    let skilled = mean_return(name, |grid, _| player(grid));
    assert!(
        skilled > random + margin,
        "{name}: {skilled} against {random} of random play"
    );
}

fn row(grid: &[f32], channel: usize) -> usize {
    marked(grid, channel).first().map_or(5, |cell| cell[1])
}

fn column(grid: &[f32], channel: usize) -> usize {
    marked(grid, channel).first().map_or(5, |cell| cell[0])
}

/// The action that brings `place` nearer to `aim`: stay, `lower` or `higher`.
fn toward(place: usize, aim: usize, lower: usize, higher: usize) -> usize {
    match place.cmp(&aim) {
        std::cmp::Ordering::Less => higher,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => lower,
    }
}

#[test]
fn a_player_who_goes_to_the_center_beats_a_random_one() {
    assert_skill_pays("moving-dot", 5.0, |grid| match toward(column(grid, 0), 4, 3, 4) {
        0 => toward(row(grid, 0), 4, 1, 2),
        sideways => sideways,
    });
}

#[test]
fn a_player_who_follows_the_ball_beats_a_random_one_at_pong() {
    assert_skill_pays("pong", 10.0, |grid| toward(row(grid, 0), row(grid, 2), 1, 2));
}

#[test]
fn a_player_who_runs_ahead_of_the_ball_beats_a_random_one_at_breakout() {
    assert_skill_pays("breakout", 20.0, |grid| {
        let (now, before) = (column(grid, 1), column(grid, 2));
        toward(column(grid, 0), (2 * now).saturating_sub(before), 1, 2)
    });
}

#[test]
fn a_driver_who_changes_lanes_beats_a_random_one() {
    assert_skill_pays("drive", 20.0, |grid| {
        let player = column(grid, 0);
        let (middle, cars) = (row(grid, 0), marked(grid, 1));
        let is_blocked = |column: usize| {
            let near = |car: &&[usize; 2]| car[0].abs_diff(column) < 2 && car[1] + 4 > middle && car[1] <= middle + 2;
            cars.iter().any(|car| near(&car))
        };
        let left = (1..player).rev().find(|&column| !is_blocked(column));
        let right = (player..10).find(|&column| !is_blocked(column));
        match (is_blocked(player), left, right) {
            (false, ..) | (true, None, None) => 1,
            (true, Some(left), Some(right)) if player - left > right - player => 6,
            (true, None, Some(_)) => 6,
            (true, Some(_), _) => 5,
        }
    });
}

#[test]
fn wrong_actions_are_refused_and_change_nothing() {
    each(|name, view| {
        let mut environment = make(name, view);
        environment.reset(&mut seeded(1));
        let before = environment.snapshot();
        let beyond = num_actions(environment.as_ref());
        for action in [
            Action::Discrete(beyond),
            Action::Discrete(usize::MAX),
            Action::Continuous(&[0.0]),
        ] {
            let error = environment.step(action).expect_err("no such action");
            assert!(matches!(error, EnvironmentError::Action { .. }), "{name}: {error}");
        }
        assert!(environment.snapshot() == before, "{name}");
    });
}

#[test]
fn what_is_no_snapshot_is_refused_and_changes_nothing() {
    each(|name, view| {
        let mut environment = make(name, view);
        environment.reset(&mut seeded(1));
        play(environment.as_mut(), 10, 1);
        let before = environment.snapshot();
        let text = String::from_utf8(before.clone()).expect("JSON");
        let other = if name == "pong" { "breakout" } else { "pong" };
        let possible = serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
        let mut bad = vec![
            Vec::new(),
            b"[]".to_vec(),
            before[..before.len() / 2].to_vec(),
            make(other, view).snapshot(),
            text.replace("\"schema\":1", "\"schema\":2").into_bytes(),
            text.replacen('{', "{\"more\":0,", 1).into_bytes(),
        ];
        // Every number of the newest state far out of its range.
        for (key, value) in possible["recent"][3][1].as_object().expect("a state") {
            if value.is_array() && key == "cars" {
                continue;
            }
            let mut changed = possible.clone();
            let place = &mut changed["recent"][3][1][key];
            let far = serde_json::json!(2_000_000_000);
            *place = if value.is_array() {
                serde_json::json!([far, far])
            } else {
                far
            };
            bad.push(changed.to_string().into_bytes());
        }
        for bytes in bad {
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            let error = environment.restore(&bytes).expect_err(&shown);
            assert!(matches!(error, EnvironmentError::Snapshot { .. }), "{name}: {error}");
            assert!(environment.snapshot() == before, "{name}");
        }
    });
}

#[test]
fn options_that_a_game_does_not_have_are_refused() {
    let problem = |name: &str, options| match games::make(name, &options) {
        Some(Err(EnvironmentError::Option { problem, .. })) => problem,
        _ => panic!("{name} takes the option"),
    };
    let gym = EnvironmentOptions {
        gym: true,
        ..EnvironmentOptions::default()
    };
    assert!(problem("pong", gym).contains("`gym`"));
    let day_night = EnvironmentOptions {
        day_night: true,
        ..EnvironmentOptions::default()
    };
    assert!(problem("breakout", day_night).contains("`drive`"));
    assert!(games::make("drive", &day_night).expect("a game").is_ok());
    assert!(games::make("hopper", &day_night).is_none());
}

#[test]
fn every_game_makes_clips_of_one_to_two_seconds() {
    each(|name, view| {
        let environment = make(name, view);
        let task = environment.task();
        let seconds = task.clip_steps as f64 / task.steps_per_second;
        assert!((1.0..=2.0).contains(&seconds), "{name}");
        assert!(task.episode_steps >= 2 * task.clip_steps, "{name}");
        assert_eq!(task.name, name);
        assert!(!task.instructions.is_empty());
    });
}
