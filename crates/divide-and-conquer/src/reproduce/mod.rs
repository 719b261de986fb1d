//! The runs behind the README: K = 1 beside K > 1 with equal numbers of updates, the ablations, and the targets.

mod ablations;
mod tables;

use papers_core::{
    Result,
    base::figure::mean_and_spread,
    reproduce::{Findings, FinishedRun, Headline, PlannedRun, Reproduction, SEEDS, of_row, values},
};

/// For [`Paper::reproduction`](papers_core::cli::Paper::reproduction).
pub(crate) const REPRODUCTION: Reproduction = Reproduction { plan, summarize };

/// Seeds of rows that there are many of.
const FEW: usize = 3;

/// A comparison on a set: one loss, several numbers of learners.
struct Comparison {
    set: &'static str,
    loss: &'static str,
    learners: &'static [usize],
    seeds: usize,
    is_quick: bool,
}

const COMPARISONS: [Comparison; 13] = [
    Comparison {
        set: "digit-pairs",
        loss: "triplet",
        learners: &[1, 4, 8],
        seeds: 5,
        is_quick: true,
    },
    Comparison {
        set: "digit-pairs",
        loss: "margin",
        learners: &[1, 8],
        seeds: FEW,
        is_quick: false,
    },
    Comparison {
        set: "digit-pairs",
        loss: "proxy-nca",
        learners: &[1, 8],
        seeds: FEW,
        is_quick: false,
    },
    Comparison {
        set: "digit-pairs",
        loss: "contrastive",
        learners: &[1, 8],
        seeds: FEW,
        is_quick: false,
    },
    Comparison {
        set: "digit-pairs",
        loss: "n-pair",
        learners: &[1, 8],
        seeds: FEW,
        is_quick: false,
    },
    Comparison {
        set: "dg-100-s",
        loss: "triplet",
        learners: &[1, 4, 8],
        seeds: 5,
        is_quick: true,
    },
    Comparison {
        set: "dg-100-s",
        loss: "margin",
        learners: &[1, 8],
        seeds: FEW,
        is_quick: false,
    },
    Comparison {
        set: "dg-100-l",
        loss: "margin",
        learners: &[1, 4, 8],
        seeds: FEW,
        is_quick: false,
    },
    Comparison {
        set: "dg-100-l",
        loss: "triplet",
        learners: &[1, 4],
        seeds: FEW,
        is_quick: false,
    },
    Comparison {
        set: "mnist-halves",
        loss: "triplet",
        learners: &[1, 4],
        seeds: FEW,
        is_quick: false,
    },
    Comparison {
        set: "fashion-halves",
        loss: "triplet",
        learners: &[1, 4],
        seeds: FEW,
        is_quick: false,
    },
    Comparison {
        set: "cifar10-halves",
        loss: "triplet",
        learners: &[1, 4],
        seeds: FEW,
        is_quick: false,
    },
    Comparison {
        set: "cars196-80",
        loss: "margin",
        learners: &[1, 4],
        seeds: FEW,
        is_quick: false,
    },
];

fn row(set: &str, loss: &str, learners: usize) -> String {
    format!("{set}/{loss}-k{learners}")
}

fn plan(quick: bool) -> Vec<PlannedRun> {
    let mut runs = Vec::new();
    for comparison in COMPARISONS.iter().filter(|comparison| !quick || comparison.is_quick) {
        let Comparison {
            set,
            loss,
            learners,
            seeds,
            ..
        } = comparison;
        for &learners in *learners {
            let sets = [format!("loss.kind='{loss}'"), format!("divide.learners={learners}")];
            runs.extend(PlannedRun::row(&row(set, loss, learners), set, &SEEDS[..*seeds], &sets));
        }
    }
    if !quick {
        runs.extend(ablations::plan());
    }
    runs
}

fn summarize(_: bool, runs: &[FinishedRun]) -> Result<Findings> {
    let mut figures = Vec::new();
    let mut sets: Vec<&str> = COMPARISONS.iter().map(|comparison| comparison.set).collect();
    sets.dedup();
    for set in sets {
        figures.extend(tables::comparison(runs, set));
        figures.extend(tables::curves(runs, set)?);
    }
    figures.extend(tables::targets(runs));
    figures.extend(ablations::figures(runs));
    figures.extend(tables::pictures(runs)?);
    Ok(Findings {
        figures,
        headline: headline(runs),
    })
}

/// A number of some runs in percent.
fn percent(runs: &[&FinishedRun], metric: &str) -> Vec<f64> {
    values(runs, metric).iter().map(|value| 100.0 * value).collect()
}

fn headline(runs: &[FinishedRun]) -> Option<Headline> {
    let recall = |learners: usize| {
        let runs = of_row(runs, &row("dg-100-s", "triplet", learners));
        (!runs.is_empty()).then(|| mean_and_spread(&percent(&runs, "recall_at_1"), 1))
    };
    Some(Headline {
        metric: "Recall@1, %, pairs of a digit and a garment (reduced), triplet loss: K = 8; K = 1".to_owned(),
        ours: format!("{}; {}", recall(8)?, recall(1)?),
        paper: "75.9 (K = 8); 74.8 (K = 1, unconfirmed) on Stanford Online Products".to_owned(),
        note: "other pictures, loss and network, equal numbers of updates: not comparable".to_owned(),
    })
}
