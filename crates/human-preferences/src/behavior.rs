//! What an agent does, beyond its return: turns of the hopper, cars beside which one drives.
//!
//! Section 3.2 of the paper shows such behaviors as films; these numbers say how much of them there is.

use std::f64::consts::TAU;

use papers_core::base::journal::Scalars;

use crate::{environment::Task, feedback};

/// Distance from the center at which a moving dot counts as having arrived, in pixels.
const ARRIVED: f64 = 8.0;
/// Torso height of an upright landing, in meters.
const UPRIGHT_HEIGHT: f64 = 1.0;
/// Steps after a full turn within which the hopper has to stand upright.
const LANDING_STEPS: usize = 20;

/// Numbers about whole episodes. `signals` holds the task's signals, `[episodes, steps, signals]`.
pub fn measure(task: &Task, signals: &[f64], steps: usize) -> Scalars {
    let episodes = || signals.chunks_exact((steps * task.signals.len()).max(1));
    let column = |name: &str| -> Option<Vec<Vec<f64>>> {
        let index = task.signals.iter().position(|signal| *signal == name)?;
        let of_episode = |episode: &[f64]| {
            episode
                .iter()
                .skip(index)
                .step_by(task.signals.len())
                .copied()
                .collect()
        };
        Some(episodes().map(of_episode).collect())
    };
    let mut scalars = Scalars::new();
    if let (Some(angles), Some(heights)) = (column("torso_angle"), column("torso_height")) {
        scalars.extend(turns(&angles, &heights));
    }
    if let Some(contact) = column("front_foot_contact") {
        let off = contact.iter().flatten().map(|contact| f64::from(*contact == 0.0));
        scalars.push(("front_foot_off_share".to_owned(), mean(off)));
    }
    if let Some(level) = column("level") {
        scalars.push(("level_share".to_owned(), mean(level.into_iter().flatten())));
    }
    if let Some(distance) = column("distance") {
        let arrived = distance.iter().filter_map(|episode| episode.last());
        let share = mean(arrived.map(|distance| f64::from(*distance <= ARRIVED)));
        scalars.push(("arrived_share".to_owned(), share));
    }
    scalars
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut count) = (0.0, 0_u32);
    for value in values {
        sum += value;
        count += 1;
    }
    sum / f64::from(count.max(1))
}

/// Full turns of the torso per episode, those in one direction set against the other, the torso's mean height, and how
/// many of the full turns end upright.
fn turns(angles: &[Vec<f64>], heights: &[Vec<f64>]) -> Scalars {
    let net: Vec<f64> = angles.iter().map(|episode| net_turns(episode)).collect();
    let landings: Vec<(u32, u32)> = angles
        .iter()
        .zip(heights)
        .map(|(angles, heights)| landings(angles, heights))
        .collect();
    let full: u32 = landings.iter().map(|(turns, _)| turns).sum();
    let upright: u32 = landings.iter().map(|(_, upright)| upright).sum();
    let named = [
        ("turns", mean(net.iter().map(|turns| turns.abs()))),
        // Backward is against the direction of a fall forward, in which the angle grows.
        ("turns_backward", -mean(net.iter().copied())),
        ("torso_height_mean", mean(heights.iter().flatten().copied())),
        ("upright_landing_share", f64::from(upright) / f64::from(full.max(1))),
    ];
    named.map(|(name, value)| (name.to_owned(), value)).into()
}

fn net_turns(angles: &[f64]) -> f64 {
    match angles {
        [first, .., last] => (last - first) / TAU,
        _ => 0.0,
    }
}

/// Full turns of an episode, and how many of them are followed by an upright stand.
fn landings(angles: &[f64], heights: &[f64]) -> (u32, u32) {
    let (mut turns, mut upright) = (0, 0);
    let Some(mut from) = angles.first().copied() else {
        return (0, 0);
    };
    for (step, angle) in angles.iter().enumerate() {
        if (angle - from).abs() < TAU {
            continue;
        }
        from += TAU.copysign(angle - from);
        turns += 1;
        let end = angles.len().min(step + LANDING_STEPS);
        let stands = |step| heights[step] > UPRIGHT_HEIGHT && feedback::is_upright(angles[step]);
        upright += u32::from((step..end).any(stands));
    }
    (turns, upright)
}

#[cfg(test)]
mod tests {
    use papers_core::base::journal::scalar;

    use super::*;
    use crate::environment::{ActionSpace, ObservationSpace};

    fn value(scalars: &Scalars, name: &str) -> f64 {
        scalar(scalars, name).expect("the number is there")
    }

    fn task(signals: &'static [&'static str]) -> Task {
        Task {
            name: "test",
            observation: ObservationSpace::vector(1),
            action: ActionSpace::Discrete { actions: 1 },
            episode_steps: 4,
            clip_steps: 2,
            steps_per_second: 10.0,
            signals,
            instructions: "",
        }
    }

    #[test]
    fn a_turn_that_ends_high_and_upright_is_a_landing_and_one_on_the_floor_is_not() {
        let task = task(&["torso_height", "torso_angle"]);
        let high = [1.2, 0.0, 1.2, -3.0, 1.2, -6.4, 1.2, -6.4];
        let low = [0.3, 0.0, 0.3, -3.0, 0.3, -6.4, 0.3, -6.4];
        let scalars = measure(&task, &[high, low].concat(), 4);
        assert!((value(&scalars, "turns") - 6.4 / TAU).abs() < 1e-12);
        assert!((value(&scalars, "turns_backward") - 6.4 / TAU).abs() < 1e-12);
        assert_eq!(value(&scalars, "upright_landing_share"), 0.5);
        assert!((value(&scalars, "torso_height_mean") - 0.75).abs() < 1e-12);
    }

    #[test]
    fn shares_are_over_steps_and_arrivals_over_episodes() {
        let scalars = measure(&task(&["level"]), &[1.0, 0.0, 0.0, 0.0], 4);
        assert_eq!(value(&scalars, "level_share"), 0.25);
        let scalars = measure(&task(&["distance"]), &[9.0, 9.0, 9.0, 8.0, 1.0, 1.0, 1.0, 9.0], 4);
        assert_eq!(value(&scalars, "arrived_share"), 0.5);
    }

    #[test]
    fn a_task_without_signals_has_no_behavior() {
        assert!(measure(&task(&[]), &[], 4).is_empty());
    }
}
