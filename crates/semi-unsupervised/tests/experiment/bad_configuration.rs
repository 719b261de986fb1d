//! What a run refuses, and what it says.

use burn::prelude::*;
use papers_core::{Context, Experiment as _, testing};
use semi_unsupervised::{
    model::{ClassModel, Kind, Likelihood, bound::Noise},
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
    let error = (0..8)
        .find_map(|step| run.step(step).err())
        .expect("weights without bounds");
    let message = error.to_string();
    assert!(message.contains("loss") && message.contains("step"), "{message}");
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
    let model = model(&[0.5, 0.5]).expect("a prior");
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
