//! How faces were drawn: epoch by epoch, and beside what is hidden.

use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table, number},
        images::{Tile, sheet},
        metrics::spearman_correlation,
        plot::{self, Chart, Scale, Series, Style},
    },
};

use super::for_measuring;
use crate::{
    resampling::SCARCE,
    train::{DebiasedDetector, EpochDraws},
};

/// Faces of each end that are shown of an epoch.
const ENDS: usize = 10;
/// Points of a drawing, at most.
const POINTS: usize = 1500;

pub(super) fn all(run: &DebiasedDetector) -> Result<Vec<Figure>> {
    let history = run.history();
    let Some(last) = history.last() else {
        return Ok(Vec::new());
    };
    let mut figures = vec![table(run, history), curves(run, history)?];
    if last.report.is_some() {
        figures.push(likely_faces(run, last)?);
        figures.push(likely_over_epochs(run, history)?);
        figures.push(deciles(history));
        figures.extend(hidden(run)?);
    }
    Ok(figures)
}

fn table(run: &DebiasedDetector, history: &[EpochDraws]) -> Figure {
    let names = &run.data().face_group_names;
    let mut table = Table::new(
        [
            "epoch",
            "effective sample size",
            "greatest weight",
            "different faces",
            "dimensions",
        ]
        .into_iter()
        .map(str::to_owned)
        .chain(names.iter().map(|name| format!("{name}, %"))),
    );
    for draws in history {
        let report = draws.report.as_ref();
        let masses = draws.masses.iter().map(|mass| format!("{:.1}", 100.0 * mass));
        let shown = |value: Option<String>| value.unwrap_or_else(|| "uniform".to_owned());
        table.push(
            [
                draws.epoch.to_string(),
                shown(report.map(|report| format!("{:.0}", report.effective_sample_size))),
                report.map_or_else(|| "–".to_owned(), |report| number(report.greatest)),
                draws.distinct.to_string(),
                report.map_or_else(|| "–".to_owned(), |report| report.dimensions.to_string()),
            ]
            .into_iter()
            .chain(masses),
        );
    }
    Figure {
        name: "draws".to_owned(),
        title: "How faces were drawn".to_owned(),
        caption: format!(
            "Of {} faces. Effective sample size is 1 / Σ w²; below {:.0} few faces get nearly all draws{}. The last columns are what each true \
             group was drawn with. {}",
            run.data().faces.len(),
            SCARCE * run.data().faces.len() as f64,
            warning(history),
            for_measuring(&run.config().resampling.strategy)
        ),
        body: Body::Table(table),
    }
}

/// How often the effective sample size was too small.
fn warning(history: &[EpochDraws]) -> String {
    let reports = history.iter().filter_map(|draws| draws.report.as_ref());
    match reports.filter(|report| report.is_scarce()).count() {
        0 => String::new(),
        count => format!(
            ", which was so in {count} of {} epochs: use a larger alpha or smoothing, or the strategy `tempered`",
            history.len()
        ),
    }
}

fn curves(run: &DebiasedDetector, history: &[EpochDraws]) -> Result<Figure> {
    let epochs = |of: &dyn Fn(&EpochDraws) -> f64| -> Vec<(f64, f64)> {
        history.iter().map(|draws| (draws.epoch as f64, of(draws))).collect()
    };
    let rows = run.data().faces.len() as f64;
    let size = epochs(&|draws| {
        draws
            .report
            .as_ref()
            .map_or(rows, |report| report.effective_sample_size)
    });
    let names = run.data().face_group_names.iter().enumerate();
    let groups = names.map(|(group, name)| {
        let share = epochs(&|draws| 100.0 * draws.masses[group]);
        Series::new(name.replace('_', " "), share, Style::LinePoints)
    });
    let chart = |title: &str, label: &str, series: Vec<Series>| Chart {
        title: title.to_owned(),
        x_label: "epoch".to_owned(),
        y_label: label.to_owned(),
        series,
        width: 460,
        ..Chart::default()
    };
    let charts = [
        chart(
            "effective sample size",
            "faces",
            vec![
                Series::new("effective sample size", size, Style::LinePoints),
                Series::new(
                    "different faces drawn",
                    epochs(&|draws| draws.distinct as f64),
                    Style::LinePoints,
                ),
            ],
        ),
        chart("share of draws by true group", "%", groups.collect()),
    ];
    Ok(Figure {
        name: "draws-curves".to_owned(),
        title: "Draws over epochs".to_owned(),
        caption: for_measuring(&run.config().resampling.strategy).to_owned(),
        body: Body::Svg(plot::grid(&charts, 2)?),
    })
}

fn likely_faces(run: &DebiasedDetector, last: &EpochDraws) -> Result<Figure> {
    let faces = &run.data().faces;
    let weights = run.sampler().weights().values();
    let tile = |&row: &usize| Tile {
        pixels: faces.image(row).to_vec(),
        lines: vec![format!("{:.2}", weights[row] * faces.len() as f64)],
        marked: false,
    };
    let tiles: Vec<Tile> = last.least.iter().chain(&last.most).map(tile).collect();
    Ok(Figure {
        name: "likely-faces".to_owned(),
        title: "Least and most likely faces to learn from".to_owned(),
        caption: format!(
            "First row: drawn least often in epoch {}; second row: most often. Below each: its weight times the number of faces, 1 for \
             uniform draws.",
            last.epoch
        ),
        body: Body::Png(sheet(faces, &tiles, last.least.len())?),
    })
}

/// The ends of the weights in each epoch that has some.
fn likely_over_epochs(run: &DebiasedDetector, history: &[EpochDraws]) -> Result<Figure> {
    let faces = &run.data().faces;
    let tile = |line: String, row: usize| Tile {
        pixels: faces.image(row).to_vec(),
        lines: vec![line],
        marked: false,
    };
    let (mut tiles, mut columns) = (Vec::new(), 1);
    for draws in history.iter().filter(|draws| draws.report.is_some()) {
        columns = 2 * draws.least.len().min(ENDS);
        for (end, rows) in [("LEAST", &draws.least), ("MOST", &draws.most)] {
            let rows = rows.iter().take(ENDS).enumerate();
            tiles.extend(rows.map(|(place, &row)| match place {
                0 => tile(format!("{} {end}", draws.epoch), row),
                _ => tile(String::new(), row),
            }));
        }
    }
    Ok(Figure {
        name: "likely-over-epochs".to_owned(),
        title: "Least and most likely faces, epoch by epoch".to_owned(),
        caption: "A row for each epoch, whose number stands below it: the faces that it draws least often, then those that it draws most often."
            .to_owned(),
        body: Body::Png(sheet(faces, &tiles, columns)?),
    })
}

fn deciles(history: &[EpochDraws]) -> Figure {
    let count = history.last().map_or(0, |draws| draws.deciles.len());
    let mut table = Table::new(
        ["epoch".to_owned()]
            .into_iter()
            .chain((1..=count).map(|decile| format!("tenth {decile}"))),
    );
    for draws in history {
        let Some(report) = &draws.report else { continue };
        let relative = draws
            .deciles
            .iter()
            .map(|mean| format!("{:.2}", mean * report.rows as f64));
        table.push([draws.epoch.to_string()].into_iter().chain(relative));
    }
    Figure {
        name: "deciles".to_owned(),
        title: "Weights by tenth of the faces".to_owned(),
        caption: "Mean weight times the number of faces, from the least likely tenth to the most likely one; 1 for uniform draws.".to_owned(),
        body: Body::Table(table),
    }
}

/// Weights beside the hidden attributes.
fn hidden(run: &DebiasedDetector) -> Result<Option<Figure>> {
    let data = run.data();
    let weights = run.sampler().weights().values();
    let rows = weights.len() as f64;
    let correlated = |values: &[f64]| spearman_correlation(values, weights).unwrap_or(0.0).abs();
    let mut attributes: Vec<_> = data.attributes.iter().collect();
    attributes.sort_by(|one, other| correlated(&other.values).total_cmp(&correlated(&one.values)));
    if attributes.is_empty() {
        return Ok(None);
    }
    let step = weights.len().div_ceil(POINTS);
    let first = data.attributes.first().into_iter();
    // Dots of an attribute with two values say little.
    let is_graded = |values: &[f64]| {
        values
            .iter()
            .any(|value| *value != values[0] && *value != 1.0 - values[0])
    };
    let others = attributes
        .into_iter()
        .filter(|attribute| attribute.name != data.attributes[0].name && is_graded(&attribute.values));
    let charts: Vec<Chart> = first
        .chain(others.take(3))
        .map(|attribute| {
            let points = (0..weights.len())
                .step_by(step)
                .map(|row| (attribute.values[row], weights[row] * rows));
            let of = spearman_correlation(&attribute.values, weights);
            Chart {
                title: format!(
                    "{} (Spearman {})",
                    attribute.name,
                    of.map_or_else(|| "–".to_owned(), |of| format!("{of:.2}"))
                ),
                x_label: attribute.name.clone(),
                y_label: "weight × faces".to_owned(),
                y_scale: Scale::Log,
                series: vec![Series::points("", points)],
                width: 420,
                height: 300,
                ..Chart::default()
            }
        })
        .collect();
    Ok(Some(Figure {
        name: "hidden".to_owned(),
        title: "Weights beside hidden attributes".to_owned(),
        caption: format!(
            "One dot for a face: how much more often it is drawn than by uniform draws. The first attribute of the set, and the three \
             others that the weights follow most. {}",
            for_measuring(&run.config().resampling.strategy)
        ),
        body: Body::Svg(plot::grid(&charts, 2)?),
    }))
}
