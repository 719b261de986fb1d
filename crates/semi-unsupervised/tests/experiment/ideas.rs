//! Each idea of the method, by what is lost without it.

use burn::prelude::*;
use papers_core::{
    Context, Experiment as _,
    base::{figure::Body, journal::scalar},
    random::Streams,
    testing,
};
use semi_unsupervised::{
    config::SemiUnsupervisedConfig,
    model::{
        ClassModel, Kind, Likelihood, Sizes,
        bound::{KlMode, KlWeight, Noise},
    },
    network::Network,
    train::SemiUnsupervised,
};

use crate::common::{digits, synthetic};

fn model(kind: Kind) -> ClassModel {
    let sizes = Sizes {
        hidden: vec![7, 6],
        latent: 3,
        auxiliary: 2,
        prior_mean_init_std: 1.0,
        auxiliary_sees_data: None,
    };
    let (prior, device) = ([0.2, 0.3, 0.5], testing::device());
    testing::initialized(|| ClassModel::new(kind, Likelihood::Gaussian, 5, &prior, &sizes, &device).expect("a prior"))
}

fn random<const D: usize>(name: &str, shape: [usize; D]) -> Tensor<D> {
    Streams::new(0).normal(name, 0, shape, &testing::device())
}

/// The bound without labels is that with labels of all classes, weighted by `q(y|x)`, and the entropy of it.
#[test]
fn classes_are_summed_out_exactly() {
    for kind in Kind::ALL {
        let model = model(kind);
        let x = random("x", [4, 5]);
        let z = random("z", [2, 4, 3, 3]);
        let a = kind.has_auxiliary().then(|| random("a", [2, 4, 1, 2]));
        let open = model.unlabeled(
            x.clone(),
            &Noise {
                z: z.clone(),
                a: a.clone(),
            },
        );
        let open = open.expect("values of the model");
        let given = (0..3).map(|class| {
            let y: Tensor<2> = Tensor::<1, Int>::from_data([class; 4], &testing::device())
                .one_hot(3)
                .float();
            let noise = Noise {
                z: z.clone().narrow(2, class as usize, 1),
                a: a.clone(),
            };
            let labeled = model.labeled(x.clone(), y, &noise).expect("a class of the model");
            labeled.terms.bound(KlWeight::default())
        });
        let bounds = Tensor::cat(given.collect(), 2);
        let q = open.log_classes.clone();
        let expected = (q.clone().exp() * (bounds - q)).sum_dim(2).mean_dim(0);
        let found = testing::values(open.bound(KlWeight::default()));
        testing::assert_close(&found, &testing::values(expected), 1e-4);
    }
}

/// Only a model with a mixture has another prior of `z` for each class, and a decoder that does not see the class.
#[test]
fn the_mixture_tells_classes_apart_in_the_latent_space_alone() {
    for kind in Kind::ALL {
        let model = model(kind);
        let y = Tensor::<2>::eye(3, &testing::device()).reshape([1, 1, 3, 3]);
        let z: Tensor<4> = random("z", [1, 1, 1, 3]).expand([1, 1, 3, 3]);
        let means = testing::values(model.reconstruct(y, z));
        let decoder_sees_classes = means[..5] != means[5..10];
        assert_eq!(decoder_sees_classes, !kind.has_mixture(), "{kind:?}");
        assert_eq!(model.mixture.is_some(), kind.has_mixture());
        assert_eq!(model.auxiliary.is_some(), kind.has_auxiliary());
    }
}

fn trained(config: &SemiUnsupervisedConfig, seed: u64) -> papers_core::base::journal::Scalars {
    let mut run = SemiUnsupervised::new(config, &Context::new(testing::device(), seed)).expect("a model");
    for step in 0..config.schedule.steps {
        run.step(step).expect("an update");
    }
    run.evaluate().expect("numbers")
}

/// Classes that were never labeled are found where each has its own component of the mixture; without the mixture they are not.
#[test]
fn the_mixture_finds_hidden_classes() {
    let of = |sets: &[&str], name| scalar(&trained(&synthetic(sets), 0), name).expect("a number");
    assert!(of(&[], "anchored_hidden") > 0.9);
    assert!(of(&["model='m2'"], "anchored_hidden") < 0.6);
}

/// The weights of the classifier's first layer.
fn weights(run: &SemiUnsupervised) -> Vec<f64> {
    let Network::Classes(model) = run.network() else {
        panic!("a model of classes")
    };
    testing::values(model.classifier.layers[0].weight.val())
}

/// Bounds in the table of beginnings.
fn bounds(run: &SemiUnsupervised) -> Vec<f64> {
    let figures = run.figures().expect("figures");
    let beginnings = figures.iter().find(|figure| figure.name == "beginnings");
    let Some(Body::Table(table)) = beginnings.map(|figure| &figure.body) else {
        panic!("a table")
    };
    table.rows.iter().map(|row| row[1].parse().expect("a number")).collect()
}

/// Of several beginnings the one with the best bound goes on, and not the last.
#[test]
fn the_best_beginning_goes_on() {
    let config = digits(&["restarts={count=3,steps=2}", "schedule.steps=7"]);
    let is_decided = (0..20).any(|seed| {
        let mut run = SemiUnsupervised::new(&config, &Context::new(testing::device(), seed)).expect("a model");
        let mut ends = Vec::new();
        for step in 0..7 {
            run.step(step).expect("an update");
            if step % 2 == 1 {
                ends.push(weights(&run));
            }
        }
        let bounds = bounds(&run);
        assert_eq!(bounds.len(), 3);
        let best = (0..3).fold(0, |best, other| if bounds[other] > bounds[best] { other } else { best });
        // One update moves a weight by less than this, and other beginnings are elsewhere.
        let distance = |end: &Vec<f64>| {
            let differences = weights(&run).into_iter().zip(end).map(|(a, b)| (a - b).abs());
            differences.fold(0.0, f64::max)
        };
        for (beginning, end) in ends.iter().enumerate() {
            assert_eq!(
                distance(end) < 5e-3,
                beginning == best,
                "seed {seed}, beginning {beginning}"
            );
        }
        best < 2
    });
    assert!(is_decided, "some seed has its best beginning before the last");
}

/// The term of ours draws the mean of `q(y|x)` to the prior.
#[test]
fn balance_keeps_clusters_in_use() {
    let divergence = |balance: &str| {
        let sets = [
            balance,
            "schedule.steps=120",
            "objective.alpha=1.1",
            "batch.unlabeled=50",
        ];
        scalar(&trained(&digits(&sets), 0), "marginal_divergence").expect("a number")
    };
    let [without, with] = ["objective.balance=0.0", "objective.balance=20.0"].map(divergence);
    assert!(with < 0.5 * without, "{with} and {without}");
}

/// Parts of the bound that are told add up to it.
#[test]
fn parts_are_those_of_the_bound() {
    let analytic = KlWeight {
        mode: KlMode::Analytic,
        ..KlWeight::default()
    };
    for kind in Kind::ALL {
        let model = model(kind);
        let noise = Noise {
            z: random("z", [1, 4, 3, 3]),
            a: kind.has_auxiliary().then(|| random("a", [1, 4, 1, 2])),
        };
        let open = model
            .unlabeled(random("x", [4, 5]), &noise)
            .expect("values of the model");
        let parts = open.parts();
        let part = |wanted: &str| {
            let found = parts.iter().find(|(name, _)| *name == wanted);
            found.map_or(0.0, |(_, value)| testing::values(value.clone())[0])
        };
        let sum = part("log_px") - part("kl_z") - part("kl_y") + part("auxiliary");
        testing::assert_close(&[sum], &testing::values(open.bound(analytic).mean()), 1e-4);
    }
}

/// Schedules go by the age of the weights: every beginning warms up anew.
#[test]
fn every_beginning_warms_up() {
    let sets = ["restarts={count=2,steps=3}", "schedule.steps=8", "objective.warm_up=3"];
    let config = digits(&sets);
    let mut run = SemiUnsupervised::new(&config, &Context::new(testing::device(), 0)).expect("a model");
    let bounds: Vec<[f64; 2]> = (0..8)
        .map(|step| {
            let told = run.step(step).expect("an update");
            let of = |name| scalar(&told, name).expect("a number");
            [of("bound_unlabeled"), of("log_px") - of("kl_y")]
        })
        .collect();
    // The divergence of `z` counts for nothing in the first update of each beginning alone.
    for (step, [bound, without]) in bounds.into_iter().enumerate() {
        let is_first = (bound - without).abs() < 1e-3 * without.abs();
        assert_eq!(is_first, step == 0 || step == 3, "update {step}: {bound} and {without}");
    }
}
