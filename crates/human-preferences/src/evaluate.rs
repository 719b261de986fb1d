//! The numbers that the paper reports: true returns on fresh episodes, and how well predicted rewards follow true ones.

use papers_core::base::{journal::Scalars, metrics};

use crate::{
    behavior,
    environment::Task,
    reward_model::{RewardError, RewardNormalizer, RewardPredictor},
    reward_network::RewardNetwork,
    rollout::{Collected, Record},
};

/// What an agent did on episodes that it does not learn from, and what was predicted for it.
#[derive(Debug)]
pub struct Evaluation {
    /// The episodes.
    pub collected: Collected,
    /// Predicted rewards of the same steps, if there is a reward model.
    pub predicted: Option<Vec<f64>>,
    /// Whether predicted rewards have the scale that an agent is given them in, which begins with its first batch.
    pub is_scaled: bool,
    /// Predicted return and the judge's own score of each clip, if there are both.
    pub clips: Vec<(f64, f64)>,
}

impl Evaluation {
    /// Episodes of an agent for which nothing is predicted.
    pub fn without_model(collected: Collected) -> Self {
        Self {
            collected,
            predicted: None,
            is_scaled: false,
            clips: Vec::new(),
        }
    }

    /// Predicts the rewards of some episodes. `score` is how good a clip is in the eyes of the judge.
    ///
    /// # Errors
    ///
    /// A device that cannot be read.
    pub fn new<N: RewardNetwork>(
        collected: Collected,
        predictor: &RewardPredictor<N>,
        normalizer: &RewardNormalizer,
        score: impl Fn(&Record) -> Option<f64>,
    ) -> Result<Self, RewardError> {
        let predicted = normalizer.scaled(&predictor.predict(&collected.experience)?);
        let clips: Vec<_> = collected.clips.iter().map(|clip| &clip.clip).collect();
        let returns = predictor.clip_returns(&clips)?;
        let mean = |clip: usize| returns.iter().map(|member| member[clip]).sum::<f64>() / returns.len() as f64;
        let scores = collected.clips.iter().map(|clip| score(&clip.record));
        let clips = scores
            .enumerate()
            .filter_map(|(clip, score)| Some((mean(clip), score?)))
            .collect();
        Ok(Self {
            predicted: Some(predicted),
            is_scaled: normalizer.has_statistics(),
            clips,
            collected,
        })
    }

    /// Correlation of predicted with true rewards over steps; none where either is constant.
    pub fn correlation(&self) -> Option<f64> {
        metrics::pearson_correlation(self.predicted.as_ref()?, &self.collected.true_rewards)
    }

    /// Correlation of predicted returns of clips with the judge's scores; none where either is constant.
    pub fn clip_correlation(&self) -> Option<f64> {
        let (predicted, scores): (Vec<f64>, Vec<f64>) = self.clips.iter().copied().unzip();
        metrics::pearson_correlation(&predicted, &scores)
    }

    /// The numbers. A correlation that is not defined is left out, and so is a predicted return before the first batch.
    pub fn scalars(&self, task: &Task) -> Scalars {
        let experience = &self.collected.experience;
        let returns = &self.collected.returns;
        let mut scalars = vec![
            ("return_true".to_owned(), metrics::mean(returns)),
            (
                "return_true_deviation".to_owned(),
                metrics::population_deviation(returns),
            ),
        ];
        if let Some(predicted) = &self.predicted
            && self.is_scaled
        {
            let of_episodes = predicted.iter().sum::<f64>() / experience.environments as f64;
            scalars.push(("return_predicted".to_owned(), of_episodes));
        }
        let correlations = [
            ("correlation", self.correlation()),
            ("clip_correlation", self.clip_correlation()),
        ];
        let defined = correlations
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)));
        scalars.extend(defined);
        scalars.extend(behavior::measure(task, &self.collected.signals, experience.steps));
        scalars
    }
}
