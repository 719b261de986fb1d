//! What a run refuses, and what it says.

use burn::prelude::*;
use papers_core::{Context, Error, Experiment as _, testing};
use semi_unsupervised::{
    model::{ClassModel, Kind, Likelihood, bound::Noise},
    network::Network,
    train::SemiUnsupervised,
};

use crate::common::{digits, try_digits};

#[test]
fn settings_out_of_their_range() {
    for (set, expected) in [
        ("objective.alpha=-1.0", "at least 0, not -1"),
        ("objective.alpha=nan", "at least 0, not NaN"),
        ("objective.samples=0", "at least 1"),
        ("objective.balance=-2.0", "at least 0"),
        ("objective.free_bits=0.5", "objective.kl='analytic'"),
        ("head='svm'", "unknown variant `svm`"),
        ("sizes.latent=0", "at least 1"),
        ("sizes.auxiliary=0", "at least 1"),
        ("sizes.hidden=[0]", "a layer needs a unit"),
        ("sizes.prior_mean_init_std=-1.0", "at least 0"),
        ("batch.labeled=0", "at least 1"),
        ("batch.unlabeled=0", "at least 1"),
        ("learner.rate=0.0", "learner.rate"),
        ("learner.rate=-1e-3", "learner.rate"),
        ("learner.least=2.0", "from 0 to 1"),
        ("learner.clip=-1.0", "at least 0"),
        ("restarts={count=3,steps=9}", "3 beginnings of 9 updates"),
        ("restarts={count=2,steps=4}", "leave none"),
        ("restarts={count=2,steps=0}", "at least 1"),
        ("restarts={count=0,steps=1}", "at least 1"),
        ("batch.labeled=100000000000", "at most 1048576"),
        ("batch.unlabeled=100000000000", "at most 1048576"),
        ("model='m3'", "unknown variant `m3`"),
        ("vade.fitted=0", "at least 1"),
        ("data.fraction=0.0", "data.fraction"),
    ] {
        let error = try_digits(&[set]).expect_err(set);
        let message = format!("{:#}", anyhow::Error::from(error));
        assert!(message.contains(expected), "{set}: {message}");
    }
}

#[test]
fn vade_is_pretrained_in_every_beginning() {
    let error = try_digits(&["model='vade'", "restarts={count=2,steps=2}"]).expect_err("nothing after pretraining");
    let message = error.to_string();
    assert!(
        message.contains("vade.pretraining") && message.contains("`restarts.steps`, 2"),
        "{message}"
    );
    for pretraining in ["vade.pretraining=0", "vade.pretraining=8"] {
        let error = try_digits(&["model='vade'", pretraining]).expect_err("components that are all alike");
        assert!(error.to_string().contains("vade.pretraining"), "{error}");
    }
}

#[test]
fn a_model_that_names_by_labels_needs_some() {
    let config = digits(&["model='m1'", "data.regime='unsupervised'"]);
    let error = SemiUnsupervised::new(&config, &Context::new(testing::device(), 0)).expect_err("no labels");
    assert!(error.to_string().contains("gm-dgm or vade"), "{error}");
}

#[test]
fn a_loss_that_is_no_number_stops_the_run() {
    let config = digits(&["learner.rate=1e30", "learner.clip=0.0"]);
    let mut run = SemiUnsupervised::new(&config, &Context::new(testing::device(), 0)).expect("a model");
    let (found, before) = (0..8)
        .find_map(|step| {
            let before = weights(&run);
            Some((run.step(step).err()?, before))
        })
        .expect("weights without bounds");
    let Error::Diverged { term, value, step, .. } = &found else {
        panic!("{found}")
    };
    // A part of the bound, and not a sum of several; the update was not done.
    assert!(
        ["log_px", "kl_z", "kl_y"].contains(&term.as_str()) && !value.is_finite(),
        "{found}"
    );
    assert!(found.to_string().contains(&format!("step {step}")), "{found}");
    assert_eq!(weights(&run), before);
}

/// The weights of the classifier's first layer.
fn weights(run: &SemiUnsupervised) -> Vec<f64> {
    let Network::Classes(model) = run.network() else {
        panic!("a model of classes")
    };
    testing::values(model.classifier.layers[0].weight.val())
}

#[test]
fn weights_that_say_nothing_are_a_divergence() {
    let config = digits(&["learner.rate=1e30", "learner.clip=0.0"]);
    let mut run = SemiUnsupervised::new(&config, &Context::new(testing::device(), 0)).expect("a model");
    run.step(0).expect("an update");
    let found = run.evaluate().expect_err("weights without bounds");
    let Error::Diverged { term, step, .. } = &found else {
        panic!("{found}")
    };
    assert_eq!((term.as_str(), *step), ("q(y|x)", 1));
}

#[test]
fn beginnings_are_not_ended_early() {
    let early = "schedule.early_stop={metric='validation_bound',goal='maximize',patience=2}";
    let error = try_digits(&["restarts={count=2,steps=2}", early]).expect_err("no best one would go on");
    assert!(error.to_string().contains("schedule.early_stop"), "{error}");
    try_digits(&[early]).expect("one beginning");
}

#[test]
fn settings_without_a_use_are_named() {
    assert_eq!(digits(&["model='gm-dgm'"]).unused(), [""; 0]);
    let unused = digits(&["model='vade'", "objective.samples=2", "objective.balance=1.0"]).unused();
    assert!(
        unused.contains(&"objective.balance") && unused.contains(&"objective.samples"),
        "{unused:?}"
    );
    assert!(
        digits(&["model='m1'", "objective.samples=2"])
            .unused()
            .iter()
            .all(|name| *name != "objective.samples")
    );
}

#[test]
fn examples_that_are_not_for_a_model() {
    let device = testing::device();
    let sizes = digits(&[]).sizes;
    let model = |prior: &[f64]| ClassModel::new(Kind::GmDgm, Likelihood::Bernoulli, 4, prior, &sizes, &device);
    for (prior, expected) in [
        (&[0.5, 0.0] as &[f64], "p(y): "),
        (&[0.5, 0.4], "p(y): "),
        (&[], "p(y): "),
    ] {
        let message = model(prior).expect_err("no distribution").to_string();
        assert!(message.contains(expected), "{message}");
    }
    let model = testing::initialized(|| model(&[0.5, 0.5]).expect("a prior"));
    let noise = |classes| Noise {
        z: Tensor::zeros([1, 3, classes, sizes.latent], &device),
        a: None,
    };
    let x = |values| Tensor::<2>::zeros([3, values], &device);
    let error = model.unlabeled(x(5), &noise(2)).expect_err("other values");
    assert!(
        error.to_string().contains("[3, 5]") && error.to_string().contains("[_, 4]"),
        "{error}"
    );
    let error = model.labeled(x(4), x(3), &noise(1)).expect_err("other classes");
    assert!(
        error.to_string().contains("[3, 3]") && error.to_string().contains("[3, 2]"),
        "{error}"
    );
    assert!(model.labeled(x(5), x(2), &noise(1)).is_err());
}
