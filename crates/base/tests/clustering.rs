//! Clusterings and posteriors beside independent numbers.

use std::{collections::BTreeMap, fs, path::Path};

use papers_base::clustering::{ActiveUnits, Assessment, Collapse, Contingency, Mapping, Normalization, Protocol};
use serde::{Deserialize, de::DeserializeOwned};

/// The files' numbers and ours are both in double precision.
const TOLERANCE: f64 = 1e-9;

fn fixture<T: DeserializeOwned>(name: &str) -> T {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("fixture {}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("fixture {}: {error}", path.display()))
}

#[track_caller]
fn assert_close(found: f64, expected: f64, what: &str) {
    assert!(
        (found - expected).abs() < TOLERANCE,
        "{what}: {found}, expected {expected}"
    );
}

#[track_caller]
fn assert_all_close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        assert_close(found, expected, &format!("{what}, {index}"));
    }
}

#[derive(Deserialize)]
struct Metrics {
    plain: Vec<Plain>,
    semi_unsupervised: Vec<SemiUnsupervised>,
}

#[derive(Deserialize)]
struct Plain {
    y_true: Vec<usize>,
    y_pred: Vec<usize>,
    n_classes: usize,
    n_clusters: usize,
    expected: Agreement,
}

#[derive(Deserialize)]
struct Agreement {
    contingency_cluster_by_class: Vec<Vec<usize>>,
    majority_accuracy: f64,
    majority_map: BTreeMap<usize, usize>,
    hungarian_accuracy: f64,
    nmi_arithmetic: f64,
    nmi_geometric: f64,
    nmi_max: f64,
    nmi_min: f64,
    ari: f64,
    ami: f64,
    homogeneity: f64,
    completeness: f64,
}

/// Clusters that stand for a class, as the files have a mapping.
fn pairs(mapping: &Mapping) -> BTreeMap<usize, usize> {
    let classes = mapping.classes().iter().enumerate();
    classes
        .filter_map(|(cluster, class)| Some((cluster, (*class)?)))
        .collect()
}

#[test]
fn agreement_is_the_expected_one() {
    for (index, case) in fixture::<Metrics>("cluster_metrics.json").plain.iter().enumerate() {
        let table = Contingency::new(&case.y_pred, &case.y_true, case.n_clusters, case.n_classes).unwrap();
        let expected = &case.expected;
        assert_eq!(table.rows(), expected.contingency_cluster_by_class, "case {index}");
        for (normalization, expected) in [
            (Normalization::Arithmetic, expected.nmi_arithmetic),
            (Normalization::Geometric, expected.nmi_geometric),
            (Normalization::Max, expected.nmi_max),
            (Normalization::Min, expected.nmi_min),
        ] {
            let found = table.normalized_mutual_information(normalization);
            assert_close(found, expected, &format!("case {index}, {normalization:?}"));
        }
        for (what, found, expected) in [
            ("ARI", table.adjusted_rand_index(), expected.ari),
            ("AMI", table.adjusted_mutual_information(), expected.ami),
            ("homogeneity", table.homogeneity(), expected.homogeneity),
            ("completeness", table.completeness(), expected.completeness),
        ] {
            assert_close(found, expected, &format!("case {index}, {what}"));
        }
    }
}

#[test]
fn clusters_stand_for_the_expected_classes() {
    for (index, case) in fixture::<Metrics>("cluster_metrics.json").plain.iter().enumerate() {
        let table = Contingency::new(&case.y_pred, &case.y_true, case.n_clusters, case.n_classes).unwrap();
        let majority = Protocol::TestMajority.fit(None, &table, &[]).unwrap();
        assert_eq!(pairs(&majority), case.expected.majority_map, "case {index}");
        let hungarian = Protocol::Hungarian.fit(None, &table, &[]).unwrap();
        for (what, mapping, expected) in [
            ("majority", majority, case.expected.majority_accuracy),
            ("hungarian", hungarian, case.expected.hungarian_accuracy),
        ] {
            let accuracy = mapping.assess(&table, &[]).unwrap().accuracy;
            assert_close(accuracy, expected, &format!("case {index}, {what}"));
        }
    }
}

#[derive(Deserialize)]
struct SemiUnsupervised {
    n_classes: usize,
    n_aug: usize,
    hidden: Vec<usize>,
    fit_true: Vec<usize>,
    fit_pred: Vec<usize>,
    test_true: Vec<usize>,
    test_pred: Vec<usize>,
    expected: Protocols,
}

#[derive(Deserialize)]
struct Protocols {
    test_fitted_majority: f64,
    held_fitted_majority: f64,
    held_fitted_majority_map: BTreeMap<usize, usize>,
    anchored_known_majority: f64,
    anchored_map: BTreeMap<usize, usize>,
    accuracy_on_known: Option<f64>,
    accuracy_on_hidden: Option<f64>,
    per_class_recall: BTreeMap<usize, Option<f64>>,
}

impl SemiUnsupervised {
    fn known(&self) -> Vec<usize> {
        let is_known = |class: &usize| !self.hidden.contains(class);
        (0..self.n_classes).filter(is_known).collect()
    }

    fn table(&self, predicted: &[usize], truth: &[usize]) -> Contingency {
        Contingency::new(predicted, truth, self.n_classes + self.n_aug, self.n_classes).unwrap()
    }

    fn assess(&self, protocol: Protocol) -> (Mapping, Assessment) {
        let held = self.table(&self.fit_pred, &self.fit_true);
        let test = self.table(&self.test_pred, &self.test_true);
        let mapping = protocol.fit(Some(&held), &test, &self.known()).unwrap();
        let assessment = mapping.assess(&test, &self.known()).unwrap();
        (mapping, assessment)
    }
}

#[test]
fn protocols_give_the_expected_accuracies() {
    let cases = fixture::<Metrics>("cluster_metrics.json").semi_unsupervised;
    for (index, case) in cases.iter().enumerate() {
        let expected = &case.expected;
        let (_, assessment) = case.assess(Protocol::TestMajority);
        assert_close(
            assessment.accuracy,
            expected.test_fitted_majority,
            &format!("case {index}"),
        );
        let (mapping, assessment) = case.assess(Protocol::HeldMajority);
        assert_close(
            assessment.accuracy,
            expected.held_fitted_majority,
            &format!("case {index}"),
        );
        assert_eq!(pairs(&mapping), expected.held_fitted_majority_map, "case {index}");
        let (mapping, assessment) = case.assess(Protocol::Anchored);
        assert_close(
            assessment.accuracy,
            expected.anchored_known_majority,
            &format!("case {index}"),
        );
        assert_eq!(pairs(&mapping), expected.anchored_map, "case {index}");
    }
}

#[test]
fn classes_are_found_as_often_as_expected() {
    let cases = fixture::<Metrics>("cluster_metrics.json").semi_unsupervised;
    for (index, case) in cases.iter().enumerate() {
        let (_, assessment) = case.assess(Protocol::TestMajority);
        let expected = &case.expected;
        let mut shares = vec![
            (assessment.accuracy_on_known, expected.accuracy_on_known),
            (assessment.accuracy_on_hidden, expected.accuracy_on_hidden),
        ];
        assert_eq!(assessment.recall.len(), case.n_classes, "case {index}");
        for (class, &found) in assessment.recall.iter().enumerate() {
            shares.push((found, expected.per_class_recall.get(&class).copied().flatten()));
        }
        for (found, expected) in shares {
            assert_eq!(found.is_some(), expected.is_some(), "case {index}");
            assert_close(found.unwrap_or(0.0), expected.unwrap_or(0.0), &format!("case {index}"));
        }
    }
}

#[derive(Deserialize)]
struct Posteriors {
    qy_cases: Vec<Posterior>,
    active_units: Units,
}

#[derive(Deserialize)]
struct Posterior {
    qy: Vec<Vec<f64>>,
    py: Vec<f64>,
    expected: Use,
}

#[derive(Deserialize)]
struct Use {
    mean_qy: Vec<f64>,
    mean_entropy: f64,
    marginal_entropy: f64,
    mutual_information: f64,
    mean_kl_qy_py: f64,
    kl_marginal_py: f64,
    used_clusters_argmax: usize,
    effective_clusters: f64,
}

#[test]
fn use_of_clusters_is_the_expected_one() {
    for (index, case) in fixture::<Posteriors>("collapse.json").qy_cases.iter().enumerate() {
        let collapse = Collapse::of(&case.qy.concat(), case.py.len(), &case.py).unwrap();
        let expected = &case.expected;
        assert_all_close(
            &collapse.marginal,
            &expected.mean_qy,
            &format!("case {index}, marginal"),
        );
        for (what, found, expected) in [
            ("mean entropy", collapse.mean_entropy, expected.mean_entropy),
            ("marginal entropy", collapse.marginal_entropy, expected.marginal_entropy),
            ("information", collapse.mutual_information, expected.mutual_information),
            ("mean divergence", collapse.mean_divergence, expected.mean_kl_qy_py),
            (
                "marginal divergence",
                collapse.marginal_divergence,
                expected.kl_marginal_py,
            ),
            (
                "effective clusters",
                collapse.effective_clusters,
                expected.effective_clusters,
            ),
        ] {
            assert_close(found, expected, &format!("case {index}, {what}"));
        }
        assert_eq!(
            collapse.used_clusters.len(),
            expected.used_clusters_argmax,
            "case {index}"
        );
    }
}

#[derive(Deserialize)]
struct Units {
    mu: Vec<Vec<f64>>,
    threshold: f64,
    expected: Active,
}

#[derive(Deserialize)]
struct Active {
    variance_population: Vec<f64>,
    active: Vec<bool>,
    n_active: usize,
}

#[test]
fn the_expected_dimensions_are_active() {
    let case = fixture::<Posteriors>("collapse.json").active_units;
    let expected = case.expected;
    let units = expected.variance_population.len();
    let units = ActiveUnits::of(&case.mu.concat(), units, case.threshold).unwrap();
    assert_all_close(&units.variances, &expected.variance_population, "variances");
    assert_eq!((units.active(), units.count()), (expected.active, expected.n_active));
}
