use mixmatch::{
    Method, StepError,
    label_guess::{guess, mean_probabilities, sharpen},
    method::MixMatch,
    objective::check_targets,
};
use papers_core::testing::values;
use serde::Deserialize;

use super::{BOTH, DOUBLE, Rows, fixture};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharpenFile {
    #[serde(rename = "rule")]
    _rule: String,
    cases: Vec<SharpenCase>,
    bad: Vec<BadSharpen>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharpenCase {
    p: Vec<Vec<Entry>>,
    #[serde(default)]
    p_as_strings: bool,
    #[serde(rename = "T")]
    temperature: f64,
    expect: Rows,
    tol: Option<f64>,
    #[serde(rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Number(f64),
    Text(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BadSharpen {
    p: Option<Rows>,
    #[serde(rename = "T")]
    temperature: f64,
    error: String,
}

#[test]
fn sharpening_gives_the_reference_probabilities() {
    let file: SharpenFile = fixture("sharpen.json");
    assert!(!file.cases.is_empty());
    for case in file.cases {
        let number = |entry: &Entry| match entry {
            Entry::Number(number) if !case.p_as_strings => *number,
            Entry::Text(text) if case.p_as_strings => text.parse().expect("a number"),
            _ => panic!("`p_as_strings` says how numbers are written"),
        };
        let p: Rows = case.p.iter().map(|row| row.iter().map(number).collect()).collect();
        for precision in BOTH {
            let precision = precision.or(case.tol);
            let sharpened = sharpen(precision.matrix(&p), case.temperature).expect("a temperature");
            precision.assert_rows("sharpened", sharpened, &case.expect);
        }
    }
}

#[test]
fn what_cannot_be_sharpened_is_an_error() {
    let file: SharpenFile = fixture("sharpen.json");
    assert!(!file.bad.is_empty());
    for bad in file.bad {
        let p = bad.p.unwrap_or_else(|| vec![vec![0.5, 0.5]]);
        let p = DOUBLE.matrix(&p);
        match bad.error.as_str() {
            "temperature" => {
                assert_eq!(
                    sharpen(p, bad.temperature).expect_err("no temperature"),
                    StepError::Temperature(bad.temperature)
                );
                let settings = MixMatch {
                    temperature: bad.temperature,
                    ..MixMatch::default()
                };
                let error = Method::MixMatch(settings).validate().expect_err("no temperature");
                assert!(error.to_string().contains("`mix_match.temperature`"), "{error}");
            }
            "negative probability" => {
                let error = check_targets(&p).expect_err("a negative probability").to_string();
                assert!(error.contains("negative probability"), "{error}");
            }
            other => panic!("there is no error `{other}`"),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GuessFile {
    #[serde(rename = "rule")]
    _rule: String,
    cases: Vec<GuessCase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GuessCase {
    #[serde(rename = "K")]
    augmentations: usize,
    #[serde(rename = "B")]
    batch: usize,
    #[serde(rename = "L")]
    classes: usize,
    #[serde(rename = "T")]
    temperature: f64,
    logits: Vec<Rows>,
    mean_probs: Rows,
    guess: Rows,
    wrong_if_logits_averaged: Option<Rows>,
    #[serde(rename = "note")]
    _note: Option<String>,
}

#[test]
fn guesses_average_probabilities_and_then_sharpen() {
    let file: GuessFile = fixture("guess.json");
    assert!(!file.cases.is_empty());
    for case in file.cases {
        assert_eq!(case.logits.len(), case.augmentations);
        for precision in BOTH {
            let logits: Vec<_> = case.logits.iter().map(|logits| precision.matrix(logits)).collect();
            assert_eq!(logits[0].dims(), [case.batch, case.classes]);
            precision.assert_rows("mean", mean_probabilities(&logits), &case.mean_probs);
            let found = guess(&logits, case.temperature).expect("a temperature");
            precision.assert_rows("guess", found.clone(), &case.guess);
            let Some(wrong) = case
                .wrong_if_logits_averaged
                .as_ref()
                .filter(|_| case.augmentations > 1)
            else {
                continue;
            };
            let pairs = std::iter::zip(values(found), wrong.concat());
            let distance = pairs.map(|(found, wrong)| (found - wrong).abs()).fold(0.0, f64::max);
            assert!(distance > 1e-4, "as if logits were averaged");
        }
    }
}
