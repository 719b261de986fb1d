//! Laws of agreement that hold for all partitions.

use proptest::prelude::*;

use super::{Contingency, Normalization};

pub(super) const NORMALIZATIONS: [Normalization; 4] = [
    Normalization::Min,
    Normalization::Geometric,
    Normalization::Arithmetic,
    Normalization::Max,
];

#[track_caller]
pub(super) fn assert_close(one: f64, other: f64) {
    assert!((one - other).abs() < 1e-12, "{one} {other}");
}

fn table(predicted: &[usize], truth: &[usize]) -> Contingency {
    Contingency::new(predicted, truth, 6, 6).unwrap()
}

/// Everything that names of clusters do not matter to and that treats both partitions alike.
fn symmetric(table: &Contingency) -> [f64; 7] {
    let [min, geometric, arithmetic, max] = NORMALIZATIONS.map(|by| table.normalized_mutual_information(by));
    let (ari, ami) = (table.adjusted_rand_index(), table.adjusted_mutual_information());
    [min, geometric, arithmetic, max, ari, ami, table.v_measure()]
}

#[test]
fn partitions_of_one_part_agree_with_themselves_only() {
    let same = table(&[3; 4], &[1; 4]);
    assert_eq!(symmetric(&same), [1.0; 7]);
    assert_eq!((same.homogeneity(), same.completeness()), (1.0, 1.0));
    let single_cluster = table(&[3; 4], &[0, 0, 1, 2]);
    assert_eq!(symmetric(&single_cluster), [0.0; 7]);
    assert_eq!(
        (single_cluster.homogeneity(), single_cluster.completeness()),
        (0.0, 1.0)
    );
    let single_class = table(&[0, 0, 1, 2], &[3; 4]);
    assert_eq!(symmetric(&single_class), [0.0; 7]);
    assert_eq!((single_class.homogeneity(), single_class.completeness()), (1.0, 0.0));
    assert_eq!(symmetric(&table(&[0], &[5])), [1.0; 7]);
}

#[test]
fn singletons_agree_with_singletons() {
    assert_eq!(symmetric(&table(&[0, 1, 2, 3], &[3, 1, 0, 2])), [1.0; 7]);
}

fn samples() -> impl Strategy<Value = Vec<(usize, usize)>> {
    prop::collection::vec((0..6_usize, 0..6_usize), 1..60)
}

proptest! {
    #[test]
    fn names_of_clusters_do_not_matter(
        samples in samples(),
        names in Just((0..6).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let (predicted, truth): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
        let renamed: Vec<usize> = predicted.iter().map(|&cluster| names[cluster]).collect();
        let (one, other) = (table(&predicted, &truth), table(&renamed, &truth));
        symmetric(&one).into_iter().zip(symmetric(&other)).for_each(|(one, other)| assert_close(one, other));
        assert_close(one.homogeneity(), other.homogeneity());
    }

    #[test]
    fn clusters_and_classes_can_change_places(samples in samples()) {
        let (predicted, truth): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
        let (one, other) = (table(&predicted, &truth), table(&truth, &predicted));
        symmetric(&one).into_iter().zip(symmetric(&other)).for_each(|(one, other)| assert_close(one, other));
        assert_close(one.homogeneity(), other.completeness());
    }

    #[test]
    fn scores_stay_in_their_ranges(samples in samples()) {
        let (predicted, truth): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
        let table = table(&predicted, &truth);
        let [min, geometric, arithmetic, max, ari, ami, v_measure] = symmetric(&table);
        for share in [min, geometric, arithmetic, max, v_measure, table.homogeneity(), table.completeness()] {
            prop_assert!((0.0..=1.0).contains(&share), "{share}");
        }
        prop_assert!((-0.5..=1.0).contains(&ari) && ami <= 1.0);
        assert_close(v_measure, arithmetic);
        prop_assert!((-1.0..=1.0).contains(&table.cohen_kappa()));
    }
}
