//! Curves over votes per photo and over numbers of people.

use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table, mean_and_deviation, mean_and_spread},
        plot::{Chart, Series, Style},
    },
    reproduce::{FinishedRun, of_row, values},
};

use super::tables::{table_figure, told};
use crate::evaluate::HUMAN_COUNTS;

fn votes_row(count: usize, kind: &str) -> String {
    match (count, kind) {
        (3, "voter") => "features/random-normalized-voter".to_owned(),
        (3, _) => "features/random-raw-regression".to_owned(),
        (count, kind) => format!("votes/{count}-{kind}"),
    }
}

/// How little is enough.
pub(super) fn few_votes(runs: &[FinishedRun]) -> Result<Vec<Figure>> {
    const COUNTS: [usize; 5] = [1, 2, 3, 5, 10];
    let mut table = Table::new([
        "votes per photo",
        "MSE on raw means",
        "KL distribution",
        "voters",
        "single votes: photo's score",
        "voter model",
    ]);
    for count in COUNTS {
        let (regression, voter) = (votes_row(count, "regression"), votes_row(count, "voter"));
        if of_row(runs, &voter).is_empty() {
            continue;
        }
        table.push([
            count.to_string(),
            told(runs, &regression, "pearson"),
            told(runs, &voter, "base_pearson"),
            told(runs, &voter, "pearson"),
            told(runs, &voter, "votes_base"),
            told(runs, &voter, "votes_voter_model"),
        ]);
    }
    let band = |name: &str, kind: &str, metric: &str| {
        let points: Vec<(f64, f64, f64)> = COUNTS
            .iter()
            .filter_map(|&count| {
                let found = values(&of_row(runs, &votes_row(count, kind)), metric);
                let (mean, deviation) = mean_and_deviation(&found)?;
                Some((count as f64, mean, deviation.unwrap_or_default()))
            })
            .collect();
        let style = Style::Band {
            lower: points.iter().map(|(_, mean, deviation)| mean - deviation).collect(),
            upper: points.iter().map(|(_, mean, deviation)| mean + deviation).collect(),
        };
        Series::new(name, points.iter().map(|(count, mean, _)| (*count, *mean)), style)
    };
    let chart = Chart {
        x_label: "votes per photo to learn from".to_owned(),
        y_label: "Pearson".to_owned(),
        series: vec![
            band("MSE on raw means", "regression", "pearson"),
            band("KL distribution", "voter", "base_pearson"),
            band("voters", "voter", "pearson"),
        ],
        ..Chart::default()
    };
    let Some(numbers) = table_figure(
        "few-votes",
        "Few votes",
        "As in the first table, random serving; everything but the raw means with normalized, weighted votes. Prototype (one seed): 1 vote \
         0.598 (MSE) and 0.657 (voters), 3 votes 0.715 and 0.783."
            .to_owned(),
        table,
    ) else {
        return Ok(Vec::new());
    };
    let drawing = Figure {
        name: "few-votes-curve".to_owned(),
        title: "Pearson by votes per photo".to_owned(),
        caption: "Lines are means over seeds, bands a deviation to each side.".to_owned(),
        body: Body::Svg(chart.to_svg()?),
    };
    Ok(vec![numbers, drawing])
}

/// People beside the model.
pub(super) fn people(runs: &[FinishedRun]) -> Result<Option<Figure>> {
    let of = of_row(runs, "features/random-normalized-voter");
    if of.is_empty() {
        return Ok(None);
    }
    let mean = |metric: &str| mean_and_deviation(&values(&of, metric)).map(|(mean, _)| mean);
    let people: Vec<(f64, f64)> = HUMAN_COUNTS
        .iter()
        .filter_map(|&count| Some((count as f64, mean(&format!("people_{count}"))?)))
        .collect();
    let model = mean("pearson").unwrap_or(f64::NAN);
    let chart = Chart {
        x_label: "raw votes that are averaged".to_owned(),
        y_label: "Pearson with the truth".to_owned(),
        series: vec![
            Series::new("people", people.iter().copied(), Style::LinePoints),
            Series::new("model", people.iter().map(|(count, _)| (*count, model)), Style::Dashed),
        ],
        ..Chart::default()
    };
    let worth = mean_and_spread(&values(&of, "human_votes"), 1);
    Ok(Some(Figure {
        name: "people".to_owned(),
        title: "How many people the model is worth".to_owned(),
        caption: format!(
            "Raw votes of simulated voters, served by activity: the model is worth {worth} of them. The paper: about 10 raw votes; its authors \
             later: 15, or 4 to 7 normalized ones."
        ),
        body: Body::Svg(chart.to_svg()?),
    }))
}
