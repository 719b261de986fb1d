use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::{answer::Answer, environment::Task};

/// Scores within this share of the larger one are a tie.
const TIE: f64 = 0.02;

/// Torso height above which a hopper is in the air or upright, in meters.
const AIRBORNE: f64 = 0.8;
/// Torso height and angle, in meters and radians, at which a landing counts as upright.
const UPRIGHT: (f64, f64) = (1.0, 0.3);
/// Worth of a landing's upright step, in radians per second.
const LANDING: f64 = 10.0;
/// Worth of turning while the torso is low.
const LOW_SHARE: f64 = 1.0 / 3.0;
/// Angular velocity beyond which turning faster is not better, in radians per second.
const FASTEST_TURN: f64 = 10.0;
/// Distance at which a car is worth 1/e of one right beside, in pixels.
const PACE: f64 = 12.0;

/// A labeller for a novel behavior (section 3.2 of the paper) that is a few lines of code, and no person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Script {
    /// Hopper turns backward while its torso is high. An agent learns to turn back while it is low, and goes nowhere.
    Tumble,
    /// Hopper turns backward while its torso is high, without turning back, and lands upright.
    Backflip,
    /// Hopper turns forward while its torso is high, without turning back, and lands upright.
    Frontflip,
    /// Half-cheetah runs with its front foot off the floor.
    OneLeg,
    /// The car keeps level with another one.
    Pace,
}

/// A script for another environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the script `{script}` judges by `{signal}`, which `{environment}` does not tell; use it with {instead}")]
pub struct ScriptError {
    script: &'static str,
    signal: &'static str,
    environment: String,
    instead: &'static str,
}

impl Script {
    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tumble => "tumble",
            Self::Backflip => "backflip",
            Self::Frontflip => "frontflip",
            Self::OneLeg => "one-leg",
            Self::Pace => "pace",
        }
    }

    /// What a person is told who looks for the same behavior.
    pub fn instructions(self) -> &'static str {
        match self {
            Self::Tumble => "Choose the clip in which the robot turns backward more while it is up.",
            Self::Backflip => {
                "Choose the clip in which the robot comes closer to a backflip: turning backward in the air, and landing on \
                 its foot."
            }
            Self::Frontflip => {
                "Choose the clip in which the robot comes closer to a front flip: turning forward in the air, and landing on \
                 its foot."
            }
            Self::OneLeg => {
                "Choose the clip in which the robot runs farther to the right without its front foot on the floor."
            }
            Self::Pace => "Choose the clip in which the car stays level with another one for longer.",
        }
    }

    /// What it judges by, and where that is told.
    fn needs(self) -> (&'static [&'static str], &'static str) {
        match self {
            Self::Tumble | Self::Backflip | Self::Frontflip => (
                &["torso_angular_velocity", "torso_height", "torso_angle"],
                "`environment.name = 'hopper'`",
            ),
            Self::OneLeg => (
                &["forward_speed", "front_foot_contact"],
                "`environment.name = 'half-cheetah'`",
            ),
            Self::Pace => (&["nearest_car"], "`environment.name = 'drive'`"),
        }
    }

    /// Refuses a task that does not tell what the script judges by.
    ///
    /// # Errors
    ///
    /// [`ScriptError`], which says what is missing.
    pub fn check(self, task: &Task) -> Result<(), ScriptError> {
        let (signals, instead) = self.needs();
        match signals.iter().find(|signal| !task.signals.contains(signal)) {
            None => Ok(()),
            Some(signal) => Err(ScriptError {
                script: self.name(),
                signal,
                environment: task.name.to_owned(),
                instead,
            }),
        }
    }

    /// How good a clip is. `signals` holds the task's signals, `[steps, signals]`.
    ///
    /// # Panics
    ///
    /// If the task was not [checked](Self::check).
    pub fn score(self, task: &Task, signals: &[f64]) -> f64 {
        let column = |name: &str| {
            let index = task.signals.iter().position(|signal| *signal == name);
            let index = index.expect("the task was checked");
            signals.iter().skip(index).step_by(task.signals.len()).copied()
        };
        let hopper = || {
            let angles = column("torso_height").zip(column("torso_angle"));
            column("torso_angular_velocity").zip(angles).collect::<Vec<_>>()
        };
        match self {
            Self::Tumble => turning(&hopper(), -1.0),
            Self::Backflip => turning(&hopper(), -1.0) + turning_low(&hopper(), -1.0) + landing(&hopper(), -1.0),
            Self::Frontflip => turning(&hopper(), 1.0) + turning_low(&hopper(), 1.0) + landing(&hopper(), 1.0),
            Self::OneLeg => {
                let steps = column("forward_speed").count().max(1) as f64;
                let off_floor = column("front_foot_contact").filter(|contact| *contact == 0.0).count() as f64;
                column("forward_speed").sum::<f64>() * off_floor / steps
            }
            Self::Pace => column("nearest_car")
                .map(|distance| (-distance.abs() / PACE).exp())
                .sum(),
        }
    }

    /// Compares two clips by their scores.
    pub fn compare(self, first: f64, second: f64) -> Answer {
        let difference = first - second;
        if !difference.is_finite() {
            Answer::CantTell
        } else if difference.abs() <= TIE * first.abs().max(second.abs()) {
            Answer::Tie
        } else if difference > 0.0 {
            Answer::Left
        } else {
            Answer::Right
        }
    }
}

/// Sum of the angular velocity in the wanted direction while the torso is high.
fn turning(steps: &[(f64, (f64, f64))], direction: f64) -> f64 {
    let airborne = steps.iter().filter(|(_, (height, _))| *height > AIRBORNE);
    airborne
        .map(|(velocity, _)| direction * velocity.clamp(-FASTEST_TURN, FASTEST_TURN))
        .sum()
}

/// The same while the torso is low: a third of it, so that one who lies there gets up by going on; turning back counts in
/// full, so that nothing is won by going to and fro.
fn turning_low(steps: &[(f64, (f64, f64))], direction: f64) -> f64 {
    let low = steps.iter().filter(|(_, (height, _))| *height <= AIRBORNE);
    low.map(|(velocity, _)| {
        let wanted = direction * velocity.clamp(-FASTEST_TURN, FASTEST_TURN);
        if wanted > 0.0 { LOW_SHARE * wanted } else { wanted }
    })
    .sum()
}

/// A reward for being upright in the last third of the clip, of those that turned before: standing still is no landing.
fn landing(steps: &[(f64, (f64, f64))], direction: f64) -> f64 {
    let Some(&(_, (_, first))) = steps.first() else {
        return 0.0;
    };
    let last_third = &steps[steps.len() - steps.len() / 3..];
    let upright = last_third.iter().filter(|(_, (height, angle))| {
        let turned = direction * (angle - first);
        *height > UPRIGHT.0 && is_upright(*angle) && turned > TAU / 2.0
    });
    LANDING * upright.count() as f64
}

/// Whether an angle is within 0.3 radians of upright.
pub(crate) fn is_upright(angle: f64) -> bool {
    let wrapped = (angle + TAU / 2.0).rem_euclid(TAU) - TAU / 2.0;
    wrapped.abs() < UPRIGHT.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{ActionSpace, ObservationSpace};

    fn task(name: &'static str, signals: &'static [&'static str]) -> Task {
        Task {
            name,
            observation: ObservationSpace::vector(1),
            action: ActionSpace::Discrete { actions: 1 },
            episode_steps: 10,
            clip_steps: 2,
            steps_per_second: 10.0,
            signals,
            instructions: "",
        }
    }

    fn hopper() -> Task {
        task("hopper", &["torso_angular_velocity", "torso_height", "torso_angle"])
    }

    #[test]
    fn turns_count_only_in_the_wanted_direction_and_in_the_air() {
        let backward = [-3.0, 1.2, 0.0, -20.0, 1.2, 0.0, -3.0, 0.5, 0.0];
        // 3 and the 20 clipped to 10; the last step is on the ground.
        assert_eq!(Script::Tumble.score(&hopper(), &backward), 13.0);
        // Turning back on the ground is charged, too.
        assert_eq!(Script::Frontflip.score(&hopper(), &backward), -16.0);
        assert_eq!(Script::Backflip.score(&hopper(), &backward), 14.0);
    }

    #[test]
    fn an_upright_landing_after_a_turn_is_better_than_one_on_the_head() {
        let clip = |last: f64| [-5.0, 1.2, 0.0, -5.0, 1.2, -3.0, -5.0, 1.2, last];
        let score = |last| Script::Backflip.score(&hopper(), &clip(last));
        assert_eq!(score(-TAU), 15.0 + LANDING);
        assert_eq!(score(-4.0), 15.0);
        // Standing there all the time is no landing.
        assert_eq!(
            Script::Backflip.score(&hopper(), &[0.0, 1.2, 0.0, 0.0, 1.2, 0.0, 0.0, 1.2, 0.0]),
            0.0
        );
    }

    #[test]
    fn scores_within_two_percent_are_a_tie() {
        assert_eq!(Script::Pace.compare(100.0, 98.5), Answer::Tie);
        assert_eq!(Script::Pace.compare(100.0, 97.5), Answer::Left);
        assert_eq!(Script::Pace.compare(-100.0, -97.5), Answer::Right);
    }

    #[test]
    fn a_script_for_another_environment_is_refused() {
        let error = Script::Pace.check(&hopper()).expect_err("no car").to_string();
        assert!(error.contains("`nearest_car`") && error.contains("'drive'"), "{error}");
        assert_eq!(Script::Backflip.check(&hopper()), Ok(()));
    }

    #[test]
    fn one_leg_and_pace_are_those_of_their_definitions() {
        let cheetah = task("half-cheetah", &["forward_speed", "front_foot_contact"]);
        // Speeds 2 and 4, of two steps one off the floor.
        assert_eq!(Script::OneLeg.score(&cheetah, &[2.0, 0.0, 4.0, 1.0]), 3.0);
        let drive = task("drive", &["nearest_car", "level"]);
        let score = Script::Pace.score(&drive, &[0.0, 1.0, 12.0, 1.0]);
        assert!((score - (1.0 + (-1.0_f64).exp())).abs() < 1e-12);
    }
}
