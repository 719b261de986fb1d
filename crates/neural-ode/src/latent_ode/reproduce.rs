//! The runs behind the tables of Poisson processes and of series.

use papers_core::{
    base::figure::{Body, Figure, Table, mean_and_spread},
    reproduce::{FinishedRun, PlannedRun, SEEDS, minutes, of_row, values},
};

/// Seeds of a row; a seed draws the sequences and the pendulums, too.
const ROW_SEEDS: usize = 3;
const POISSON: &str = "poisson/latent-ode";
const SERIES: &str = "series/latent-ode";
/// What the log-likelihood of the learned rate may be below that of the true one, as a share.
const TARGET: f64 = 0.05;

/// The runs.
pub(crate) fn plan(quick: bool) -> Vec<PlannedRun> {
    if quick {
        return Vec::new();
    }
    let none: [&str; 0] = [];
    let seeds = &SEEDS[..ROW_SEEDS];
    let poisson = PlannedRun::row(POISSON, "poisson", seeds, &none);
    poisson.chain(PlannedRun::row(SERIES, "series", seeds, &none)).collect()
}

/// Their tables.
pub(crate) fn summarize(runs: &[FinishedRun]) -> impl Iterator<Item = Figure> {
    [poisson(runs), series(runs)].into_iter().flatten()
}

fn seeds(runs: &[&FinishedRun]) -> String {
    let seeds: Vec<String> = runs.iter().map(|run| run.planned.seed.to_string()).collect();
    format!("seeds {}", seeds.join(", "))
}

fn poisson(runs: &[FinishedRun]) -> Option<Figure> {
    let runs = of_row(runs, POISSON);
    if runs.is_empty() {
        return None;
    }
    let shares = values(&runs, "test/share_below_truth");
    let percents: Vec<f64> = shares.iter().map(|share| 100.0 * share).collect();
    let verdict = match shares.iter().sum::<f64>() / shares.len() as f64 <= TARGET {
        true => "met",
        false => "missed",
    };
    let mut table = Table::new([
        "rate",
        "log-likelihood of a test sequence, nats",
        "below the true rate",
        "target",
    ]);
    for (name, metric) in [
        ("true", "test/true_log_likelihood"),
        ("latent ODE", "test/log_likelihood"),
        ("constant", "test/constant_log_likelihood"),
    ] {
        let is_ours = name == "latent ODE";
        table.push([
            name.to_owned(),
            mean_and_spread(&values(&runs, metric), 3),
            if is_ours {
                format!("{} %", mean_and_spread(&percents, 2))
            } else {
                "–".to_owned()
            },
            if is_ours {
                format!("within 5 %: {verdict}")
            } else {
                "–".to_owned()
            },
        ]);
    }
    Some(Figure {
        name: "poisson".to_owned(),
        title: "Section 5: Poisson process likelihoods".to_owned(),
        caption: format!(
            "Mean ± standard deviation over seeds, 200 test sequences of a known rate; {}; {} minutes of training. The paper \
             shows a figure only.",
            seeds(&runs),
            minutes(&runs)
        ),
        body: Body::Table(table),
    })
}

fn series(runs: &[FinishedRun]) -> Option<Figure> {
    let runs = of_row(runs, SERIES);
    if runs.is_empty() {
        return None;
    }
    let of = |metric: &str, digits| mean_and_spread(&values(&runs, metric), digits);
    let coverage: Vec<f64> = values(&runs, "held_out/coverage_90")
        .iter()
        .map(|share| 100.0 * share)
        .collect();
    let mut table = Table::new(["forecast", "RMSE, in standard deviations", "in the 90 % band"]);
    table.push([
        "latent ODE".to_owned(),
        of("held_out/rmse", 3),
        format!("{} %", mean_and_spread(&coverage, 1)),
    ]);
    table.push([
        "last value seen".to_owned(),
        of("held_out/rmse_of_last_value", 3),
        "–".to_owned(),
    ]);
    Some(Figure {
        name: "series".to_owned(),
        title: "Series with gaps: forecasts of the last quarter".to_owned(),
        caption: format!(
            "The built-in pendulums, 60 series of 40 irregular times with a fifth of the cells empty. Mean ± standard deviation \
             over seeds; {}; {} minutes of training. No experiment of the paper.",
            seeds(&runs),
            minutes(&runs)
        ),
        body: Body::Table(table),
    })
}
