//! With batch normalization: which passes teach the running statistics, and that a run can be resumed exactly.

use burn::{
    module::{ModuleVisitor, Param},
    prelude::*,
};
use mixmatch::{
    Batch, Learner, LearnerConfig, Method, Progress,
    interleave::interleave,
    method::{Mix, MixMatch},
};
use papers_core::{
    base::journal::Position,
    checkpoint::{LoopState, Reader, Store},
    nn::{Statistics, WideResNet, WideResNetConfig, trainable_parameters},
    random::Streams,
    testing::{device, values},
};

fn network(streams: &Streams) -> WideResNet {
    let device = device().autodiff();
    let config = WideResNetConfig::new(1, 3)
        .with_filters(4)
        .with_scales(2)
        .with_repeat(1);
    streams.initialize("network", &device, || config.with_keep(0.9).init(&device))
}

fn learner() -> Learner<WideResNet> {
    let config = LearnerConfig {
        ema: 0.9,
        ..LearnerConfig::default()
    };
    Learner::new(network(&Streams::new(5)), &config).expect("settings")
}

fn batch(method: &Method, step: u64) -> Batch<4> {
    let part = |name: &str| Streams::new(5).normal::<4>(name, step, [6, 1, 8, 8], &device());
    Batch {
        labeled: part("labeled"),
        targets: Tensor::<2>::from_floats([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]], &device()).repeat_dim(0, 3),
        unlabeled: (0..method.augmentations())
            .map(|index| part(&format!("unlabeled {index}")))
            .collect(),
    }
}

fn advance(learner: &mut Learner<WideResNet>, method: &Method, from: u64, to: u64) {
    for step in from..to {
        let progress = Progress { step, steps: 6 };
        let update = learner.step(method, &batch(method, step), &Streams::new(5), progress);
        update.expect("a step");
    }
}

/// The running statistics of all layers.
fn statistics(network: &WideResNet) -> Vec<f64> {
    struct Constants(Vec<f64>);
    impl ModuleVisitor for Constants {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if !param.is_require_grad() {
                self.0.extend(values(param.val()));
            }
        }
    }
    let mut constants = Constants(Vec::new());
    network.visit(&mut constants);
    constants.0
}

#[test]
fn running_statistics_learn_from_the_first_interleaved_pass_alone() {
    let method = Method::MixMatch(MixMatch {
        mix: Mix::None,
        ..MixMatch::default()
    });
    let batch = batch(&method, 0);
    let mut pool = vec![batch.labeled.clone()];
    pool.extend(batch.unlabeled.iter().cloned());
    let first = interleave(Tensor::cat(pool, 0), 3).narrow(0, 0, 6);
    let expected = network(&Streams::new(5));
    expected.forward(first, Statistics::Update);

    let mut learner = learner();
    advance(&mut learner, &method, 0, 1);
    assert_eq!(statistics(learner.model()), statistics(&expected));
    assert_ne!(statistics(&expected), statistics(&network(&Streams::new(5))));
}

#[test]
fn running_statistics_of_baselines_learn_from_labeled_examples_alone() {
    for name in ["supervised", "pi-model", "pseudo-label", "vat", "mean-teacher", "ict"] {
        let method = Method::all().into_iter().find(|method| method.name() == name);
        let method = method.expect("a method");
        let expected = network(&Streams::new(5));
        expected.forward(batch(&method, 0).labeled, Statistics::Update);
        let mut learner = learner();
        advance(&mut learner, &method, 0, 1);
        assert_eq!(statistics(learner.model()), statistics(&expected), "{name}");
    }
}

#[test]
fn the_evaluated_network_has_the_statistics_of_the_one_in_training() {
    let mut learner = learner();
    advance(&mut learner, &Method::MixMatch(MixMatch::default()), 0, 2);
    let evaluated = learner.evaluation_model();
    assert_eq!(trainable_parameters(&evaluated), trainable_parameters(learner.model()));
    let of_training = statistics(learner.model());
    // Off the tape nothing has gradients: the statistics are among all numbers there.
    let all = statistics(&evaluated);
    assert!(all.len() > of_training.len() && of_training.iter().all(|number| all.contains(number)));
}

#[test]
fn six_updates_are_three_and_three_after_a_restart_byte_for_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    let save = |learner: &Learner<WideResNet>, name: &str| {
        let store = Store::new(&folder.path().join(name));
        let path = store.save(0, Position::default(), &LoopState::default(), |writer| {
            learner.save(writer)
        });
        Reader::open(&path.expect("a checkpoint")).expect("an intact checkpoint")
    };
    for method in [Method::MixMatch(MixMatch::default()), Method::all()[5].clone()] {
        let mut whole = learner();
        advance(&mut whole, &method, 0, 6);
        let mut first = learner();
        advance(&mut first, &method, 0, 3);
        let half = save(&first, "half");
        let mut second = learner();
        second.restore(&half).expect("a checkpoint");
        advance(&mut second, &method, 3, 6);
        let (whole, resumed) = (save(&whole, "whole"), save(&second, "resumed"));
        assert_eq!(whole.digests(), resumed.digests(), "{}", method.name());
        assert_ne!(whole.digests(), half.digests());
    }
}
