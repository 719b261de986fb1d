//! Which examples are labeled, and which classes never are (section 4).

mod checks;
mod error;
#[cfg(test)]
mod tests;

use papers_core::random::Streams;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

pub use checks::{check_hidden, check_labeled, label_counts};
pub use error::LabelError;

use checks::checked_counts;

use crate::config::{LabelRule, Regime};

/// Which training rows have labels and which are learned from without one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Labels {
    /// Rows with labels, ascending.
    pub labeled: Vec<usize>,
    /// Rows whose labels are not looked at, ascending.
    pub unlabeled: Vec<usize>,
}

/// What is labeled.
#[derive(Debug, Clone, Copy)]
pub struct Masking<'a> {
    /// Which classes have labels.
    pub regime: Regime,
    /// Classes that are never labeled.
    pub hidden: &'a [usize],
    /// Share of the rows of known classes.
    pub fraction: f64,
    /// How many labels of each class that is.
    pub rule: LabelRule,
    /// Whether labeled rows are among the others, too.
    pub keep_labeled: bool,
}

impl Labels {
    /// Draws labeled rows of each known class; `truth` is the class of each row, where it is known.
    ///
    /// # Errors
    ///
    /// [`LabelError`]. A known class never gets no label.
    pub fn draw(
        truth: &[Option<usize>],
        classes: usize,
        masking: &Masking<'_>,
        streams: &Streams,
    ) -> Result<Self, LabelError> {
        let mut members = by_class(truth, classes)?;
        let mut labeled = Vec::new();
        if masking.regime.has_labeled() {
            let there: Vec<usize> = members.iter().map(Vec::len).collect();
            let counts = checked_counts(&there, masking)?;
            for (class, (members, count)) in members.iter_mut().zip(counts).enumerate() {
                members.shuffle(&mut streams.at("split/labeled", class as u64, 0));
                labeled.extend_from_slice(&members[..count]);
            }
            labeled.sort_unstable();
            check_labeled(&labeled, truth, classes, masking.hidden)?;
        }
        let mut unlabeled = Vec::new();
        if masking.regime.has_unlabeled() {
            let is_labeled = |row: &usize| labeled.binary_search(row).is_ok();
            unlabeled = (0..truth.len())
                .filter(|row| masking.keep_labeled || !is_labeled(row))
                .collect();
            if unlabeled.is_empty() {
                let regime = masking.regime;
                return Err(LabelError::NoUnlabeled { regime });
            }
        }
        Ok(Self { labeled, unlabeled })
    }
}

/// Rows of each class, ascending.
fn by_class(truth: &[Option<usize>], classes: usize) -> Result<Vec<Vec<usize>>, LabelError> {
    let mut members = vec![Vec::new(); classes];
    for (row, label) in truth.iter().enumerate() {
        let Some(label) = *label else { continue };
        match members.get_mut(label) {
            Some(members) => members.push(row),
            None => return Err(LabelError::NoSuchClass { row, label, classes }),
        }
    }
    Ok(members)
}

/// So many rows with a class, ascending, of each class in proportion to its rows; fewer where there are fewer.
///
/// # Errors
///
/// [`LabelError::NoSuchClass`].
pub fn stratified(
    truth: &[Option<usize>],
    classes: usize,
    count: usize,
    streams: &Streams,
    name: &str,
) -> Result<Vec<usize>, LabelError> {
    let members = by_class(truth, classes)?;
    // Every class is spread evenly over the line from 0 to 1, and the first rows on it are taken.
    let mut line = Vec::new();
    for (class, mut members) in members.into_iter().enumerate() {
        members.shuffle(&mut streams.at(name, class as u64, 0));
        let length = members.len() as f64;
        let places = members.into_iter().enumerate();
        line.extend(places.map(|(place, row)| ((place as f64 + 0.5) / length, class, row)));
    }
    line.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    let mut rows: Vec<usize> = line.into_iter().take(count).map(|(_, _, row)| row).collect();
    rows.sort_unstable();
    Ok(rows)
}
