//! The runs behind figures 4 and 5 of the paper, as far as two cores go.

use std::fs;

use papers_core::{
    Error, Result,
    base::figure::{Body, Figure, Table, mean_and_spread},
    reproduce::{FinishedRun, PlannedRun, SEEDS, minutes, of_row, values},
};

/// Seeds of a row; a seed draws the points, too, those of the test among them.
const ROW_SEEDS: usize = 3;
/// Targets of section 4.2, and the entropy that no model can get below, where it is known well enough (estimates).
const SETS: [(&str, &str); 2] = [("moons", "2.34"), ("circles", "3.27")];
/// A continuous flow takes about so many times longer for an update than 64 layers (see the benchmarks).
const TIME_RATIO: u64 = 10;
const UPDATES: u64 = 1000;
/// Planes of continuous flows, layers of planar ones.
const SIZES: [usize; 3] = [2, 8, 32];
const POTENTIALS: [&str; 4] = ["u1", "u2", "u3", "u4"];

/// A row of the table of likelihoods.
struct Row {
    name: &'static str,
    title: &'static str,
    model: &'static str,
    updates: u64,
}

const LIKELIHOOD: [Row; 3] = [
    Row {
        name: "cnf",
        title: "CNF, 64 units",
        model: "hyper-network",
        updates: UPDATES,
    },
    Row {
        name: "planar",
        title: "planar NF, 64 layers, as many updates",
        model: "planar-flow",
        updates: UPDATES,
    },
    Row {
        name: "planar-long",
        title: "planar NF, 64 layers, as much time",
        model: "planar-flow",
        updates: TIME_RATIO * UPDATES,
    },
];

/// Models of density matching: row, model, and the rate of 0.03, 0.01 and 0.003 that was best on the validation points of
/// `u1` with 8 planes or layers, seed 10.
const MATCHING: [(&str, &str, &str); 3] = [
    ("cnf", "hyper-network", "0.003"),
    ("planar", "planar-flow", "0.03"),
    ("gated", "gated", "0.01"),
];

/// The runs.
pub(crate) fn plan(quick: bool) -> Vec<PlannedRun> {
    let mut runs = Vec::new();
    let seeds = &SEEDS[..ROW_SEEDS];
    let sets = if quick { &SETS[..1] } else { &SETS[..] };
    for (set, _) in sets {
        for row in LIKELIHOOD {
            let sets = [
                format!("model='{}'", row.model),
                format!("schedule.steps={}", row.updates),
            ];
            runs.extend(PlannedRun::row(&format!("flow-{set}/{}", row.name), set, seeds, &sets));
        }
    }
    if quick {
        return runs;
    }
    // Seed by seed: stopped early, all rows have as many.
    for seed in seeds {
        for (row, model, rate) in MATCHING {
            for potential in POTENTIALS {
                for size in SIZES {
                    let sets = [
                        format!("model='{model}'"),
                        format!("target='{potential}'"),
                        format!("sizes.units={size}"),
                        format!("optimizer.learning_rate={rate}"),
                    ];
                    let row = format!("density-{potential}-{size}/{row}");
                    runs.extend(PlannedRun::row(&row, "density", &[*seed], &sets));
                }
            }
        }
    }
    runs
}

/// Their tables and pictures.
pub(crate) fn summarize(runs: &[FinishedRun]) -> Result<Vec<Figure>> {
    let mut figures: Vec<Figure> = [likelihoods(runs), divergences(runs)].into_iter().flatten().collect();
    for (set, _) in SETS {
        for row in LIKELIHOOD.iter().filter(|row| row.name != "planar") {
            let title = format!("{set}: {}", row.title);
            figures.extend(picture(runs, &format!("flow-{set}/{}", row.name), &title)?);
        }
    }
    Ok(figures)
}

fn likelihoods(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "samples",
        "model",
        "updates",
        "test NLL, nats",
        "entropy of the target, estimated",
        "evaluations of the field",
        "minutes of training",
    ]);
    for (set, floor) in SETS {
        for row in LIKELIHOOD {
            let runs = of_row(runs, &format!("flow-{set}/{}", row.name));
            if runs.is_empty() {
                continue;
            }
            table.push([
                set.to_owned(),
                row.title.to_owned(),
                row.updates.to_string(),
                mean_and_spread(&values(&runs, "test/nll"), 3),
                floor.to_owned(),
                mean_and_spread(&values(&runs, "test/evaluations"), 0),
                minutes(&runs),
            ]);
        }
    }
    (!table.rows.is_empty()).then(|| Figure {
        name: "flow-likelihood".to_owned(),
        title: "Section 4.2: maximum likelihood".to_owned(),
        caption: "Mean ± standard deviation over seeds, 10,000 fresh test points, exact trace, dopri5 with tolerances 1e-5. \
                  The rate was chosen of 0.03, 0.01 and 0.003 on validation points of the moons, seed 10 (for the CNF of the last two). The paper shows pictures only (figure 5). Minutes are wall-clock time on a machine that did other work, too."
            .to_owned(),
        body: Body::Table(table),
    })
}

fn divergences(runs: &[FinishedRun]) -> Option<Figure> {
    let names = [
        "target",
        "M = K",
        "CNF, hyper-network",
        "CNF, gated",
        "planar NF",
        "CNF ≤ NF",
        "minutes: hyper-network; gated; NF",
    ];
    let mut table = Table::new(names);
    for potential in POTENTIALS {
        for size in SIZES {
            let of = |row: &str| of_row(runs, &format!("density-{potential}-{size}/{row}"));
            let [cnf, gated, planar] = ["cnf", "gated", "planar"].map(of);
            if cnf.is_empty() || planar.is_empty() {
                continue;
            }
            let of = |runs: &[&FinishedRun]| values(runs, "test/kl");
            let mean = |runs: &[&FinishedRun]| of(runs).iter().sum::<f64>() / runs.len() as f64;
            table.push([
                potential.to_uppercase(),
                size.to_string(),
                mean_and_spread(&of(&cnf), 3),
                mean_and_spread(&of(&gated), 3),
                mean_and_spread(&of(&planar), 3),
                if mean(&cnf) <= mean(&planar) { "yes" } else { "no" }.to_owned(),
                [&cnf, &gated, &planar].map(|runs| minutes(runs)).join("; "),
            ]);
        }
    }
    (!table.rows.is_empty()).then(|| Figure {
        name: "flow-density".to_owned(),
        title: "Section 4.1: density matching".to_owned(),
        caption: "KL(q ‖ p) in nats: mean ± standard deviation over seeds, 10,000 fresh samples, normalizers of the targets by \
                  quadrature. M planes of a continuous flow against K layers, 2,000 updates by Adam of 256 samples each for \
                  all. The paper trained CNFs for 10,000 updates by Adam and NFs for 500,000 by RMSprop, and shows curves \
                  only (figure 4). A hyper-network has more parameters than the layers; the gated flow has 7 numbers for \
                  each plane, a layer has 5. U2 to U4 stand between soft walls at ±4."
            .to_owned(),
        body: Body::Table(table),
    })
}

/// The sequence of pictures of a row's first run.
fn picture(runs: &[FinishedRun], row: &str, title: &str) -> Result<Option<Figure>> {
    let Some(run) = of_row(runs, row).first().copied() else {
        return Ok(None);
    };
    let path = run.folder.join("figures/flow.svg");
    let svg = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    Ok(Some(Figure {
        name: row.replace('/', "-"),
        title: title.to_owned(),
        caption: format!(
            "Density and samples on their way, seed {}; on the right samples of the target.",
            run.planned.seed
        ),
        body: Body::Svg(svg),
    }))
}
