use mixmatch::{
    Method, StepError,
    method::{Ict, MixMatch, MixUp, Supervised},
    mixup::{Coefficients, Mixing, draw},
};
use papers_core::random::Streams;
use serde::Deserialize;

use super::{BOTH, Rows, fixture};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "rule")]
    _rule: String,
    cases: Vec<Case>,
    beta_stats: Vec<BetaStats>,
    bad: Vec<Bad>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    x: Rows,
    p: Rows,
    lambda_raw: Vec<f64>,
    permutation: Vec<usize>,
    lambda_prime: Vec<f64>,
    x_mixed: Rows,
    p_mixed: Rows,
    #[serde(rename = "note")]
    _note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BetaStats {
    alpha: f64,
    lambda_mean: f64,
    lambda_var: f64,
    lambda_prime_mean: f64,
    lambda_prime_second_moment: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Bad {
    alpha: f64,
    error: String,
}

#[test]
fn blends_are_the_reference_ones() {
    let file: File = fixture("mixup.json");
    assert!(!file.cases.is_empty());
    for case in file.cases {
        let mixing = Mixing::new(&case.lambda_raw, case.permutation);
        for precision in BOTH {
            precision.assert_numbers("lambda'", mixing.kept(), &case.lambda_prime);
            precision.assert_rows("x", mixing.apply(precision.matrix(&case.x)), &case.x_mixed);
            precision.assert_rows("p", mixing.apply(precision.matrix(&case.p)), &case.p_mixed);
        }
    }
}

#[test]
fn drawn_coefficients_have_the_moments_of_the_beta_distribution() {
    const DRAWS: usize = 200_000;
    // Of numbers in [0, 1] the standard error of a mean is at most 0.5 / √DRAWS = 0.0011, of a variance less: five times
    // that.
    const TOLERANCE: f64 = 0.006;
    let file: File = fixture("mixup.json");
    assert!(!file.beta_stats.is_empty());
    for stats in file.beta_stats {
        let mut generator = Streams::new(1).at("moments", 0, 0);
        let lambda = draw(stats.alpha, DRAWS, Coefficients::PerExample, &mut generator).expect("an alpha");
        let mixing = Mixing::new(&lambda, (0..DRAWS).collect());
        let moment =
            |values: &[f64], power: i32| values.iter().map(|value| value.powi(power)).sum::<f64>() / DRAWS as f64;
        let mean = moment(&lambda, 1);
        let found = [
            mean,
            moment(&lambda, 2) - mean * mean,
            moment(mixing.kept(), 1),
            moment(mixing.kept(), 2),
        ];
        let expected = [
            stats.lambda_mean,
            stats.lambda_var,
            stats.lambda_prime_mean,
            stats.lambda_prime_second_moment,
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() < TOLERANCE,
                "alpha {}: {found} is not {expected}",
                stats.alpha
            );
        }
    }
}

#[test]
fn an_alpha_that_no_distribution_has_is_an_error() {
    let file: File = fixture("mixup.json");
    assert!(!file.bad.is_empty());
    for bad in file.bad {
        assert_eq!(bad.error, "alpha");
        let alpha = bad.alpha;
        let mut generator = Streams::new(1).at("bad", 0, 0);
        let error = draw(alpha, 1, Coefficients::PerExample, &mut generator).expect_err("no alpha");
        assert_eq!(error, StepError::Alpha(alpha));
        for method in [
            Method::MixMatch(MixMatch {
                alpha,
                ..MixMatch::default()
            }),
            Method::MixUp(MixUp {
                alpha,
                ..MixUp::default()
            }),
            Method::Ict(Ict {
                alpha,
                ..Ict::default()
            }),
            Method::Supervised(Supervised { alpha: Some(alpha) }),
        ] {
            let error = method.validate().expect_err("no alpha").to_string();
            assert!(error.contains(".alpha`"), "{error}");
        }
    }
}
