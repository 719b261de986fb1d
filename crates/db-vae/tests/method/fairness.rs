//! Metrics of groups.

use std::collections::BTreeMap;

use db_vae::fairness::{Confusion, Fairness};
use papers_core::{
    base::metrics::{mean, population_variance},
    testing::fixture,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
    summary: Vec<Summary>,
}

#[derive(Deserialize)]
struct Case {
    groups: Vec<String>,
    y_true: Vec<u8>,
    score: Vec<f64>,
    threshold: f64,
    group_names: Vec<String>,
    expected: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    by_group: BTreeMap<String, Group>,
    overall_accuracy: Option<f64>,
    mean_group_recall_percent: Option<f64>,
    var_group_recall_percent_population: Option<f64>,
    var_group_recall_percent_sample: Option<f64>,
    recall_gap: Option<f64>,
    worst_group_recall: Option<f64>,
    worst_group_accuracy: Option<f64>,
    accuracy_gap: Option<f64>,
    demographic_parity_difference: Option<f64>,
    demographic_parity_ratio: Option<f64>,
    equal_opportunity_difference: Option<f64>,
    equalized_odds_difference: Option<f64>,
    average_odds_difference_first_vs_last: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    n: u64,
    accuracy: Option<f64>,
    recall_tpr: Option<f64>,
    fpr: Option<f64>,
    fnr: Option<f64>,
    precision: Option<f64>,
    selection_rate: Option<f64>,
}

#[derive(Deserialize)]
struct Summary {
    recalls_percent: Vec<f64>,
    mean: f64,
    var_population: f64,
    var_sample: f64,
}

fn file() -> File {
    fixture(env!("CARGO_MANIFEST_DIR"), "fairness.json")
}

#[track_caller]
fn same(found: Option<f64>, expected: Option<f64>) {
    match (found, expected) {
        (Some(found), Some(expected)) => {
            let error = (found - expected).abs() / expected.abs().max(1.0);
            assert!(error < 1e-9, "{found} is not {expected}");
        }
        (found, expected) => assert_eq!(found, expected),
    }
}

#[test]
fn every_metric_is_that_of_the_fixture() {
    for case in file().cases {
        let mut fairness = Fairness::new(case.group_names.iter().cloned());
        for (place, group) in case.groups.iter().enumerate() {
            let group = case
                .group_names
                .iter()
                .position(|name| name == group)
                .expect("a known group");
            fairness.add(group, case.y_true[place] == 1, case.score[place] >= case.threshold);
        }
        let expected = case.expected;
        assert_eq!(expected.by_group.len(), fairness.groups.len());
        for (name, group) in fairness.names.iter().zip(&fairness.groups) {
            let expected = &expected.by_group[name];
            assert_eq!(group.count(), expected.n);
            same(group.accuracy(), expected.accuracy);
            same(group.recall(), expected.recall_tpr);
            same(group.false_positive_rate(), expected.fpr);
            same(group.false_negative_rate(), expected.fnr);
            same(group.precision(), expected.precision);
            same(group.selection_rate(), expected.selection_rate);
        }
        same(fairness.overall().accuracy(), expected.overall_accuracy);
        same(fairness.mean_recall_percent(), expected.mean_group_recall_percent);
        same(fairness.recall_variance(), expected.var_group_recall_percent_population);
        same(
            fairness.recall_sample_variance(),
            expected.var_group_recall_percent_sample,
        );
        same(fairness.gap(Confusion::recall), expected.recall_gap);
        same(fairness.worst(Confusion::recall), expected.worst_group_recall);
        same(fairness.worst(Confusion::accuracy), expected.worst_group_accuracy);
        same(fairness.gap(Confusion::accuracy), expected.accuracy_gap);
        same(
            fairness.demographic_parity_difference(),
            expected.demographic_parity_difference,
        );
        same(fairness.demographic_parity_ratio(), expected.demographic_parity_ratio);
        same(
            fairness.equal_opportunity_difference(),
            expected.equal_opportunity_difference,
        );
        same(fairness.equalized_odds_difference(), expected.equalized_odds_difference);
        let last = fairness.groups.len() - 1;
        same(
            fairness.average_odds_difference(0, last),
            expected.average_odds_difference_first_vs_last,
        );
    }
}

#[test]
fn means_and_variances_of_recalls_are_those_of_the_fixture() {
    for summary in file().summary {
        let recalls = &summary.recalls_percent;
        let count = recalls.len() as f64;
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
        close(mean(recalls), summary.mean);
        close(population_variance(recalls), summary.var_population);
        close(population_variance(recalls) * count / (count - 1.0), summary.var_sample);
        // Groups of 10,000 faces have these recalls exactly.
        let mut fairness = Fairness::new(recalls.iter().map(f64::to_string));
        for (group, recall) in fairness.groups.iter_mut().zip(recalls) {
            group.true_positives = (recall * 100.0).round() as u64;
            group.false_negatives = 10_000 - group.true_positives;
        }
        same(fairness.mean_recall_percent(), Some(summary.mean));
        same(fairness.recall_variance(), Some(summary.var_population));
        same(fairness.recall_sample_variance(), Some(summary.var_sample));
    }
}
