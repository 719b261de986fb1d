//! What networks cost: those of the runs, and the paper's own beside its tables.

use papers_core::{
    base::figure::{Body, Figure, Table, mean_and_deviation, mean_and_spread},
    reproduce::FinishedRun,
};

use crate::{
    graph::Generator,
    network::{Cost, NetworkConfig},
};

/// Graphs of each of the paper's networks.
const GRAPHS: u64 = 1000;

/// Thousands of multiply-adds of a picture, mean and deviation over runs.
pub(super) fn thousands(runs: &[&FinishedRun]) -> String {
    let costs = runs.iter().filter_map(|run| run.metric("multiply_adds"));
    let costs: Vec<f64> = costs.map(|cost| cost / 1e3).collect();
    mean_and_spread(&costs, 0)
}

/// The paper's networks, counted.
pub(super) fn beside_the_paper() -> Figure {
    let generator = Generator::Ws { k: 4, p: 0.75 };
    let mut table = Table::new([
        "network",
        "weights, millions",
        "paper",
        "multiply-adds, millions",
        "paper",
    ]);
    for (name, config, size, weights, multiply_adds) in [
        (
            "small, C = 78",
            NetworkConfig::small(78, generator),
            224,
            "5.6 ± 0.1",
            "583 ± 6.2",
        ),
        (
            "regular, C = 109",
            NetworkConfig::regular(109, generator),
            224,
            "31.9 ± 0.66",
            "4000 ± 90",
        ),
        (
            "regular, C = 154",
            NetworkConfig::regular(154, generator),
            224,
            "61.5 ± 1.32",
            "7900 ± 180",
        ),
        (
            "the same at 320 pixels",
            NetworkConfig::regular(154, generator),
            320,
            "61.5 ± 1.32",
            "16000 ± 360",
        ),
    ] {
        let costs: Vec<Cost> = (0..GRAPHS)
            .filter_map(|seed| Some(config.cost(&config.graphs(seed).ok()?, 3, 1000, [size; 2])))
            .collect();
        let millions = |of: fn(&Cost) -> usize, digits: usize| {
            let values: Vec<f64> = costs.iter().map(|cost| of(cost) as f64 / 1e6).collect();
            let (mean, deviation) = mean_and_deviation(&values).unwrap_or_default();
            format!("{mean:.digits$} ± {:.digits$}", deviation.unwrap_or(0.0))
        };
        table.push([
            name.to_owned(),
            millions(Cost::parameters, 2),
            weights.to_owned(),
            millions(|cost| cost.multiply_adds, 0),
            multiply_adds.to_owned(),
        ]);
    }
    Figure {
        name: "cost".to_owned(),
        title: "The paper's networks, counted".to_owned(),
        caption: "WS(4,0.75), mean ± deviation over 1,000 networks; the paper's numbers are those of tables 2, 3 and 4. Multiply-adds are those \
                  of convolutions and of the classifier; weighted sums add one percent. None of these networks was trained here."
            .to_owned(),
        body: Body::Table(table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_papers_networks_cost_what_it_says() {
        let Body::Table(table) = beside_the_paper().body else {
            panic!("a table")
        };
        let first = |cell: &str| {
            cell.split(' ')
                .next()
                .and_then(|number| number.parse::<f64>().ok())
                .expect("a number")
        };
        for row in table.rows {
            for pair in [[1, 2], [3, 4]] {
                let [ours, paper] = pair.map(|column| first(&row[column]));
                assert!((ours / paper - 1.0).abs() < 0.02, "{row:?}");
            }
        }
    }
}
