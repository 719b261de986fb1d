//! The Atari games, where `BURN_PAPERS_ALE_PYTHON` names a Python that has them, and what is said where none has.

use std::{path::PathBuf, time::Duration};

use human_preferences::environment::{
    Action, Environment, EnvironmentError, EnvironmentOptions,
    ale::{self, AleOptions},
};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::play::{observe, play};

/// The games can be played, or the reason why not is printed.
fn can_play() -> bool {
    let has_python = std::env::var_os(ale::PYTHON_VARIABLE).is_some();
    if !has_python {
        eprintln!("skipped: {} names no Python with ale-py", ale::PYTHON_VARIABLE);
    }
    has_python
}

fn make(name: &str) -> Box<dyn Environment> {
    let made = ale::make(name, &EnvironmentOptions::default(), &AleOptions::default());
    made.expect("a game").expect("a worker")
}

fn problem(name: &str, options: &AleOptions) -> String {
    match ale::make(name, &EnvironmentOptions::default(), options) {
        Some(Err(error @ EnvironmentError::Simulator { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_game_plays_the_same_from_the_same_seed() {
    if !can_play() {
        return;
    }
    for name in ale::names() {
        let run = |seed| {
            let mut environment = make(name);
            environment.reset(&mut ChaCha8Rng::seed_from_u64(seed));
            play(environment.as_mut(), 60, 3)
        };
        let first = run(1);
        assert!(first == run(1), "{name}");
        let fits = |(observation, ..): &(Vec<f32>, f64, Vec<f64>)| {
            observation.iter().all(|value| (0.0..=1.0).contains(value)) && observation.iter().any(|&value| value > 0.0)
        };
        assert!(first.iter().all(fits), "{name}");
    }
}

#[test]
fn a_restored_snapshot_and_a_clone_have_the_same_future() {
    if !can_play() {
        return;
    }
    let mut environment = make("ale-breakout");
    environment.reset(&mut ChaCha8Rng::seed_from_u64(1));
    play(environment.as_mut(), 50, 2);
    let snapshot = environment.snapshot();
    let mut clone = environment.boxed_clone();
    let mut other = make("ale-breakout");
    other.restore(&snapshot).expect("its own snapshot");
    assert!(observe(environment.as_ref()) == observe(other.as_ref()));
    assert!(environment.render() == other.render());
    // Random play loses all five balls within these steps, so that a new game with drawn no-ops is among them.
    let future = play(environment.as_mut(), 400, 5);
    assert!(future.iter().any(|(_, _, signals)| signals[1] == 1.0), "no game ended");
    assert!(future == play(other.as_mut(), 400, 5));
    assert!(future == play(clone.as_mut(), 400, 5));
    assert!(environment.snapshot() == other.snapshot());
}

#[test]
fn the_end_of_a_game_shows_in_the_oracles_reward_alone() {
    if !can_play() {
        return;
    }
    let mut environment = make("ale-breakout");
    environment.reset(&mut ChaCha8Rng::seed_from_u64(1));
    let mut before = observe(environment.as_ref());
    for (now, reward, signals) in play(environment.as_mut(), 400, 5) {
        assert_eq!(reward, signals[0] - signals[1]);
        assert!(
            before[84 * 84..] == now[..3 * 84 * 84],
            "the stack goes on over the end of a game"
        );
        before = now;
    }
}

#[test]
fn the_score_is_black_for_agents() {
    if !can_play() {
        return;
    }
    // Rows of the screen with the score, and those of the picture that it covers: 24 of 210 are 9 of 84.
    let mut environment = make("ale-pong");
    environment.reset(&mut ChaCha8Rng::seed_from_u64(1));
    for (observation, ..) in play(environment.as_mut(), 200, 5) {
        let mut pictures = observation.chunks_exact(84 * 84);
        assert!(pictures.all(|picture| picture[..9 * 84].iter().all(|pixel| *pixel == 0.0)));
    }
}

#[test]
fn wrong_actions_and_snapshots_are_refused_and_change_nothing() {
    if !can_play() {
        return;
    }
    let mut environment = make("ale-pong");
    environment.reset(&mut ChaCha8Rng::seed_from_u64(1));
    play(environment.as_mut(), 20, 1);
    let before = environment.snapshot();
    for action in [Action::Discrete(6), Action::Continuous(&[0.0])] {
        let error = environment.step(action).expect_err("no such action");
        assert!(matches!(error, EnvironmentError::Action { .. }), "{error}");
    }
    let head = before.iter().position(|&byte| byte == b'\n').expect("a head") + 1 + 4 * 84 * 84;
    let bad = [
        Vec::new(),
        b"{}\n".to_vec(),
        before[..200].to_vec(),
        before[..head].to_vec(),
        [&before[..head], &[7; 100]].concat(),
        make("ale-breakout").snapshot(),
    ];
    for snapshot in bad {
        let error = environment.restore(&snapshot).expect_err("no snapshot");
        assert!(matches!(error, EnvironmentError::Snapshot { .. }), "{error}");
        assert!(environment.snapshot() == before);
    }
}

#[test]
fn a_missing_python_is_named_with_the_step_that_installs_it() {
    let options = AleOptions {
        python: Some(PathBuf::from("no-such-python")),
        ..AleOptions::default()
    };
    let message = problem("ale-pong", &options);
    for part in ["`no-such-python`", "pip install ale-py", "BURN_PAPERS_ALE_PYTHON"] {
        assert!(message.contains(part), "{message}");
    }
    assert!(ale::make("pong", &EnvironmentOptions::default(), &options).is_none());
}

#[test]
fn options_of_other_environments_are_refused() {
    let gym = EnvironmentOptions {
        gym: true,
        ..EnvironmentOptions::default()
    };
    let made = ale::make("ale-pong", &gym, &AleOptions::default());
    assert!(matches!(made, Some(Err(EnvironmentError::Option { .. }))));
}

/// Programs in the place of Python, as shell scripts.
#[cfg(unix)]
mod fakes {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    fn fake(script: &str, time_out: Duration) -> (tempfile::TempDir, AleOptions) {
        let folder = tempfile::tempdir().expect("a folder");
        let (text, path) = (folder.path().join("text"), folder.path().join("python"));
        fs::write(&text, format!("#!/bin/sh\n{script}\n")).expect("a script");
        // Another process writes it: what this one has open for writing is inherited by workers that other tests start just then,
        // and as long as they have it the file cannot be run.
        let copied = std::process::Command::new("cp").arg(&text).arg(&path).status();
        assert!(copied.expect("a copy").success());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("an executable");
        let options = AleOptions {
            python: Some(path),
            time_out,
        };
        (folder, options)
    }

    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn a_worker_that_fails_at_once_is_quoted() {
        let (_folder, options) = fake("echo 'No module named ale_py' >&2; exit 1", PATIENCE);
        let message = problem("ale-pong", &options);
        assert!(message.contains("No module named ale_py"), "{message}");
        assert!(message.contains("pip install ale-py"), "{message}");
    }

    #[test]
    fn a_worker_that_never_answers_is_given_up() {
        let (_folder, options) = fake("exec sleep 20", Duration::from_millis(300));
        let message = problem("ale-pong", &options);
        assert!(message.contains("no answer in 0.3 seconds"), "{message}");
    }

    #[test]
    fn a_program_that_is_no_worker_is_told_from_one() {
        let (_folder, options) = fake("echo 'hello, what do you want?'", PATIENCE);
        let message = problem("ale-pong", &options);
        assert!(message.contains("bytes is none of a worker"), "{message}");
        let (_folder, options) = fake(r#"printf '\016\000\000\000{"protocol":9}'"#, PATIENCE);
        let message = problem("ale-pong", &options);
        assert!(message.contains("version 9 of the protocol"), "{message}");
    }

    #[test]
    fn a_worker_that_dies_in_a_game_is_reported_by_the_next_step_and_all_that_follow() {
        // It greets, answers the first request, which begins a game, with a black screen, and ends.
        let hello = r#"{"protocol":1,"ale":"0.12.1","actions":6,"height":210,"width":160}"#;
        let length = format!("\\{:03o}\\000\\000\\000", hello.len());
        // 33,606 bytes: 1 that all is well, 4 of reward, 1 of no end, and the screen.
        let script = format!(
            "printf '{length}{hello}'; head -c 6 >/dev/null; printf '\\106\\203\\000\\000'; head -c 33606 /dev/zero; \
             head -c 6 >/dev/null; echo 'out of coins' >&2"
        );
        let (_folder, options) = fake(&script, PATIENCE);
        let made = ale::make("ale-pong", &EnvironmentOptions::default(), &options);
        let mut environment = made.expect("a game").expect("a worker");
        for _ in 0..2 {
            let error = environment.step(Action::Discrete(0)).expect_err("the worker died");
            let message = error.to_string();
            assert!(
                message.contains("worker ended") && message.contains("out of coins"),
                "{message}"
            );
        }
        assert!(environment.snapshot().is_empty());
        assert!(environment.render().pixels.iter().all(|&byte| byte == 0));
        let error = environment
            .boxed_clone()
            .step(Action::Discrete(0))
            .expect_err("no worker");
        assert!(matches!(error, EnvironmentError::Simulator { .. }), "{error}");
    }
}
