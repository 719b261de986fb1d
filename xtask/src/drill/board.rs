//! TensorBoard's file, without its times.

use anyhow::Context as _;

/// Bytes around the data of a record: its length, the length's checksum, and the data's checksum.
const FRAME: [usize; 3] = [8, 4, 4];

/// Tag of the wall time in an event (`tensorflow/core/util/event.proto`, field 1, a double), which is written first.
const WALL_TIME: u8 = 0x09;

/// The records with wall time and checksums set to zero.
///
/// # Errors
///
/// A file that ends within a record.
pub(super) fn without_times(mut bytes: Vec<u8>) -> anyhow::Result<Vec<u8>> {
    let [length_bytes, check_bytes, end_bytes] = FRAME;
    let mut rest = bytes.as_mut_slice();
    while !rest.is_empty() {
        let (head, behind) = rest
            .split_at_mut_checked(length_bytes + check_bytes)
            .context("a cut record")?;
        let length = head.first_chunk::<8>().map_or(0, |length| u64::from_le_bytes(*length));
        let length = usize::try_from(length).context("a record that is too long")?;
        let (data, behind) = behind.split_at_mut_checked(length).context("a cut record")?;
        let (check, behind) = behind.split_at_mut_checked(end_bytes).context("a cut record")?;
        check.fill(0);
        if let Some((&mut WALL_TIME, time)) = data.split_first_mut()
            && let Some(time) = time.first_chunk_mut::<8>()
        {
            time.fill(0);
        }
        rest = behind;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use papers_base::journal::{Event, Journal};

    use super::*;

    fn board(loss: f64) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::create(folder.path()).unwrap();
        let scalars = vec![("loss".to_owned(), loss)];
        journal.event(&Event::Progress { step: 1, scalars }).unwrap();
        let board = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let path = board
            .into_iter()
            .find(|path| path.to_string_lossy().contains("tfevents"))
            .unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn only_times_are_taken_out() {
        let first = board(0.5);
        std::thread::sleep(std::time::Duration::from_millis(2));
        let second = board(0.5);
        assert_ne!(first, second);
        assert_eq!(without_times(first.clone()).unwrap(), without_times(second).unwrap());
        assert_ne!(without_times(first).unwrap(), without_times(board(0.25)).unwrap());
    }

    #[test]
    fn a_cut_file_is_an_error() {
        let mut bytes = board(0.5);
        bytes.pop();
        assert!(without_times(bytes).is_err());
    }
}
