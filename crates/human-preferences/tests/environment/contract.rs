//! What every environment promises: the same future after a snapshot, errors for bad input, pictures.

use human_preferences::environment::{Action, ActionSpace, Environment, EnvironmentError, classic, robots};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const NAMES: [&str; 8] = [
    "cartpole",
    "cartpole-fixed",
    "pendulum",
    "hopper",
    "half-cheetah",
    "walker2d",
    "inverted-pendulum",
    "double-pendulum",
];

fn all() -> impl Iterator<Item = Box<dyn Environment>> {
    NAMES.into_iter().map(|name| {
        let made = classic::make(name, false).or_else(|| robots::make(name, false));
        made.unwrap_or_else(|| panic!("no {name}"))
    })
}

/// Acts at random, and returns all that is perceived and earned on the way.
fn act(environment: &mut dyn Environment, rng: &mut ChaCha8Rng, steps: usize) -> Vec<u64> {
    let mut seen = Vec::new();
    let mut observation = vec![0.0; environment.task().observation.len()];
    for _ in 0..steps {
        let outcome = match environment.task().action {
            ActionSpace::Discrete { actions } => environment.step(Action::Discrete(rng.random_range(0..actions))),
            ActionSpace::Continuous { size, low, high } => {
                let values: Vec<f64> = (0..size).map(|_| rng.random_range(low..=high)).collect();
                environment.step(Action::Continuous(&values))
            }
        };
        let outcome = outcome.expect("a step");
        environment.observe(&mut observation);
        assert!(observation.iter().all(|value| value.is_finite()));
        assert_eq!(outcome.hidden.signals.len(), environment.task().signals.len());
        seen.extend(observation.iter().map(|value| u64::from(value.to_bits())));
        seen.push(outcome.hidden.true_reward.to_bits());
        seen.extend(outcome.hidden.signals.iter().map(|value| value.to_bits()));
    }
    seen
}

#[test]
fn a_snapshot_has_the_same_future_to_the_last_bit() {
    for mut environment in all() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        environment.reset(&mut rng);
        act(&mut *environment, &mut rng, 60);
        let snapshot = environment.snapshot();
        let rng_then = rng.clone();
        let future = act(&mut *environment, &mut rng, 60);

        environment.restore(&snapshot).expect("its own snapshot");
        assert_eq!(environment.snapshot(), snapshot);
        assert_eq!(act(&mut *environment, &mut rng_then.clone(), 60), future);

        let mut other = all()
            .find(|other| other.task().name == environment.task().name)
            .expect("another");
        other.restore(&snapshot).expect("the snapshot of another");
        let mut copy = other.boxed_clone();
        assert_eq!(act(&mut *other, &mut rng_then.clone(), 60), future);
        assert_eq!(act(&mut *copy, &mut rng_then.clone(), 60), future);
    }
}

#[test]
fn the_seed_decides_an_episode() {
    let episode = |environment: &mut dyn Environment, seed: u64| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        environment.reset(&mut rng);
        act(environment, &mut rng, 30)
    };
    for mut environment in all() {
        let first = episode(&mut *environment, 5);
        assert_eq!(episode(&mut *environment, 5), first);
        assert_ne!(episode(&mut *environment, 6), first);
    }
}

#[test]
fn actions_of_another_kind_size_or_without_value_are_refused_and_change_nothing() {
    for mut environment in all() {
        environment.reset(&mut ChaCha8Rng::seed_from_u64(2));
        let before = environment.snapshot();
        let (size, discrete) = match environment.task().action {
            ActionSpace::Discrete { actions } => (actions, true),
            ActionSpace::Continuous { size, .. } => (size, false),
        };
        let (short, long) = (vec![0.0; size - 1], vec![0.0; size + 1]);
        let mut bad = vec![Action::Continuous(&short), Action::Continuous(&long)];
        let broken = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|value| {
            let mut values = vec![0.0; size];
            values[size - 1] = value;
            values
        });
        bad.extend(broken.iter().map(|values| Action::Continuous(values)));
        bad.push(if discrete {
            Action::Discrete(size)
        } else {
            Action::Discrete(0)
        });
        for action in bad {
            let result = environment.step(action);
            assert!(
                matches!(result, Err(EnvironmentError::Action { .. })),
                "{action:?}: {result:?}"
            );
            assert_eq!(environment.snapshot(), before);
        }
    }
}

#[test]
fn snapshots_of_others_and_damaged_ones_are_refused_and_change_nothing() {
    let snapshots: Vec<Vec<u8>> = all().map(|environment| environment.snapshot()).collect();
    for (index, mut environment) in all().enumerate() {
        environment.reset(&mut ChaCha8Rng::seed_from_u64(2));
        let before = environment.snapshot();
        let others = snapshots.iter().enumerate().filter(|(other, _)| *other != index);
        let mut bad: Vec<Vec<u8>> = others.map(|(_, snapshot)| snapshot.clone()).collect();
        bad.push(Vec::new());
        bad.push(before[..before.len() - 1].to_vec());
        bad.push([&before[..], &[0]].concat());
        let infinite = before.len() - 8;
        bad.push([&before[..infinite], &f64::INFINITY.to_le_bytes()].concat());
        for snapshot in bad {
            let result = environment.restore(&snapshot);
            assert!(matches!(result, Err(EnvironmentError::Snapshot { .. })), "{result:?}");
            assert_eq!(environment.snapshot(), before);
        }
    }
}

#[test]
fn pictures_are_as_large_as_promised_and_change_as_time_goes_on() {
    for mut environment in all() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        environment.reset(&mut rng);
        let first = environment.render();
        assert_eq!((first.width, first.height), (320, 240));
        assert_eq!(first.pixels.len(), 3 * 320 * 240);
        act(&mut *environment, &mut rng, 10);
        assert_ne!(environment.render(), first, "{}", environment.task().name);
    }
}
