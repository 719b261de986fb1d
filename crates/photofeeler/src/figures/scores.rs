use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        plot::{Chart, Series, Style, grid},
    },
};

use crate::{
    evaluate::{Calibration, Findings},
    train::Photofeeler,
    votes::{BINS, bin, center},
};

/// Photos whose distributions are shown.
const SHOWN: usize = 6;

/// Predicted against real scores.
pub(super) fn predicted(findings: &Findings) -> Result<Figure> {
    let points = |scores: &[f64]| -> Vec<(f64, f64)> {
        scores
            .iter()
            .zip(&findings.reference)
            .map(|(score, real)| (*real, *score))
            .collect()
    };
    let mut series = Vec::new();
    if findings.panel.is_some() {
        series.push(Series::points("base network", points(&findings.base_scores)));
        series.push(Series::points("voter model", points(&findings.scores)));
    } else {
        series.push(Series::points("base network", points(&findings.scores)));
    }
    let chart = Chart {
        x_label: if findings.is_truth {
            "what all voters would say"
        } else {
            "mean of the votes"
        }
        .to_owned(),
        y_label: "predicted score".to_owned(),
        series,
        ..Chart::default()
    };
    Ok(Figure {
        name: "predicted".to_owned(),
        title: "Predicted against real scores".to_owned(),
        caption: "One dot for each photo to measure with. Scales differ where votes were normalized: what counts is the order and the line."
            .to_owned(),
        body: Body::Svg(chart.to_svg()?),
    })
}

/// What people are worth beside the model.
pub(super) fn people(findings: &Findings) -> Result<Option<Figure>> {
    let points = &findings.humans.points;
    if points.is_empty() {
        return Ok(None);
    }
    let line =
        |of: fn(&crate::evaluate::HumanPoint) -> f64| points.iter().map(move |point| (point.votes as f64, of(point)));
    let chart = Chart {
        x_label: "raw votes that are averaged".to_owned(),
        y_label: "Pearson".to_owned(),
        series: vec![
            Series::new("people", line(|point| point.people), Style::LinePoints),
            Series::new("model", line(|point| point.model), Style::Dashed),
        ],
        ..Chart::default()
    };
    let worth = findings.humans.equivalence().map_or_else(String::new, |equivalence| {
        format!(" The model is worth {equivalence} raw votes.")
    });
    Ok(Some(Figure {
        name: "people".to_owned(),
        title: "How many people the model is worth".to_owned(),
        caption: match findings.is_truth {
            true => format!("Correlation with the truth.{worth}"),
            false => format!("Correlation with the mean of the votes that were not drawn, the model's too.{worth}"),
        },
        body: Body::Svg(chart.to_svg()?),
    }))
}

/// Whether distributions come true.
pub(super) fn calibration(findings: &Findings) -> Result<Option<Figure>> {
    let curve = |name: &str, of: &Option<Calibration>| {
        let groups = of.as_ref()?.groups.iter();
        Some(Series::new(
            name,
            groups.map(|group| (group.predicted, group.observed)),
            Style::LinePoints,
        ))
    };
    let votes = &findings.votes;
    let mut series: Vec<Series> = curve("base network", &votes.base_calibration)
        .into_iter()
        .chain(curve("voter model", &votes.voter_calibration))
        .collect();
    if series.is_empty() {
        return Ok(None);
    }
    series.push(Series::new("as predicted", [(0.0, 0.0), (1.0, 1.0)], Style::Dashed));
    let chart = Chart {
        x_label: "predicted share of votes at or above a bin".to_owned(),
        y_label: "observed share".to_owned(),
        series,
        ..Chart::default()
    };
    Ok(Some(Figure {
        name: "calibration".to_owned(),
        title: "Calibration of predicted distributions".to_owned(),
        caption: "Single votes on photos that were not learned from, all nine thresholds between the bins.".to_owned(),
        body: Body::Svg(chart.to_svg()?),
    }))
}

/// Distributions of a few photos, from the lowest to the highest score.
pub(super) fn distributions(run: &Photofeeler, findings: &Findings) -> Result<Figure> {
    let (data, config) = (run.data(), run.config());
    let mut order: Vec<usize> = (0..findings.photos.len()).collect();
    order.sort_by(|&one, &other| findings.scores[one].total_cmp(&findings.scores[other]));
    let shown = SHOWN.min(order.len());
    let charts: Vec<Chart> = (0..shown)
        .map(|step| {
            let place = order[step * (order.len() - 1) / (shown - 1).max(1)];
            let photo = findings.photos[place];
            let values = data.votes.iter().filter(|vote| vote.photo == photo);
            let values: Vec<f64> = values
                .map(|vote| config.votes.value(&run.prepared().tables, data.range, vote))
                .collect();
            let mut observed = [0.0; BINS];
            values
                .iter()
                .for_each(|&value| observed[bin(value)] += 1.0 / values.len() as f64);
            let line = |shares: Vec<f64>| shares.into_iter().enumerate().map(|(bin, share)| (center(bin), share));
            let mut series = vec![Series::new("votes", line(observed.to_vec()), Style::LinePoints)];
            if findings.outputs.units == BINS {
                series.push(Series::line("base network", line(findings.outputs.shares(place))));
            }
            if let Some(panel) = &findings.panel {
                series.push(Series::line("mean of the voters", line(panel.shares_of(place))));
            }
            Chart {
                title: format!("{}: {:.2}", data.names[photo], findings.scores[place]),
                x_label: "vote".to_owned(),
                y_label: "share".to_owned(),
                series,
                width: 300,
                height: 230,
                ..Chart::default()
            }
        })
        .collect();
    Ok(Figure {
        name: "distributions".to_owned(),
        title: "Distributions of votes".to_owned(),
        caption: "Photos to measure with, from the lowest to the highest predicted score: shares of their votes in ten bins, and what was \
                  predicted."
            .to_owned(),
        body: Body::Svg(grid(&charts, 3)?),
    })
}
