//! How far apart two runs are that are not the same.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::compare;

/// Bytes of the number at the beginning of a safetensors file: the length of its header.
const LENGTH: usize = 8;

/// The largest difference between the results of two runs, as part of the larger of the two numbers.
///
/// # Errors
///
/// Runs without results, or with others.
pub(super) fn results(first: &Path, second: &Path) -> anyhow::Result<f64> {
    let results = |run: &Path| -> anyhow::Result<BTreeMap<String, Value>> {
        Ok(serde_json::from_slice(&read(&run.join("results.json"))?)?)
    };
    let (first, second) = (results(first)?, results(second)?);
    ensure!(first.keys().eq(second.keys()), "the runs have other results");
    let mut largest = 0.0_f64;
    for (one, other) in first.values().zip(second.values()) {
        largest = largest.max(match (one.as_f64(), other.as_f64()) {
            _ if one == other => 0.0,
            (Some(one), Some(other)) => (one - other).abs() / one.abs().max(other.abs()),
            // One of them is infinite, or not a number.
            _ => f64::INFINITY,
        });
    }
    Ok(largest)
}

/// The Euclidean distance between the trained weights of two runs, as part of the norm of the first.
///
/// # Errors
///
/// Runs whose networks are not the same.
pub(super) fn weights(first: &Path, second: &Path) -> anyhow::Result<f64> {
    let (mut distance, mut norm) = (0.0, 0.0);
    let folder = first.join("weights");
    for path in compare::files(&folder)? {
        let name = path.strip_prefix(&folder)?;
        let (one, other) = (read(&path)?, read(&second.join("weights").join(name))?);
        let context = || format!("weights {}", name.display());
        let ((header, one), (same, other)) = (split(&one).with_context(context)?, split(&other).with_context(context)?);
        ensure!(header == same, "the networks of the runs are not the same");
        for (one, other) in one.iter().zip(other) {
            let (one, other) = (
                f64::from(f32::from_le_bytes(*one)),
                f64::from(f32::from_le_bytes(*other)),
            );
            distance += (one - other).powi(2);
            norm += one.powi(2);
        }
    }
    Ok(if distance == 0.0 { 0.0 } else { (distance / norm).sqrt() })
}

/// Header and numbers of a safetensors file, all of which have to be of single precision.
fn split(bytes: &[u8]) -> anyhow::Result<(Value, &[[u8; 4]])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH>().context("the file is cut")?;
    let length = usize::try_from(u64::from_le_bytes(*length))?;
    let (header, data) = rest.split_at_checked(length).context("the header is cut")?;
    let header: Value = serde_json::from_slice(header)?;
    let mut tensors = header.as_object().into_iter().flatten();
    let is_single = tensors.all(|(name, tensor)| name == "__metadata__" || tensor["dtype"] == "F32");
    let (numbers, rest) = data.as_chunks::<4>();
    ensure!(is_single && rest.is_empty(), "numbers that are not of single precision");
    Ok((header, numbers))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn run(folder: &Path, name: &str, file: &str, content: &[u8]) -> PathBuf {
        let run = folder.join(name);
        fs::create_dir_all(run.join("weights")).unwrap();
        fs::write(run.join(file), content).unwrap();
        run
    }

    #[test]
    fn results_are_compared_by_their_size() {
        let folder = tempfile::tempdir().unwrap();
        let run = |name, text: &str| run(folder.path(), name, "results.json", text.as_bytes());
        let first = run(
            "first",
            "{\"error\":0.5,\"return\":-100.0,\"none\":\"NaN\",\"zero\":0.0}",
        );
        let second = run(
            "second",
            "{\"error\":0.5,\"return\":-80.0,\"none\":\"NaN\",\"zero\":0.0}",
        );
        // 20 of 100.
        assert!((results(&first, &second).unwrap() - 0.2).abs() < 1e-12);
        assert_eq!(results(&first, &first).unwrap(), 0.0);
        let other = run("other", "{\"error\":0.5}");
        assert!(results(&first, &other).is_err());
    }

    #[test]
    fn weights_are_compared_by_their_norm() {
        let folder = tempfile::tempdir().unwrap();
        let run = |name, kind: &str, numbers: [f32; 2]| {
            let header = format!("{{\"__metadata__\":{{}},\"w\":{{\"dtype\":\"{kind}\",\"shape\":[2]}}}}");
            let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
            bytes.extend(header.bytes());
            bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
            run(folder.path(), name, "weights/w.safetensors", &bytes)
        };
        let first = run("first", "F32", [3.0, 4.0]);
        // A distance of 1 beside a norm of 5.
        let second = run("second", "F32", [3.0, 5.0]);
        assert!((weights(&first, &second).unwrap() - 0.2).abs() < 1e-12);
        assert_eq!(weights(&first, &first).unwrap(), 0.0);
        let other = run("other", "F16", [3.0, 4.0]);
        assert!(weights(&first, &other).is_err());
    }
}
