use std::fs;

use super::*;

/// 60, 30 and 10 examples of three classes, mixed.
fn truth() -> Vec<u8> {
    (0..100)
        .map(|index| [0, 1, 0, 0, 1, 0, 2, 0, 1, 0][index % 10])
        .collect()
}

fn config(labels: usize) -> LabelSplitConfig {
    LabelSplitConfig {
        labels,
        validation: 0,
        include_labeled: false,
        strict: false,
    }
}

fn draw(config: &LabelSplitConfig, seed: u64) -> LabelSplit {
    let (split, _) = LabelSplit::draw(&truth(), 3, config, seed).expect("a split");
    split
}

fn sorted(parts: &[&[usize]]) -> Vec<usize> {
    let mut all = parts.concat();
    all.sort_unstable();
    all
}

#[test]
fn every_example_has_one_part() {
    let config = LabelSplitConfig {
        validation: 7,
        ..config(20)
    };
    let split = draw(&config, 1);
    let sizes = [split.labeled.len(), split.unlabeled.len(), split.validation.len()];
    assert_eq!(sizes, [20, 73, 7]);
    let all = sorted(&[&split.labeled, &split.unlabeled, &split.validation]);
    assert_eq!(all, (0..100).collect::<Vec<_>>());
}

#[test]
fn the_seed_decides_who_has_a_label() {
    let config = config(20);
    assert_eq!(draw(&config, 1), draw(&config, 1));
    assert_ne!(
        sorted(&[&draw(&config, 1).labeled]),
        sorted(&[&draw(&config, 2).labeled])
    );
}

#[test]
fn classes_keep_their_proportions() {
    assert_eq!(draw(&config(20), 1).labels_per_class(&truth(), 3), [12, 6, 2]);
}

#[test]
fn fewer_labels_are_the_first_of_more() {
    let (few, many) = (draw(&config(10), 4), draw(&config(40), 4));
    assert_eq!(few.labeled, many.labeled[..10]);
}

#[test]
fn examples_with_labels_are_among_those_without_if_asked_for() {
    let config = LabelSplitConfig {
        validation: 7,
        include_labeled: true,
        ..config(20)
    };
    let split = draw(&config, 1);
    assert_eq!(split.unlabeled.len(), 93);
    assert!(split.labeled.iter().all(|index| split.unlabeled.contains(index)));
}

#[test]
fn an_example_of_unknown_class_has_no_label_and_validates_nothing() {
    let truth = [0, UNKNOWN, 1, UNKNOWN, 0, 1];
    let config = LabelSplitConfig {
        validation: 2,
        ..config(2)
    };
    for seed in 0..20 {
        let (split, _) = LabelSplit::draw(&truth, 2, &config, seed).expect("a split");
        assert_eq!(sorted(&[&split.unlabeled]), [1, 3]);
    }
}

#[test]
fn what_cannot_be_split_is_refused() {
    use LabelSplitError::{EmptyClass, NoLabels, NoSuchClass, TooManyLabels};
    let refused = |truth: &[u8], labels| LabelSplit::draw(truth, 2, &config(labels), 0).expect_err("refused");
    assert_eq!(refused(&[0, 1], 0), NoLabels);
    assert_eq!(refused(&[0, 1, UNKNOWN], 3), TooManyLabels { labels: 3, examples: 2 });
    assert_eq!(refused(&[1, 1], 1), EmptyClass { class: 0 });
    let (index, class, classes) = (1, 2, 2);
    assert_eq!(refused(&[0, 2, 1], 1), NoSuchClass { index, class, classes });
}

#[test]
fn labels_that_are_not_dealt_out_evenly_are_warned_about_with_their_counts() {
    let warnings = |labels| LabelSplit::draw(&truth(), 3, &config(labels), 0).expect("a split").1;
    assert!(warnings(30).is_empty());
    let [warning] = warnings(10).try_into().expect("one warning");
    assert!(warning.contains("[6, 3, 1]"), "{warning}");
}

#[test]
fn classes_without_a_label_are_named() {
    let (split, warnings) = LabelSplit::draw(&truth(), 3, &config(2), 0).expect("a split");
    assert_eq!(split.labels_per_class(&truth(), 3), [1, 1, 0]);
    assert_eq!(warnings, ["2 labels leave classes without one: 2"]);
    let strict = LabelSplitConfig {
        strict: true,
        ..config(2)
    };
    let error = LabelSplit::draw(&truth(), 3, &strict, 0).expect_err("strict");
    let (labels, classes) = (2, vec![2]);
    assert_eq!(error, LabelSplitError::ClassesWithoutLabel { labels, classes });
}

#[test]
fn validation_takes_no_more_than_labels_leave() {
    let config = LabelSplitConfig {
        validation: 1000,
        ..config(40)
    };
    let (split, warnings) = LabelSplit::draw(&truth(), 3, &config, 0).expect("a split");
    assert_eq!((split.validation.len(), split.unlabeled.len()), (60, 0));
    assert!(
        warnings.iter().any(|warning| warning.contains("only 60")),
        "{warnings:?}"
    );
}

#[test]
fn a_data_set_may_name_the_examples_with_labels() {
    let config = LabelSplitConfig {
        validation: 1,
        ..config(0)
    };
    let truth = [0, 1, 1, UNKNOWN];
    let (split, warnings) = LabelSplit::predefined(vec![2, 0], &truth, &config, 0).expect("a split");
    assert_eq!(
        (split.labeled, split.validation, split.unlabeled),
        (vec![2, 0], vec![1], vec![3])
    );
    assert!(warnings.is_empty());
    for labeled in [vec![], vec![0, 0], vec![4], vec![3]] {
        LabelSplit::predefined(labeled, &truth, &config, 0).expect_err("refused");
    }
}

#[test]
fn a_saved_split_is_read_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("split.json");
    let split = draw(&config(20), u64::MAX);
    split.save(&path).expect("saved");
    assert_eq!(LabelSplit::load(&path, &truth()).expect("read"), split);
}

#[test]
fn files_that_are_no_split_of_the_set_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("split.json");
    LabelSplit::load(&path, &truth()).expect_err("no file");
    let truth = [0, 1, 0, 1, UNKNOWN];
    for (text, problem) in [
        ("", "is no split"),
        (
            r#"{ "labeled": [0], "unlabeled": [], "validation": [] }"#,
            "missing field `seed`",
        ),
        (
            r#"{ "labeled": [0], "unlabeled": [], "validation": [], "seed": 0, "more": 1 }"#,
            "unknown field `more`",
        ),
        (
            r#"{ "labeled": [-1], "unlabeled": [], "validation": [], "seed": 0 }"#,
            "is no split",
        ),
        (
            r#"{ "labeled": [0], "unlabeled": [5], "validation": [], "seed": 0 }"#,
            "`unlabeled` has example 5",
        ),
        (
            r#"{ "labeled": [0, 0], "unlabeled": [], "validation": [], "seed": 0 }"#,
            "example 0 twice",
        ),
        (
            r#"{ "labeled": [], "unlabeled": [0], "validation": [], "seed": 0 }"#,
            "no example has a label",
        ),
        (
            r#"{ "labeled": [4], "unlabeled": [], "validation": [], "seed": 0 }"#,
            "of no known class",
        ),
        (
            r#"{ "labeled": [0], "unlabeled": [1], "validation": [1], "seed": 0 }"#,
            "example 1 of `validation`",
        ),
        (
            r#"{ "labeled": [0, 1], "unlabeled": [1, 2], "validation": [], "seed": 0 }"#,
            "all or none",
        ),
    ] {
        fs::write(&path, text).expect("written");
        let error = LabelSplit::load(&path, &truth).expect_err(text).to_string();
        assert!(error.contains(problem), "{text}: {error}");
    }
}
