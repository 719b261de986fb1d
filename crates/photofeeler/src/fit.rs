//! Voter models of ratings of anything, by a user's own numbers: both phases in one call.

use papers_core::{Context, Error, Result, base::config};

use crate::{
    config::{PRESETS, PhotofeelerConfig},
    data::{Inputs, RatedPhotos, split_by_person},
    evaluate::{Findings, Model},
    train::Photofeeler,
    votes::{BINS, Duplicates, Vote, VotesError, expected_score, settle},
};

/// Ratings of things that are described by numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratings {
    /// Numbers of each thing, row by row; best with mean 0 and deviation 1 each.
    pub features: Vec<f32>,
    /// Numbers of a thing.
    pub width: usize,
    /// Who gave what; things and voters are numbered from 0.
    pub votes: Vec<Vote>,
    /// Number of voters.
    pub voters: usize,
    /// Least and greatest score that can be given.
    pub range: [f64; 2],
}

/// A voter model of anything.
pub struct FittedVoters {
    run: Photofeeler,
    model: Model,
}

impl Ratings {
    /// Fits both phases to these ratings with the sizes of the experiment `features` and overrides, as in `phase_2.embedding=16`; a
    /// quarter of the things is held out to measure with, and of the others 15 % to choose the epoch by.
    ///
    /// # Errors
    ///
    /// Numbers and scores that are none, votes of what is not there, two votes of a voter on a thing, ratings that nothing can be learned
    /// from, and settings that make no sense.
    pub fn fit(self, settings: &[&str], context: &Context) -> Result<FittedVoters> {
        let things = self.check()?;
        let config: PhotofeelerConfig = config::experiment(PRESETS, "features", settings)?;
        let persons: Vec<usize> = (0..things).collect();
        let mut split = split_by_person(
            &persons,
            config.data.test_part(),
            config.data.validation_part(),
            &context.streams,
        );
        let mut has_votes = vec![false; things];
        self.votes.iter().for_each(|vote| has_votes[vote.photo] = true);
        for part in [&mut split.train, &mut split.validation, &mut split.test] {
            part.retain(|&thing| has_votes[thing]);
        }
        let data = RatedPhotos {
            name: "ratings".to_owned(),
            inputs: Inputs::Features {
                values: self.features,
                width: self.width,
            },
            names: (0..things).map(|thing| thing.to_string()).collect(),
            persons,
            voters: (0..self.voters).map(|voter| voter.to_string()).collect(),
            is_anonymous: false,
            has_means_alone: false,
            votes: self.votes,
            range: self.range,
            split,
            simulated: None,
            warnings: Vec::new(),
        };
        let mut run = Photofeeler::with_data(&config, data, context)?;
        run.train()?;
        Ok(FittedVoters {
            model: run.model(),
            run,
        })
    }
}

impl Ratings {
    /// Number of things, if numbers and votes are such.
    fn check(&self) -> Result<usize, VotesError> {
        let problem = |problem: String| VotesError::File {
            file: "ratings".to_owned(),
            problem,
        };
        let things = self.features.len() / self.width.max(1);
        if self.width == 0 || things * self.width != self.features.len() {
            let (numbers, width) = (self.features.len(), self.width);
            return Err(problem(format!("{numbers} numbers are no rows of {width}")));
        }
        if let Some(place) = self.features.iter().position(|number| !number.is_finite()) {
            let (thing, column) = (place / self.width, place % self.width);
            let number = self.features[place];
            return Err(problem(format!("number {column} of thing {thing} is {number}")));
        }
        let [least, most] = self.range;
        if !(least < most && (most - least).is_finite()) {
            return Err(problem(format!("no score is from {least} to {most}")));
        }
        for vote in &self.votes {
            if vote.photo >= things || vote.voter >= self.voters {
                return Err(problem(format!(
                    "a vote is of thing {} by voter {}, and there are {things} things and {} voters, from 0",
                    vote.photo, vote.voter, self.voters
                )));
            }
            if !(least..=most).contains(&vote.score) {
                return Err(VotesError::Score {
                    file: "ratings".to_owned(),
                    line: 0,
                    text: vote.score.to_string(),
                    least,
                    most,
                });
            }
        }
        settle(self.votes.clone(), Duplicates::Refuse, |vote| {
            [vote.photo, vote.voter].map(|number| number.to_string())
        })?;
        Ok(things)
    }
}

impl FittedVoters {
    /// How right the model is about the things that were held out.
    ///
    /// # Errors
    ///
    /// Numbers that cannot be read from the device.
    pub fn findings(&self) -> Result<Findings> {
        self.run.findings()
    }

    /// The score that a voter, or somebody unknown, would give each thing, as voters give them.
    ///
    /// # Errors
    ///
    /// Rows of another width than those that were learned from, numbers that are none, and numbers that cannot be read from the device.
    pub fn predict(&self, features: &[f32], voter: Option<usize>) -> Result<Predicted> {
        let width = self.run.data().inputs.channels();
        if !features.len().is_multiple_of(width) {
            return Err(Error::usage(format_args!(
                "{} numbers are no rows of {width}, as those that were learned from",
                features.len()
            )));
        }
        if let Some(number) = features.iter().find(|number| !number.is_finite()) {
            return Err(Error::usage(format_args!("{number} describes nothing")));
        }
        let known = voter.filter(|voter| self.model.seen.contains(voter));
        let inputs = Inputs::Features {
            values: features.to_vec(),
            width,
        };
        let things: Vec<usize> = (0..inputs.len()).collect();
        let device = self.run.device();
        let outputs = self.model.base.outputs(&inputs, &things, self.model.input, device)?;
        let asked: Vec<(usize, Option<usize>)> = things.iter().map(|&thing| (thing, known)).collect();
        let scores: Vec<f64> = match self.model.votes(&outputs, &asked, device)? {
            Some(shares) => shares
                .chunks(BINS)
                .map(|shares| expected_score(&shares.iter().copied().map(f64::from).collect::<Vec<_>>()))
                .collect(),
            None => outputs.scores(),
        };
        let (tables, range, votes) = (
            &self.run.prepared().tables,
            self.run.data().range,
            &self.run.config().votes,
        );
        let as_given = |score| votes.score_of(tables, range, known, score).clamp(range[0], range[1]);
        Ok(Predicted {
            scores: scores.into_iter().map(as_given).collect(),
            is_unknown: known.is_none(),
        })
    }
}

/// What a voter would say.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// Score of each thing, in the range of the ratings.
    pub scores: Vec<f64>,
    /// Whether nothing was learned of the voter, whose embedding is then the mean of all that are known.
    pub is_unknown: bool,
}

impl std::fmt::Debug for FittedVoters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FittedVoters")
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}
