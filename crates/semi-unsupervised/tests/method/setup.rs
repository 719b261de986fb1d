//! `setup.json`: priors with hidden classes and extra clusters, and numbers of labels. Every case of the file is run.

use papers_core::{
    random::Streams,
    testing::{assert_close, fixture},
};
use semi_unsupervised::{
    config::{LabelRule, PriorRule, Regime},
    data::{
        class_prior, label_counts,
        split::{LabelError, Labels, Masking},
    },
};
use serde::Deserialize;

const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct File {
    prior: Vec<PriorCase>,
    masking: Vec<MaskingCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriorCase {
    base: Vec<f64>,
    hidden: Vec<usize>,
    n_aug: usize,
    expected: ExpectedPrior,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedPrior {
    prior: Vec<f64>,
    authors_code_prior: Vec<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MaskingCase {
    counts: Vec<usize>,
    fraction: f64,
    hidden: Vec<usize>,
    expected: ExpectedMasking,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedMasking {
    per_class_fraction_counts: Vec<usize>,
    authors_equal_counts: Vec<usize>,
    classes_without_labels: Vec<usize>,
}

fn file() -> File {
    let file: File = fixture(env!("CARGO_MANIFEST_DIR"), "setup.json");
    assert!(!file.prior.is_empty() && !file.masking.is_empty());
    file
}

#[test]
fn priors() {
    for case in file().prior {
        let of = |rule| class_prior(rule, &case.base, &case.hidden, case.n_aug).expect("a prior");
        assert_close(&of(PriorRule::Empirical), &case.expected.prior, TOLERANCE);
        assert_close(
            &of(PriorRule::EmpiricalAuthors),
            &case.expected.authors_code_prior,
            TOLERANCE,
        );
        if case.base.iter().all(|&share| share == case.base[0]) {
            assert_close(&of(PriorRule::Uniform), &case.expected.prior, TOLERANCE);
        }
    }
}

#[test]
fn numbers_of_labels() {
    for case in file().masking {
        let of = |rule| label_counts(rule, &case.counts, case.fraction, &case.hidden);
        let counts = of(LabelRule::PerClassFraction);
        assert_eq!(counts, case.expected.per_class_fraction_counts);
        assert_eq!(of(LabelRule::EqualCount), case.expected.authors_equal_counts);
        let without: Vec<usize> = (0..counts.len()).filter(|&class| counts[class] == 0).collect();
        assert_eq!(without, case.expected.classes_without_labels);
    }
}

#[test]
fn drawn_labels_are_as_many_or_refused() {
    for case in file().masking {
        let expected = &case.expected;
        for (rule, counts) in [
            (LabelRule::PerClassFraction, &expected.per_class_fraction_counts),
            (LabelRule::EqualCount, &expected.authors_equal_counts),
        ] {
            draws(&case, rule, counts);
        }
    }
}

fn draws(case: &MaskingCase, rule: LabelRule, counts: &[usize]) {
    let of_class = |(class, &count): (usize, &usize)| vec![Some(class); count];
    let truth: Vec<Option<usize>> = case.counts.iter().enumerate().flat_map(of_class).collect();
    let masking = Masking {
        regime: Regime::SemiUnsupervised,
        hidden: &case.hidden,
        fraction: case.fraction,
        rule,
        keep_labeled: false,
    };
    let drawn = Labels::draw(&truth, counts.len(), &masking, &Streams::new(0));
    let is_known = |class: &usize| !case.hidden.contains(class);
    // The first known class that cannot be given its number of labels.
    let impossible = (0..counts.len())
        .filter(is_known)
        .find(|&class| counts[class] == 0 || counts[class] > case.counts[class]);
    match (drawn, impossible) {
        (Ok(labels), None) => {
            let mut found = vec![0; counts.len()];
            labels
                .labeled
                .iter()
                .for_each(|&row| found[truth[row].expect("a class")] += 1);
            assert_eq!(found, counts);
            assert_eq!(labels.labeled.len() + labels.unlabeled.len(), truth.len());
        }
        (Err(LabelError::NoLabel { class, count, .. } | LabelError::TooFew { class, count, .. }), Some(refused)) => {
            assert_eq!((class, count), (refused, counts[refused]));
        }
        (drawn, impossible) => panic!("{drawn:?} where {impossible:?} is impossible"),
    }
}
