use papers_core::{
    Result,
    base::{
        figure::{Body, Figure},
        metrics::pearson_correlation,
        plot::{Chart, Color, Series},
        projection::Projection,
    },
};

use crate::{evaluate::Findings, train::Photofeeler};

/// Groups of voters by harshness.
const GROUPS: usize = 5;

/// Harshness of each seen voter from votes to learn from: how far the voter's mean is below that of all.
fn harshness(run: &Photofeeler) -> Vec<f64> {
    let tables = &run.prepared().tables;
    let seen = run.prepared().seen.iter();
    seen.map(|&voter| tables.mean - tables.voters[voter].mean).collect()
}

/// Embeddings in the plane of their two main axes, colored by harshness.
pub(super) fn map(run: &Photofeeler, _: &Findings) -> Result<Option<Figure>> {
    let model = run.model();
    let seen = &run.prepared().seen;
    let Some(voters) = model.voters.as_ref().filter(|_| seen.len() > 2) else {
        return Ok(None);
    };
    let wanted: Vec<Option<usize>> = seen.iter().copied().map(Some).collect();
    let table = voters.embeddings_of(&wanted, seen);
    let dimensions = table.dims()[1];
    let values: Vec<f64> = table.try_into_vec_as::<f64>()?;
    let projection = Projection::of(&values, dimensions, 2.min(dimensions));
    let points: Vec<(f64, f64)> = values
        .chunks_exact(dimensions)
        .map(|row| {
            let place = projection.apply(row);
            (place[0], place.get(1).copied().unwrap_or_default())
        })
        .collect();
    let harshness = harshness(run);
    let with_axis = |axis: usize| {
        let places: Vec<f64> = points.iter().map(|&(x, y)| if axis == 0 { x } else { y }).collect();
        pearson_correlation(&places, &harshness).map_or_else(|| "undefined".to_owned(), |of| format!("{of:.2}"))
    };
    let mut order: Vec<usize> = (0..seen.len()).collect();
    order.sort_by(|&one, &other| harshness[one].total_cmp(&harshness[other]));
    let size = order.len().div_ceil(GROUPS);
    let series = order.chunks(size).enumerate().map(|(group, members)| {
        let name = match group {
            0 => "most lenient fifth".to_owned(),
            group if group + 1 == GROUPS => "harshest fifth".to_owned(),
            group => format!("fifth {}", group + 1),
        };
        Series::points(name, members.iter().map(|&member| points[member])).colored(shade(group))
    });
    let chart = Chart {
        x_label: "first axis".to_owned(),
        y_label: "second axis".to_owned(),
        series: series.collect(),
        ..Chart::default()
    };
    Ok(Some(Figure {
        name: "voter-map".to_owned(),
        title: "Map of the voters".to_owned(),
        caption: format!(
            "Embeddings of voters along their two main axes, from lenient (blue) to harsh (red) by the mean of their own votes, drawn to that \
             of all where there are few. Pearson of harshness with the first axis {}, with the second {}.",
            with_axis(0),
            with_axis(1)
        ),
        body: Body::Svg(chart.to_svg()?),
    }))
}

/// From blue to red.
fn shade(group: usize) -> Color {
    const SHADES: [Color; GROUPS] = [
        Color(0x21, 0x66, 0xac),
        Color(0x67, 0xa9, 0xcf),
        Color(0x9a, 0x9a, 0x9a),
        Color(0xef, 0x8a, 0x62),
        Color(0xb2, 0x18, 0x2b),
    ];
    SHADES[group.min(GROUPS - 1)]
}

/// How lenient the model holds each voter of the panel to be, against the voter's own votes.
pub(super) fn leniency(run: &Photofeeler, findings: &Findings) -> Result<Option<Figure>> {
    let Some(panel) = &findings.panel else {
        return Ok(None);
    };
    let predicted = crate::evaluate::leniency(panel);
    let tables = &run.prepared().tables;
    let own: Vec<f64> = findings
        .panel_voters
        .iter()
        .map(|&voter| tables.voters[voter].mean)
        .collect();
    let known = pearson_correlation(&own, &predicted);
    let chart = Chart {
        x_label: "mean of the voter's votes".to_owned(),
        y_label: "mean predicted score".to_owned(),
        series: vec![Series::points("", own.iter().copied().zip(predicted))],
        ..Chart::default()
    };
    Ok(Some(Figure {
        name: "leniency".to_owned(),
        title: "Leniency of voters".to_owned(),
        caption: format!(
            "One dot for each voter of the panel; Pearson {}. Means of own votes are drawn to that of all where there are few.",
            known.map_or_else(|| "undefined".to_owned(), |known| format!("{known:.2}"))
        ),
        body: Body::Svg(chart.to_svg()?),
    }))
}
