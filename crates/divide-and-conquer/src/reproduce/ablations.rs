//! Ablations: one axis at a time, with the same seeds. The rows of an axis are those of `--only SET/ablation-AXIS`.

use papers_core::{
    base::figure::{Body, Figure, Table, mean_and_spread},
    reproduce::{FinishedRun, PlannedRun, SEEDS, of_row},
};

use super::{
    FEW, percent, row,
    tables::{RECALL, paired},
};

/// Variants of one experiment.
struct Axis {
    /// As in `--only digit-pairs/ablation-t`.
    name: &'static str,
    title: &'static str,
    set: &'static str,
    /// Loss and K of the experiment itself, whose row is that of the comparison.
    own: (&'static str, usize),
    /// Other numbers of learners whose rows the comparison has.
    shared: &'static [usize],
    variants: &'static [Variant],
    note: &'static str,
}

/// Name, what it is, settings.
type Variant = (&'static str, &'static str, &'static [&'static str]);

const PAIRS: (&str, usize) = ("triplet", 8);

/// Epochs of 30 updates in place of 150: 20 of them are divided, so that T = 10 divides twice. As many updates as elsewhere.
macro_rules! short_epochs {
    ($every:literal) => {
        &[
            "training.epoch_steps=30",
            "divide.warm_up=10",
            "divide.slices_until=30",
            "divide.clusters_until=30",
            concat!("divide.recluster_every=", $every),
        ]
    };
}

const AXES: [Axis; 7] = [
    Axis {
        name: "k",
        title: "Number of learners K",
        set: "digit-pairs",
        own: PAIRS,
        shared: &[1, 4],
        variants: &[
            ("2", "K = 2", &["divide.learners=2"]),
            ("16", "K = 16", &["divide.learners=16"]),
        ],
        note: "d = 64.",
    },
    Axis {
        name: "t",
        title: "Epochs between divisions T",
        set: "digit-pairs",
        own: PAIRS,
        shared: &[1],
        variants: &[
            ("1", "short epochs, T = 1: 20 divisions", short_epochs!("1")),
            ("2", "short epochs, T = 2: 10 divisions", short_epochs!("2")),
            ("5", "short epochs, T = 5: 4 divisions", short_epochs!("5")),
            ("10", "short epochs, T = 10: 2 divisions", short_epochs!("10")),
        ],
        note: "An epoch of 30 updates, 40 of them, the first 10 and the last 10 undivided; the first line has epochs of 150 updates and \
               4 divisions, those of T = 5. All have 1,200 updates.",
    },
    Axis {
        name: "d",
        title: "Numbers of an embedding d",
        set: "digit-pairs",
        own: PAIRS,
        shared: &[1],
        variants: &[
            ("32", "d = 32", &["dimension=32"]),
            ("32-whole", "d = 32, K = 1", &["dimension=32", "divide.learners=1"]),
            ("128", "d = 128", &["dimension=128"]),
            ("128-whole", "d = 128, K = 1", &["dimension=128", "divide.learners=1"]),
            ("256", "d = 256", &["dimension=256"]),
            ("256-whole", "d = 256, K = 1", &["dimension=256", "divide.learners=1"]),
            ("512", "d = 512", &["dimension=512"]),
            ("512-whole", "d = 512, K = 1", &["dimension=512", "divide.learners=1"]),
        ],
        note: "K = 8 where nothing is said; the first two lines have d = 64.",
    },
    Axis {
        name: "parts",
        title: "Parts of the method",
        set: "digit-pairs",
        own: PAIRS,
        shared: &[1],
        variants: &[
            ("random", "random clusters", &["divide.clusters='random'"]),
            ("no-slices", "clusters without slices", &["divide.slices=false"]),
            ("no-clusters", "slices without clusters", &["divide.data=false"]),
            (
                "no-fine-tuning",
                "no final fine-tuning",
                &["divide.slices_until=8", "divide.clusters_until=8"],
            ),
            ("no-matching", "no matching of clusters", &["divide.matching=false"]),
            ("own-updates", "other slices left alone", &["divide.slice_update='own'"]),
        ],
        note: "",
    },
    Axis {
        name: "parts",
        title: "Parts of the method",
        set: "dg-100-s",
        own: PAIRS,
        shared: &[1, 4],
        variants: &[
            ("random", "random clusters (control)", &["divide.clusters='random'"]),
            ("no-slices", "clusters without slices", &["divide.slices=false"]),
            ("no-clusters", "slices without clusters", &["divide.data=false"]),
        ],
        note: "",
    },
    Axis {
        name: "schedule",
        title: "Phases",
        set: "dg-100-l",
        own: ("margin", 4),
        shared: &[1, 8],
        variants: &[
            (
                "released",
                "the released program's three phases",
                &["divide.slices_until=10", "divide.clusters_until=19"],
            ),
            ("no-warm-up", "no warm-up", &["divide.warm_up=0"]),
        ],
        note: "",
    },
    Axis {
        name: "miner",
        title: "Negatives of the margin loss",
        set: "dg-100-s",
        own: ("margin", 8),
        shared: &[1],
        variants: &[
            (
                "nearest",
                "nearest from 0.5 on, as the released program",
                &["loss.kind='margin'", "loss.margin.miner='nearest'"],
            ),
            (
                "no-far-cut",
                "distance-weighted without the cut at 1.4",
                &["loss.kind='margin'", "loss.margin.mining.nonzero_loss_cutoff=2.0"],
            ),
        ],
        note: "",
    },
];

/// The row of a variant.
pub(super) fn variant_row(set: &str, axis: &str, name: &str) -> String {
    format!("{set}/ablation-{axis}-{name}")
}

/// The runs that no comparison has.
pub(super) fn plan() -> impl Iterator<Item = PlannedRun> {
    AXES.iter().flat_map(|axis| {
        axis.variants.iter().flat_map(|(name, _, sets)| {
            let row = variant_row(axis.set, axis.name, name);
            PlannedRun::row(&row, axis.set, &SEEDS[..FEW], sets).collect::<Vec<_>>()
        })
    })
}

/// A table for each axis that was run.
pub(super) fn figures(runs: &[FinishedRun]) -> impl Iterator<Item = Figure> {
    AXES.iter().filter_map(|axis| figure(runs, axis))
}

fn figure(runs: &[FinishedRun], axis: &Axis) -> Option<Figure> {
    let few = |row: &str| {
        // Comparisons have more seeds of some rows: here all rows have the same.
        let mut runs = of_row(runs, row);
        runs.retain(|run| SEEDS[..FEW].contains(&run.planned.seed));
        runs
    };
    let (loss, learners) = axis.own;
    let own = few(&row(axis.set, loss, learners));
    let shared = axis
        .shared
        .iter()
        .map(|&other| (format!("K = {other}"), few(&row(axis.set, loss, other))));
    let variants = axis
        .variants
        .iter()
        .map(|(name, what, _)| ((*what).to_owned(), few(&variant_row(axis.set, axis.name, name))));
    let mut table = Table::new(["variant", "Recall@1, %", "NMI, %", "over the first line, points"]);
    let mut found = 0;
    let lines = [(format!("K = {learners}"), own.clone())].into_iter().chain(shared);
    for (place, (what, runs)) in lines.chain(variants).enumerate() {
        if runs.is_empty() {
            continue;
        }
        found += usize::from(place > axis.shared.len());
        let cell = |metric: &str| mean_and_spread(&percent(&runs, metric), 1);
        let over = if place == 0 {
            "–".to_owned()
        } else {
            paired(&runs, &own)
        };
        table.push([what, cell(RECALL), cell("nmi"), over]);
    }
    let note = if axis.note.is_empty() {
        String::new()
    } else {
        format!(" {}", axis.note)
    };
    (found > 0).then(|| Figure {
        name: format!("ablation-{}-{}", axis.name, axis.set),
        title: format!("{} on {}", axis.title, axis.set),
        caption: format!(
            "{loss} loss, mean ± standard deviation over the same {FEW} seeds; differences of runs with the same seed.{note}"
        ),
        body: Body::Table(table),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use papers_core::base::config;

    use super::*;
    use crate::{
        config::{MetricConfig, PRESETS},
        course::Timetable,
    };

    fn loaded(run: &PlannedRun) -> MetricConfig {
        let sets: Vec<&str> = run.sets.iter().map(String::as_str).collect();
        let loaded = config::experiment(PRESETS, run.experiment, &sets);
        loaded.unwrap_or_else(|error| panic!("{}: {error}", run.row))
    }

    #[test]
    fn every_variant_has_a_row_of_its_own_and_settings_that_exist() {
        let runs: Vec<PlannedRun> = plan().collect();
        let rows: BTreeSet<(&str, u64)> = runs.iter().map(|run| (run.row.as_str(), run.seed)).collect();
        assert_eq!(rows.len(), runs.len());
        runs.iter().for_each(|run| drop(loaded(run)));
    }

    #[test]
    fn short_epochs_divide_as_often_as_they_say() {
        for (name, expected) in [("1", 20), ("2", 10), ("5", 4), ("10", 2)] {
            let row = variant_row("digit-pairs", "t", name);
            let run = plan().find(|run| run.row == row).unwrap();
            let config = loaded(&run);
            let table = Timetable::new(&config.divide, config.training.epoch_steps);
            let divisions = (0..config.schedule.steps)
                .filter(|&step| table.divides_at(step))
                .count();
            assert_eq!(divisions, expected, "T = {name}");
        }
    }
}
