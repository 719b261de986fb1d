//! How many people a model is worth (the paper, section 4): means of k raw votes beside it.

use papers_core::{
    base::metrics::{mean, pearson_correlation},
    random::Streams,
};
use rand::seq::SliceRandom;

/// Numbers of votes that are averaged.
pub const HUMAN_COUNTS: [usize; 7] = [1, 2, 3, 5, 10, 20, 40];
/// Photos from which on a correlation is told; they have to be half of all, too, or points would be of other photos.
const LEAST_PHOTOS: usize = 5;

/// The mean of so many votes, beside the model.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HumanPoint {
    /// Votes.
    pub votes: usize,
    /// Correlation of their mean with the reference.
    pub people: f64,
    /// Correlation of the model with the same reference, on the same photos.
    pub model: f64,
}

/// What people are worth, by number.
#[derive(Debug, Clone, PartialEq)]
pub struct HumanCurve {
    /// By increasing number of votes.
    pub points: Vec<HumanPoint>,
}

/// How many people a model is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Equivalence {
    /// Fewer than the smallest number that was tried.
    Below(usize),
    /// So many, between numbers that were tried.
    Votes(f64),
    /// More than the largest number that was tried.
    Above(usize),
}

impl HumanCurve {
    /// Draws k raw votes of each photo `draws` times and correlates their means with the reference: the truth where it is known, or
    /// else the mean of the other votes of the photo. Photos with too few votes are left out.
    ///
    /// `scores` are those of the model, all three by place of the photo.
    pub fn of(votes: &[Vec<f64>], truth: Option<&[f64]>, scores: &[f64], draws: usize, streams: &Streams) -> Self {
        let mut points = Vec::new();
        for count in HUMAN_COUNTS {
            let needed = count + usize::from(truth.is_none());
            let photos: Vec<usize> = (0..votes.len()).filter(|&photo| votes[photo].len() >= needed).collect();
            if photos.len() < LEAST_PHOTOS || 2 * photos.len() < votes.len() {
                continue;
            }
            let (mut people, mut model) = (Vec::new(), Vec::new());
            let of_model: Vec<f64> = photos.iter().map(|&photo| scores[photo]).collect();
            for draw in 0..draws {
                let (drawn, reference): (Vec<Vec<f64>>, Vec<f64>) = photos
                    .iter()
                    .map(|&photo| {
                        let mut votes = votes[photo].clone();
                        let random = &mut streams.at("people", draw as u64, photo as u64);
                        let (drawn, others) = votes.partial_shuffle(random, count);
                        let reference = truth.map_or_else(|| mean(others), |truth| truth[photo]);
                        (drawn.to_vec(), reference)
                    })
                    .unzip();
                people.extend(people_correlation(&drawn, &reference));
                model.extend(pearson_correlation(&of_model, &reference));
            }
            if !people.is_empty() && !model.is_empty() {
                points.push(HumanPoint {
                    votes: count,
                    people: mean(&people),
                    model: mean(&model),
                });
            }
        }
        Self { points }
    }

    /// Where people pass the model; none without points.
    pub fn equivalence(&self) -> Option<Equivalence> {
        let gaps: Vec<(f64, f64)> = self
            .points
            .iter()
            .map(|point| (point.votes as f64, point.people - point.model))
            .collect();
        let (first, last) = (self.points.first()?, self.points.last()?);
        Some(match interpolate(&gaps) {
            Some(_) if gaps[0].1 >= 0.0 => Equivalence::Below(first.votes),
            Some(votes) => Equivalence::Votes(votes),
            None => Equivalence::Above(last.votes),
        })
    }
}

impl Equivalence {
    /// A number for tables; the nearest one that was tried where it lies outside.
    pub fn votes(self) -> f64 {
        match self {
            Self::Below(votes) | Self::Above(votes) => votes as f64,
            Self::Votes(votes) => votes,
        }
    }
}

impl std::fmt::Display for Equivalence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Below(votes) => write!(f, "below {votes}"),
            Self::Votes(votes) => write!(f, "{votes:.1}"),
            Self::Above(votes) => write!(f, "above {votes}"),
        }
    }
}

/// Correlation of the means of photos' votes with the reference; none of constant ones.
pub fn people_correlation(votes: &[Vec<f64>], reference: &[f64]) -> Option<f64> {
    let means: Vec<f64> = votes.iter().map(|votes| mean(votes)).collect();
    pearson_correlation(&means, reference)
}

/// Where a rising curve first reaches 0, on straight lines between its points; its first x if it begins there.
pub fn interpolate(points: &[(f64, f64)]) -> Option<f64> {
    let place = points.iter().position(|&(_, y)| y >= 0.0)?;
    let (x, y) = points[place];
    let Some(&(before, below)) = place.checked_sub(1).and_then(|last| points.get(last)) else {
        return Some(x);
    };
    Some(before + (x - before) * (-below) / (y - below))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_interpolated_between_their_points() {
        let curve = |model: f64| HumanCurve {
            points: [(1, 0.4), (3, 0.6), (5, 0.7)]
                .map(|(votes, people)| HumanPoint { votes, people, model })
                .to_vec(),
        };
        // A quarter of the way from 0.6 to 0.7 lies 0.625.
        assert!(matches!(curve(0.625).equivalence(), Some(Equivalence::Votes(votes)) if (votes - 3.5).abs() < 1e-9));
        assert_eq!(curve(0.3).equivalence(), Some(Equivalence::Below(1)));
        assert_eq!(curve(0.9).equivalence(), Some(Equivalence::Above(5)));
        assert_eq!(HumanCurve { points: Vec::new() }.equivalence(), None);
    }

    #[test]
    fn a_reference_does_not_hold_the_votes_that_are_compared_with_it() {
        // Photos with no common ground between votes: were drawn votes in the reference, they would correlate with it.
        let streams = Streams::new(1);
        let votes: Vec<Vec<f64>> = (0..400)
            .map(|photo| {
                streams
                    .permutation("noise", photo, 8)
                    .iter()
                    .map(|&vote| (vote % 4) as f64)
                    .collect()
            })
            .collect();
        let scores: Vec<f64> = (0..400).map(|photo| (photo % 7) as f64).collect();
        let curve = HumanCurve::of(&votes, None, &scores, 10, &streams);
        // All eight votes of a photo have one sum: what is drawn is missing in the rest.
        assert!(curve.points.iter().all(|point| point.people < -0.5), "{curve:?}");
    }
}
