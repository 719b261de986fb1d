//! Snapshots of environments whose state is a row of numbers, and what is refused of actions.

use super::{Action, EnvironmentError};

/// Begins every snapshot; the last byte is the format's version.
const MAGIC: &[u8; 8] = b"hp-state";

/// Largest size of a number of a state; MuJoCo calls what is beyond unstable, and single precision ends not far from it.
const LARGEST: f64 = 1e10;

/// A snapshot: the environment's name, the steps of the episode, the state.
pub(super) fn write(environment: &str, step: u64, state: &[f64]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.push(environment.len() as u8);
    bytes.extend(environment.as_bytes());
    bytes.extend(step.to_le_bytes());
    bytes.extend(state.iter().flat_map(|number| number.to_le_bytes()));
    bytes
}

/// Reads what [`write()`] wrote: the steps, and `size` numbers.
pub(super) fn read(environment: &str, size: usize, snapshot: &[u8]) -> Result<(u64, Vec<f64>), EnvironmentError> {
    let refused = |problem: String| EnvironmentError::Snapshot {
        environment: environment.to_owned(),
        problem,
    };
    let cut = || refused("it ends too early".to_owned());
    let rest = snapshot.strip_prefix(MAGIC);
    let rest = rest.ok_or_else(|| refused("it does not begin as one".to_owned()))?;
    let (&length, rest) = rest.split_first().ok_or_else(cut)?;
    let (name, rest) = rest.split_at_checked(usize::from(length)).ok_or_else(cut)?;
    if name != environment.as_bytes() {
        let of = String::from_utf8_lossy(name);
        return Err(refused(format!("it is one of `{of}`")));
    }
    let (step, rest) = rest.split_first_chunk().ok_or_else(cut)?;
    if rest.len() != 8 * size {
        let found = rest.len();
        return Err(refused(format!("its state has {found} bytes, not {}", 8 * size)));
    }
    let (numbers, _) = rest.as_chunks();
    let state: Vec<f64> = numbers.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
    if !state.iter().all(|number| number.is_finite()) {
        return Err(refused("it holds a number that is not finite".to_owned()));
    }
    Ok((u64::from_le_bytes(*step), state))
}

/// The same for a state that has its place: puts the numbers there, and tells the steps.
pub(super) fn read_into(environment: &str, state: &mut [f64], snapshot: &[u8]) -> Result<u64, EnvironmentError> {
    let (step, numbers) = read(environment, state.len(), snapshot)?;
    state.copy_from_slice(&numbers);
    Ok(step)
}

/// Refuses a state that no later step can bring back.
pub(super) fn check(environment: &str, step: u64, state: &[f64]) -> Result<(), EnvironmentError> {
    if state.iter().all(|number| number.abs() <= LARGEST) {
        return Ok(());
    }
    Err(EnvironmentError::Diverged {
        environment: environment.to_owned(),
        step,
    })
}

/// The numbers of an action of `size` numbers.
pub(super) fn continuous<'a>(
    environment: &str,
    action: Action<'a>,
    size: usize,
) -> Result<&'a [f64], EnvironmentError> {
    match action {
        Action::Continuous(values) if values.len() == size && values.iter().all(|value| value.is_finite()) => {
            Ok(values)
        }
        _ => Err(wrong_action(
            environment,
            action,
            &format!("continuous, {size} finite numbers"),
        )),
    }
}

/// The error about an action that is none of the environment's.
pub(super) fn wrong_action(environment: &str, action: Action<'_>, expected: &str) -> EnvironmentError {
    EnvironmentError::Action {
        environment: environment.to_owned(),
        found: format!("{action:?}"),
        expected: expected.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let snapshot = write("pole", 7, &[1.5, -0.0]);
        let (step, state) = read("pole", 2, &snapshot).expect("a snapshot");
        assert_eq!(step, 7);
        assert_eq!(state.map_bits(), [1.5, -0.0].to_vec().map_bits());
    }

    #[test]
    fn every_cut_and_every_other_kind_is_refused() {
        let snapshot = write("pole", 7, &[1.5, -0.0]);
        for length in 0..snapshot.len() {
            assert!(read("pole", 2, &snapshot[..length]).is_err(), "cut to {length}");
        }
        assert!(read("pole", 2, &[&snapshot[..], &[0]].concat()).is_err());
        assert!(read("cart", 2, &snapshot).is_err());
        assert!(read("pole", 3, &snapshot).is_err());
        assert!(read("pole", 1, &write("pole", 0, &[f64::NAN])).is_err());
    }

    trait MapBits {
        fn map_bits(&self) -> Vec<u64>;
    }

    impl MapBits for Vec<f64> {
        fn map_bits(&self) -> Vec<u64> {
            self.iter().map(|number| number.to_bits()).collect()
        }
    }
}
