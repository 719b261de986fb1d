use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        plot::{Chart, Series, grid},
        projection::Projection,
    },
};

use crate::{Rows, train::MetricLearning};

/// Points of a map, and groups that it tells apart.
const POINTS: usize = 1500;
const GROUPS: usize = 10;

/// Test embeddings in the plane of their greatest variance, colored by what is known of the pictures.
pub(super) fn embedding(run: &MetricLearning, queries: &Rows) -> Result<Figure> {
    let test = &run.pictures().tests[0].queries;
    let shown: Vec<usize> = (0..queries.len())
        .step_by(queries.len().div_ceil(POINTS).max(1))
        .collect();
    let values: Vec<f64> = shown
        .iter()
        .flat_map(|&index| queries.row(index))
        .map(|&value| value.into())
        .collect();
    let projection = Projection::of(&values, queries.width(), 2);
    let places: Vec<(f64, f64)> = values
        .chunks_exact(queries.width())
        .map(|point| {
            let place = projection.apply(point);
            (place[0], place.get(1).copied().unwrap_or(0.0))
        })
        .collect();
    let chart = |title: &str, groups: &[usize], name: &dyn Fn(usize) -> String| {
        let mut series: Vec<Series> = Vec::new();
        for group in 0..GROUPS {
            let of = shown.iter().zip(&places).filter(|&(&index, _)| groups[index] == group);
            let points: Vec<(f64, f64)> = of.map(|(_, &place)| place).collect();
            if !points.is_empty() {
                series.push(Series::points(name(group), points));
            }
        }
        Chart {
            title: title.to_owned(),
            series,
            width: 480,
            height: 420,
            ..Chart::default()
        }
    };
    let charts: Vec<Chart> = match test.causes() {
        [] => vec![chart("classes, the first ten", test.labels(), &|class| {
            test.class_names()[class].clone()
        })],
        causes => causes
            .iter()
            .map(|cause| chart(&cause.name, &cause.values, &|value| value.to_string()))
            .collect(),
    };
    let share: f64 = projection.shares.iter().sum();
    Ok(Figure {
        name: "map".to_owned(),
        title: "Map of the test embeddings".to_owned(),
        caption: format!(
            "The two directions of greatest variance (principal components), {:.0} % of all.",
            100.0 * share
        ),
        body: Body::Svg(grid(&charts, 2)?),
    })
}
