//! What is learned from: sets by name, their labels, hidden classes and values.

use papers_core::{Context, base::config, testing};
use semi_unsupervised::{
    config::{DataConfig, LabelRule, PRESETS, PriorRule, Regime, SemiUnsupervisedConfig},
    data::{DataSet, Preparation, label_counts},
    model::Likelihood,
};

pub(crate) fn load(config: &DataConfig) -> DataSet {
    load_with(config, 0)
}

fn load_with(config: &DataConfig, seed: u64) -> DataSet {
    DataSet::load(config, &Context::new(testing::device(), seed)).expect("data that is there")
}

/// Digits of which the first five classes are hidden.
pub(crate) fn digits() -> DataConfig {
    DataConfig {
        hidden: vec![0, 1, 2, 3, 4],
        fraction: 0.05,
        ..DataConfig::new("uci-digits", Regime::SemiUnsupervised)
    }
}

#[test]
fn the_embedded_digits_are_split() {
    let data = load(&DataConfig {
        validation: 100,
        extra: 5,
        ..digits()
    });
    assert_eq!(data.validation.len(), 100);
    assert_eq!(data.test.len(), 360);
    assert_eq!(data.counts().all() + 100, 1437);
    assert_eq!((data.classes(), data.clusters()), (10, 15));
    assert_eq!(
        (data.hidden.as_slice(), data.known().as_slice()),
        (&[0, 1, 2, 3, 4][..], &[5, 6, 7, 8, 9][..])
    );
    let labels = data.labels_per_class();
    assert!(labels[..5].iter().all(|&count| count == 0), "{labels:?}");
    // About 134 pictures of a class are left, of which one in twenty is labeled.
    assert!(labels[5..].iter().all(|&count| (6..=7).contains(&count)), "{labels:?}");
    assert!((data.prior[7] - 0.1).abs() < 1e-12 && (data.prior[12] - 0.05).abs() < 1e-12);
    assert_eq!((data.likelihood, data.binarize), (Likelihood::Bernoulli, true));
    assert!(
        data.validation
            .labels
            .iter()
            .chain(&data.test.labels)
            .all(Option::is_some)
    );
    assert!(data.warnings.is_empty(), "{:?}", data.warnings);
}

#[test]
fn the_seed_says_what_is_drawn() {
    let config = DataConfig {
        train: 500,
        validation: 50,
        ..digits()
    };
    let (first, again, other) = (load_with(&config, 1), load_with(&config, 1), load_with(&config, 2));
    assert_eq!(
        (&first.train, &first.labels, &first.validation),
        (&again.train, &again.labels, &again.validation)
    );
    assert_ne!(first.labels, other.labels);
    let fixed = DataConfig {
        split_seed: Some(1),
        ..config
    };
    let fixed = load_with(&fixed, 2);
    assert_eq!((first.train, first.labels), (fixed.train, fixed.labels));
}

#[test]
fn dropped_pixels_are_the_same_in_all_parts_and_come_back() {
    let data = load(&DataConfig {
        validation: 10,
        ..digits()
    });
    let kept = &data.preparation.mask.kept;
    assert_eq!((kept.len(), data.picture), (64, Some([8, 8, 1])));
    // The outermost columns of the digits are almost always empty.
    assert!(!kept[0] && data.values() < 64);
    for rows in [&*data.train, &data.validation, &data.test] {
        assert_eq!(rows.columns, data.values());
    }
    let row = data.test.row(3);
    let picture = data.restored(row);
    assert_eq!(picture.len(), 64);
    let again: Vec<f32> = picture
        .iter()
        .zip(kept)
        .filter(|(_, kept)| **kept)
        .map(|(value, _)| *value)
        .collect();
    assert_eq!(again, row);
    let text = serde_json::to_string(&data.preparation).expect("text");
    assert_eq!(
        serde_json::from_str::<Preparation>(&text).expect("the same"),
        data.preparation
    );
}

#[test]
fn a_checkpoint_of_other_values_is_refused() {
    let (data, pooled) = (load(&digits()), load(&DataConfig { pool: 2, ..digits() }));
    assert!(data.check_saved(&data.preparation).is_ok());
    let error = data
        .check_saved(&pooled.preparation)
        .expect_err("other values")
        .to_string();
    assert!(error.contains("of 16 values") && error.contains("of 64"), "{error}");
}

#[test]
fn pooling_makes_fewer_pixels() {
    let data = load(&DataConfig {
        pool: 2,
        min_std: Some(0.0),
        ..digits()
    });
    assert_eq!((data.picture, data.values()), (Some([4, 4, 1]), 16));
}

#[test]
fn regimes_say_which_rows_are_used() {
    let of = |regime| {
        let hidden = if regime == Regime::SemiUnsupervised {
            vec![1]
        } else {
            Vec::new()
        };
        let data = load(&DataConfig {
            regime,
            hidden,
            ..digits()
        });
        (data.counts().labeled, data.counts().unlabeled, data.hidden.len())
    };
    let (labeled, unlabeled, hidden) = of(Regime::SemiSupervised);
    assert_eq!((labeled + unlabeled, hidden), (1437, 0));
    assert_eq!(of(Regime::Supervised), (labeled, 0, 0));
    assert_eq!(of(Regime::Unsupervised), (0, 1437, 10));
    let (fewer, more, hidden) = of(Regime::SemiUnsupervised);
    assert_eq!((fewer < labeled, more > unlabeled, hidden), (true, true, 1));
}

#[test]
fn labeled_rows_can_stay_in_the_pool() {
    let data = load(&DataConfig {
        keep_labeled: true,
        ..digits()
    });
    assert_eq!(data.counts().unlabeled, 1437);
}

#[test]
fn the_authors_rule_gives_all_known_classes_the_same() {
    let data = load(&DataConfig {
        label_rule: LabelRule::EqualCount,
        ..digits()
    });
    // A twentieth of 1437 is 71, of which each of ten classes has 7.
    assert_eq!(data.labels_per_class(), [0, 0, 0, 0, 0, 7, 7, 7, 7, 7]);
}

#[test]
fn classes_can_be_hidden_by_name() {
    let data = load(&DataConfig {
        hidden: vec![2],
        hidden_names: vec!["9".to_owned(), "0".to_owned()],
        ..digits()
    });
    assert_eq!(data.hidden, [0, 2, 9]);
}

#[test]
fn priors_are_of_clusters() {
    let of = |prior| {
        load(&DataConfig {
            prior,
            extra: 2,
            ..digits()
        })
        .prior
    };
    let empirical = of(PriorRule::Empirical);
    assert_eq!(empirical.len(), 12);
    assert!((empirical.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    assert_eq!(empirical[0], empirical[11]);
    assert_ne!(empirical[5], of(PriorRule::Uniform)[5]);
    assert_ne!(empirical, of(PriorRule::EmpiricalAuthors));
    let unsupervised = load(&DataConfig {
        extra: 6,
        ..DataConfig::new("uci-digits", Regime::Unsupervised)
    });
    assert_eq!(unsupervised.prior, [1.0 / 16.0; 16]);
}

#[test]
fn the_synthetic_set_has_five_labels_of_each_known_class() {
    let data = load(&DataConfig {
        hidden: vec![0, 1, 2],
        fraction: 0.025,
        ..DataConfig::new("synthetic", Regime::SemiUnsupervised)
    });
    assert_eq!(data.labels_per_class(), [0, 0, 0, 5, 5, 5]);
    assert_eq!(
        (data.likelihood, data.binarize, data.picture),
        (Likelihood::Gaussian, false, None)
    );
    assert_eq!((data.values(), data.train.len(), data.test.len()), (20, 1200, 1200));
    assert!(data.preparation.standardization.is_none());
}

#[test]
fn pictures_can_be_modeled_by_gaussians() {
    let data = load(&DataConfig {
        likelihood: Some(Likelihood::Gaussian),
        ..digits()
    });
    assert!(!data.binarize && data.preparation.standardization.is_some());
    let mean = data.train.values.iter().map(|&value| f64::from(value)).sum::<f64>() / data.train.values.len() as f64;
    assert!(mean.abs() < 1e-5, "{mean}");
}

#[test]
fn settings_survive_being_written() {
    let config = digits();
    let text = serde_json::to_string(&config).expect("text");
    assert_eq!(serde_json::from_str::<DataConfig>(&text).expect("the same"), config);
    let least = r#"{"set": "uci-digits", "regime": "unsupervised"}"#;
    let least: DataConfig = serde_json::from_str(least).expect("everything else has a default");
    assert_eq!(least, DataConfig::new("uci-digits", Regime::Unsupervised));
    let unknown = r#"{"set": "uci-digits", "regime": "unsupervised", "poll": 2}"#;
    assert!(serde_json::from_str::<DataConfig>(unknown).is_err());
}

/// The presets of the authors' size have the paper's numbers of labels, though validation rows are taken first.
#[test]
fn presets_have_the_papers_numbers_of_labels() {
    for (name, expected) in [("fashion-5", 300), ("fashion-2", 120)] {
        let config: SemiUnsupervisedConfig = config::experiment(PRESETS, name, &[] as &[&str]).expect("a preset");
        let data = config.data;
        assert_eq!(data.validation, 1000);
        let counts = label_counts(data.label_rule, &[5900; 10], data.fraction, &data.hidden);
        assert_eq!(
            counts,
            [0, 0, 0, 0, 0, expected, expected, expected, expected, expected],
            "{name}"
        );
    }
}
