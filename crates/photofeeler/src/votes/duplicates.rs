use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{Vote, VotesError};

/// What becomes of several votes of one voter on one photo.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duplicates {
    /// They are refused.
    #[default]
    Refuse,
    /// Their mean counts.
    Mean,
    /// The last one counts.
    Last,
}

/// One vote for each photo and voter, in the order of the first ones; `name` tells photo and voter in an error.
///
/// # Errors
///
/// [`VotesError::Duplicate`] where they are refused.
pub fn settle(
    votes: Vec<Vote>,
    duplicates: Duplicates,
    name: impl Fn(&Vote) -> [String; 2],
) -> Result<Vec<Vote>, VotesError> {
    let mut places: HashMap<(usize, usize), usize> = HashMap::new();
    let mut settled: Vec<(Vote, usize)> = Vec::new();
    for vote in votes {
        let Some(&place) = places.get(&(vote.photo, vote.voter)) else {
            places.insert((vote.photo, vote.voter), settled.len());
            settled.push((vote, 1));
            continue;
        };
        let (known, count) = &mut settled[place];
        match duplicates {
            Duplicates::Refuse => {
                let [photo, voter] = name(&vote);
                return Err(VotesError::Duplicate { photo, voter });
            }
            Duplicates::Last => known.score = vote.score,
            Duplicates::Mean => {
                *count += 1;
                known.score += (vote.score - known.score) / *count as f64;
            }
        }
    }
    Ok(settled.into_iter().map(|(vote, _)| vote).collect())
}
