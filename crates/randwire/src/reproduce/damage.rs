//! What damage does to the trained networks: a table of correlations, and the paper's box plots.

use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table, mean_and_spread},
        metrics::spearman_correlation,
        plot::{Chart, Series, Style, grid},
    },
    reproduce::{FinishedRun, of_row, values},
};

use super::{RANDOM, net};

pub(super) fn figures(runs: &[FinishedRun]) -> Result<Vec<Figure>> {
    let mut figures: Vec<Figure> = table(runs).into_iter().collect();
    figures.extend(plots(runs)?);
    Ok(figures)
}

/// Rank correlations of degree and loss, network by network.
fn table(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "generator",
        "node: correlation with out-degree",
        "node: median loss, points",
        "edge: correlation with in-degree",
        "edge: median loss, points",
    ]);
    for name in RANDOM.into_iter().chain(["ring", "complete"]) {
        let row = of_row(runs, &format!("fashion/{name}"));
        let correlation = |metric: &str| {
            let values = values(&row, metric);
            if values.is_empty() {
                "–".to_owned()
            } else {
                mean_and_spread(&values, 2)
            }
        };
        let loss = |metric: &str| {
            let points: Vec<f64> = values(&row, metric).into_iter().map(|drop| 100.0 * drop).collect();
            mean_and_spread(&points, 1)
        };
        if !row.is_empty() {
            table.push([
                net(name).label.to_owned(),
                correlation("damage_node_spearman"),
                loss("damage_node_median"),
                correlation("damage_edge_spearman"),
                loss("damage_edge_median"),
            ]);
        }
    }
    (!table.rows.is_empty()).then(|| Figure {
        name: "damage".to_owned(),
        title: "Damage".to_owned(),
        caption: "Every node and every edge removed alone from the trained networks of Fashion-MNIST, 1,000 test pictures: Spearman's \
                  correlation in each network, mean ± deviation over networks. Nodes without successors are left out of the first \
                  column, since the stage's output is their mean. Every node of BA(3) has three inputs or none: there is no correlation. Of edges, WS and \
                  ER have the paper's direction (figure 5)."
            .to_owned(),
        body: Body::Table(table),
    })
}

/// A removal: degree, points of accuracy lost, and whether it was an output.
struct Removal {
    degree: f64,
    lost: f64,
    kind: Kind,
}

#[derive(PartialEq, Clone, Copy)]
enum Kind {
    Inner,
    Output,
    Edge,
}

/// Boxes of all networks of a generator together, a row for each generator.
fn plots(runs: &[FinishedRun]) -> Result<Option<Figure>> {
    let mut charts = Vec::new();
    let mut correlations = Vec::new();
    for name in RANDOM {
        let removals: Vec<Removal> = of_row(runs, &format!("fashion/{name}"))
            .iter()
            .flat_map(|run| removals(run))
            .collect();
        if removals.is_empty() {
            continue;
        }
        let points = |kind: Kind| -> Vec<(f64, f64)> {
            let of_kind = removals.iter().filter(|removal| removal.kind == kind);
            of_kind.map(|removal| (removal.degree, removal.lost)).collect()
        };
        let correlation = |kind: Kind| {
            let (degrees, losses): (Vec<f64>, Vec<f64>) = points(kind).into_iter().unzip();
            spearman_correlation(&degrees, &losses).map_or("–".to_owned(), |value| format!("{value:.2}"))
        };
        let label = net(name).label;
        let chart = |title: String, x_label: &str, series| Chart {
            title,
            x_label: x_label.to_owned(),
            y_label: "accuracy lost, points".to_owned(),
            series,
            ..Chart::default()
        };
        charts.push(chart(
            format!("{label}: a node removed"),
            "out-degree of the node",
            vec![
                Series::new("inner nodes", points(Kind::Inner), Style::Boxes),
                Series::new("outputs", points(Kind::Output), Style::Points),
            ],
        ));
        charts.push(chart(
            format!("{label}: an edge removed"),
            "in-degree of its target",
            vec![Series::new("edges", points(Kind::Edge), Style::Boxes)],
        ));
        correlations.push(format!(
            "{label} {} and {}",
            correlation(Kind::Inner),
            correlation(Kind::Edge)
        ));
    }
    if charts.is_empty() {
        return Ok(None);
    }
    Ok(Some(Figure {
        name: "damage-by-degree".to_owned(),
        title: "Damage by degree".to_owned(),
        caption: format!(
            "All networks of a generator together; boxes are quartiles, lines the extremes. Rank correlation of inner nodes with the \
             out-degree, and of edges with the in-degree of their target: {}.",
            correlations.join(", ")
        ),
        body: Body::Svg(grid(&charts, 2)?),
    }))
}

/// The table of removals that a run drew; none if it has no such file.
fn removals(run: &FinishedRun) -> Vec<Removal> {
    let Ok(mut table) = csv::Reader::from_path(run.folder.join("figures/removals.csv")) else {
        return Vec::new();
    };
    let removal = |row: csv::StringRecord| {
        let kind = match row.get(1)?.split(' ').next()? {
            "node" => Kind::Inner,
            "output" => Kind::Output,
            _ => Kind::Edge,
        };
        Some(Removal {
            degree: row.get(2)?.parse().ok()?,
            lost: row.get(3)?.parse().ok()?,
            kind,
        })
    };
    table.records().filter_map(|row| removal(row.ok()?)).collect()
}
