//! The tables.

use papers_core::{
    base::{
        figure::{Body, Figure, Table, mean_and_spread},
        metrics::mean,
    },
    reproduce::{FinishedRun, minutes, of_row, values},
};

use super::{
    RETURN, ablation_row,
    rows::{LADDER, NOVEL, Row, TRUE},
};
use crate::config::Ablation;

/// What the paper says of an ablation (section 3.3).
fn finding(ablation: Ablation) -> &'static str {
    match ablation {
        Ablation::None => "–",
        Ablation::RandomQueries => "about as good; better in some tasks",
        Ablation::NoEnsemble => "worse in some tasks",
        Ablation::NoOnlineQueries => "poor: the agent finds what the reward model never saw",
        Ablation::NoRegularization => "somewhat worse",
        Ablation::NoSegments => "clearly worse",
        Ablation::Target => "worse: scales of returns are hard to regress",
    }
}

pub(super) fn returns(runs: &[FinishedRun], rows: &[Row], name: &str, title: &str, caption: &str) -> Option<Figure> {
    let mut table = Table::new([
        "task and reward",
        "return",
        "of true reward's",
        "correlation",
        "minutes of training",
    ]);
    // NaN where there are none, and so not above 0.
    let mut of_true = f64::NAN;
    for row in rows {
        let found = of_row(runs, row.name);
        if row.sets == TRUE {
            of_true = mean(&values(&found, RETURN));
        }
        if found.is_empty() {
            continue;
        }
        let returns = values(&found, RETURN);
        let correlation = values(&found, "correlation");
        table.push([
            row.words.to_owned(),
            mean_and_spread(&returns, 1),
            share(row, &returns, of_true),
            if correlation.is_empty() {
                "–".to_owned()
            } else {
                mean_and_spread(&correlation, 2)
            },
            minutes(&found),
        ]);
    }
    (!table.rows.is_empty()).then(|| Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        caption: format!("Mean ± standard deviation over seeds. {caption}"),
        body: Body::Table(table),
    })
}

/// What the moving dot is about, which its return, a count of steps in the right direction, says only in part.
pub(super) fn arrivals(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new(["reward", "episodes that end within 8 pixels of the center"]);
    for row in LADDER.iter().filter(|row| row.experiment == "moving-dot") {
        let shares = values(&of_row(runs, row.name), "arrived_share");
        if !shares.is_empty() {
            table.push([row.words.to_owned(), mean_and_spread(&shares, 2)]);
        }
    }
    (!table.rows.is_empty()).then(|| Figure {
        name: "arrivals".to_owned(),
        title: "Moving dot".to_owned(),
        caption: "Share of 32 episodes, mean ± standard deviation over seeds.".to_owned(),
        body: Body::Table(table),
    })
}

/// What part of the return with the true reward is reached; only of returns that are positive.
fn share(row: &Row, returns: &[f64], of_true: f64) -> String {
    let mean = mean(returns);
    if row.sets != TRUE && of_true > 0.0 && mean > 0.0 {
        format!("{:.0} %", 100.0 * mean / of_true)
    } else {
        "–".to_owned()
    }
}

pub(super) fn ablations(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "left out",
        "setting",
        "return on Hopper",
        "correlation",
        "the paper, in words",
    ]);
    let mut push = |words: &str, ablation: Ablation, row: &str| {
        let found = of_row(runs, row);
        if found.is_empty() {
            return;
        }
        let setting = match ablation {
            Ablation::None => "–".to_owned(),
            _ => format!("--ablation {}", ablation.name()),
        };
        table.push([
            words.to_owned(),
            setting,
            mean_and_spread(&values(&found, RETURN), 0),
            mean_and_spread(&values(&found, "correlation"), 2),
            finding(ablation).to_owned(),
        ]);
    };
    push("nothing", Ablation::None, "hopper/700");
    for ablation in Ablation::ALL {
        push(&ablation.name().replace('-', " "), ablation, &ablation_row(ablation));
    }
    (table.rows.len() > 1).then(|| Figure {
        name: "ablations".to_owned(),
        title: "Ablations on Hopper".to_owned(),
        caption: "700 labels, mean ± standard deviation over seeds; a reduced experiment. The last column is our \
                  summary of the paper's curves over all robots."
            .to_owned(),
        body: Body::Table(table),
    })
}

pub(super) fn novel(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "behavior",
        "measured",
        "value",
        "agreement with the script",
        "minutes of training",
    ]);
    let mut push = |row: &Row, measured: &str, metric: &str, digits: usize| {
        let found = of_row(runs, row.name);
        if !found.is_empty() {
            table.push([
                row.words.to_owned(),
                measured.to_owned(),
                mean_and_spread(&values(&found, metric), digits),
                mean_and_spread(&values(&found, "clip_correlation"), 2),
                minutes(&found),
            ]);
        }
    };
    let [backflip, one_leg, pace] = &NOVEL;
    push(
        backflip,
        "full turns in an episode of 300 steps, backward less forward",
        "turns_backward",
        2,
    );
    push(
        backflip,
        "share of full turns that end upright",
        "upright_landing_share",
        2,
    );
    push(
        one_leg,
        "share of steps with the front foot off the floor",
        "front_foot_off_share",
        2,
    );
    push(one_leg, "true return (forward speed)", RETURN, 0);
    push(
        pace,
        "share of steps beside another car (random agent: 0.27)",
        "level_share",
        2,
    );
    (!table.rows.is_empty()).then(|| Figure {
        name: "novel".to_owned(),
        title: "Behaviors without a reward".to_owned(),
        caption:
            "Taught by scripts of a few lines, which is no result of people; mean ± standard deviation over seeds. \
                  Agreement: correlation of predicted returns of clips with the script's scores."
                .to_owned(),
        body: Body::Table(table),
    })
}
