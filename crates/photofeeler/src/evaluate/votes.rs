//! Single votes on photos to measure with, of voters that were learned from.

use papers_core::{Result, base::metrics::pearson_correlation};

use super::{Calibration, Model};
use crate::{
    model::BaseOutputs,
    train::Photofeeler,
    votes::{BINS, Scale, Vote, bin, expected_score},
};

/// How right predictions of single votes are: correlations with the raw votes.
#[derive(Debug, Clone, PartialEq)]
pub struct VoteFindings {
    /// Votes.
    pub count: usize,
    /// The base network's score of the photo, for every voter the same.
    pub base: Option<f64>,
    /// The voter's own mean, for every photo the same: the additive model's on photos that nobody voted on.
    pub voter_mean: Option<f64>,
    /// The base network's score as this voter would say it, by mean and deviation of the voter.
    pub base_by_voter: Option<f64>,
    /// The voter model.
    pub voter_model: Option<f64>,
    /// Whether the base network's distributions come true.
    pub base_calibration: Option<Calibration>,
    /// Whether the voter model's do.
    pub voter_calibration: Option<Calibration>,
    /// Whether the voter's own shares of bins do, of votes to learn from and drawn to those of all; for every photo the same.
    pub prior_calibration: Option<Calibration>,
}

impl VoteFindings {
    /// Of the votes on photos that the base network has looked at, `test` by place.
    pub(super) fn of(run: &Photofeeler, model: &Model, outputs: &BaseOutputs, test: &[usize]) -> Result<Self> {
        let (data, config, tables) = (run.data(), run.config(), &run.prepared().tables);
        let mut places = vec![None; data.names.len()];
        for (place, &photo) in test.iter().enumerate() {
            places[photo] = Some(place);
        }
        let votes: Vec<(usize, Vote)> = data
            .votes
            .iter()
            .filter(|vote| !data.has_means_alone && (tables.voters[vote.voter].count > 0 || data.is_anonymous))
            .filter_map(|vote| Some((places[vote.photo]?, *vote)))
            .collect();
        let asked: Vec<(usize, Option<usize>)> = votes.iter().map(|(place, vote)| (*place, Some(vote.voter))).collect();
        let raw: Vec<f64> = votes.iter().map(|(_, vote)| vote.score).collect();
        let scores = outputs.scores();
        let as_given = |voter: usize, score: f64| config.votes.score_of(tables, data.range, Some(voter), score);
        let against_raw = |predicted: Vec<f64>| pearson_correlation(&predicted, &raw);
        let by_voter = |place: usize, voter: usize| match config.votes.scale {
            Scale::Normalized => as_given(voter, scores[place]),
            Scale::ZscoreOff | Scale::Raw => as_given(voter, scores[place]) + tables.voters[voter].mean - tables.mean,
        };
        let bins: Vec<usize> = votes
            .iter()
            .map(|(_, vote)| bin(config.votes.value(tables, data.range, vote)))
            .collect();
        let shares = model.votes(outputs, &asked, run.device())?;
        let of_vote = |shares: &[f32], row: usize| -> Vec<f64> {
            let row = &shares[row * BINS..(row + 1) * BINS];
            row.iter().copied().map(f64::from).collect()
        };
        let is_known = !data.is_anonymous;
        Ok(Self {
            count: votes.len(),
            base: against_raw(votes.iter().map(|(place, _)| scores[*place]).collect()),
            voter_mean: is_known
                .then(|| against_raw(votes.iter().map(|(_, vote)| tables.voters[vote.voter].mean).collect()))
                .flatten(),
            base_by_voter: is_known
                .then(|| against_raw(votes.iter().map(|(place, vote)| by_voter(*place, vote.voter)).collect()))
                .flatten(),
            voter_model: shares.as_ref().and_then(|shares| {
                let predicted = votes.iter().enumerate();
                let predicted =
                    predicted.map(|(row, (_, vote))| as_given(vote.voter, expected_score(&of_vote(shares, row))));
                against_raw(predicted.collect())
            }),
            base_calibration: (outputs.units == BINS)
                .then(|| {
                    let predicted = votes.iter().map(|(place, _)| outputs.shares(*place));
                    Calibration::of(predicted.zip(bins.iter().copied()))
                })
                .flatten(),
            prior_calibration: is_known
                .then(|| {
                    let priors = voter_priors(run);
                    let predicted = votes.iter().map(|(_, vote)| priors[vote.voter].clone());
                    Calibration::of(predicted.zip(bins.iter().copied()))
                })
                .flatten(),
            voter_calibration: shares.as_ref().and_then(|shares| {
                let predicted = (0..votes.len()).map(|row| of_vote(shares, row));
                Calibration::of(predicted.zip(bins.iter().copied()))
            }),
        })
    }
}

/// Shares of the bins of each voter's votes to learn from, drawn to those of all by as many votes as the tables are.
fn voter_priors(run: &Photofeeler) -> Vec<Vec<f64>> {
    let (data, config, prepared) = (run.data(), run.config(), run.prepared());
    let mut counts = vec![[0.0; BINS]; data.voters.len()];
    let mut all = [0.0; BINS];
    let rows = prepared.rows(data, config, &prepared.train);
    for row in &rows {
        counts[row.voter][row.bin] += 1.0;
        all[row.bin] += 1.0 / rows.len() as f64;
    }
    let prior = |counts: &[f64; BINS]| {
        let weight = config.votes.shrinkage.max(1e-9);
        let sum: f64 = counts.iter().sum::<f64>() + weight;
        counts
            .iter()
            .zip(&all)
            .map(|(count, all)| (count + weight * all) / sum)
            .collect()
    };
    counts.iter().map(prior).collect()
}
