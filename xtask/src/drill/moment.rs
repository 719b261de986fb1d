//! When something is done to a run: after a while, or at a step.

use std::{
    fs,
    io::{Read as _, Seek as _, SeekFrom},
    path::Path,
    time::Duration,
};

use super::{
    chance::Chance,
    program::{Ended, LONGEST, Running},
    undisturbed::Undisturbed,
};

/// Part of the moments that are a while after the program's start; some of them meet a run before its first step or
/// behind its last.
const TIMED: f64 = 0.4;

/// Part of those that are early, where a chain of kills meets a run that is being resumed.
const EARLY: f64 = 0.5;

/// A moment of a program's life.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Moment {
    /// So long after the start.
    After(Duration),
    /// When the journal tells this step, and a little later.
    Step(u64, Duration),
}

impl Moment {
    /// A random one; `out` is the run's folder, which tells what is behind it already.
    pub(super) fn random(chance: &mut Chance, undisturbed: &Undisturbed, out: &Path) -> Self {
        let steps = newest_step(&undisturbed.run()).unwrap_or(0);
        Self::choose(chance, undisturbed.took(), newest_step(out).unwrap_or(0), steps)
    }

    fn choose(chance: &mut Chance, took: Duration, done: u64, steps: u64) -> Self {
        let (is_timed, is_early) = (chance.fraction() < TIMED, chance.fraction() < EARLY);
        let (place, part) = (chance.fraction(), chance.fraction());
        if is_timed || done >= steps {
            return Self::After(took.mul_f64(if is_early { place * place * 0.3 } else { place }));
        }
        // The last step has no step after it, but figures to be drawn.
        let step = done + 1 + ((steps - done) as f64 * place) as u64;
        Self::Step(step, took.mul_f64(part / steps as f64))
    }

    /// Lets a program run until the moment has come, and tells how it ended if it came to its end before.
    pub(super) fn wait(self, running: &mut Running, out: &Path) -> anyhow::Result<Option<Ended>> {
        match self {
            Self::After(time) => running.wait(time),
            Self::Step(step, later) => running
                .wait_until(LONGEST, || newest_step(out) >= Some(step))?
                .map_or_else(|| running.wait(later), |ended| Ok(Some(ended))),
        }
    }
}

/// The step of the newest line of a run's journal; the last line may be being written, and none is behind the end.
pub(super) fn newest_step(run: &Path) -> Option<u64> {
    let mut file = fs::File::open(run.join("journal.jsonl")).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(4096))).ok()?;
    // What was sought may be the middle of a letter.
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let lines = text
        .lines()
        .rev()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    lines
        .filter(|event| event["event"] != "finished")
        .find_map(|event| event["step"].as_u64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_lie_in_the_life_of_a_run() {
        let mut chance = Chance::new(0);
        let took = Duration::from_secs(10);
        let moments: Vec<Moment> = (0..1000).map(|_| Moment::choose(&mut chance, took, 4, 20)).collect();
        let times = |is: fn(&Duration) -> bool| {
            let is_one = |moment: &&Moment| matches!(moment, Moment::After(time) if is(time));
            moments.iter().filter(is_one).count()
        };
        assert_eq!(times(|time| *time >= Duration::from_secs(10)), 0);
        assert!(times(|time| *time < Duration::from_secs(1)) > 100);
        assert!(times(|time| *time > Duration::from_secs(9)) > 0);
        for step in 5..=20 {
            let is_it = |moment: &Moment| matches!(moment, Moment::Step(chosen, _) if *chosen == step);
            assert!(moments.iter().any(is_it), "{step}");
        }
        let is_outside = |moment: &Moment| matches!(moment, Moment::Step(step, _) if *step < 5 || *step > 20);
        assert!(!moments.iter().any(is_outside));
    }

    #[test]
    fn a_run_behind_its_last_step_has_no_step_to_wait_for() {
        let mut chance = Chance::new(0);
        let moments = (0..100).map(|_| Moment::choose(&mut chance, Duration::from_secs(1), 20, 20));
        assert!(moments.into_iter().all(|moment| matches!(moment, Moment::After(_))));
    }

    #[test]
    fn the_newest_step_is_that_of_the_last_whole_line() {
        let folder = tempfile::tempdir().unwrap();
        let text = "{\"event\":\"progress\",\"step\":3}\n{\"event\":\"progress\",\"step\":4}\n{\"event\":\"pro";
        fs::write(folder.path().join("journal.jsonl"), text).unwrap();
        assert_eq!(newest_step(folder.path()), Some(4));
        assert_eq!(newest_step(&folder.path().join("missing")), None);
    }
}
