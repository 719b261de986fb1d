//! What crowds without a network would say: models of votes alone, to compare with.

use crate::votes::Vote;

/// Rounds in which photos and voters are set in turn.
const ROUNDS: usize = 30;
/// Votes that a voter's bias 0 counts for, and that a slope of 1 does: slopes of few votes are mostly noise.
const PRIOR: f64 = 2.0;
const SLOPE_PRIOR: f64 = 20.0;

/// `vote = slope_v · quality_i + bias_v`.
#[derive(Debug, Clone, PartialEq)]
pub struct CrowdModel {
    /// Of each photo, none without votes.
    pub quality: Vec<Option<f64>>,
    /// Of each voter; 0 of one without votes.
    pub bias: Vec<f64>,
    /// Of each voter; 1 in the additive model.
    pub slope: Vec<f64>,
}

impl CrowdModel {
    /// `vote = quality_i + bias_v`, by means in turn.
    pub fn additive(votes: &[Vote], photos: usize, voters: usize) -> Self {
        Self::fit(votes, photos, voters, false)
    }

    /// With a slope of each voter.
    pub fn scaled(votes: &[Vote], photos: usize, voters: usize) -> Self {
        Self::fit(votes, photos, voters, true)
    }

    fn fit(votes: &[Vote], photos: usize, voters: usize, has_slopes: bool) -> Self {
        let mut model = Self {
            quality: vec![None; photos],
            bias: vec![0.0; voters],
            slope: vec![1.0; voters],
        };
        for _ in 0..ROUNDS {
            model.set_quality(votes);
            model.set_voters(votes, has_slopes);
        }
        model.set_quality(votes);
        model
    }

    /// Least squares for each photo.
    fn set_quality(&mut self, votes: &[Vote]) {
        let mut sums = vec![(0.0, 0.0); self.quality.len()];
        for vote in votes {
            let (slope, bias) = (self.slope[vote.voter], self.bias[vote.voter]);
            sums[vote.photo].0 += slope * (vote.score - bias);
            sums[vote.photo].1 += slope * slope;
        }
        for (quality, (sum, weight)) in self.quality.iter_mut().zip(sums) {
            *quality = (weight > 0.0).then(|| sum / weight);
        }
    }

    /// Least squares for each voter, drawn to bias 0 and slope 1, which also fixes where qualities lie.
    fn set_voters(&mut self, votes: &[Vote], has_slopes: bool) {
        let voters = self.bias.len();
        let mut pairs = vec![Vec::new(); voters];
        for vote in votes {
            pairs[vote.voter].extend(self.quality[vote.photo].map(|quality| (quality, vote.score)));
        }
        let all: Vec<f64> = self.quality.iter().flatten().copied().collect();
        let center = all.iter().sum::<f64>() / all.len().max(1) as f64;
        let spread = all.iter().map(|quality| (quality - center).powi(2)).sum::<f64>() / all.len().max(1) as f64;
        for (voter, pairs) in pairs.iter().enumerate() {
            if pairs.is_empty() {
                continue;
            }
            if has_slopes {
                let squares: f64 = pairs.iter().map(|(quality, _)| (quality - center).powi(2)).sum();
                let mean = pairs.iter().map(|(_, score)| score).sum::<f64>() / pairs.len() as f64;
                let products: f64 = pairs
                    .iter()
                    .map(|(quality, score)| (quality - center) * (score - mean))
                    .sum();
                let prior = SLOPE_PRIOR * spread.max(1e-9);
                // Nobody likes what nobody likes: a slope below this would turn a photo's other votes around.
                self.slope[voter] = ((products + prior) / (squares + prior)).max(0.05);
            }
            let rest: f64 = pairs
                .iter()
                .map(|(quality, score)| score - self.slope[voter] * quality)
                .sum();
            let offset = (1.0 - self.slope[voter]) * center;
            self.bias[voter] = (rest + PRIOR * offset) / (pairs.len() as f64 + PRIOR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(of: impl Fn(usize, usize) -> f64) -> Vec<Vote> {
        // 40 photos, each seen by 3 of 12 voters.
        (0..40)
            .flat_map(|photo| (0..3).map(move |turn| (photo, (photo * 5 + turn * 7) % 12)))
            .map(|(photo, voter)| Vote {
                photo,
                voter,
                score: of(photo, voter),
            })
            .collect()
    }

    fn correlation(model: &CrowdModel, quality: impl Fn(usize) -> f64) -> f64 {
        let found: Vec<f64> = model.quality.iter().flatten().copied().collect();
        let truth: Vec<f64> = (0..40).map(quality).collect();
        papers_core::base::metrics::pearson_correlation(&found, &truth).unwrap()
    }

    #[test]
    fn biases_and_slopes_are_found() {
        let quality = |photo: usize| ((photo * 37) % 40) as f64 / 10.0;
        let bias = |voter: usize| ((voter * 5) % 12) as f64 / 3.0 - 2.0;
        let additive = votes(|photo, voter| quality(photo) + bias(voter));
        let plain = CrowdModel {
            bias: vec![0.0; 12],
            slope: vec![1.0; 12],
            quality: vec![None; 40],
        };
        let mut means = plain;
        means.set_quality(&additive);
        let [plain, ours] = [means, CrowdModel::additive(&additive, 40, 12)].map(|model| correlation(&model, quality));
        assert!(ours > 0.9 && ours > plain + 0.1, "{ours} {plain}");
        let scaled = votes(|photo, voter| (0.3 + 0.2 * voter as f64) * quality(photo) + bias(voter));
        let [one, other] = [
            CrowdModel::additive(&scaled, 40, 12),
            CrowdModel::scaled(&scaled, 40, 12),
        ]
        .map(|model| correlation(&model, quality));
        assert!(other > one, "{other} {one}");
    }
}
