//! The runs behind the README: tables 1 and 2 and figure 3, as far as two cores go.

use std::fs;

use papers_core::{
    Error, Result,
    base::figure::{Body, Figure, Table, mean_and_spread},
    reproduce::{Findings, FinishedRun, Headline, PlannedRun, Reproduction, SEEDS, minutes, of_row, values},
};

use crate::{flow, latent_ode, latent_ode::config::ModelKind as SpiralModel, ode_net::config::ModelKind as Classifier};

/// For [`Paper::reproduction`](papers_core::cli::Paper::reproduction).
pub(crate) const REPRODUCTION: Reproduction = Reproduction { plan, summarize };

/// Seeds of the spirals, whose runs take minutes each; a seed draws the spirals, too, those of the test among them.
const SPIRAL_SEEDS: usize = 3;
/// Observed times of table 2, with the paper's RMSE of the RNN and of the latent ODE.
const TABLE_2: [(usize, &str, &str); 3] = [
    (30, "0.3937", "0.1642"),
    (50, "0.3202", "0.1502"),
    (100, "0.1813", "0.1346"),
];

const EXTRAPOLATION: &str = "test/extrapolation_rmse";
const BY_MEAN_GAP: &str = "test/extrapolation_by_mean_gap_rmse";

fn plan(quick: bool) -> Vec<PlannedRun> {
    let mut runs = Vec::new();
    let counts = if quick { &TABLE_2[..1] } else { &TABLE_2[..] };
    for (observations, ..) in counts {
        for model in SpiralModel::ALL {
            let name = model.name();
            let sets = [format!("model='{name}'"), format!("data.observations={observations}")];
            let row = format!("spirals-{observations}/{name}");
            runs.extend(PlannedRun::row(&row, "spirals", &SEEDS[..SPIRAL_SEEDS], &sets));
        }
    }
    for model in Classifier::ALL {
        let name = model.name();
        let set = format!("model='{name}'");
        let mut plan = |set_of_pictures: &str, experiment, sets: &[&str]| {
            let row = format!("{set_of_pictures}/{name}");
            runs.extend(PlannedRun::row(&row, experiment, &SEEDS, sets));
        };
        plan("digits", "digits", &[&set]);
        if !quick {
            plan("mnist-reduced", "mnist-reduced", &[&set]);
            plan("mnist-reduced-12", "mnist-reduced", &[&set, "schedule.steps=1500"]);
        }
    }
    runs.extend(latent_ode::reproduce::plan(quick));
    runs.extend(flow::reproduce::plan(quick));
    runs
}

fn summarize(_quick: bool, runs: &[FinishedRun]) -> Result<Findings> {
    let mut figures = vec![table_2(runs)];
    let sets = [
        (
            "digits",
            "the embedded digits (8×8 pixels, 360 test pictures), 30 epochs",
        ),
        (
            "mnist-reduced",
            "8,000 pictures of MNIST (2,000 test pictures), width 16, 4 epochs",
        ),
        ("mnist-reduced-12", "the same, 12 epochs"),
    ];
    figures.extend(sets.into_iter().filter_map(|(set, what)| table_1(runs, set, what)));
    figures.extend(figure_3(runs)?);
    figures.extend(latent_ode::reproduce::summarize(runs));
    figures.extend(flow::reproduce::summarize(runs)?);
    figures.extend(crate::work_precision::figures()?);
    figures.retain(|figure| !matches!(&figure.body, Body::Table(table) if table.rows.is_empty()));
    Ok(Findings {
        figures,
        headline: headline(runs),
    })
}

fn table_2(runs: &[FinishedRun]) -> Figure {
    let mut table = Table::new([
        "observations",
        "model",
        "interpolation RMSE",
        "extrapolation RMSE",
        "extrapolation RMSE, a step for each mean gap",
        "paper's RMSE",
        "minutes of training",
    ]);
    for (observations, rnn, latent_ode) in TABLE_2 {
        for model in SpiralModel::ALL {
            let runs = of_row(runs, &format!("spirals-{observations}/{}", model.name()));
            if runs.is_empty() {
                continue;
            }
            table.push([
                observations.to_string(),
                model.name().to_owned(),
                mean_and_spread(&values(&runs, "test/interpolation_rmse"), 3),
                mean_and_spread(&values(&runs, EXTRAPOLATION), 3),
                match model {
                    SpiralModel::LatentOde => "–".to_owned(),
                    _ => mean_and_spread(&values(&runs, BY_MEAN_GAP), 3),
                },
                match model {
                    SpiralModel::LatentOde => latent_ode.to_owned(),
                    SpiralModel::Rnn => rnn.to_owned(),
                    SpiralModel::RnnDt => "–".to_owned(),
                },
                minutes(&runs),
            ]);
        }
    }
    Figure {
        name: "table-2".to_owned(),
        title: "Table 2: spirals".to_owned(),
        caption: "Mean ± standard deviation over seeds; 200 test spirals, against the noise-free curves, at the 100 times \
                  of the observed window and at the 100 that follow. Noise 0.1 on coordinates that span about ±15. The \
                  paper never published the constants of its spirals, so its numbers are on another scale: compare the \
                  order of the models. Beyond their data the recurrent networks run freely in two ways: a step for each \
                  requested time, or, kinder to them, a step for each mean gap between the observations they were trained \
                  on, with straight lines in between."
            .to_owned(),
        body: Body::Table(table),
    }
}

fn table_1(runs: &[FinishedRun], set: &str, what: &str) -> Option<Figure> {
    let mut table = Table::new([
        "network",
        "test error, last state",
        "validation error",
        "evaluations",
        "paper's test error (MNIST, width 64, 160 epochs)",
        "minutes of training",
    ]);
    for model in Classifier::ALL {
        let runs = of_row(runs, &format!("{set}/{}", model.name()));
        if runs.is_empty() {
            continue;
        }
        let percent = |metric: &str| {
            let values: Vec<f64> = values(&runs, metric).iter().map(|error| 100.0 * error).collect();
            format!("{} %", mean_and_spread(&values, 2))
        };
        table.push([
            model.name().to_owned(),
            percent("test_error"),
            percent("validation_error"),
            mean_and_spread(&values(&runs, "nfe_forward"), 0),
            match model {
                Classifier::OdeNet => "0.42 %",
                Classifier::RkNet => "0.47 %",
                Classifier::Resnet => "0.41 %",
                Classifier::OneBlock | Classifier::NoBlock => "–",
            }
            .to_owned(),
            minutes(&runs),
        ]);
    }
    (!table.rows.is_empty()).then(|| Figure {
        name: format!("table-1-{set}"),
        title: format!("Table 1 on {set}"),
        caption: format!(
            "Mean ± standard deviation over seeds, on {what}. A reduced experiment: not to be compared with the paper's \
             column, which stands there for the order of the networks."
        ),
        body: Body::Table(table),
    })
}

/// The drawings of the first run of ODE-Net on the most real data there is.
fn figure_3(runs: &[FinishedRun]) -> Result<Vec<Figure>> {
    let rows = ["mnist-reduced-12/ode-net", "mnist-reduced/ode-net", "digits/ode-net"];
    let Some(run) = rows.iter().find_map(|row| of_row(runs, row).first().copied()) else {
        return Ok(Vec::new());
    };
    let path = run.folder.join("figures/figure-3.svg");
    let svg = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
    Ok(vec![Figure {
        name: "figure-3".to_owned(),
        title: "Figure 3: accuracy and cost of the ODE".to_owned(),
        caption: format!(
            "The network of {}, seed {}, solved with dopri5 at several tolerances. The paper's backward solves took about \
             half the evaluations of the forward ones, with a variable-order Adams method; here they are drawn for dopri5 and \
             for such a method.",
            run.planned.row, run.planned.seed
        ),
        body: Body::Svg(svg),
    }])
}

fn headline(runs: &[FinishedRun]) -> Option<Headline> {
    let latent_ode = of_row(runs, "spirals-30/latent-ode");
    let rnn = of_row(runs, "spirals-30/rnn-dt");
    (!latent_ode.is_empty() && !rnn.is_empty()).then(|| Headline {
        metric: "extrapolation RMSE on spirals, 30 observations: latent ODE; RNN with time gaps, at the requested times; the \
                 same at its training pace"
            .to_owned(),
        ours: format!(
            "{}; {}; {}",
            mean_and_spread(&values(&latent_ode, EXTRAPOLATION), 2),
            mean_and_spread(&values(&rnn, EXTRAPOLATION), 2),
            mean_and_spread(&values(&rnn, BY_MEAN_GAP), 2)
        ),
        paper: "0.164 (latent ODE), 0.394 (RNN)".to_owned(),
        note: "other spirals: the paper's constants are unpublished".to_owned(),
    })
}
