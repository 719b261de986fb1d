//! Tables of the runs on features.

use papers_core::{
    base::figure::{Body, Figure, Table, mean_and_deviation, mean_and_spread},
    reproduce::{FinishedRun, of_row, values},
};

use super::{rows::VARIANTS, statements::paired};

/// A metric of the runs of a row with its spread.
pub(super) fn told(runs: &[FinishedRun], row: &str, metric: &str) -> String {
    mean_and_spread(&values(&of_row(runs, row), metric), 3)
}

pub(super) fn table_figure(name: &str, title: &str, caption: String, table: Table) -> Option<Figure> {
    (!table.rows.is_empty()).then(|| Figure {
        name: name.to_owned(),
        title: title.to_owned(),
        caption,
        body: Body::Table(table),
    })
}

/// Outputs by serving and votes.
pub(super) fn served(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "serving, votes",
        "MSE on the mean",
        "KL distribution (phase 1)",
        "voters, frozen base",
        "joint (ours)",
        "prototype: MSE, KL, voters, joint",
    ]);
    for (name, label, prototype) in [
        ("random-raw", "random, raw", "0.740, 0.812, 0.797, 0.786"),
        ("random-normalized", "random, normalized", "0.730, 0.801, 0.803, 0.800"),
        ("confounded-raw", "confounded 1.5, raw", "0.692, 0.745, 0.740, 0.789"),
        (
            "confounded-normalized",
            "confounded 1.5, normalized",
            "0.731, 0.806, 0.805, 0.799",
        ),
    ] {
        let row = |kind: &str| format!("features/{name}-{kind}");
        if of_row(runs, &row("voter")).is_empty() && of_row(runs, &row("regression")).is_empty() {
            continue;
        }
        table.push([
            label.to_owned(),
            told(runs, &row("regression"), "pearson"),
            told(runs, &row("voter"), "base_pearson"),
            told(runs, &row("voter"), "pearson"),
            told(runs, &row("joint"), "pearson"),
            prototype.to_owned(),
        ]);
    }
    table_figure(
        "served",
        "Attributes in place of pictures, three votes a photo",
        "Pearson with what all 150 simulated voters would say, on 800 photos that were not learned from; 1,500 photos to learn from, 15 % of them \
         to choose the epoch by. Seeds fix voters, photos and weights. The last column is a prototype in another framework (3 seeds) whose \
         preferences were drawn with other numbers."
            .to_owned(),
        table,
    )
}

/// Differences of runs with the same seed, and what was hoped for.
pub(super) fn targets(runs: &[FinishedRun]) -> Option<Figure> {
    const RANDOM: &str = "features/random-normalized-voter";
    const CONFOUNDED: &str = "features/confounded-normalized-voter";
    let alone = |row: &str, metric: &str| values(&of_row(runs, row), metric);
    let mut table = Table::new(["what", "measured", "target", "met"]);
    type Holds = fn(f64) -> bool;
    let first = |found: Vec<f64>| found.into_iter().take(1).collect::<Vec<_>>();
    let lines: [(&str, Vec<f64>, &str, Holds); 8] = [
        (
            "whole system, Pearson",
            alone(RANDOM, "pearson"),
            "at least 0.77",
            |mean| mean >= 0.77,
        ),
        (
            "whole system - MSE on raw means, random serving",
            paired(runs, (RANDOM, "pearson"), ("features/random-raw-regression", "pearson")),
            "at least +0.03",
            |mean| mean >= 0.03,
        ),
        (
            "the same, confounded serving",
            paired(
                runs,
                (CONFOUNDED, "pearson"),
                ("features/confounded-raw-regression", "pearson"),
            ),
            "at least +0.05",
            |mean| mean >= 0.05,
        ),
        (
            "single votes: voter model - photo's score",
            paired(runs, (RANDOM, "votes_voter_model"), (RANDOM, "votes_base")),
            "at least +0.08",
            |mean| mean >= 0.08,
        ),
        (
            "voter model - KL distribution",
            paired(runs, (RANDOM, "pearson"), (RANDOM, "base_pearson")),
            "within ±0.03",
            |mean| mean.abs() <= 0.03,
        ),
        (
            "raw votes that the model is worth",
            alone(RANDOM, "human_votes"),
            "at least 4",
            |mean| mean >= 4.0,
        ),
        (
            "drawn portraits, first seed: whole system, Pearson",
            first(alone("portraits/3-voter", "pearson")),
            "at least 0.62",
            |mean| mean >= 0.62,
        ),
        (
            "drawn portraits, first seed: MSE on raw means - whole system",
            first(paired(
                runs,
                ("portraits/3-regression", "pearson"),
                ("portraits/3-voter", "pearson"),
            )),
            "at most +0.01",
            |mean| mean <= 0.01,
        ),
    ];
    for (what, found, target, holds) in lines {
        let Some((mean, _)) = mean_and_deviation(&found) else {
            continue;
        };
        let digits = if mean.abs() >= 2.0 { 1 } else { 3 };
        table.push([
            what.to_owned(),
            mean_and_spread(&found, digits),
            target.to_owned(),
            if holds(mean) { "yes" } else { "no" }.to_owned(),
        ]);
    }
    table_figure(
        "targets",
        "What was hoped for",
        "Differences are of runs with the same seed, which have the same voters and photos. Targets were set by the prototype before these runs."
            .to_owned(),
        table,
    )
}

/// Predictions of single votes.
pub(super) fn single_votes(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "votes",
        "photo's score",
        "voter's mean",
        "photo's score on the voter's scale",
        "voter model",
        "-log q(bin): base, nats",
        "voter's own shares",
        "voter model, nats",
        "calibration error: base",
        "voter model",
    ]);
    for (row, label) in [
        ("features/random-raw-voter", "random, raw"),
        ("features/random-normalized-voter", "random, normalized"),
        ("features/confounded-raw-voter", "confounded, raw"),
        ("features/confounded-normalized-voter", "confounded, normalized"),
    ] {
        if of_row(runs, row).is_empty() {
            continue;
        }
        let of = |metric| told(runs, row, metric);
        table.push([
            label.to_owned(),
            of("votes_base"),
            of("votes_voter_mean"),
            of("votes_base_by_voter"),
            of("votes_voter_model"),
            of("base_cross_entropy"),
            of("prior_cross_entropy"),
            of("voter_cross_entropy"),
            of("base_calibration_error"),
            of("voter_calibration_error"),
        ]);
    }
    table_figure(
        "single-votes",
        "Single votes that were held out",
        "Pearson with the raw vote, on photos that were not learned from, by voters that were. The score on the voter's scale needs no voter \
         model: the voter's mean and deviation, of votes to learn from, turn the photo's score into a vote. The voter's own shares are those of the voter's votes to learn from, drawn to all voters' by five votes. The prototype: photo's score 0.43, \
         voter model 0.56."
            .to_owned(),
        table,
    )
}

/// Other outputs, inputs and traits.
pub(super) fn variants(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "variant",
        "Pearson",
        "of the base network",
        "single votes",
        "raw votes worth",
    ]);
    let mut add = |name: &str, label: &str| {
        if !of_row(runs, name).is_empty() {
            let of = |metric| told(runs, name, metric);
            let votes = match values(&of_row(runs, name), "votes_voter_model").is_empty() {
                true => of("votes_base"),
                false => of("votes_voter_model"),
            };
            let worth = mean_and_spread(&values(&of_row(runs, name), "human_votes"), 1);
            table.push([label.to_owned(), of("pearson"), of("base_pearson"), votes, worth]);
        }
    };
    add("features/random-normalized-regression", "regression");
    add("features/random-normalized-voter", "voters (as above)");
    add("features/random-normalized-joint", "joint (ours)");
    VARIANTS.iter().for_each(|row| add(row.name, row.label));
    table_figure(
        "variants",
        "Variants, random serving, normalized votes",
        "As above, one thing changed. The paper's order of outputs, from worst to best: regression, classification, distribution (KL), voters; \
         the distribution is the base network of the voters' row."
            .to_owned(),
        table,
    )
}

/// Labels without any network.
pub(super) fn labels(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new([
        "serving",
        "mean of raw votes",
        "ours: normalized, weighted",
        "quality + bias",
        "slope · quality + bias",
    ]);
    for (row, label) in [
        ("features/random-normalized-voter", "random"),
        ("features/confounded-normalized-voter", "confounded 1.5"),
    ] {
        if !of_row(runs, row).is_empty() {
            let of = |metric| told(runs, row, metric);
            table.push([
                label.to_owned(),
                of("labels_raw"),
                of("labels_ours"),
                of("labels_additive"),
                of("labels_scaled"),
            ]);
        }
    }
    table_figure(
        "labels",
        "Labels before any network",
        "Pearson of labels with the truth, on the photos to learn from, three votes each: models of voters alone."
            .to_owned(),
        table,
    )
}
