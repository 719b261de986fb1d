//! What is learned of a set's votes: tables of voters, labels of photos, rows of votes. All of it from votes to learn from alone.

use papers_core::{Error, Result};

use crate::{
    config::PhotofeelerConfig,
    data::RatedPhotos,
    learner::VoteRow,
    model::OutputKind,
    votes::{Labels, Scale, Vote, VoteTables, VoterTable, VotesError, bin, one_hot},
};

/// Tables, labels and rows.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// What is known of voters from votes on the photos to learn from.
    pub tables: VoteTables,
    /// Labels of the photos to learn from and to choose by; none of the others.
    pub labels: Labels,
    /// Photos to learn from that have a label.
    pub train: Vec<usize>,
    /// Photos to choose by that have one.
    pub validation: Vec<usize>,
    /// Photos to measure with that have votes, or whose truth is known.
    pub test: Vec<usize>,
    /// Voters with a vote to learn from.
    pub seen: Vec<usize>,
    /// What a reader should know.
    pub warnings: Vec<String>,
}

impl Prepared {
    /// Fits tables to the votes on the photos to learn from and applies them to those on the photos to choose by.
    ///
    /// # Errors
    ///
    /// No votes to learn from, or those of one voter where voters are modeled; a set that does not say who voted where that is needed.
    pub fn of(data: &RatedPhotos, config: &PhotofeelerConfig) -> Result<Self> {
        let needs_voters = config.output == OutputKind::Voter || config.votes.scale == Scale::Normalized;
        if data.is_anonymous && needs_voters {
            let name = data.name.clone();
            return Err(VotesError::NoPerVoterRows { name }.into());
        }
        let votes = data.votes_on(&data.split.train);
        if votes.is_empty() {
            return Err(Error::usage("no photo to learn from has votes"));
        }
        let tables = VoteTables::fit(&votes, data.voters.len(), config.votes.shrinkage);
        let known = data.votes_on(&[data.split.train.as_slice(), &data.split.validation].concat());
        let labels = Labels::of(&known, data.names.len(), &tables, data.range, &config.votes);
        let labeled = |photos: &[usize]| -> Vec<usize> {
            photos
                .iter()
                .copied()
                .filter(|&photo| labels.photos[photo].is_some())
                .collect()
        };
        let counts = tables.voters.iter().enumerate();
        let seen: Vec<usize> = counts
            .filter(|(_, table)| table.count > 0)
            .map(|(voter, _)| voter)
            .collect();
        if config.output == OutputKind::Voter && seen.len() < 2 {
            return Err(VotesError::TooFew {
                what: "voters with votes to learn from",
                found: seen.len(),
                least: 2,
                hint: "the others voted on photos to choose by or to measure with alone",
            }
            .into());
        }
        let mut has_votes = vec![data.simulated.is_some(); data.names.len()];
        data.votes.iter().for_each(|vote| has_votes[vote.photo] = true);
        let test: Vec<usize> = data
            .split
            .test
            .iter()
            .copied()
            .filter(|&photo| has_votes[photo])
            .collect();
        if test.len() < 2 {
            let (what, hint) = ("photos with votes to measure with", "the others have none");
            let (found, least) = (test.len(), 2);
            return Err(VotesError::TooFew {
                what,
                found,
                least,
                hint,
            }
            .into());
        }
        let known = if data.is_anonymous { &[][..] } else { &seen };
        let warnings = warnings(&votes, &tables, known, labels.fell_back);
        Ok(Self {
            test,
            train: labeled(&data.split.train),
            validation: labeled(&data.split.validation),
            seen,
            warnings,
            tables,
            labels,
        })
    }

    /// What phase 1 learns of a photo: shares of the bins, or one score.
    ///
    /// # Panics
    ///
    /// If the photo has no label.
    pub fn target(&self, output: OutputKind, photo: usize) -> Vec<f64> {
        let label = self.labels.photos[photo]
            .as_ref()
            .expect("photos without a label are in no phase");
        match output {
            OutputKind::Regression => vec![label.score],
            OutputKind::Classification => one_hot(label.score).to_vec(),
            _ => label.shares.to_vec(),
        }
    }

    /// Scores of labels, in the order of the photos.
    pub fn label_scores(&self, photos: &[usize]) -> Vec<f64> {
        let of = |photo: &usize| self.labels.photos[*photo].as_ref().map(|label| label.score);
        photos.iter().filter_map(of).collect()
    }

    /// Votes on photos as rows; a photo's place is that in `photos`.
    pub fn rows(&self, data: &RatedPhotos, config: &PhotofeelerConfig, photos: &[usize]) -> Vec<VoteRow> {
        let mut places = vec![None; data.names.len()];
        for (place, &photo) in photos.iter().enumerate() {
            places[photo] = Some(place);
        }
        let row = |vote: &Vote| {
            Some(VoteRow {
                photo: places[vote.photo]?,
                voter: vote.voter,
                bin: bin(config.votes.value(&self.tables, data.range, vote)),
            })
        };
        data.votes.iter().filter_map(row).collect()
    }
}

fn warnings(votes: &[Vote], tables: &VoteTables, seen: &[usize], fell_back: usize) -> Vec<String> {
    let mut warnings = Vec::new();
    if votes.iter().all(|vote| vote.score == votes[0].score) {
        warnings.push(
            "all votes are the same: every label is 0.5, and there is nothing to tell photos apart by".to_owned(),
        );
    }
    let count = |holds: fn(&VoterTable) -> bool| seen.iter().filter(|&&voter| holds(&tables.voters[voter])).count();
    let once = count(|table| table.count == 1);
    if once > 0 {
        warnings.push(format!(
            "{once} of {} voters have one vote: their embeddings stay almost what they were at random",
            seen.len()
        ));
    }
    let constant = count(|table| table.is_constant);
    if constant > 0 {
        warnings.push(format!(
            "{constant} of {} voters gave the same score every time: their votes say nothing of photos",
            seen.len()
        ));
    }
    if fell_back > 0 {
        warnings.push(format!(
            "the weights of {fell_back} photos sum to 0: their votes count alike"
        ));
    }
    warnings
}
