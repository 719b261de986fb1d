//! The runs behind figures 4 and 5 of the paper, as far as two cores go.

mod density;

use std::fs;

use papers_core::{
    Error, Result,
    base::{
        figure::{Body, Figure, Table, mean_and_spread},
        journal::{self, Event, scalar},
    },
    reproduce::{FinishedRun, PlannedRun, SEEDS, minutes, of_row, values},
};

/// Seeds of a row; a seed draws the points, too, those of the test among them.
const ROW_SEEDS: usize = 3;
/// Samples of section 4.2, the entropy that no model can get below (estimates), and what a continuous flow is to reach.
const SETS: [(&str, &str, f64); 2] = [("moons", "2.34", 2.45), ("circles", "3.27", 3.5)];
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

/// FFJORD on the moons, with Hutchinson's trace and, for comparison, with the exact one.
const FFJORD: [(&str, &str, &str); 2] = [
    ("flow-ffjord/hutchinson", "Hutchinson, one noise", "trace.noises=1"),
    ("flow-ffjord/exact", "exact", "trace.noises=0"),
];
/// The circles of the release, as long as it learns them.
const RELEASE: (&str, u64) = ("flow-release/cnf", 1000);

/// Models of density matching: row, model, and the rate with the least KL divergence on the validation points of `u1` with 8
/// planes or layers, mean of the seeds 10 to 12: of 0.001, 0.003, 0.01 and 0.03 (hyper-network), of 0.003, 0.01 and 0.03
/// (gated), and of 0.003, 0.01, 0.03, 0.1, 0.3 and 1 (layers). None is at the end of its list.
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
    for (set, ..) in sets {
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
    for (row, _, set) in FFJORD {
        runs.extend(PlannedRun::row(row, "moons-ffjord", seeds, &[set]));
    }
    let (row, updates) = RELEASE;
    let set = format!("schedule.steps={updates}");
    runs.extend(PlannedRun::row(row, "circles-release", seeds, &[set]));
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
    let tables = [
        likelihoods(runs)?,
        ffjord(runs)?,
        release(runs)?,
        density::divergences(runs)?,
        density::verdicts(runs),
    ];
    let mut figures: Vec<Figure> = tables.into_iter().flatten().collect();
    for (set, ..) in SETS {
        for row in LIKELIHOOD.iter().filter(|row| row.name != "planar") {
            let title = format!("{set}: {}", row.title);
            figures.extend(picture(runs, &format!("flow-{set}/{}", row.name), &title)?);
        }
    }
    figures.extend(picture(runs, FFJORD[0].0, "moons: FFJORD, Hutchinson's trace")?);
    for potential in POTENTIALS {
        let size = SIZES[SIZES.len() - 1];
        let title = format!("{}: CNF, {size} units", potential.to_uppercase());
        figures.extend(picture(runs, &format!("density-{potential}-{size}/cnf"), &title)?);
    }
    Ok(figures)
}

const NATS: usize = 3;

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The seeds of runs, as in `20, 21`.
fn seeds(runs: &[&FinishedRun]) -> String {
    let seeds: Vec<String> = runs.iter().map(|run| run.planned.seed.to_string()).collect();
    seeds.join(", ")
}

/// Evaluations of the field in the last reported update, forward and backward; `–` where there are none.
fn evaluations_of_updates(runs: &[&FinishedRun]) -> Result<String> {
    let mut counts = [Vec::new(), Vec::new()];
    for run in runs {
        let records = journal::read(&run.folder)?;
        let last = records.into_iter().rev().find_map(|record| match record.event {
            Event::Progress { scalars, .. } => Some(scalars),
            _ => None,
        });
        for (counts, name) in counts.iter_mut().zip(["evaluations", "evaluations_backward"]) {
            counts.extend(last.as_ref().and_then(|last| scalar(last, name)));
        }
    }
    let shown = counts.map(|counts| match counts.is_empty() {
        true => "–".to_owned(),
        false => mean_and_spread(&counts, 0),
    });
    Ok(shown.join(" / "))
}

fn evaluations_of_tests(runs: &[&FinishedRun]) -> String {
    match values(runs, "test/evaluations") {
        counts if counts.is_empty() => "–".to_owned(),
        counts => mean_and_spread(&counts, 0),
    }
}

fn met(holds: bool) -> &'static str {
    if holds { "met" } else { "missed" }
}

/// A table, unless it is empty.
fn figure(name: &str, title: &str, caption: &str, table: Table) -> Option<Figure> {
    (!table.rows.is_empty()).then(|| Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        caption: caption.to_owned(),
        body: Body::Table(table),
    })
}

fn likelihoods(runs: &[FinishedRun]) -> Result<Option<Figure>> {
    let mut table = Table::new([
        "samples",
        "model",
        "updates",
        "test NLL, nats",
        "target",
        "entropy of the samples, estimated",
        "evaluations of the field in an update, forward / backward",
        "in the test",
        "minutes of training",
        "seeds",
    ]);
    for (set, floor, target) in SETS {
        let nll = |row: &str| values(&of_row(runs, &format!("flow-{set}/{row}")), "test/nll");
        for row in LIKELIHOOD {
            let runs = of_row(runs, &format!("flow-{set}/{}", row.name));
            if runs.is_empty() {
                continue;
            }
            let (ours, layers) = (nll(row.name), nll("planar-long"));
            let verdict = match row.name {
                "cnf" if layers.is_empty() => format!("≤ {target}: {}", met(mean(&ours) <= target)),
                "cnf" => format!(
                    "≤ {target}: {}; below the layers at equal time: {}",
                    met(mean(&ours) <= target),
                    met(mean(&ours) < mean(&layers))
                ),
                _ => "–".to_owned(),
            };
            table.push([
                set.to_owned(),
                row.title.to_owned(),
                row.updates.to_string(),
                mean_and_spread(&ours, NATS),
                verdict,
                floor.to_owned(),
                evaluations_of_updates(&runs)?,
                evaluations_of_tests(&runs),
                minutes(&runs),
                seeds(&runs),
            ]);
        }
    }
    let caption = "Mean ± standard deviation over seeds, 10,000 fresh test points, exact trace, dopri5 with tolerances 1e-5. \
                   Updates are solved by rk4 with 20 steps; their gradient goes through these steps, and evaluates nothing \
                   backward. The rate was chosen of 0.03, 0.01 and 0.003 on validation points of the moons, seed 10 (for the \
                   CNF of the last two). The paper shows pictures only (figure 5). Minutes are wall-clock time on a machine \
                   that did other work, too.";
    Ok(figure(
        "flow-likelihood",
        "Section 4.2: maximum likelihood",
        caption,
        table,
    ))
}

fn ffjord(runs: &[FinishedRun]) -> Result<Option<Figure>> {
    let mut table = Table::new([
        "trace in training",
        "test NLL, nats",
        "evaluations of the field in an update, forward / backward",
        "in the test",
        "minutes of training",
        "seeds",
    ]);
    for (row, title, _) in FFJORD {
        let runs = of_row(runs, row);
        if runs.is_empty() {
            continue;
        }
        table.push([
            title.to_owned(),
            mean_and_spread(&values(&runs, "test/nll"), NATS),
            evaluations_of_updates(&runs)?,
            evaluations_of_tests(&runs),
            minutes(&runs),
            seeds(&runs),
        ]);
    }
    let caption = format!(
        "The moons, a perceptron of three hidden layers with 64 units each, {UPDATES} updates as in the table above; evaluated \
         with the exact trace. In two dimensions an exact trace takes two directions instead of one; the estimate pays in \
         many. The rate was chosen of 0.03, 0.01 and 0.003 on validation points, seed 10, with the estimate."
    );
    Ok(figure("flow-ffjord", "FFJORD: an estimated trace", &caption, table))
}

fn release(runs: &[FinishedRun]) -> Result<Option<Figure>> {
    let (row, updates) = RELEASE;
    let runs = of_row(runs, row);
    let mut table = Table::new([
        "updates",
        "test NLL, nats",
        "evaluations of the field in an update, forward / backward",
        "in the test",
        "minutes of training",
        "seeds",
    ]);
    if !runs.is_empty() {
        table.push([
            updates.to_string(),
            mean_and_spread(&values(&runs, "test/nll"), NATS),
            evaluations_of_updates(&runs)?,
            evaluations_of_tests(&runs),
            minutes(&runs),
            seeds(&runs),
        ]);
    }
    let caption = "Circles of radii 1 and 0.5, the hyper-network on t from 0 to 10, base N(0, 0.1 I), batch 512, dopri5 and the \
                   adjoint with tolerances 1e-5, Adam at 1e-3, and the updates, all as in the release.";
    Ok(figure("flow-release", "The circles of the release", caption, table))
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
            "Density and samples on their way, seed {}; on the right the target.",
            run.planned.seed
        ),
        body: Body::Svg(svg),
    }))
}
