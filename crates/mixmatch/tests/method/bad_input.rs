//! What makes no sense is an error that says what would, and changes nothing.

use burn::{
    module::Param,
    nn::{Linear, LinearConfig},
    prelude::*,
};
use mixmatch::{
    Batch, Classifier, Learner, LearnerConfig, Method, Progress, StepError, label_guess::sharpen, method::MixMatch,
    objective::check_targets,
};
use papers_core::{
    Error,
    base::cli::exit,
    nn::Statistics,
    random::Streams,
    testing::{assert_close, device, tensor_f64, values},
};

#[derive(Module, Debug)]
struct Network {
    layer: Linear,
}

impl Classifier<2> for Network {
    fn forward(&self, input: Tensor<2>, _: Statistics) -> Tensor<2> {
        self.layer.forward(input)
    }
}

/// One without batch normalization, which learns from a single example too.
#[derive(Module, Debug)]
struct Single {
    layer: Param<Tensor<2>>,
}

impl Classifier<2> for Single {
    fn forward(&self, input: Tensor<2>, _: Statistics) -> Tensor<2> {
        input.matmul(self.layer.val())
    }

    fn smallest_batch(&self) -> usize {
        1
    }
}

fn learner() -> Learner<Network> {
    let device = device().autodiff();
    let network = Streams::new(0).initialize("network", &device, || Network {
        layer: LinearConfig::new(2, 3).init(&device),
    });
    Learner::new(network, &LearnerConfig::default()).expect("settings")
}

fn batch(rows: usize, augmentations: usize) -> Batch<2> {
    let ones = |columns| Tensor::<2>::ones([rows, columns], &device());
    Batch {
        labeled: ones(2),
        targets: ones(3) / 3.0,
        unlabeled: vec![ones(2); augmentations],
    }
}

fn step<M: Classifier<2>>(learner: &mut Learner<M>, batch: &Batch<2>) -> Result<mixmatch::Report, StepError> {
    let method = Method::MixMatch(MixMatch::default());
    learner.step(&method, batch, &Streams::new(0), Progress { step: 7, steps: 9 })
}

fn method(settings: &str) -> Result<Method, serde_json::Error> {
    serde_json::from_str(settings)
}

#[test]
fn settings_that_make_no_sense_are_named() {
    for (settings, key) in [
        (r#"{"kind":"mix-match","temperature":0}"#, "mix_match.temperature"),
        (r#"{"kind":"mix-match","temperature":-1}"#, "mix_match.temperature"),
        (r#"{"kind":"mix-match","alpha":0}"#, "mix_match.alpha"),
        (r#"{"kind":"mix-match","augmentations":0}"#, "mix_match.augmentations"),
        (r#"{"kind":"mix-match","weight":-1}"#, "mix_match.weight"),
        (r#"{"kind":"supervised","alpha":0}"#, "supervised.alpha"),
        (r#"{"kind":"pi-model","weight":-0.5}"#, "pi_model.weight"),
        (r#"{"kind":"pi-model","warm_up":1.5}"#, "pi_model.warm_up"),
        (r#"{"kind":"pseudo-label","threshold":2}"#, "pseudo_label.threshold"),
        (r#"{"kind":"mix-up","alpha":-1}"#, "mix_up.alpha"),
        (r#"{"kind":"vat","radius":0}"#, "vat.radius"),
        (r#"{"kind":"vat","xi":0}"#, "vat.xi"),
        (r#"{"kind":"vat","entropy_weight":-1}"#, "vat.entropy_weight"),
        (r#"{"kind":"mean-teacher","weight":-1}"#, "mean_teacher.weight"),
        (r#"{"kind":"ict","alpha":0}"#, "ict.alpha"),
    ] {
        let error = method(settings)
            .expect("known settings")
            .validate()
            .expect_err(settings);
        assert!(error.to_string().contains(&format!("`{key}`")), "{settings}: {error}");
    }
    for method in Method::all() {
        method.validate().expect("the paper's settings");
    }
}

#[test]
fn an_alpha_of_zero_has_a_remedy() {
    let error = method(r#"{"kind":"mix-match","alpha":0}"#).expect("known").validate();
    let error = error.expect_err("no alpha").to_string();
    assert!(error.contains("`mix` to `none`"), "{error}");
}

#[test]
fn nan_is_no_setting() {
    let nan = f64::NAN;
    let methods = [
        MixMatch {
            temperature: nan,
            ..MixMatch::default()
        },
        MixMatch {
            alpha: nan,
            ..MixMatch::default()
        },
        MixMatch {
            weight: nan,
            ..MixMatch::default()
        },
    ];
    for settings in methods {
        Method::MixMatch(settings).validate().expect_err("NaN");
    }
    for (config, key) in [
        (
            LearnerConfig {
                ema: nan,
                ..LearnerConfig::default()
            },
            "learner.ema",
        ),
        (
            LearnerConfig {
                learning_rate: nan,
                ..LearnerConfig::default()
            },
            "learner.learning_rate",
        ),
        (
            LearnerConfig {
                weight_decay: nan,
                ..LearnerConfig::default()
            },
            "learner.weight_decay",
        ),
    ] {
        let error = config.validate().expect_err("NaN").to_string();
        assert!(error.contains(&format!("`{key}`")), "{error}");
    }
}

#[test]
fn an_average_outside_of_its_range_is_an_error() {
    for ema in [-0.1, 1.1] {
        let config = LearnerConfig {
            ema,
            ..LearnerConfig::default()
        };
        let network = Network {
            layer: LinearConfig::new(2, 3).init(&device().autodiff()),
        };
        let error = Learner::new(network, &config).expect_err("no decay").to_string();
        assert!(error.contains("`learner.ema`"), "{error}");
    }
}

#[test]
fn an_unknown_setting_is_an_error() {
    assert!(method(r#"{"kind":"mix-match","temprature":1}"#).is_err());
    assert!(method(r#"{"kind":"fix-match"}"#).is_err());
}

#[test]
fn every_method_is_written_and_read_under_its_name() {
    for method in Method::all() {
        let text = serde_json::to_string(&method).expect("settings");
        assert!(text.contains(&format!(r#""kind":"{}""#, method.name())), "{text}");
        assert_eq!(serde_json::from_str::<Method>(&text).expect("settings"), method);
        let short = format!(r#"{{"kind":"{}"}}"#, method.name());
        assert_eq!(serde_json::from_str::<Method>(&short).expect("settings"), method);
    }
}

#[test]
fn a_tiny_temperature_gives_one_hot_labels() {
    let p = [0.5, 0.3, 0.2, 0.1, 0.1, 0.8, 1.0, 0.0, 0.0];
    for temperature in [1e-3, 1e-30, 1e-300] {
        for single in [true, false] {
            let p = tensor_f64::<2>(p.to_vec(), [3, 3], &device());
            let p = if single { p.cast(burn::tensor::DType::F32) } else { p };
            let sharpened = values(sharpen(p, temperature).expect("a temperature"));
            assert_close(&sharpened, &[1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0], 1e-9);
        }
    }
}

#[test]
fn a_single_example_is_too_small_a_batch_for_batch_normalization() {
    let error = step(&mut learner(), &batch(1, 2)).expect_err("one example");
    assert_eq!(error, StepError::BatchTooSmall { found: 1, needed: 2 });
    let weight = Tensor::ones([2, 3], &device().autodiff());
    let single = Single {
        layer: Param::from_tensor(weight),
    };
    let mut learner = Learner::new(single, &LearnerConfig::default()).expect("settings");
    step(&mut learner, &batch(1, 2)).expect("no batch normalization");
    let error = step(&mut learner, &batch(0, 2)).expect_err("no example");
    assert_eq!(error, StepError::BatchTooSmall { found: 0, needed: 1 });
}

#[test]
fn a_batch_with_fewer_examples_than_pieces_is_legal() {
    let report = step(&mut learner(), &batch(2, 2)).expect("two examples in three pieces");
    assert!(report.loss.is_finite());
}

#[test]
fn parts_of_a_batch_have_to_fit() {
    let error = step(&mut learner(), &batch(4, 1)).expect_err("one augmentation");
    assert_eq!(error, StepError::Augmentations { found: 1, needed: 2 });
    let mut uneven = batch(4, 2);
    uneven.unlabeled[1] = batch(3, 1).unlabeled.remove(0);
    let error = step(&mut learner(), &uneven).expect_err("uneven");
    let expected = StepError::Sizes {
        labeled: 4,
        targets: 4,
        unlabeled: 3,
    };
    assert_eq!(error, expected);
}

#[test]
fn targets_that_are_no_distributions_are_found() {
    let check = |numbers: [f64; 4]| check_targets(&tensor_f64(numbers.to_vec(), [2, 2], &device()));
    check([1.0, 0.0, 0.25, 0.75]).expect("distributions");
    assert_eq!(
        check([1.0, 0.0, 0.5, 0.75]).expect_err("too much"),
        StepError::NotNormalized { row: 1, sum: 1.25 }
    );
    let negative = check([1.5, -0.5, 0.5, 0.5]).expect_err("negative");
    assert_eq!(negative, StepError::NegativeProbability { row: 0, value: -0.5 });
    assert!(check([f64::NAN, 1.0, 0.5, 0.5]).is_err());
}

#[test]
fn a_loss_that_is_not_finite_stops_before_the_weights_change() {
    let mut learner = learner();
    let before = values(learner.model().layer.weight.val());
    for in_labels in [true, false] {
        let mut broken = batch(4, 2);
        let part = if in_labels {
            &mut broken.labeled
        } else {
            &mut broken.unlabeled[0]
        };
        *part = part.clone() * f64::NAN;
        let error = step(&mut learner, &broken).expect_err("NaN");
        let message = error.to_string();
        assert!(
            message.starts_with("step 7: the labeled loss is NaN, the unlabeled loss NaN"),
            "{message}"
        );
        assert_eq!(values(learner.model().layer.weight.val()), before);
        assert_eq!(values(learner.average().weights().layer.weight.val()), before);

        let error = Error::from(error);
        assert_eq!(error.exit_code(), exit::DIVERGED);
        let message = error.to_string();
        assert!(message.contains("loss_x") && message.contains("at step 7"), "{message}");
    }
}
