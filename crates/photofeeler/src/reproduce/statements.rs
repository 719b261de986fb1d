//! What can be said of differences between runs of the same seed.

use papers_core::{
    base::figure::{Figure, Table, mean_and_deviation, mean_and_spread},
    reproduce::{FinishedRun, of_row},
};

use super::tables::table_figure;

/// A row and a metric of its runs.
pub(super) type Measure = (&'static str, &'static str);

/// Differences of two measures, for each seed that both rows have.
pub(super) fn paired(runs: &[FinishedRun], one: Measure, other: Measure) -> Vec<f64> {
    let of = |(row, metric): Measure| -> Vec<(u64, f64)> {
        of_row(runs, row)
            .iter()
            .filter_map(|run| Some((run.planned.seed, run.metric(metric)?)))
            .collect()
    };
    let others = of(other);
    let difference = |(seed, value): (u64, f64)| {
        let (_, other) = others.iter().find(|(of, _)| *of == seed)?;
        Some(value - other)
    };
    of(one).into_iter().filter_map(difference).collect()
}

const WHOLE: &str = "features/random-normalized-voter";
const WHOLE_RAW: &str = "features/random-raw-voter";
const CONFOUNDED: &str = "features/confounded-normalized-voter";
const CONFOUNDED_RAW: &str = "features/confounded-raw-voter";

/// What is compared, and the measures: the first less the second is better the larger it is.
const COMPARED: [(&str, Measure, Measure); 17] = [
    (
        "scores of photos: whole system - MSE on raw means",
        (WHOLE, "pearson"),
        ("features/random-raw-regression", "pearson"),
    ),
    (
        "the same difference with confounded serving",
        (CONFOUNDED, "pearson"),
        ("features/confounded-raw-regression", "pearson"),
    ),
    (
        "the paper's order: classification - regression",
        ("variants/classification", "pearson"),
        ("features/random-normalized-regression", "pearson"),
    ),
    (
        "the paper's order: distribution - classification",
        (WHOLE, "base_pearson"),
        ("variants/classification", "pearson"),
    ),
    (
        "the paper's order: voters - distribution",
        (WHOLE, "pearson"),
        (WHOLE, "base_pearson"),
    ),
    (
        "voters - distribution, drawn portraits",
        ("portraits/3-voter", "pearson"),
        ("portraits/3-voter", "base_pearson"),
    ),
    (
        "confounded serving, normalized votes: voters - distribution",
        (CONFOUNDED, "pearson"),
        (CONFOUNDED, "base_pearson"),
    ),
    (
        "confounded serving, raw votes: voters - distribution",
        (CONFOUNDED_RAW, "pearson"),
        (CONFOUNDED_RAW, "base_pearson"),
    ),
    (
        "confounded serving, raw votes: joint - voters",
        ("features/confounded-raw-joint", "pearson"),
        (CONFOUNDED_RAW, "pearson"),
    ),
    (
        "confounded serving, voters: normalized - raw",
        (CONFOUNDED, "pearson"),
        (CONFOUNDED_RAW, "pearson"),
    ),
    (
        "single votes: voter model - photo's score",
        (WHOLE, "votes_voter_model"),
        (WHOLE, "votes_base"),
    ),
    (
        "single votes: voter model - photo's score on the voter's scale",
        (WHOLE, "votes_voter_model"),
        (WHOLE, "votes_base_by_voter"),
    ),
    (
        "single votes, raw: voter model - photo's score on the voter's scale",
        (WHOLE_RAW, "votes_voter_model"),
        (WHOLE_RAW, "votes_base_by_voter"),
    ),
    (
        "nats of single votes: voter's own shares - voter model",
        (WHOLE, "prior_cross_entropy"),
        (WHOLE, "voter_cross_entropy"),
    ),
    (
        "nats, raw votes: voter's own shares - voter model",
        (WHOLE_RAW, "prior_cross_entropy"),
        (WHOLE_RAW, "voter_cross_entropy"),
    ),
    (
        "nats, MEBeauty: voter's own shares - voter model",
        ("mebeauty/all", "prior_cross_entropy"),
        ("mebeauty/all", "voter_cross_entropy"),
    ),
    (
        "nats, London Faces, women by men: voter's own shares - voter model",
        ("london/female", "prior_cross_entropy"),
        ("london/female", "voter_cross_entropy"),
    ),
];

/// Who is better, seed by seed.
pub(super) fn statements(runs: &[FinishedRun]) -> Option<Figure> {
    let mut table = Table::new(["compared", "difference", "above 0", "so the first is"]);
    for (what, one, other) in COMPARED {
        let found = paired(runs, one, other);
        if mean_and_deviation(&found).is_none() {
            continue;
        }
        let above = found.iter().filter(|difference| **difference > 0.0).count();
        table.push([
            what.to_owned(),
            mean_and_spread(&found, 3),
            format!("{above} of {}", found.len()),
            reading(above, found.len()).to_owned(),
        ]);
    }
    table_figure(
        "statements",
        "What can be said",
        "Differences of runs with the same seed, which have the same voters and photos. \"Better\" and \"worse\" are said where all seeds agree, and \
         nothing of a single seed. The paper's order of outputs, from worst to best: regression, classification, distribution, voters."
            .to_owned(),
        table,
    )
}

fn reading(above: usize, seeds: usize) -> &'static str {
    match above {
        _ if seeds < 2 => "–",
        0 => "worse",
        above if above == seeds => "better",
        _ => "not told apart",
    }
}

#[cfg(test)]
mod tests {
    use super::reading;

    #[test]
    fn only_seeds_that_agree_say_something() {
        assert_eq!(
            [reading(3, 3), reading(0, 3), reading(2, 3)],
            ["better", "worse", "not told apart"]
        );
        assert_eq!(reading(1, 1), "–");
    }
}
