//! The runs behind the README: generators, controls and a residual network of equal cost on Fashion-MNIST, operations,
//! damage, and the embedded digits.

mod cost;
mod damage;

use papers_core::{
    Result,
    base::{
        figure::{Body, Figure, Table, mean_and_deviation, mean_and_spread},
        metrics::pearson_correlation,
        plot::{Chart, Series, Style},
    },
    reproduce::{Findings, FinishedRun, Headline, PlannedRun, Reproduction, SEEDS, minutes, of_row, values},
};

use crate::network::Operation;

/// For [`Paper::reproduction`](papers_core::cli::Paper::reproduction).
pub(crate) const REPRODUCTION: Reproduction = Reproduction { plan, summarize };

const ERROR: &str = "test_error";
/// Seeds of rows that there are many of.
const FEW: usize = 3;
/// Multiply-adds of `fashion` with WS(4,0.75) and separable convolutions, to which other networks are fitted.
const COST: &str = "network.multiply_adds=340000";

/// A row of the table of networks: its name, and the overrides.
struct Net {
    name: &'static str,
    label: &'static str,
    sets: &'static [&'static str],
}

/// Networks of about the same multiply-adds.
const NETS: [Net; 7] = [
    Net {
        name: "resnet",
        label: "ResNet",
        sets: &["model='resnet'"],
    },
    Net {
        name: "ws",
        label: "WS(4,0.75)",
        sets: &["network.graph={generator='ws',k=4,p=0.75}"],
    },
    Net {
        name: "er",
        label: "ER(0.35)",
        sets: &["network.graph={generator='er',p=0.35}"],
    },
    Net {
        name: "ba",
        label: "BA(3)",
        sets: &["network.graph={generator='ba',m=3}"],
    },
    Net {
        name: "ring",
        label: "WS(4,0), no randomness",
        sets: &["network.graph={generator='ws',k=4,p=0.0}"],
    },
    Net {
        name: "chain",
        label: "chain",
        sets: &["network.graph={generator='chain'}"],
    },
    Net {
        name: "complete",
        label: "complete",
        sets: &["network.graph={generator='complete'}"],
    },
];

/// Of the networks, those with random wires.
const RANDOM: [&str; 3] = ["ws", "er", "ba"];
/// Generators of the study of operations.
const STUDIED: [&str; 4] = ["ws", "er", "ba", "ring"];

/// Experiments of the table of networks, and what their pictures are.
const SETS: [(&str, &str); 2] = [
    ("fashion", "6,000 pictures of Fashion-MNIST, 3 epochs"),
    ("digits", "the embedded 8×8 digits"),
];

fn plan(quick: bool) -> Vec<PlannedRun> {
    let mut runs = Vec::new();
    let mut plan = |row: String, experiment, seeds: usize, sets: Vec<String>| {
        runs.extend(PlannedRun::row(&row, experiment, &SEEDS[..seeds], &sets));
    };
    let owned = |sets: &[&str]| sets.iter().map(|&set| set.to_owned()).collect::<Vec<_>>();
    for (set, _) in SETS {
        for net in &NETS {
            let is_many = set == "fashion" && quick;
            let mut sets = owned(net.sets);
            if set == "fashion" {
                sets.push(COST.to_owned());
            }
            plan(
                format!("{set}/{}", net.name),
                set,
                if is_many { FEW } else { SEEDS.len() },
                sets,
            );
        }
    }
    if quick {
        return runs;
    }
    for &seed in &SEEDS[..FEW] {
        runs.extend(detection(seed));
    }
    let mut plan = |row: String, experiment, seeds: usize, sets: Vec<String>| {
        runs.extend(PlannedRun::row(&row, experiment, &SEEDS[..seeds], &sets));
    };
    let longer = [
        "data.train=10000",
        "schedule.steps=780",
        "schedule.evaluate_every=156",
        "damage.pictures=0",
        COST,
    ];
    for name in ["resnet", "ws", "er", "ba"] {
        plan(
            format!("longer/{name}"),
            "fashion",
            FEW,
            owned(&[net(name).sets, &longer].concat()),
        );
    }
    for operation in Operation::ALL.into_iter().skip(1) {
        for name in STUDIED {
            let mut sets = owned(&[net(name).sets, &[COST, "damage.pictures=0"]].concat());
            sets.push(format!("network.operation='{}'", operation.name()));
            plan(format!("{}/{name}", operation.name()), "fashion", FEW, sets);
        }
    }
    runs
}

/// A classifier, and detectors that begin with random weights and with its.
fn detection(seed: u64) -> impl Iterator<Item = PlannedRun> {
    let classifier = format!("pretrained='runs/randwire/reproduce/canvas-seed{seed}'");
    let rows = [
        ("canvas", "digits-canvas", Vec::new()),
        ("scenes/random", "scenes", Vec::new()),
        ("scenes/pretrained", "scenes", vec![classifier.clone()]),
        (
            "scenes/frozen-norms",
            "scenes",
            vec![
                classifier,
                "frozen_norms=true".to_owned(),
                // At the others' rate of 0.05 fixed normalizations diverge.
                "training.rate=0.01".to_owned(),
            ],
        ),
    ];
    rows.into_iter()
        .flat_map(move |(row, experiment, sets)| PlannedRun::row(row, experiment, &[seed], &sets).collect::<Vec<_>>())
}

fn net(name: &str) -> &'static Net {
    NETS.iter()
        .find(|net| net.name == name)
        .expect("a network of the table")
}

fn summarize(_: bool, runs: &[FinishedRun]) -> Result<Findings> {
    let mut figures = Vec::new();
    for (set, what) in SETS {
        figures.extend(networks(runs, set, what)?);
    }
    figures.extend(scenes(runs));
    figures.extend(longer(runs));
    figures.extend(operations(runs));
    figures.extend(damage::figures(runs)?);
    if !runs.is_empty() {
        figures.push(cost::beside_the_paper());
    }
    Ok(Findings {
        figures,
        headline: headline(runs),
    })
}

/// Accuracies in percent.
fn accuracies(runs: &[&FinishedRun]) -> Vec<f64> {
    values(runs, ERROR)
        .into_iter()
        .map(|error| 100.0 * (1.0 - error))
        .collect()
}

/// All networks on one set, as a table and as the paper's bars.
fn networks(runs: &[FinishedRun], set: &str, what: &str) -> Result<Vec<Figure>> {
    let mut table = Table::new(COLUMNS);
    let (mut names, mut bars, mut deviation) = (Vec::new(), Vec::new(), Vec::new());
    for net in &NETS {
        let runs = of_row(runs, &format!("{set}/{}", net.name));
        let Some((mean, spread)) = mean_and_deviation(&accuracies(&runs)) else {
            continue;
        };
        table.rows.extend(row(net, &runs));
        bars.push((names.len() as f64, mean));
        deviation.push(spread.unwrap_or(0.0));
        names.push(net.label.to_owned());
    }
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let chart = Chart {
        y_label: "accuracy, %".to_owned(),
        series: vec![Series::new("", bars, Style::Bars { deviation })],
        x_names: names,
        width: 820,
        ..Chart::default()
    };
    let table = Figure {
        name: format!("networks-{set}"),
        title: format!("Networks of equal cost on {set}"),
        caption: format!(
            "{what}: mean ± deviation over seeds, which are those of graph, weights and pictures. Minutes are with evaluation, and of wired \
             networks with the study of damage, which takes about as long as the training. The paper's own table is of \
             ImageNet with N = 32 and C = 78: its best generator is 73.8 % with WS(4,0.75) after 100 epochs, the deviation over \
             graphs 0.2 to 0.4 (figure 3)."
        ),
        body: Body::Table(table),
    };
    let bars = Figure {
        name: format!("generators-{set}"),
        title: format!("Generators on {set}"),
        caption: "Bars are means, lines one deviation over seeds to both sides; the axis does not begin at zero."
            .to_owned(),
        body: Body::Svg(chart.to_svg()?),
    };
    Ok(vec![table, bars])
}

/// Detectors by what their backbone begins with.
fn scenes(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new(["backbone", "AP, %", "AP50, %", "AP75, %", "minutes of training"]);
    for (row, label) in [
        ("random", "random weights"),
        ("pretrained", "of the classifier"),
        (
            "frozen-norms",
            "of the classifier, normalized by its running statistics",
        ),
    ] {
        let row = of_row(runs, &format!("scenes/{row}"));
        if row.is_empty() {
            continue;
        }
        let percent = |metric: &str| {
            let values: Vec<f64> = values(&row, metric).into_iter().map(|value| 100.0 * value).collect();
            mean_and_spread(&values, 1)
        };
        let cells = ["ap", "ap50", "ap75"].map(percent);
        table.push([label.to_owned()].into_iter().chain(cells).chain([minutes(&row)]));
    }
    let classifier = mean_and_spread(&accuracies(&of_row(runs, "canvas")), 1);
    (!table.rows.is_empty()).then(|| Figure {
        name: "scenes".to_owned(),
        title: "Digits found in scenes".to_owned(),
        caption: format!(
            "300 scenes with 1 to 4 digits of the embedded set, average precision as COCO counts it; three seeds, which are also \
             those of the classifier ({classifier} % right on single digits). The paper has COCO: AP 39.9 with C = 109 in place of \
             37.1 with ResNet-50, both pretrained (table 5)."
        ),
        body: Body::Table(table),
    })
}

fn longer(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new(COLUMNS);
    for net in &NETS {
        table
            .rows
            .extend(row(net, &of_row(runs, &format!("longer/{}", net.name))));
    }
    (!table.rows.is_empty()).then(|| Figure {
        name: "longer".to_owned(),
        title: "More pictures, more updates".to_owned(),
        caption: "10,000 pictures of Fashion-MNIST, 5 epochs, three seeds.".to_owned(),
        body: Body::Table(table),
    })
}

const COLUMNS: [&str; 6] = [
    "network",
    "accuracy, %",
    "least",
    "runs",
    "thousand multiply-adds",
    "minutes of the run",
];

/// A row of a table of networks, if there are runs.
fn row(net: &Net, runs: &[&FinishedRun]) -> Option<Vec<String>> {
    let accuracies = accuracies(runs);
    let least = accuracies.iter().copied().reduce(f64::min)?;
    Some(vec![
        net.label.to_owned(),
        mean_and_spread(&accuracies, 2),
        format!("{least:.2}"),
        runs.len().to_string(),
        cost::thousands(runs),
        minutes(runs),
    ])
}

/// Accuracy of each generator with each operation, and how alike the rankings of generators are.
fn operations(runs: &[FinishedRun]) -> Option<Figure> {
    let row = |operation: Operation, net: &str| match operation {
        Operation::Separable => of_row(runs, &format!("fashion/{net}")),
        other => of_row(runs, &format!("{}/{net}", other.name())),
    };
    let means = |operation: Operation| {
        let mean = |name: &str| mean_and_deviation(&accuracies(&row(operation, name))).map(|(mean, _)| mean);
        STUDIED.into_iter().map(mean).collect::<Option<Vec<f64>>>()
    };
    let separable = means(Operation::Separable)?;
    let columns = STUDIED.iter().map(|&name| net(name).label);
    let mut table = Table::new(
        ["operation"]
            .into_iter()
            .chain(columns)
            .chain(["correlation with separable"]),
    );
    for operation in Operation::ALL {
        let own = means(operation)?;
        let correlation = pearson_correlation(&own, &separable).map_or("–".to_owned(), |value| format!("{value:.2}"));
        let cells = STUDIED
            .iter()
            .map(|name| mean_and_spread(&accuracies(&row(operation, name)), 2));
        table.push(
            [operation.name().to_owned()]
                .into_iter()
                .chain(cells)
                .chain([correlation]),
        );
    }
    Some(Figure {
        name: "operations".to_owned(),
        title: "Operations of a node".to_owned(),
        caption: "Channels are fitted to 340 thousand multiply-adds, as near as whole channels come to it: within 14 %. The correlation is \
                  Pearson's, of the means over four generators: with so few and so close, it says little. The paper has 0.91 to 0.98 over its \
                  generators."
            .to_owned(),
        body: Body::Table(table),
    })
}

fn headline(runs: &[FinishedRun]) -> Option<Headline> {
    let of = |name: &str| accuracies(&of_row(runs, &format!("fashion/{name}")));
    let (ours, control) = (of("ws"), of("resnet"));
    if ours.is_empty() || control.is_empty() {
        return None;
    }
    Some(Headline {
        metric: "accuracy, Fashion-MNIST (reduced), WS(4,0.75), %".to_owned(),
        ours: mean_and_spread(&ours, 1),
        paper: "74.7 ± 0.25 (ImageNet, 250 epochs)".to_owned(),
        note: format!(
            "N = 10, 3 epochs; a ResNet of equal cost {}",
            mean_and_spread(&control, 1)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_without_runs_leaves_out_its_tables() {
        let findings = summarize(false, &[]).expect("nothing to draw");
        assert!(findings.figures.is_empty() && findings.headline.is_none());
    }
}
