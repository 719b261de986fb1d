//! The runs behind the README: K = 1 beside K > 1 with equal numbers of updates, the ablations, and the targets.

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

const COMPARISONS: [Comparison; 9] = [
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
        set: "fashion-halves",
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

/// A row that stands alone, beside those of the comparisons: set, name, what it is, settings.
type Variant = (&'static str, &'static str, &'static str, &'static [&'static str]);

/// Ablations and controls. What is the set's own default is in the comparisons.
const VARIANTS: [Variant; 18] = [
    (
        "dg-100-s",
        "random",
        "random clusters (control)",
        &["divide.clusters='random'"],
    ),
    (
        "dg-100-s",
        "no-slices",
        "clusters without slices",
        &["divide.slices=false"],
    ),
    (
        "dg-100-l",
        "released",
        "the released program's three phases",
        &["divide.slices_until=10", "divide.clusters_until=19"],
    ),
    ("dg-100-l", "no-warm-up", "no warm-up", &["divide.warm_up=0"]),
    ("digit-pairs", "k-2", "K = 2", &["divide.learners=2"]),
    ("digit-pairs", "k-16", "K = 16", &["divide.learners=16"]),
    ("digit-pairs", "t-2", "T = 2", &["divide.recluster_every=2"]),
    (
        "digit-pairs",
        "t-4",
        "T = 4: one division",
        &["divide.recluster_every=4"],
    ),
    ("digit-pairs", "d-32", "d = 32", &["dimension=32"]),
    (
        "digit-pairs",
        "d-32-whole",
        "d = 32, K = 1",
        &["dimension=32", "divide.learners=1"],
    ),
    ("digit-pairs", "d-128", "d = 128", &["dimension=128"]),
    (
        "digit-pairs",
        "d-128-whole",
        "d = 128, K = 1",
        &["dimension=128", "divide.learners=1"],
    ),
    (
        "digit-pairs",
        "random",
        "random clusters",
        &["divide.clusters='random'"],
    ),
    (
        "digit-pairs",
        "no-slices",
        "clusters without slices",
        &["divide.slices=false"],
    ),
    (
        "digit-pairs",
        "no-clusters",
        "slices without clusters",
        &["divide.data=false"],
    ),
    (
        "digit-pairs",
        "no-fine-tuning",
        "no final fine-tuning",
        &["divide.slices_until=8", "divide.clusters_until=8"],
    ),
    (
        "digit-pairs",
        "no-matching",
        "no matching of clusters",
        &["divide.matching=false"],
    ),
    (
        "digit-pairs",
        "own-updates",
        "other slices left alone",
        &["divide.slice_update='own'"],
    ),
];

fn row(set: &str, loss: &str, learners: usize) -> String {
    format!("{set}/{loss}-k{learners}")
}

fn variant_row(set: &str, name: &str) -> String {
    format!("{set}/ablation-{name}")
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
        for (set, name, _, sets) in VARIANTS {
            runs.extend(PlannedRun::row(&variant_row(set, name), set, &SEEDS[..FEW], sets));
        }
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
    figures.extend(tables::ablation(runs, "digit-pairs", 8));
    figures.extend(tables::ablation(runs, "dg-100-s", 8));
    figures.extend(tables::ablation(runs, "dg-100-l", 4));
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
