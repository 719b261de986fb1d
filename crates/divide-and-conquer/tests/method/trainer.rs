//! Updates: K = 1 is the plain baseline, other slices stay what they are, and everything goes on from a checkpoint.

use burn::{
    optim::{GradientsParams, SgdConfig},
    prelude::*,
};
use divide_and_conquer::{
    BatchSampler, BatchShape, Course, DivideConfig, OptimizerConfig, Part, Rows, SliceUpdate, Slices, Trainer, Turn,
    loss::{LossConfig, LossKind, ProxyNcaConfig, TripletConfig},
    miner::{Candidates, Miner as _, SemiHard},
    slices::normalize,
};
use papers_core::{optim::Adam, random::Streams, testing};

use super::common::{Points, embedder};

const SHAPE: BatchShape = BatchShape { classes: 4, images: 3 };

fn triplet(slices: Slices) -> divide_and_conquer::loss::Loss {
    let config = LossConfig {
        kind: LossKind::Triplet,
        ..LossConfig::default()
    };
    config.init(slices, 6, &testing::device().autodiff())
}

fn optimizer() -> OptimizerConfig {
    OptimizerConfig {
        learning_rate: 0.01,
        ..OptimizerConfig::default()
    }
}

#[test]
fn one_learner_is_the_baseline_bit_for_bit() {
    let (plain, streams) = (testing::device(), Streams::new(3));
    let points = Points::new(6, 8);
    let config = DivideConfig {
        learners: 1,
        ..DivideConfig::default()
    };
    let course = Course::new(&config, 5, points.labels.clone(), SHAPE, streams).unwrap();
    let model = embedder(8, 1);
    let mut trainer = Trainer::new(model.clone(), triplet(model.slices()), &optimizer(), SliceUpdate::Paper).unwrap();

    // The baseline, written without courses, turns and trainers.
    let everything: Vec<usize> = (0..points.labels.len()).collect();
    let sampler = BatchSampler::new(&everything, &points.labels, SHAPE);
    let (mut baseline, mut adam) = (
        model,
        Adam {
            weight_decay: 1e-4,
            ..Adam::default()
        }
        .init(),
    );
    for step in 0..12 {
        assert!(!course.divides_at(step), "nothing is divided");
        let turn = course.turn(step);
        let (inputs, labels) = points.batch(&turn.indices, &plain);
        trainer
            .step(inputs, &labels, &turn, 1.0, &mut streams.at("mine", step, 0))
            .unwrap();

        let (inputs, labels) = points.batch(&sampler.batch(&streams, "batch", step), &plain);
        let features =
            divide_and_conquer::Backbone::features(&baseline.backbone, inputs, divide_and_conquer::Mode::Train);
        let embeddings = normalize(baseline.learners[0].forward(features));
        let rows = Rows::<f32>::of_tensor(embeddings.clone()).unwrap();
        let distances = divide_and_conquer::distance::Distances::of(&rows, false);
        let candidates = Candidates {
            distances: &distances,
            labels: &labels,
            width: 8,
        };
        let triplets = SemiHard.mine(candidates, &mut streams.at("none", 0, 0));
        let loss = TripletConfig::default().terms(&embeddings, &triplets).mean();
        let gradients = GradientsParams::from_grads(loss.backward(), &baseline);
        baseline = adam.step(0.01, baseline, gradients);
    }
    let embed = |model: &divide_and_conquer::Embedder<super::common::Layer>| {
        testing::values(model.valid().forward(points.all(&plain)).1)
    };
    assert_eq!(embed(trainer.model()), embed(&baseline));
}

/// Plain gradient descent without decay moves what has a gradient, and nothing else.
#[test]
fn other_slices_stay_what_they_are() {
    let plain = testing::device();
    let points = Points::new(4, 3);
    for update in [SliceUpdate::Paper, SliceUpdate::Own] {
        let model = embedder(8, 4);
        let before: Vec<Vec<f64>> = model
            .learners
            .iter()
            .map(|learner| testing::values(learner.weight.val().inner()))
            .collect();
        let sgd = SgdConfig::new().init();
        let mut trainer = Trainer::new(model, triplet(Slices::new(8, 4).unwrap()), &optimizer(), update)
            .unwrap()
            .with_optimizer(sgd);
        let turn = Turn {
            part: Part::Slice(2),
            learner: Some(2),
            indices: Vec::new(),
            classes: None,
        };
        let report = trainer
            .step(
                points.all(&plain),
                &points.labels,
                &turn,
                100.0,
                &mut Streams::new(0).at("x", 0, 0),
            )
            .unwrap();
        assert!(report.loss > 0.0 && !report.no_negatives);
        for (learner, (after, before)) in trainer.model().learners.iter().zip(before).enumerate() {
            let is_same = testing::values(after.weight.val().inner()) == before;
            assert_eq!(is_same, learner != 2, "{update:?}: learner {learner}");
        }
    }
}

#[test]
fn decay_and_momentum_move_other_slices_as_in_the_paper_or_not() {
    let plain = testing::device();
    let points = Points::new(4, 3);
    for (update, moves) in [(SliceUpdate::Paper, true), (SliceUpdate::Own, false)] {
        let model = embedder(8, 4);
        let before = testing::values(model.learners[0].weight.val().inner());
        let mut trainer = Trainer::new(model, triplet(Slices::new(8, 4).unwrap()), &optimizer(), update).unwrap();
        let turn = Turn {
            part: Part::Slice(2),
            learner: Some(2),
            indices: Vec::new(),
            classes: None,
        };
        trainer
            .step(
                points.all(&plain),
                &points.labels,
                &turn,
                1.0,
                &mut Streams::new(0).at("x", 0, 0),
            )
            .unwrap();
        let after = testing::values(trainer.model().learners[0].weight.val().inner());
        assert_eq!(after != before, moves, "{update:?}");
    }
}

/// What a loss learns has its own rate, and no decay.
#[test]
fn boundaries_learn_if_they_are_told_to() {
    let (plain, device) = (testing::device(), testing::device().autodiff());
    let points = Points::new(4, 3);
    for learns in [false, true] {
        let mut config = LossConfig::default();
        config.margin.learn_beta = learns;
        let slices = Slices::new(8, 2).unwrap();
        let loss = config.init(slices, 4, &device);
        let mut trainer = Trainer::new(embedder(8, 2), loss, &optimizer(), SliceUpdate::Paper).unwrap();
        let turn = Turn {
            part: Part::Slice(1),
            learner: Some(1),
            indices: Vec::new(),
            classes: None,
        };
        trainer
            .step(
                points.all(&plain),
                &points.labels,
                &turn,
                1.0,
                &mut Streams::new(0).at("x", 0, 0),
            )
            .unwrap();
        let divide_and_conquer::loss::Loss::Margin(margin) = trainer.loss() else {
            panic!("the margin loss");
        };
        let beta = testing::values(margin.beta.val().inner());
        // Adam's first step is the rate; those of other learners have no gradient.
        testing::assert_close(&beta[..1], &[1.2], 1e-6);
        let moved = (beta[1] - 1.2).abs();
        testing::assert_close(&[moved], &[if learns { 5e-4 } else { 0.0 }], 1e-5);
    }
}

#[test]
fn points_of_few_classes_are_told_apart() {
    let (plain, streams) = (testing::device(), Streams::new(4));
    let points = Points::new(6, 8);
    let config = DivideConfig {
        learners: 2,
        warm_up: 1,
        slices_until: 3,
        clusters_until: 3,
        recluster_every: 1,
        ..DivideConfig::default()
    };
    let mut course = Course::new(&config, 10, points.labels.clone(), SHAPE, streams).unwrap();
    let model = embedder(8, 2);
    let mut trainer = Trainer::new(model.clone(), triplet(model.slices()), &optimizer(), SliceUpdate::Paper).unwrap();
    let recall = |model: &divide_and_conquer::Embedder<super::common::Layer>| {
        use divide_and_conquer::retrieval::{Labeled, Protocol, retrieve};
        let rows = Rows::<f32>::of_tensor(model.valid().forward(points.all(&plain)).1).unwrap();
        let rows = rows.normalized("embeddings").unwrap();
        let labeled = Labeled::new(&rows, &points.labels).unwrap();
        retrieve(labeled, Protocol::OtherQueries, &[1], &plain).unwrap()
    };
    let before = recall(&model);
    let mut parts = Vec::new();
    for step in 0..40 {
        if course.divides_at(step) {
            let rows = Rows::of_tensor(trainer.evaluation_model().forward(points.all(&plain)).1).unwrap();
            course
                .divide(&rows.normalized("embeddings").unwrap(), step, &plain)
                .unwrap();
        }
        let turn = course.turn(step);
        let (inputs, labels) = points.batch(&turn.indices, &plain);
        trainer
            .step(inputs, &labels, &turn, 1.0, &mut streams.at("mine", step, 0))
            .unwrap();
        parts.push(turn.part);
    }
    assert!(parts[..10].iter().all(|&part| part == Part::Whole));
    assert!(parts[10..30].iter().all(|&part| matches!(part, Part::Slice(_))));
    assert!(parts[30..].iter().all(|&part| part == Part::Whole));
    let after = recall(trainer.model());
    assert!(after.map_at_r > before.map_at_r, "{before:?} became {after:?}");
}

/// Proxies have a rate in units of the network's, in a trainer of one's own as in a run.
#[test]
fn proxies_learn_at_a_multiple_of_the_networks_rate() {
    let (plain, device) = (testing::device(), testing::device().autodiff());
    let points = Points::new(4, 3);
    for factor in [10.0, 40.0] {
        let config = ProxyNcaConfig {
            rate_factor: factor,
            ..ProxyNcaConfig::default()
        };
        let loss = testing::initialized(|| config.init(Slices::new(8, 2).unwrap(), 4, &device));
        let before = testing::values(loss.proxies.val().inner());
        let mut trainer = Trainer::new(embedder(8, 2), loss, &optimizer(), SliceUpdate::Paper).unwrap();
        let turn = Turn {
            part: Part::Whole,
            learner: None,
            indices: Vec::new(),
            classes: None,
        };
        let random = &mut Streams::new(0).at("x", 0, 0);
        trainer
            .step(points.all(&plain), &points.labels, &turn, 0.5, random)
            .unwrap();
        let after = testing::values(trainer.loss().proxies.val().inner());
        // Adam's first step is the rate.
        let moved: Vec<f64> = after
            .iter()
            .zip(&before)
            .map(|(after, before)| (after - before).abs())
            .collect();
        testing::assert_close(&moved, &[0.5 * 0.01 * factor; 32], 1e-3);
    }
}
