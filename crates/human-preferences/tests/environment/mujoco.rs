//! The robots in MuJoCo, where the program is built with it, and what is said where it is not.

use human_preferences::environment::{EnvironmentError, mujoco};

#[cfg(not(feature = "mujoco"))]
#[test]
fn without_the_library_the_steps_that_install_it_are_named() {
    eprintln!("skipped: built without the feature `mujoco`; only its absence is tested");
    for name in mujoco::NAMES {
        let error = mujoco::make(name, false).expect("a robot").expect_err("no library");
        assert!(matches!(error, EnvironmentError::Simulator { .. }));
        let message = error.to_string();
        for part in [name, "pip download", "3.17.0", "--features mujoco", "LD_LIBRARY_PATH"] {
            assert!(message.contains(part), "{message}");
        }
    }
}

#[test]
fn robots_of_the_planar_engine_are_none_of_mujocos() {
    assert!(mujoco::make("hopper", false).is_none());
}

#[cfg(feature = "mujoco")]
mod with_library {
    use human_preferences::environment::{Action, ActionSpace, Environment, robots};
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn make(name: &str) -> Box<dyn Environment> {
        mujoco::make(name, false).expect("a robot").expect("the library")
    }

    /// Observation, true reward and signals of each step of random play.
    fn act(environment: &mut dyn Environment, steps: usize, seed: u64) -> Vec<(Vec<f32>, f64, Vec<f64>)> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let ActionSpace::Continuous { size, low, high } = environment.task().action else {
            panic!("robots have continuous actions");
        };
        let mut observation = vec![f32::NAN; environment.task().observation.len()];
        (0..steps)
            .map(|_| {
                let action: Vec<f64> = (0..size).map(|_| rng.random_range(low..=high)).collect();
                let outcome = environment.step(Action::Continuous(&action)).expect("a step");
                assert!(!outcome.terminated);
                environment.observe(&mut observation);
                assert!(observation.iter().all(|value| value.is_finite()));
                let hidden = outcome.hidden;
                assert_eq!(hidden.signals.len(), environment.task().signals.len());
                (observation.clone(), hidden.true_reward, hidden.signals)
            })
            .collect()
    }

    #[test]
    fn a_restored_snapshot_and_a_clone_have_the_same_future_to_the_last_bit() {
        for name in mujoco::NAMES {
            let mut environment = make(name);
            environment.reset(&mut ChaCha8Rng::seed_from_u64(1));
            act(environment.as_mut(), 60, 2);
            let snapshot = environment.snapshot();
            let mut clone = environment.boxed_clone();
            let mut other = make(name);
            other.restore(&snapshot).expect("its own snapshot");
            assert!(other.snapshot() == snapshot, "{name}");
            assert!(other.render() == environment.render(), "{name}");
            let future = act(environment.as_mut(), 60, 3);
            assert!(future == act(other.as_mut(), 60, 3), "{name}");
            assert!(future == act(clone.as_mut(), 60, 3), "{name}");
        }
    }

    #[test]
    fn bad_input_is_refused_and_changes_nothing() {
        for name in mujoco::NAMES {
            let mut environment = make(name);
            environment.reset(&mut ChaCha8Rng::seed_from_u64(1));
            let before = environment.snapshot();
            for action in [
                Action::Discrete(0),
                Action::Continuous(&[]),
                Action::Continuous(&[f64::NAN; 8]),
            ] {
                let error = environment.step(action).expect_err("no such action");
                assert!(matches!(error, EnvironmentError::Action { .. }), "{error}");
            }
            for snapshot in [&[][..], &before[..before.len() - 1], &[0; 200]] {
                let error = environment.restore(snapshot).expect_err("no snapshot");
                assert!(matches!(error, EnvironmentError::Snapshot { .. }), "{error}");
            }
            assert!(environment.snapshot() == before, "{name}");
        }
    }

    #[test]
    fn the_tasks_that_the_planar_engine_has_too_are_the_same() {
        for name in ["hopper", "half-cheetah", "walker2d"] {
            let planar = robots::make(name, false).expect("a robot");
            let other = make(&format!("mujoco-{name}"));
            let (planar, other) = (planar.task(), other.task());
            assert_eq!(planar.observation, other.observation);
            assert_eq!(planar.action, other.action);
            assert_eq!(planar.signals, other.signals);
        }
    }
}
