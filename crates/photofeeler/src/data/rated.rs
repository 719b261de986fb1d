use papers_core::base::metrics;

use super::{Inputs, Split, generator::Voter};
use crate::votes::{Vote, VotesError};

/// Photos with votes, and which of them are for what.
#[derive(Debug, Clone)]
pub struct RatedPhotos {
    /// Name of the set.
    pub name: String,
    /// What a network sees.
    pub inputs: Inputs,
    /// Name of each photo.
    pub names: Vec<String>,
    /// Number of who is on it.
    pub persons: Vec<usize>,
    /// Names of the voters; of a set that does not say who voted, each vote has a voter of its own.
    pub voters: Vec<String>,
    /// Whether nobody knows who gave a score.
    pub is_anonymous: bool,
    /// Whether each photo has one score, the mean of votes that are not known.
    pub has_means_alone: bool,
    /// All votes.
    pub votes: Vec<Vote>,
    /// Least and greatest score that can be given.
    pub range: [f64; 2],
    /// Which photos are for what.
    pub split: Split,
    /// What is known because it was made up.
    pub simulated: Option<Simulated>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

/// What is known of made-up votes.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// What all voters together say of each photo, in `[0, 1]`.
    pub truth: Vec<f64>,
    /// The voters.
    pub voters: Vec<Voter>,
}

impl RatedPhotos {
    /// Votes on these photos, in the order of the votes.
    pub fn votes_on(&self, photos: &[usize]) -> Vec<Vote> {
        let mut is_wanted = vec![false; self.names.len()];
        photos.iter().for_each(|&photo| is_wanted[photo] = true);
        self.votes
            .iter()
            .copied()
            .filter(|vote| is_wanted[vote.photo])
            .collect()
    }

    /// Scores of each photo, by its number.
    pub fn scores_by_photo(&self) -> Vec<Vec<f64>> {
        let mut scores = vec![Vec::new(); self.names.len()];
        for vote in &self.votes {
            scores[vote.photo].push(vote.score);
        }
        scores
    }

    /// Mean raw score of each photo in `[0, 1]`, none of a photo without votes.
    pub fn raw_means(&self) -> Vec<Option<f64>> {
        let [least, most] = self.range;
        let mean = |scores: &Vec<f64>| (!scores.is_empty()).then(|| (metrics::mean(scores) - least) / (most - least));
        self.scores_by_photo().iter().map(mean).collect()
    }

    /// Refuses what nothing can be learned from, and people on both sides.
    ///
    /// # Errors
    ///
    /// Fewer than two photos to learn from or to measure with, fewer than two voters; [`VotesError::Leak`].
    pub fn check(&self) -> Result<(), VotesError> {
        let voters = self.voters.len();
        for (what, found, hint) in [
            (
                "photos with votes to learn from",
                self.split.train.len(),
                "`data.test` and `data.validation` take photos away, `data.subjects` and `data.voters` leave votes out",
            ),
            (
                "photos with votes to measure with",
                self.split.test.len(),
                "a photo to measure with needs `data.min_votes_test` votes, and `data.test` says how many photos are",
            ),
            ("voters", voters, "`data.voters` and `data.most_voters` leave some out"),
        ] {
            if found < 2 {
                let least = 2;
                return Err(VotesError::TooFew {
                    what,
                    found,
                    least,
                    hint,
                });
            }
        }
        self.split.check(&self.persons, |person| format!("person {person}"))
    }
}
