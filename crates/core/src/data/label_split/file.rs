use std::{fs, path::Path};

use papers_base::commit;

use super::{LabelSplit, UNKNOWN};
use crate::{Error, Result};

/// No honest file is longer, in bytes.
const FILE_LIMIT: u64 = 64 << 20;

impl LabelSplit {
    /// Writes the split as JSON.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        let bytes = serde_json::to_vec(self).map_err(|error| damaged(path, error.to_string()))?;
        Ok(commit::bytes(path, &bytes)?)
    }

    /// Reads a split of the set with the classes `truth`.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, is no split, or is not one of this set: with an example that does not exist, that
    /// stands twice where it may stand once, or that has a label and no class.
    pub fn load(path: &Path, truth: &[u8]) -> Result<Self> {
        if fs::metadata(path).map_err(Error::io("read", path))?.len() > FILE_LIMIT {
            return Err(damaged(path, "is too large for a split".to_owned()));
        }
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        let split: Self =
            serde_json::from_slice(&bytes).map_err(|error| damaged(path, format!("is no split: {error}")))?;
        split.check(truth).map_err(|problem| damaged(path, problem))?;
        Ok(split)
    }

    fn check(&self, truth: &[u8]) -> Result<(), String> {
        let examples = truth.len();
        let marked = |name: &str, indices: &[usize]| {
            let mut marks = vec![false; examples];
            for &index in indices {
                match marks.get_mut(index) {
                    None => return Err(format!("`{name}` has example {index}, and the set has only {examples}")),
                    Some(true) => return Err(format!("`{name}` has example {index} twice")),
                    Some(mark) => *mark = true,
                }
            }
            Ok(marks)
        };
        let labeled = marked("labeled", &self.labeled)?;
        let unlabeled = marked("unlabeled", &self.unlabeled)?;
        let validation = marked("validation", &self.validation)?;
        if self.labeled.is_empty() {
            return Err("no example has a label".to_owned());
        }
        if let Some(index) = self.labeled.iter().find(|&&index| truth[index] == UNKNOWN) {
            return Err(format!("example {index} of `labeled` is of no known class"));
        }
        if let Some(index) = (0..examples).find(|&index| validation[index] && (labeled[index] || unlabeled[index])) {
            return Err(format!("example {index} of `validation` is trained on"));
        }
        let shared = (0..examples)
            .filter(|&index| labeled[index] && unlabeled[index])
            .count();
        if shared != 0 && shared != self.labeled.len() {
            return Err(format!(
                "{shared} of {} examples with labels are also in `unlabeled`; it has to be all or none",
                self.labeled.len()
            ));
        }
        Ok(())
    }
}

fn damaged(path: &Path, problem: String) -> Error {
    Error::Base(papers_base::Error::Damaged {
        path: path.to_owned(),
        problem,
    })
}
