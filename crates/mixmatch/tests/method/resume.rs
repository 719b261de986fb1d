//! A learner goes on from a checkpoint as if it had never stopped.

use burn::{
    module::Param,
    nn::{BatchNorm, BatchNormConfig, Linear, LinearConfig},
    prelude::*,
};
use mixmatch::{Batch, Classifier, Learner, LearnerConfig, Method, Progress};
use papers_core::{
    base::journal::Position,
    checkpoint::{LoopState, Reader, Store},
    nn::Statistics,
    random::Streams,
    testing::{device, values},
};

#[derive(Module, Debug)]
struct Network {
    first: Linear,
    norm: BatchNorm,
    last: Linear,
}

impl Network {
    /// As a user would build it, with parameter ids that differ from process to process.
    fn new() -> Self {
        let device = device().autodiff();
        let filled = |param: Param<Tensor<2>>| {
            let [rows, columns] = param.lazy_shape().dims();
            let numbers = Tensor::arange(0..(rows * columns) as i64, &device.clone().inner()).float();
            let numbers = numbers.reshape([rows, columns]) * 0.1 - 0.4;
            Param::initialized(param.id, numbers.autodiff().require_grad())
        };
        let mut network = Self {
            first: LinearConfig::new(2, 4).with_bias(false).init(&device),
            norm: BatchNormConfig::new(4).init(&device),
            last: LinearConfig::new(4, 3).with_bias(false).init(&device),
        };
        network.first.weight = filled(network.first.weight);
        network.last.weight = filled(network.last.weight);
        network
    }
}

impl Classifier<2> for Network {
    fn forward(&self, input: Tensor<2>, _: Statistics) -> Tensor<2> {
        self.last.forward(self.norm.forward(self.first.forward(input)))
    }
}

fn new_learner() -> Learner<Network> {
    let config = LearnerConfig {
        ema: 0.9,
        ..LearnerConfig::default()
    };
    Learner::new(Network::new(), &config).expect("settings")
}

fn advance(learner: &mut Learner<Network>, method: &Method, from: u64, to: u64) {
    let streams = Streams::new(11);
    for step in from..to {
        let part = |name| streams.normal::<2>(name, step, [6, 2], &device());
        let batch = Batch {
            labeled: part("labeled"),
            targets: Tensor::<2>::from_floats([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]], &device()).repeat_dim(0, 3),
            unlabeled: ["first", "second"].map(part)[..method.augmentations()].to_vec(),
        };
        let progress = Progress { step, steps: 6 };
        learner.step(method, &batch, &streams, progress).expect("a step");
    }
}

fn save(learner: &Learner<Network>, folder: &std::path::Path, step: u64) -> Reader {
    let store = Store::new(folder);
    let path = store.save(step, Position::default(), &LoopState::default(), |writer| {
        learner.save(writer)
    });
    Reader::open(&path.expect("a checkpoint")).expect("an intact checkpoint")
}

#[test]
fn three_updates_and_three_after_a_restart_are_six() {
    for method in Method::all() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut whole = new_learner();
        advance(&mut whole, &method, 0, 6);
        let mut first = new_learner();
        advance(&mut first, &method, 0, 3);
        let mut second = new_learner();
        second.restore(&save(&first, folder.path(), 3)).expect("a checkpoint");
        advance(&mut second, &method, 3, 6);

        let state = |learner: &Learner<Network>| {
            let (model, average) = (learner.model().valid(), learner.evaluation_model());
            [model, average].map(|network| {
                let parts = [
                    values(network.first.weight.val()),
                    values(network.norm.gamma.val()),
                    values(network.norm.running_mean.value()),
                    values(network.norm.running_var.value()),
                    values(network.last.weight.val()),
                ];
                parts.concat()
            })
        };
        assert_eq!(state(&second), state(&whole), "{}", method.name());
        assert_ne!(state(&second), state(&first), "{}", method.name());
    }
}

#[test]
fn the_evaluated_network_has_averaged_weights_and_present_statistics() {
    let method = &Method::all()[0];
    let mut learner = new_learner();
    advance(&mut learner, method, 0, 4);
    let (raw, evaluated) = (learner.model().valid(), learner.evaluation_model());
    assert_eq!(
        values(raw.norm.running_mean.value()),
        values(evaluated.norm.running_mean.value())
    );
    assert_ne!(values(raw.first.weight.val()), values(evaluated.first.weight.val()));
}
