//! What makes each method what it is: these tests fail when an idea is switched off.

use std::sync::{Arc, Mutex};

use burn::{
    module::{Module, Param},
    prelude::*,
};
use mixmatch::{
    Batch, Classifier, Learner, LearnerConfig, Method, Progress,
    method::{Guesser, Ict, MeanTeacher, Mix, MixMatch, MixUp, PiModel, PseudoLabel, Supervised, Vat},
    mixup::{Coefficients, Mixing},
};
use papers_core::{
    nn::Statistics::{self, Batch as Own, Update},
    random::Streams,
    testing::{assert_close, device, values},
};

/// A linear network that writes down how it was called.
#[derive(Module, Debug)]
struct Spy {
    weight: Param<Tensor<2>>,
    #[module(skip)]
    calls: Arc<Mutex<Vec<Call>>>,
}

#[derive(Debug, Clone, PartialEq)]
struct Call {
    statistics: Statistics,
    /// Whether weights have gradients in this pass.
    learns: bool,
    /// The weight's first element.
    weight: f64,
    inputs: Vec<f64>,
}

impl Spy {
    fn new(weight: f32) -> Self {
        let weight = Tensor::from_floats([[weight, 0.0, 0.5], [0.3, -0.4, 0.0]], &device().autodiff());
        Self {
            weight: Param::from_tensor(weight),
            calls: Arc::default(),
        }
    }

    fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().expect("one thread"))
    }
}

impl Classifier<2> for Spy {
    fn forward(&self, input: Tensor<2>, statistics: Statistics) -> Tensor<2> {
        let weight = self.weight.val();
        self.calls.lock().expect("one thread").push(Call {
            statistics,
            learns: weight.is_require_grad(),
            weight: values(weight.clone())[0],
            inputs: values(input.clone()),
        });
        input.matmul(weight)
    }
}

fn rows(numbers: &[f32]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(numbers.to_vec(), [numbers.len() / 2, 2]), &device())
}

/// Labeled examples are ones, the augmentations of unlabeled ones twos and threes.
fn batch(augmentations: usize) -> Batch<2> {
    let part = |number: usize| rows(&[number as f32; 8]);
    Batch {
        labeled: part(1),
        targets: Tensor::<2>::from_floats([[1.0, 0.0, 0.0]; 4], &device()),
        unlabeled: (0..augmentations).map(|index| part(index + 2)).collect(),
    }
}

/// The calls of the second update, after a first one has moved the weights away from their average, and both weights.
fn calls(method: &Method) -> (Vec<Call>, f64, f64) {
    let mut learner = Learner::new(Spy::new(1.0), &LearnerConfig::default()).expect("settings");
    let batch = batch(method.augmentations());
    let mut step = |step| {
        let progress = Progress { step, steps: 4 };
        learner
            .step(method, &batch, &Streams::new(0), progress)
            .expect("a step")
    };
    step(0);
    let [raw, average] = [learner.model(), learner.average().weights()].map(|model| values(model.weight.val())[0]);
    assert_ne!(raw, average);
    learner.model().calls();
    let progress = Progress { step: 1, steps: 4 };
    learner
        .step(method, &batch, &Streams::new(0), progress)
        .expect("a step");
    (learner.model().calls(), raw, average)
}

/// Which statistics each pass used, whether it had gradients, and whether it was one of the averaged weights.
fn passes(method: &Method) -> Vec<(Statistics, bool, bool)> {
    let (calls, raw, average) = calls(method);
    let pass = |call: &Call| {
        assert!(call.weight == raw || call.weight == average);
        (call.statistics, call.learns, call.weight == average)
    };
    calls.iter().map(pass).collect()
}

#[test]
fn guesses_teach_the_running_statistics_nothing_and_have_no_gradient() {
    for (guess, averaged) in [(Guesser::Raw, false), (Guesser::Ema, true)] {
        let method = Method::MixMatch(MixMatch {
            guess,
            ..MixMatch::default()
        });
        let expected = [
            (Own, false, averaged),
            (Own, false, averaged),
            (Update, true, false),
            (Own, true, false),
            (Own, true, false),
        ];
        assert_eq!(passes(&method), expected);
    }
}

#[test]
fn of_every_baseline_the_labeled_pass_alone_teaches_the_running_statistics() {
    let labeled = (Update, true, false);
    let student = (Own, true, false);
    let constant = (Own, false, false);
    let teacher = (Own, false, true);
    for (method, expected) in [
        (Method::Supervised(Supervised::default()), vec![labeled]),
        (Method::PiModel(PiModel::default()), vec![labeled, constant, student]),
        (Method::PseudoLabel(PseudoLabel::default()), vec![labeled, student]),
        (Method::MixUp(MixUp::default()), vec![labeled, constant, student]),
        (Method::Vat(Vat::default()), vec![labeled, student, constant, student]),
        (
            Method::MeanTeacher(MeanTeacher::default()),
            vec![labeled, teacher, student],
        ),
        (Method::Ict(Ict::default()), vec![labeled, teacher, student]),
    ] {
        assert_eq!(passes(&method), expected, "{}", method.name());
    }
}

#[test]
fn the_pass_that_teaches_the_statistics_holds_labeled_and_unlabeled_examples() {
    let method = Method::MixMatch(MixMatch {
        mix: Mix::None,
        ..MixMatch::default()
    });
    let (calls, ..) = calls(&method);
    let teaching = calls.iter().find(|call| call.statistics == Update).expect("a pass");
    // Pieces of four rows in three: one, one and two rows of two numbers.
    assert_eq!(teaching.inputs, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0]);
}

#[test]
fn every_kind_of_mixing_blends_what_it_says() {
    let streams = Streams::new(3);
    let rows = 64;
    let blends = |mix| {
        let settings = MixMatch {
            mix,
            ..MixMatch::default()
        };
        let mixing = settings.draw(rows, &streams, 5).expect("an alpha");
        assert_eq!(mixing.kept().len(), 3 * rows);
        assert!(mixing.kept().iter().all(|&kept| (0.5..=1.0).contains(&kept)));
        let partners = mixing.partners();
        let is_mixed = |rows: std::ops::Range<usize>| mixing.kept()[rows].iter().any(|&kept| kept < 1.0);
        let crosses = (0..3 * rows).any(|row| (row < rows) != (partners[row] < rows));
        (is_mixed(0..rows), is_mixed(rows..3 * rows), crosses)
    };
    assert_eq!(blends(Mix::All), (true, true, true));
    assert_eq!(blends(Mix::None), (false, false, false));
    assert_eq!(blends(Mix::Labeled), (true, false, false));
    assert_eq!(blends(Mix::Unlabeled), (false, true, false));
    assert_eq!(blends(Mix::Separate), (true, true, false));
}

#[test]
fn coefficients_are_drawn_for_each_example_unless_asked_for_one() {
    let kept = |lambda| {
        let settings = MixMatch {
            lambda,
            ..MixMatch::default()
        };
        settings
            .draw(32, &Streams::new(3), 5)
            .expect("an alpha")
            .kept()
            .to_vec()
    };
    let differ = |kept: Vec<f64>| kept.iter().any(|&other| other != kept[0]);
    assert!(differ(kept(Coefficients::PerExample)));
    assert!(!differ(kept(Coefficients::PerBatch)));
}

#[test]
fn draws_follow_from_seed_and_step() {
    let draw = |seed, step| {
        MixMatch::default()
            .draw(8, &Streams::new(seed), step)
            .expect("an alpha")
    };
    assert_eq!(draw(1, 2), draw(1, 2));
    assert_ne!(draw(1, 2), draw(1, 3));
    assert_ne!(draw(1, 2), draw(2, 2));
}

#[test]
fn a_blend_stays_nearer_to_its_first_part() {
    let mixing = Mixing::new(&[0.1, 0.9], vec![1, 0]);
    // 0.9·0 + 0.1·10 and 0.9·10 + 0.1·0.
    assert_close(
        &values(mixing.apply(rows(&[0.0, 0.0, 10.0, 10.0]))),
        &[1.0, 1.0, 9.0, 9.0],
        1e-6,
    );
}

/// Makes an update and returns the learner and what was measured.
fn update(method: &Method, config: &LearnerConfig, progress: Progress) -> (Learner<Spy>, mixmatch::Report) {
    let mut learner = Learner::new(Spy::new(1.0), config).expect("settings");
    let batch = batch(method.augmentations());
    let report = learner
        .step(method, &batch, &Streams::new(0), progress)
        .expect("a step");
    (learner, report)
}

#[test]
fn guesses_are_averaged_and_then_sharpened() {
    let method = Method::MixMatch(MixMatch::default());
    let (_, report) = update(&method, &LearnerConfig::default(), Progress { step: 0, steps: 1 });
    // Logits are the number of an example's rows times the sums of the weight's columns, (1.3, -0.4, 0.5).
    let softmax = |scale: f64| {
        let powers = [1.3, -0.4, 0.5].map(|logit: f64| (scale * logit).exp());
        let sum: f64 = powers.iter().sum();
        powers.map(|power| power / sum)
    };
    let mean: Vec<f64> = std::iter::zip(softmax(2.0), softmax(3.0))
        .map(|(a, b)| (a + b) / 2.0)
        .collect();
    let squares: f64 = mean.iter().map(|p| p * p).sum();
    let expected: Vec<f64> = mean.iter().map(|p| p * p / squares).collect();
    let guesses = report.guesses.expect("guesses");
    assert_eq!(guesses.rows().count(), 4);
    for row in guesses.rows() {
        let row: Vec<f64> = row.iter().map(|&p| f64::from(p)).collect();
        assert_close(&row, &expected, 1e-6);
    }
}

#[test]
fn weights_of_the_unlabeled_term_grow_but_the_entropy_of_vat_and_mixup_count_at_once() {
    let at = |method: &Method, step| update(method, &LearnerConfig::default(), Progress { step, steps: 10 }).1;
    let ramped = Method::MixMatch(MixMatch {
        ramp_images: 32,
        ..MixMatch::default()
    });
    // Batches of 4: 8 updates of ramp.
    assert_eq!(
        [0, 4, 8, 9].map(|step| at(&ramped, step).weight),
        [0.0, 37.5, 75.0, 75.0]
    );
    let teacher = Method::MeanTeacher(MeanTeacher::default());
    assert_eq!(
        [0, 2, 4, 9].map(|step| at(&teacher, step).weight),
        [0.0, 25.0, 50.0, 50.0]
    );
    assert_eq!(at(&Method::MixUp(MixUp::default()), 0).weight, 1.0);
    let vat = at(&Method::Vat(Vat::default()), 0);
    assert_eq!(vat.weight, 0.0);
    let entropy = vat.entropy.expect("an entropy");
    assert_close(&[vat.loss], &[vat.loss_x + 0.06 * entropy], 1e-6);
}

#[test]
fn the_average_is_of_weights_before_their_decay() {
    let config = LearnerConfig {
        weight_decay: 250.0,
        ema: 0.0,
        ..LearnerConfig::default()
    };
    let method = Method::Supervised(Supervised::default());
    let (learner, _) = update(&method, &config, Progress { step: 0, steps: 1 });
    let [raw, average] = [learner.model(), learner.average().weights()].map(|model| values(model.weight.val()));
    // A decay that halves; an average that remembers nothing.
    let halves: Vec<f64> = average.iter().map(|weight| weight / 2.0).collect();
    assert_close(&raw, &halves, 1e-6);
}

#[test]
fn augmentations_are_as_many_as_a_method_needs() {
    let of = |method: Method| (method.augmentations(), method.needs_unlabeled());
    assert_eq!(of(Method::Supervised(Supervised::default())), (0, false));
    assert_eq!(of(Method::Vat(Vat::default())), (1, true));
    assert_eq!(of(Method::PiModel(PiModel::default())), (2, true));
    let three = MixMatch {
        augmentations: 3,
        ..MixMatch::default()
    };
    assert_eq!(of(Method::MixMatch(three)), (3, true));
}
