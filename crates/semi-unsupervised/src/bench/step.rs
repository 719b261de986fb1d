//! Updates on made-up rows.

use burn::prelude::*;
use papers_core::{
    base::config,
    bench::{Case, filled},
    device,
    random::Streams,
};

use crate::{
    config::{PRESETS, SemiUnsupervisedConfig},
    data::Batch,
    learner::{Learner, LearnerConfig, Moment},
    model::Likelihood,
    network::Network,
    objective::Counts,
};

/// So small that weights stay what they are.
const RATE: f64 = 1e-9;
const CLASSES: usize = 10;
const COUNTS: Counts = Counts {
    labeled: 123,
    unlabeled: 4877,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("reduced/m2-step", "step", || updates("fashion-reduced", "m2", 172)),
        Case::new("reduced/gm-dgm-step", "step", || {
            updates("fashion-reduced", "gm-dgm", 172)
        }),
        Case::new("reduced/agm-dgm-step", "step", || {
            updates("fashion-reduced", "agm-dgm", 172)
        }),
        Case::new("full/gm-dgm-step", "step", || updates("fashion-5", "gm-dgm", 690)),
    ]
}

/// Updates of a model with the sizes of an experiment on rows of so many values.
fn updates(
    experiment: &str,
    model: &str,
    values: usize,
) -> anyhow::Result<impl FnMut() -> anyhow::Result<usize> + use<>> {
    let plain = device::resolve(device::default_backend()?)?;
    let set = format!("model='{model}'");
    let config: SemiUnsupervisedConfig = config::experiment(PRESETS, experiment, &[&set])?;
    let tracked = plain.clone().autodiff();
    let prior = [1.0 / CLASSES as f64; CLASSES];
    let network = Network::new(
        config.model,
        Likelihood::Bernoulli,
        values,
        &prior,
        &config.sizes,
        &tracked,
    );
    let settings = LearnerConfig {
        rate: RATE,
        ..config.learner
    };
    let mut learner = Learner::new(filled::module(network), &settings, &config.objective, COUNTS);
    let binary = |rows| filled::tensor([rows, values], 1.0, &plain).greater_elem(0.0).float();
    let classes: Vec<i32> = (0..config.batch.labeled).map(|row| (row % CLASSES) as i32).collect();
    let classes = Tensor::<1, Int>::from_data(TensorData::new(classes, [config.batch.labeled]), &plain);
    let batch = Batch {
        labeled: Some([binary(config.batch.labeled), classes.one_hot(CLASSES).float()]),
        unlabeled: Some(binary(config.batch.unlabeled)),
    };
    let streams = Streams::new(0);
    let mut step = 0;
    Ok(move || {
        let moment = Moment {
            step,
            age: step,
            epoch: 0,
        };
        std::hint::black_box(learner.step(&batch, &streams, moment)?);
        step += 1;
        plain.sync()?;
        Ok(1)
    })
}
