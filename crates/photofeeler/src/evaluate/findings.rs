use papers_core::{
    Result,
    base::{
        journal::Scalars,
        metrics::{mean, pearson_correlation, population_deviation, spearman_correlation},
    },
};

use super::{
    HumanCurve, Line, Model, VoteFindings, draw_panel, mean_absolute_error, pearson_interval, root_mean_squared_error,
};
use crate::{
    crowd::CrowdModel,
    model::{BaseOutputs, Panel},
    train::Photofeeler,
};

/// What a model says of the photos to measure with, and how right it is.
#[derive(Debug, Clone)]
pub struct Findings {
    /// The photos; everything below is in their order.
    pub photos: Vec<usize>,
    /// What scores are measured against, in `[0, 1]`: the truth where it is known, or else the mean of the raw votes.
    pub reference: Vec<f64>,
    /// Whether the reference is the truth.
    pub is_truth: bool,
    /// What the base network says.
    pub outputs: BaseOutputs,
    /// The base network's score.
    pub base_scores: Vec<f64>,
    /// What the panel of voters says; none without a voter model.
    pub panel: Option<Panel>,
    /// The voters of the panel.
    pub panel_voters: Vec<usize>,
    /// The whole model's score: the panel's mean, or the base network's.
    pub scores: Vec<f64>,
    /// Correlation of the scores with the reference; none of constant ones.
    pub pearson: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// Rank correlation.
    pub spearman: Option<f64>,
    /// Correlation of the base network's scores.
    pub base_pearson: Option<f64>,
    /// Root of the mean squared error of scores.
    pub rmse: f64,
    /// Mean absolute error.
    pub mae: f64,
    /// Root of the mean squared error of scores on a line: that from scores of the photos to choose by to the means of their raw votes.
    /// None without such photos.
    pub rmse_on_line: Option<f64>,
    /// Root of the mean squared error of one number, said of every photo: the mean of the raw votes on the photos to learn from.
    pub rmse_of_mean: f64,
    /// Correlation of the spread of the panel's scores with that of the votes.
    pub disagreement: Option<f64>,
    /// Single votes.
    pub votes: VoteFindings,
    /// People beside the model.
    pub humans: HumanCurve,
    /// What labels of photos to learn from are worth, where the truth is known.
    pub labels: Option<LabelQuality>,
}

/// Correlation of labels of the photos to learn from with the truth, without any network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelQuality {
    /// Mean of the raw votes.
    pub raw: Option<f64>,
    /// Weighted mean of normalized votes, or whatever the run's votes are.
    pub ours: Option<f64>,
    /// `vote = quality + bias`.
    pub additive: Option<f64>,
    /// `vote = slope · quality + bias`.
    pub scaled: Option<f64>,
}

impl Findings {
    pub(crate) fn of(run: &Photofeeler) -> Result<Self> {
        let (data, config) = (run.data(), run.config());
        let model = run.model();
        let photos = run.prepared().test.clone();
        let truth: Option<Vec<f64>> = data
            .simulated
            .as_ref()
            .map(|simulated| photos.iter().map(|&photo| simulated.truth[photo]).collect());
        let means = data.raw_means();
        let means_of = |photos: &[usize]| -> Vec<f64> { photos.iter().filter_map(|&photo| means[photo]).collect() };
        let reference = truth.clone().unwrap_or_else(|| means_of(&photos));
        let outputs = run.outputs(&photos)?;
        let panel_voters = match model.voters {
            Some(_) => draw_panel(&model.seen, &config.evaluation, run.streams()),
            None => Vec::new(),
        };
        let panel = model.panel(&outputs, &panel_voters)?;
        let base_scores = outputs.scores();
        let scores = panel.as_ref().map_or_else(|| base_scores.clone(), Panel::photo_scores);
        let pearson = of_varied(pearson_correlation, &scores, &reference);
        let line = match run.prepared().validation.as_slice() {
            [] => None,
            chosen_by => Line::fit(&scores_of(run, &model, chosen_by, &panel_voters)?, &means_of(chosen_by)),
        };
        let learned_mean = vec![mean(&means_of(&run.prepared().train)); reference.len()];
        let by_photo = data.scores_by_photo();
        let votes_of_test: Vec<Vec<f64>> = photos.iter().map(|&photo| by_photo[photo].clone()).collect();
        let draws = config.evaluation.human_draws;
        Ok(Self {
            interval: pearson.and_then(|pearson| pearson_interval(pearson, photos.len())),
            spearman: of_varied(spearman_correlation, &scores, &reference),
            base_pearson: of_varied(pearson_correlation, &base_scores, &reference),
            rmse: root_mean_squared_error(&scores, &reference),
            mae: mean_absolute_error(&scores, &reference),
            rmse_on_line: line.map(|line| root_mean_squared_error(&line.apply(&scores), &reference)),
            rmse_of_mean: root_mean_squared_error(&learned_mean, &reference),
            disagreement: panel.as_ref().and_then(|panel| disagreement(panel, &votes_of_test)),
            votes: VoteFindings::of(run, &model, &outputs, &photos)?,
            humans: HumanCurve::of(&votes_of_test, truth.as_deref(), &scores, draws, run.streams()),
            labels: label_quality(run, &means),
            is_truth: truth.is_some(),
            photos,
            reference,
            outputs,
            base_scores,
            panel,
            panel_voters,
            scores,
            pearson,
        })
    }

    /// Why the correlation is undefined, if it is.
    pub fn failure(&self) -> Option<&'static str> {
        match self.pearson {
            Some(_) => None,
            None if is_constant(&self.reference) => {
                Some("what is measured against is the same for all photos: the correlation is undefined")
            }
            None => Some("all photos have the same score: the correlation is undefined"),
        }
    }

    /// Deviation of the base network's scores if it is next to nothing: voters can then only learn what each gives on average.
    pub fn collapse(&self) -> Option<f64> {
        Some(population_deviation(&self.base_scores)).filter(|deviation| *deviation < COLLAPSED)
    }

    /// Named numbers; what is undefined is left out, and `failed` says so. `collapsed` is there, and 1, if the base network has collapsed.
    pub fn scalars(&self) -> Scalars {
        let mut scalars = vec![("failed".to_owned(), f64::from(u8::from(self.failure().is_some())))];
        let mut add = |name: &str, value: Option<f64>| {
            scalars.extend(value.map(|value| (name.to_owned(), value)));
        };
        add("collapsed", self.collapse().map(|_| 1.0));
        add("pearson", self.pearson);
        add("pearson_low", self.interval.map(|[low, _]| low));
        add("pearson_high", self.interval.map(|[_, high]| high));
        add("spearman", self.spearman);
        add("base_pearson", self.base_pearson);
        add("rmse", Some(self.rmse));
        add("mae", Some(self.mae));
        add("rmse_on_line", self.rmse_on_line);
        add("rmse_of_mean", Some(self.rmse_of_mean));
        add("base_score_deviation", Some(population_deviation(&self.base_scores)));
        let votes = &self.votes;
        add("votes_base", votes.base);
        add("votes_voter_mean", votes.voter_mean);
        add("votes_base_by_voter", votes.base_by_voter);
        add("votes_voter_model", votes.voter_model);
        let gain = votes.voter_model.zip(votes.base).map(|(voter, base)| voter - base);
        add("votes_gain", gain);
        add(
            "base_calibration_error",
            votes.base_calibration.as_ref().map(|of| of.error),
        );
        add(
            "base_cross_entropy",
            votes.base_calibration.as_ref().map(|of| of.cross_entropy),
        );
        add(
            "voter_calibration_error",
            votes.voter_calibration.as_ref().map(|of| of.error),
        );
        add(
            "voter_cross_entropy",
            votes.voter_calibration.as_ref().map(|of| of.cross_entropy),
        );
        add(
            "prior_cross_entropy",
            votes.prior_calibration.as_ref().map(|of| of.cross_entropy),
        );
        add("disagreement", self.disagreement);
        add("human_votes", self.humans.equivalence().map(super::Equivalence::votes));
        for point in &self.humans.points {
            add(&format!("people_{}", point.votes), Some(point.people));
        }
        if let Some(labels) = &self.labels {
            add("labels_raw", labels.raw);
            add("labels_ours", labels.ours);
            add("labels_additive", labels.additive);
            add("labels_scaled", labels.scaled);
        }
        scalars
    }
}

/// Scores with a smaller deviation are all the same: what is left are roundings of single precision.
const CONSTANT: f64 = 1e-6;
/// A base network whose scores have a smaller deviation tells photos hardly apart.
const COLLAPSED: f64 = 1e-3;

fn is_constant(values: &[f64]) -> bool {
    population_deviation(values) < CONSTANT
}

/// A correlation of scores; none where either are all the same.
fn of_varied(correlation: fn(&[f64], &[f64]) -> Option<f64>, one: &[f64], other: &[f64]) -> Option<f64> {
    (!is_constant(one) && !is_constant(other))
        .then(|| correlation(one, other))
        .flatten()
}

/// Scores of photos by the panel, or by the base network.
fn scores_of(run: &Photofeeler, model: &Model, photos: &[usize], panel: &[usize]) -> Result<Vec<f64>> {
    let outputs = run.outputs(photos)?;
    let panel = model.panel(&outputs, panel)?;
    Ok(panel.map_or_else(|| outputs.scores(), |panel| panel.photo_scores()))
}

/// Photos with so many votes have a spread.
const LEAST_VOTES: usize = 5;

fn disagreement(panel: &Panel, votes: &[Vec<f64>]) -> Option<f64> {
    let places: Vec<usize> = (0..votes.len())
        .filter(|&place| votes[place].len() >= LEAST_VOTES)
        .collect();
    let predicted: Vec<f64> = places
        .iter()
        .map(|&place| population_deviation(&panel.of_photo(place)))
        .collect();
    let observed: Vec<f64> = places
        .iter()
        .map(|&place| population_deviation(&votes[place]))
        .collect();
    pearson_correlation(&predicted, &observed)
}

fn label_quality(run: &Photofeeler, means: &[Option<f64>]) -> Option<LabelQuality> {
    let data = run.data();
    let truth = &data.simulated.as_ref()?.truth;
    let train = &run.prepared().train;
    let votes = data.votes_on(train);
    let with_truth = |quality: &dyn Fn(usize) -> Option<f64>| {
        let pairs = train.iter().filter_map(|&photo| Some((quality(photo)?, truth[photo])));
        let (found, truth): (Vec<f64>, Vec<f64>) = pairs.unzip();
        pearson_correlation(&found, &truth)
    };
    let (photos, voters) = (data.names.len(), data.voters.len());
    let crowd = |model: CrowdModel| with_truth(&|photo| model.quality[photo]);
    let labels = &run.prepared().labels.photos;
    Some(LabelQuality {
        raw: with_truth(&|photo| means[photo]),
        ours: with_truth(&|photo| labels[photo].as_ref().map(|label| label.score)),
        additive: crowd(CrowdModel::additive(&votes, photos, voters)),
        scaled: crowd(CrowdModel::scaled(&votes, photos, voters)),
    })
}

/// Mean over the panel of each voter's mean score: how lenient the model holds each voter to be.
pub(crate) fn leniency(panel: &Panel) -> Vec<f64> {
    let photos = panel.scores.len() / panel.voters.max(1);
    (0..panel.voters)
        .map(|voter| {
            let scores: Vec<f64> = (0..photos)
                .map(|photo| f64::from(panel.scores[photo * panel.voters + voter]))
                .collect();
            mean(&scores)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roundings_are_no_scores_to_correlate() {
        let reference: Vec<f64> = (0..40).map(|photo| f64::from(photo) / 40.0).collect();
        let spread = |by: f64| -> Vec<f64> { reference.iter().map(|value| 0.5 + by * value).collect() };
        let of = |scores: &[f64]| of_varied(pearson_correlation, scores, &reference);
        assert_eq!(of(&spread(1e-7)), None);
        assert_eq!(of_varied(spearman_correlation, &reference, &spread(1e-7)), None);
        assert!(of(&spread(1e-4)).is_some_and(|pearson| (pearson - 1.0).abs() < 1e-9));
    }
}
