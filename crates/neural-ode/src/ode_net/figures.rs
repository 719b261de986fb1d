//! Pictures and tables about a trained classifier.

use burn::module::Module;
use papers_core::base::{
    figure::{Body, Figure, Table, number},
    images::ImageSet,
};

use super::{config::OdeNetConfig, evaluate::Classification, model::Classifier};

/// Pictures of the sheet, and in one row of it.
const SAMPLES: usize = 24;
const COLUMNS: usize = 8;
/// Size of a picture on the sheet, of the text below it and of the gap around both, in pixels.
const SIZE: usize = 64;
const TEXT: usize = 16;
const GAP: usize = 8;
/// Levels of ink that are told apart.
const LEVELS: usize = 8;

/// The first pictures of the set, then the misclassified ones, with predicted class and its probability.
pub(super) fn samples(set: &ImageSet, classification: &Classification) -> Figure {
    let is_wrong = |index: &usize| classification.classes[*index] != usize::from(set.labels[*index]);
    let wrong = (0..set.len()).filter(is_wrong).take(SAMPLES / 2);
    let wrong: Vec<usize> = wrong.collect();
    let right = (0..set.len())
        .filter(|index| !is_wrong(index))
        .take(SAMPLES - wrong.len());
    let chosen: Vec<usize> = right.chain(wrong).collect();
    let mut svg = String::new();
    for (place, &index) in chosen.iter().enumerate() {
        let left = GAP + place % COLUMNS * (SIZE + GAP);
        let top = GAP + place / COLUMNS * (SIZE + TEXT + GAP);
        svg += &picture(set, index, left, top);
        let (class, truth) = (classification.classes[index], usize::from(set.labels[index]));
        let percent = 100.0 * classification.confidences[index];
        let name = escape(&set.class_names[class]);
        let (label, color) = if class == truth {
            (format!("{name} · {percent:.0} %"), "currentColor")
        } else {
            (
                format!("{name} · {percent:.0} %, is {}", escape(&set.class_names[truth])),
                "#c0392b",
            )
        };
        let (middle, baseline) = (left + SIZE / 2, top + SIZE + TEXT - 4);
        svg += &format!(
            r#"<text x="{middle}" y="{baseline}" font-size="9" text-anchor="middle" fill="{color}">{label}</text>"#
        );
    }
    let width = GAP + COLUMNS * (SIZE + GAP);
    let height = GAP + chosen.len().div_ceil(COLUMNS) * (SIZE + TEXT + GAP);
    Figure {
        name: "samples".to_owned(),
        title: "Test pictures".to_owned(),
        caption: "Predicted class and its probability; wrong ones in red.".to_owned(),
        body: Body::Svg(format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" font-family="sans-serif">{svg}</svg>"#
        )),
    }
}

/// One picture as rectangles: equal neighbors in a row are one, and paper is left out.
fn picture(set: &ImageSet, index: usize, left: usize, top: usize) -> String {
    let scale = SIZE as f64 / set.height.max(set.width) as f64;
    let mut svg = format!(r##"<rect x="{left}" y="{top}" width="{SIZE}" height="{SIZE}" fill="#fff" stroke="#bbb"/>"##);
    svg += &format!(r#"<g transform="translate({left} {top}) scale({scale:.4})" shape-rendering="crispEdges">"#);
    let image = set.image(index);
    let level = |row: usize, column: usize| {
        let start = (row * set.width + column) * set.channels;
        let sum: usize = image[start..start + set.channels]
            .iter()
            .map(|&value| usize::from(value))
            .sum();
        sum * LEVELS / (usize::from(set.maximum.max(1)) * set.channels)
    };
    for row in 0..set.height {
        let mut column = 0;
        while column < set.width {
            let ink = level(row, column);
            let end = (column..set.width)
                .find(|&next| level(row, next) != ink)
                .unwrap_or(set.width);
            if ink > 0 {
                let (width, opacity) = (end - column, ink as f64 / LEVELS as f64);
                svg += &format!(
                    r#"<rect x="{column}" y="{row}" width="{width}" height="1" fill-opacity="{opacity:.3}"/>"#
                );
            }
            column = end;
        }
    }
    svg + "</g>"
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// How many pictures of each class were taken for which.
pub(super) fn confusion(set: &ImageSet, classification: &Classification) -> Figure {
    let mut counts = vec![vec![0_usize; set.classes]; set.classes];
    for (&class, &label) in classification.classes.iter().zip(&set.labels) {
        counts[usize::from(label)][class] += 1;
    }
    let mut table = Table::new(std::iter::once("class".to_owned()).chain(set.class_names.iter().cloned()));
    for (name, row) in set.class_names.iter().zip(counts) {
        table.push(std::iter::once(name.clone()).chain(row.iter().map(usize::to_string)));
    }
    Figure {
        name: "confusion".to_owned(),
        title: "Test pictures by class and prediction".to_owned(),
        caption: "A row is a class, a column a prediction.".to_owned(),
        body: Body::Table(table),
    }
}

/// What the network has and takes, as in the paper's table 1.
pub(super) fn cost(
    config: &OdeNetConfig,
    model: &Classifier,
    set: &ImageSet,
    classification: &Classification,
) -> Figure {
    let mut table = Table::new([
        "network",
        "parameters",
        "test error",
        "evaluations",
        "seconds per 1,000 pictures",
    ]);
    let seconds = classification.duration.as_secs_f64() * 1000.0 / set.len() as f64;
    table.push([
        config.model.name().to_owned(),
        model.num_params().to_string(),
        format!("{:.2} %", 100.0 * classification.error_rate(set)),
        number(classification.mean_evaluations()),
        number(seconds),
    ]);
    Figure {
        name: "cost".to_owned(),
        title: "The network".to_owned(),
        caption: format!(
            "Test error of the last state on {} pictures of {}.",
            set.len(),
            set.name
        ),
        body: Body::Table(table),
    }
}
