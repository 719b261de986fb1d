use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        plot::{Chart, Series},
    },
};

use crate::{evaluate::Evaluation, train::PreferenceLearning};

/// Points of the scatter plot, at most.
const POINTS: usize = 1500;

/// Predicted beside true rewards, where there is a reward model.
pub(super) fn all(run: &PreferenceLearning, evaluation: &Evaluation) -> Result<Vec<Figure>> {
    let Some(predicted) = &evaluation.predicted else {
        return Ok(Vec::new());
    };
    let truth = &evaluation.collected.true_rewards;
    Ok(vec![
        scatter(truth, predicted)?,
        along_an_episode(run, evaluation, predicted)?,
    ])
}

fn scatter(truth: &[f64], predicted: &[f64]) -> Result<Figure> {
    let every = truth.len().div_ceil(POINTS).max(1);
    let points = truth
        .iter()
        .zip(predicted)
        .step_by(every)
        .map(|(truth, predicted)| (*truth, *predicted));
    let chart = Chart {
        x_label: "true reward of a step".to_owned(),
        y_label: "predicted reward (normalized)".to_owned(),
        series: vec![Series::points("", points)],
        ..Chart::default()
    };
    Ok(Figure {
        name: "predicted-and-true".to_owned(),
        title: "Predicted and true rewards".to_owned(),
        caption: "Steps of the evaluation's episodes. A predicted reward has no scale and no zero of its own: what \
                  counts is whether it rises with the true one."
            .to_owned(),
        body: Body::Svg(chart.to_svg()?),
    })
}

fn along_an_episode(run: &PreferenceLearning, evaluation: &Evaluation, predicted: &[f64]) -> Result<Figure> {
    let steps = evaluation.collected.experience.steps;
    let line = |values: &[f64]| -> Vec<(f64, f64)> {
        let moments = crate::reward_model::Moments::of(values.iter().copied());
        let deviation = moments.deviation().max(f64::MIN_POSITIVE);
        let scaled = values[..steps].iter().map(|value| (value - moments.mean) / deviation);
        scaled.enumerate().map(|(step, value)| (step as f64, value)).collect()
    };
    let chart = Chart {
        x_label: "step".to_owned(),
        y_label: "reward (mean 0, deviation 1)".to_owned(),
        series: vec![
            Series::line("true", line(&evaluation.collected.true_rewards)),
            Series::line("predicted", line(predicted)),
        ],
        ..Chart::default()
    };
    Ok(Figure {
        name: "along-an-episode".to_owned(),
        title: "Rewards along an episode".to_owned(),
        caption: format!(
            "The first episode of the evaluation in `{}`, the one that is filmed above.",
            run.task().name
        ),
        body: Body::Svg(chart.to_svg()?),
    })
}
