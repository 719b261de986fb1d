//! CSV files of one's own.

use std::{fs, path::Path};

use papers_core::{base::config::experiment, random::Streams};
use semi_unsupervised::{
    config::{DataConfig, PRESETS, PriorRule, Regime, SemiUnsupervisedConfig, TableConfig},
    data::{BatchSizes, Batches},
    model::Likelihood,
};

use crate::{bad_data::refused, data::load};

/// Rows of so many of each class, of which every `step`-th has its label.
fn write(path: &Path, classes: &[(&str, usize)], step: usize) {
    let mut text = "id,height,kind,weight,constant\n".to_owned();
    for (class, (name, count)) in classes.iter().enumerate() {
        for index in 0..*count {
            let label = if index % step == 0 { *name } else { "" };
            let (height, weight) = (class * 10 + index, 100 * class + 3 * index);
            text += &format!("r{class}-{index},{height},{label},{weight}.5,7\n");
        }
    }
    fs::write(path, text).expect("a file");
}

fn config(folder: &Path, regime: Regime) -> DataConfig {
    DataConfig {
        table: Some(TableConfig {
            train: folder.join("train.csv"),
            test: Some(folder.join("test.csv")),
            held_out: 0,
            label: "kind".to_owned(),
            ignore: vec!["id".to_owned()],
        }),
        ..DataConfig::new("table", regime)
    }
}

fn held_out(folder: &Path, count: usize, regime: Regime) -> DataConfig {
    let mut config = config(folder, regime);
    let table = config.table.as_mut().expect("a table");
    (table.test, table.held_out) = (None, count);
    config
}

#[test]
fn classes_of_the_test_rows_alone_are_hidden_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("train.csv"), &[("sit", 12), ("walk", 12)], 2);
    write(
        &folder.path().join("test.csv"),
        &[("sit", 4), ("run", 5), ("walk", 4)],
        1,
    );
    let config = config(folder.path(), Regime::SemiUnsupervised);
    let data = load(&config);
    assert_eq!(data.class_names, ["run", "sit", "walk"]);
    assert_eq!(
        (data.hidden.as_slice(), data.labels_per_class()),
        (&[0][..], vec![0, 6, 6])
    );
    assert_eq!((data.counts().unlabeled, data.test.len(), data.values()), (12, 13, 2));
    assert_eq!((data.likelihood, data.binarize), (Likelihood::Gaussian, false));
    assert!(
        data.warnings.iter().any(|warning| warning.contains("`run`")),
        "{:?}",
        data.warnings
    );
    // Standardized by the training rows, and the column that never varies is left out.
    assert_eq!(data.preparation.mask.kept, [true, true, false]);
    let mean = data.train.values.iter().step_by(2).sum::<f32>() / 24.0;
    assert!(mean.abs() < 1e-5, "{mean}");
    assert!((data.restored(data.test.row(4))[2] - 7.0).abs() < 1e-6);

    let sizes = BatchSizes {
        labeled: 4,
        unlabeled: 4,
    };
    let mut batches = Batches::new(&data, sizes, Streams::new(0)).expect("batches");
    assert_eq!(batches.at(0), batches.at(0));

    let supervised = DataConfig {
        regime: Regime::SemiSupervised,
        ..config.clone()
    };
    refused(
        &supervised,
        &["no example of the classes 0", "data.regime='semi-unsupervised'"],
    );
    let empirical = DataConfig {
        prior: PriorRule::Empirical,
        ..config
    };
    refused(&empirical, &["`data.prior`", "`run`", "data.prior='uniform'"]);
}

#[test]
fn rows_can_be_held_out_and_classes_hidden_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    write(
        &folder.path().join("train.csv"),
        &[("10", 20), ("9", 20), ("11", 10)],
        1,
    );
    let config = DataConfig {
        hidden_names: vec!["11".to_owned()],
        validation: 5,
        ..held_out(folder.path(), 10, Regime::SemiUnsupervised)
    };
    let data = load(&config);
    assert_eq!(data.class_names, ["9", "10", "11"]);
    let counts = data.test.class_counts(3).expect("classes");
    assert_eq!((data.hidden.as_slice(), counts), (&[2][..], vec![4, 4, 2]));
    assert_eq!(data.validation.class_counts(3).expect("classes"), [2, 2, 1]);
    // Everything known is labeled, and what is hidden is the rest.
    assert_eq!((data.labels_per_class(), data.counts().unlabeled), (vec![14, 14, 0], 7));
    let empirical = load(&DataConfig {
        prior: PriorRule::Empirical,
        ..config
    });
    assert!((empirical.prior[0] - 0.4).abs() < 1e-12, "{:?}", empirical.prior);
}

#[test]
fn rows_without_a_class_are_said_to_have_no_frequency() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("train.csv"), &[("a", 20), ("b", 20)], 2);
    let data = load(&DataConfig {
        prior: PriorRule::Empirical,
        fraction: 0.5,
        ..held_out(folder.path(), 4, Regime::SemiSupervised)
    });
    assert_eq!(data.prior, [0.5, 0.5]);
    assert!(
        data.warnings.iter().any(|warning| warning.contains("20 rows")),
        "{:?}",
        data.warnings
    );
}

#[test]
fn test_rows_without_a_label_are_left_out() {
    let folder = tempfile::tempdir().expect("a folder");
    write(&folder.path().join("train.csv"), &[("a", 12), ("b", 12)], 2);
    write(&folder.path().join("test.csv"), &[("a", 4), ("b", 4)], 2);
    let data = load(&config(folder.path(), Regime::SemiSupervised));
    assert_eq!(data.test.len(), 4);
    assert!(
        data.warnings
            .iter()
            .any(|warning| warning.contains("4 rows without a label")),
        "{:?}",
        data.warnings
    );
}

#[test]
fn the_preset_says_how_a_file_of_test_rows_is_named() {
    let sets = ["data.table.test='test.csv'"];
    let error = experiment::<SemiUnsupervisedConfig>(PRESETS, "table", &sets).expect_err("both");
    assert!(error.to_string().contains("data.table.held_out=0"), "{error}");
    let sets = ["data.table.test='test.csv'", "data.table.held_out=0"];
    experiment::<SemiUnsupervisedConfig>(PRESETS, "table", &sets).expect("one of both");
}

#[test]
fn tables_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (train, test) = (folder.path().join("train.csv"), folder.path().join("test.csv"));
    write(&train, &[("a", 4), ("b", 4)], 2);
    let semi = || config(folder.path(), Regime::SemiSupervised);
    refused(&semi(), &["cannot read", "test.csv", "data.table.train"]);
    // Test rows of which nobody knows the class.
    fs::write(&test, "id,height,kind,weight,constant\nr0,1,,2.5,7\n").expect("a file");
    refused(&semi(), &["test.csv", "no row has a label", "`kind`"]);
    fs::write(&test, "id,height,kind\n1,2,a\n").expect("a file");
    refused(
        &semi(),
        &["`data.table`", "[1, 1]", "[_, 3]", "missing: `weight`, `constant`"],
    );
    fs::write(&test, "id,height,kind,weight,constant\n1,2,a,3,7\n1,2,a,?,7\n").expect("a file");
    refused(&semi(), &["test.csv, line 3: column `weight` is `?`"]);
    refused(
        &held_out(folder.path(), 5, Regime::SemiSupervised),
        &["`data.table.held_out`", "4 of them with a class"],
    );
    fs::write(&train, "id,height,kind,weight,constant\n1,2,,3,7\n").expect("a file");
    refused(
        &held_out(folder.path(), 1, Regime::Unsupervised),
        &["no row has a label in the column `kind`"],
    );
    fs::write(&train, "id,height,sort,weight,constant\n1,2,,3,7\n").expect("a file");
    refused(&semi(), &["no column `kind`", "`data.table.label`"]);
}

#[test]
fn zeros_and_ones_of_a_table_can_be_modeled_as_such() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = "x,y,label\n".to_owned();
    for index in 0..20 {
        text += &format!("{},{},{}\n", index % 2, (index / 2) % 2, ["a", "b"][index % 2]);
    }
    fs::write(folder.path().join("train.csv"), text).expect("a file");
    let mut config = held_out(folder.path(), 4, Regime::Unsupervised);
    config.likelihood = Some(Likelihood::Bernoulli);
    let table = config.table.as_mut().expect("a table");
    (table.label, table.ignore) = ("label".to_owned(), Vec::new());
    let data = load(&config);
    assert_eq!((data.counts().unlabeled, data.clusters(), data.values()), (16, 2, 2));
}
