//! GM-DGM with data of one's own: three clouds of points, of which two have a few labels and the third has none.
//!
//! ```sh
//! cargo run --release -p semi-unsupervised --example own_data
//! ```

use burn::{module::Module as _, prelude::*};
use papers_core::{
    base::clustering::{Collapse, Contingency, Mapping, likeliest},
    random::Streams,
};
use semi_unsupervised::{
    data::Batch,
    learner::{Learner, LearnerConfig, Moment},
    model::{ClassModel, Kind, Likelihood, Sizes, bound::Noise},
    network::Network,
    objective::{Counts, ObjectiveConfig},
};

/// Points of each cloud, and how many of them have a label in the first two.
const POINTS: usize = 200;
const LABELS: usize = 5;
const CLASSES: usize = 3;
const LATENT: usize = 2;

/// `[points, 2]`, cloud after cloud.
fn clouds(streams: &Streams, device: &Device) -> Tensor<2> {
    let middles = [[4.0_f32, 0.0], [-4.0, 0.0], [0.0, 6.0]];
    let middles = Tensor::<2>::from_data(middles, device)
        .repeat_dim(1, POINTS)
        .reshape([CLASSES * POINTS, 2]);
    streams.normal("points", 0, [CLASSES * POINTS, 2], device) + middles
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn main() -> anyhow::Result<()> {
    let streams = Streams::new(0);
    let (plain, device) = (Device::flex(), Device::flex().autodiff());
    let points = clouds(&streams, &plain);
    let rows = |class: usize| points.clone().narrow(0, class * POINTS, LABELS);
    let labeled = Tensor::cat(vec![rows(0), rows(1)], 0);
    let classes = Tensor::<2>::eye(CLASSES, &plain)
        .narrow(0, 0, 2)
        .repeat_dim(1, LABELS)
        .reshape([2 * LABELS, CLASSES]);

    let sizes = Sizes {
        hidden: vec![32, 32],
        latent: LATENT,
        auxiliary: 1,
        prior_mean_init_std: 1.0,
        auxiliary_sees_data: None,
    };
    // Each class, labeled or not, has a component of its own.
    let prior = [1.0 / CLASSES as f64; CLASSES];
    let model = streams.initialize("model", &device, || {
        ClassModel::new(Kind::GmDgm, Likelihood::Gaussian, 2, &prior, &sizes, &device).expect("p(y) is a distribution")
    });
    let counts = Counts {
        labeled: 2 * LABELS,
        unlabeled: CLASSES * POINTS,
    };
    let objective = ObjectiveConfig {
        alpha: 0.1,
        balance: 5.0, // ours, not the paper's
        ..ObjectiveConfig::default()
    };
    let config = LearnerConfig {
        rate: 3e-3,
        ..LearnerConfig::default()
    };
    let mut learner = Learner::new(Network::Classes(model), &config, &objective, counts);
    for step in 0..1000 {
        let (age, epoch) = (step, step / 10);
        let order = streams.permutation("order", step, CLASSES * POINTS);
        let chosen: Vec<i32> = order.iter().take(60).map(|&row| row as i32).collect();
        let chosen = Tensor::<1, Int>::from_data(chosen.as_slice(), &plain);
        let batch = Batch {
            labeled: Some([labeled.clone(), classes.clone()]),
            unlabeled: Some(points.clone().select(0, chosen)),
        };
        learner.step(&batch, &streams, Moment { step, age, epoch })?;
    }

    let Network::Classes(model) = learner.network().clone().valid() else {
        anyhow::bail!("it began as a model of classes");
    };
    let z = streams.normal("z", 0, [1, CLASSES * POINTS, CLASSES, LATENT], &plain);
    let posteriors = model.unlabeled(points, &Noise { z, a: None })?.classes();
    let posteriors: Vec<f64> = posteriors.try_into_vec_as()?;
    println!("{}", Collapse::of(&posteriors, CLASSES, &prior)?.verdict(&[0, 1])?);
    let truth: Vec<usize> = (0..CLASSES * POINTS).map(|row| row / POINTS).collect();
    let found = Contingency::new(&likeliest(&posteriors, CLASSES), &truth, CLASSES, CLASSES)?;
    let assessment = Mapping::identity(CLASSES, CLASSES).assess(&found, &[0, 1])?;
    println!(
        "right: {:.1} % (hidden class {:.1} %)",
        100.0 * assessment.accuracy,
        100.0 * assessment.recall[2].unwrap_or(0.0)
    );
    Ok(())
}
