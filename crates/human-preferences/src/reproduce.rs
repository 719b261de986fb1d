//! The runs behind the README: the ladder, robots with and without true reward, ablations, novel behaviors.

mod curves;

use papers_core::{
    Result,
    base::figure::{Body, Figure, Table, mean_and_spread},
    reproduce::{Findings, FinishedRun, Headline, PlannedRun, Reproduction, minutes, of_row, values},
};

use crate::config::Ablation;

/// For [`Paper::reproduction`](papers_core::cli::Paper::reproduction).
pub(crate) const REPRODUCTION: Reproduction = Reproduction { plan, summarize };

/// Seeds of no run on which anything was chosen.
const SEEDS: [u64; 5] = [20, 21, 22, 23, 24];
/// Seeds of rows that take longer, or that there are many of.
const FEW: usize = 3;

const RETURN: &str = "return_true";

/// A row: its name in folders, what it is in words, the experiment, its settings, seeds, and whether it is in the quick
/// plan.
struct Row {
    name: &'static str,
    words: &'static str,
    experiment: &'static str,
    sets: &'static [&'static str],
    seeds: usize,
    is_quick: bool,
}

const fn row(
    name: &'static str,
    words: &'static str,
    experiment: &'static str,
    sets: &'static [&'static str],
    seeds: usize,
    is_quick: bool,
) -> Row {
    Row {
        name,
        words,
        experiment,
        sets,
        seeds,
        is_quick,
    }
}

const TRUE: &[&str] = &["feedback.mode=none"];

/// From the simplest task up, each with the true reward and with labels.
const LADDER: [Row; 20] = [
    row("pendulum/true", "pendulum, true reward", "pendulum", TRUE, 5, true),
    row(
        "pendulum/50",
        "pendulum, 50 labels",
        "pendulum",
        &["labels.total=50"],
        5,
        false,
    ),
    row(
        "pendulum/100",
        "pendulum, 100 labels",
        "pendulum",
        &["labels.total=100"],
        5,
        false,
    ),
    row(
        "pendulum/200",
        "pendulum, 200 labels (the default)",
        "pendulum",
        &[],
        5,
        true,
    ),
    row(
        "pendulum/400",
        "pendulum, 400 labels",
        "pendulum",
        &["labels.total=400"],
        5,
        false,
    ),
    row(
        "pendulum/200-noise",
        "pendulum, 200 labels, 10 % of them wrong",
        "pendulum",
        &["feedback.noise=0.1"],
        5,
        false,
    ),
    row(
        "cartpole/true",
        "cart and pole, true reward",
        "cartpole",
        TRUE,
        FEW,
        false,
    ),
    row("cartpole/200", "cart and pole, 200 labels", "cartpole", &[], FEW, false),
    row(
        "moving-dot/true",
        "moving dot, true reward",
        "moving-dot",
        TRUE,
        FEW,
        false,
    ),
    row(
        "moving-dot/labels",
        "moving dot, 800 labels",
        "moving-dot",
        &[],
        FEW,
        false,
    ),
    row("pong/true", "pong, true reward", "pong", TRUE, FEW, false),
    row("pong/labels", "pong, 1,000 labels", "pong", &[], FEW, false),
    row("drive/true", "overtaking, true reward", "drive", TRUE, FEW, false),
    row("drive/labels", "overtaking, 1,000 labels", "drive", &[], FEW, false),
    row("breakout/true", "breakout, true reward", "breakout", TRUE, FEW, false),
    row("breakout/labels", "breakout, 1,000 labels", "breakout", &[], FEW, false),
    row(
        "inverted-pendulum/true",
        "inverted pendulum, true reward",
        "inverted-pendulum",
        TRUE,
        FEW,
        false,
    ),
    row(
        "inverted-pendulum/700",
        "inverted pendulum, 700 labels",
        "inverted-pendulum",
        &[],
        FEW,
        false,
    ),
    row(
        "double-pendulum/true",
        "double pendulum, true reward",
        "double-pendulum",
        TRUE,
        FEW,
        false,
    ),
    row(
        "double-pendulum/700",
        "double pendulum, 700 labels",
        "double-pendulum",
        &[],
        FEW,
        false,
    ),
];

/// Robots of the paper's figure 2.
const ROBOTS: [Row; 8] = [
    row("hopper/true", "Hopper, true reward", "hopper", TRUE, FEW, true),
    row(
        "hopper/350",
        "Hopper, 350 labels",
        "hopper",
        &["labels.total=350"],
        FEW,
        false,
    ),
    row("hopper/700", "Hopper, 700 labels", "hopper", &[], FEW, true),
    row(
        "hopper/1400",
        "Hopper, 1,400 labels",
        "hopper",
        &["labels.total=1400"],
        FEW,
        false,
    ),
    row(
        "half-cheetah/true",
        "HalfCheetah, true reward",
        "half-cheetah",
        TRUE,
        FEW,
        false,
    ),
    row(
        "half-cheetah/700",
        "HalfCheetah, 700 labels",
        "half-cheetah",
        &[],
        FEW,
        false,
    ),
    row("walker2d/true", "Walker2d, true reward", "walker2d", TRUE, FEW, false),
    row("walker2d/700", "Walker2d, 700 labels", "walker2d", &[], FEW, false),
];

/// Behaviors without a reward.
const NOVEL: [Row; 3] = [
    row(
        "novel/backflip",
        "Hopper, backflips, 900 answers",
        "hopper-backflip",
        &[],
        FEW,
        false,
    ),
    row(
        "novel/one-leg",
        "HalfCheetah, on one leg, 800 answers",
        "half-cheetah-one-leg",
        &[],
        FEW,
        false,
    ),
    row("novel/pace", "car, keeping pace", "drive-pace", &[], FEW, false),
];

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

fn ablation_row(ablation: Ablation) -> String {
    format!("ablation/{}", ablation.name())
}

fn plan(quick: bool) -> Vec<PlannedRun> {
    let mut runs = Vec::new();
    let mut plan = |row: &str, experiment: &'static str, seeds: usize, sets: &[String]| {
        runs.extend(SEEDS[..seeds].iter().map(|&seed| PlannedRun {
            row: row.to_owned(),
            experiment,
            seed,
            sets: sets.to_vec(),
        }));
    };
    for row in LADDER.iter().chain(&ROBOTS).chain(&NOVEL) {
        if row.is_quick || !quick {
            let sets: Vec<String> = row.sets.iter().map(|set| (*set).to_owned()).collect();
            plan(row.name, row.experiment, row.seeds, &sets);
        }
    }
    if !quick {
        for ablation in Ablation::ALL {
            let set = format!("ablation={}", ablation.name());
            plan(&ablation_row(ablation), "hopper", FEW, &[set]);
        }
    }
    runs
}

fn summarize(_: bool, runs: &[FinishedRun]) -> Result<Findings> {
    let mut figures: Vec<Figure> = Vec::new();
    figures.extend(returns(
        runs,
        &LADDER,
        "ladder",
        "The ladder",
        "From the simplest task up. Return: true reward of an episode, mean over 32 episodes that the agent did not learn \
         from, with the randomness of its actions; labels are an oracle's.",
    ));
    figures.extend(returns(
        runs,
        &ROBOTS,
        "robots",
        "Robots",
        "Episodes of 300 steps, 576,000 steps in all: a reduced experiment; the paper's have 1,000 steps and a far longer \
         training. It prints curves and no numbers: with 700 labels \"nearly\" the true reward's, with 1,400 \"slightly \
         better\" on average.",
    ));
    figures.extend(ablations(runs));
    figures.extend(novel(runs));
    figures.extend(curves::all(runs)?);
    Ok(Findings {
        figures,
        headline: headline(runs),
    })
}

fn returns(runs: &[FinishedRun], rows: &[Row], name: &str, title: &str, caption: &str) -> Option<Figure> {
    let mut table = Table::new([
        "task and reward",
        "return",
        "of true reward's",
        "correlation",
        "minutes of training",
    ]);
    let mut of_true = None;
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

/// What part of the return with the true reward is reached; only of returns that are positive.
fn share(row: &Row, returns: &[f64], of_true: Option<f64>) -> String {
    match (of_true, mean(returns)) {
        (Some(of_true), Some(mean)) if row.sets != TRUE && of_true > 0.0 && mean > 0.0 => {
            format!("{:.0} %", 100.0 * mean / of_true)
        }
        _ => "–".to_owned(),
    }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn ablations(runs: &[FinishedRun]) -> Option<Figure> {
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

fn novel(runs: &[FinishedRun]) -> Option<Figure> {
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

fn headline(runs: &[FinishedRun]) -> Option<Headline> {
    let of = |row: &str, digits| {
        let found = of_row(runs, row);
        (!found.is_empty()).then(|| mean_and_spread(&values(&found, RETURN), digits))
    };
    Some(Headline {
        metric: "true return on Hopper (300 steps): 700 labels of an oracle; true reward".to_owned(),
        ours: format!("{}; {}", of("hopper/700", 0)?, of("hopper/true", 0)?),
        paper: "700 labels nearly match the true reward (curves only)".to_owned(),
        note: "short episodes and training".to_owned(),
    })
}
