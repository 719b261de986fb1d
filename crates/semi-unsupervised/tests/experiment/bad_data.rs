//! Data that makes no sense is refused before anything is trained, with a message that says what to do.

use std::path::PathBuf;

use papers_core::{Context, base::cli::exit, testing};
use semi_unsupervised::{
    config::{DataConfig, FolderConfig, LabelRule, PriorRule, Regime, SyntheticConfig, TableConfig},
    data::DataSet,
    model::Likelihood,
};

use crate::data::digits;

#[track_caller]
pub(crate) fn refused(config: &DataConfig, expected: &[&str]) {
    let Err(error) = DataSet::load(config, &Context::new(testing::device(), 0)) else {
        panic!("{config:?} is accepted");
    };
    let text = error.to_string();
    for expected in expected {
        assert!(text.contains(expected), "`{expected}` is not in: {text}");
    }
}

fn table() -> TableConfig {
    TableConfig {
        train: PathBuf::from("no-such-table.csv"),
        test: None,
        held_out: 3,
        label: "label".to_owned(),
        ignore: Vec::new(),
    }
}

fn folder() -> FolderConfig {
    FolderConfig {
        path: PathBuf::from("no-such-folder"),
        labels: None,
        side: 8,
        channels: 1,
        held_out: 3,
    }
}

#[test]
fn settings_out_of_their_range_are_named() {
    let base = digits;
    let synthetic = |synthetic| DataConfig {
        synthetic: Some(synthetic),
        hidden: vec![0],
        ..DataConfig::new("synthetic", Regime::SemiUnsupervised)
    };
    let of_table = |table| DataConfig {
        table: Some(table),
        ..DataConfig::new("table", Regime::Unsupervised)
    };
    let of_folder = |folder| DataConfig {
        folder: Some(folder),
        ..DataConfig::new("folder", Regime::Unsupervised)
    };
    let sizes = SyntheticConfig::default;
    for (config, key) in [
        (
            DataConfig {
                set: String::new(),
                ..base()
            },
            "data.set",
        ),
        (DataConfig { pool: 0, ..base() }, "data.pool"),
        (
            DataConfig {
                min_std: Some(-1.0),
                ..base()
            },
            "data.min_std",
        ),
        (
            DataConfig {
                min_std: Some(f64::NAN),
                ..base()
            },
            "data.min_std",
        ),
        (
            DataConfig {
                fraction: 0.0,
                ..base()
            },
            "data.fraction",
        ),
        (
            DataConfig {
                fraction: 1.01,
                ..base()
            },
            "data.fraction",
        ),
        (
            DataConfig {
                fraction: -0.5,
                ..base()
            },
            "data.fraction",
        ),
        (
            DataConfig {
                fraction: f64::NAN,
                ..base()
            },
            "data.fraction",
        ),
        (
            DataConfig {
                hidden: vec![1, 2, 1],
                ..base()
            },
            "data.hidden",
        ),
        (
            DataConfig {
                hidden_names: vec!["a".to_owned(); 2],
                ..base()
            },
            "data.hidden_names",
        ),
        (
            DataConfig {
                standardize: Some(true),
                ..base()
            },
            "data.standardize",
        ),
        (
            DataConfig {
                likelihood: Some(Likelihood::Gaussian),
                binarize: Some(true),
                ..base()
            },
            "data.binarize",
        ),
        (
            DataConfig {
                regime: Regime::Unsupervised,
                prior: PriorRule::Empirical,
                ..base()
            },
            "data.prior",
        ),
        (
            DataConfig {
                table: Some(table()),
                ..base()
            },
            "data.table",
        ),
        (
            DataConfig {
                folder: Some(folder()),
                ..base()
            },
            "data.folder",
        ),
        (
            DataConfig {
                synthetic: Some(sizes()),
                ..base()
            },
            "data.synthetic",
        ),
        (DataConfig::new("table", Regime::Unsupervised), "data.table"),
        (DataConfig::new("folder", Regime::Unsupervised), "data.folder"),
        (
            synthetic(SyntheticConfig { classes: 0, ..sizes() }),
            "data.synthetic.classes",
        ),
        (
            synthetic(SyntheticConfig { classes: 13, ..sizes() }),
            "data.synthetic.dimensions",
        ),
        (
            synthetic(SyntheticConfig {
                distance: f64::NAN,
                ..sizes()
            }),
            "data.synthetic.distance",
        ),
        (
            synthetic(SyntheticConfig {
                train_per_class: 0,
                ..sizes()
            }),
            "data.synthetic.train_per_class",
        ),
        (
            synthetic(SyntheticConfig {
                test_per_class: 0,
                ..sizes()
            }),
            "data.synthetic.test_per_class",
        ),
        (
            synthetic(SyntheticConfig {
                noise: usize::MAX,
                ..sizes()
            }),
            "data.synthetic.train_per_class",
        ),
        (of_table(TableConfig { held_out: 0, ..table() }), "data.table.test"),
        (
            of_table(TableConfig {
                test: Some("t.csv".into()),
                ..table()
            }),
            "data.table.test",
        ),
        (
            of_table(TableConfig {
                label: String::new(),
                ..table()
            }),
            "data.table.label",
        ),
        (
            of_table(TableConfig {
                ignore: vec!["label".to_owned()],
                ..table()
            }),
            "data.table.ignore",
        ),
        (
            DataConfig {
                pool: 2,
                ..of_table(table())
            },
            "data.pool",
        ),
        (
            of_folder(FolderConfig {
                channels: 2,
                ..folder()
            }),
            "data.folder.channels",
        ),
        (of_folder(FolderConfig { side: 0, ..folder() }), "data.folder.side"),
        (
            of_folder(FolderConfig {
                held_out: 0,
                ..folder()
            }),
            "data.folder.held_out",
        ),
    ] {
        refused(&config, &[&format!("`{key}`")]);
    }
}

#[test]
fn classes_that_do_not_exist_are_named() {
    refused(
        &DataConfig {
            hidden: vec![10],
            ..digits()
        },
        &["`data.hidden`", "no class 10"],
    );
    let config = DataConfig {
        hidden_names: vec!["zero".to_owned()],
        ..digits()
    };
    refused(&config, &["`data.hidden_names`", "no class `zero`", "0, 1, 2"]);
    let config = DataConfig {
        hidden_names: vec!["3".to_owned()],
        ..digits()
    };
    refused(&config, &["class 3 is named twice"]);
}

#[test]
fn regimes_that_the_hidden_classes_do_not_fit_are_told_which_does() {
    for regime in [Regime::Supervised, Regime::SemiSupervised] {
        let config = DataConfig { regime, ..digits() };
        refused(&config, &["0, 1, 2, 3, 4", "data.regime='semi-unsupervised'"]);
    }
    let config = DataConfig {
        hidden: (0..10).collect(),
        ..digits()
    };
    refused(&config, &["all 10 classes", "data.regime='unsupervised'"]);
    refused(
        &DataConfig {
            hidden: Vec::new(),
            ..digits()
        },
        &["no class is hidden", "`data.extra`"],
    );
    // Clusters that nobody has a name for are hidden, too.
    let config = DataConfig {
        hidden: Vec::new(),
        extra: 3,
        ..digits()
    };
    assert!(DataSet::load(&config, &Context::new(testing::device(), 0)).is_ok());
}

#[test]
fn known_classes_never_get_no_label() {
    refused(
        &DataConfig {
            fraction: 0.001,
            ..digits()
        },
        &["`data.fraction`", "0.001 gives class 5 0 labels"],
    );
    let config = DataConfig {
        fraction: 0.001,
        label_rule: LabelRule::EqualCount,
        ..digits()
    };
    refused(&config, &["gives class 5 0 labels"]);
    let config = DataConfig {
        fraction: 1.0,
        label_rule: LabelRule::EqualCount,
        ..digits()
    };
    refused(&config, &["`data.label_rule`", "every class gets 143 labels"]);
}

#[test]
fn something_is_left_without_a_label() {
    let config = DataConfig {
        fraction: 1.0,
        hidden: Vec::new(),
        regime: Regime::SemiSupervised,
        ..digits()
    };
    refused(&config, &["no row is left without a label", "data.keep_labeled=true"]);
}

#[test]
fn more_rows_than_there_are_are_refused() {
    refused(
        &DataConfig {
            train: 2000,
            ..digits()
        },
        &["`data.train`", "2000"],
    );
    refused(&DataConfig { test: 2000, ..digits() }, &["`data.test`", "2000"]);
    refused(
        &DataConfig {
            validation: 1437,
            ..digits()
        },
        &["`data.validation`", "1437"],
    );
    let synthetic = DataConfig {
        hidden: vec![0],
        ..DataConfig::new("synthetic", Regime::SemiUnsupervised)
    };
    refused(
        &DataConfig {
            train: 2000,
            ..synthetic.clone()
        },
        &["`data.train`", "1200"],
    );
    refused(
        &DataConfig {
            test: 2000,
            ..synthetic
        },
        &["`data.test`", "1200"],
    );
    refused(
        &DataConfig {
            extra: usize::MAX,
            ..digits()
        },
        &["`data.extra`"],
    );
}

#[test]
fn values_that_cannot_be_modeled_are_named() {
    refused(
        &DataConfig {
            min_std: Some(0.9),
            ..digits()
        },
        &["`data.min_std`", "none of the 64"],
    );
    let config = DataConfig {
        likelihood: Some(Likelihood::Bernoulli),
        hidden: vec![0],
        ..DataConfig::new("synthetic", Regime::SemiUnsupervised)
    };
    refused(&config, &["synthetic/train: row", "column", "[0, 1]"]);
    refused(&DataConfig { pool: 3, ..digits() }, &["3"]);
}

#[test]
fn sets_and_files_that_are_not_there_are_named() {
    refused(
        &DataConfig {
            set: "mnits".to_owned(),
            ..digits()
        },
        &["did you mean `mnist`"],
    );
    let config = DataConfig {
        table: Some(table()),
        ..DataConfig::new("table", Regime::Unsupervised)
    };
    refused(&config, &["no-such-table.csv"]);
    let config = DataConfig {
        folder: Some(folder()),
        ..DataConfig::new("folder", Regime::Unsupervised)
    };
    refused(&config, &["no-such-folder"]);
}

#[test]
fn what_the_user_can_mend_is_a_usage_error() {
    let config = DataConfig {
        hidden: vec![10],
        ..digits()
    };
    let error = DataSet::load(&config, &Context::new(testing::device(), 0)).expect_err("no such class");
    assert_eq!(error.exit_code(), exit::USAGE);
}
