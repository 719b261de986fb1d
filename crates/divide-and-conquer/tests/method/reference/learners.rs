//! Losses as a learner calls them.

use burn::prelude::*;
use divide_and_conquer::{
    Part, Rows, Slices,
    distance::Distances,
    loss::{
        MetricLoss as _, ProxyNcaConfig, TripletConfig, TripletLoss, View,
        margin::{MarginConfig, margin_loss},
        proxy_nca::{proxy_distances, proxy_nca_loss},
    },
    miner::{Candidates, Miner, Triplet},
};
use papers_core::{random::Streams, testing};
use rand::Rng;

use super::{
    TOLERANCE, cases,
    losses::{batch, value},
    number, wholes,
};

/// What a learner sees of a batch.
fn view<'a>(
    embeddings: &Tensor<2>,
    rows: &'a Rows,
    labels: &'a [usize],
    part: Part,
    classes: Option<&'a [usize]>,
    random: &'a mut dyn Rng,
) -> View<'a> {
    View {
        embeddings: embeddings.clone(),
        rows,
        labels,
        part,
        classes,
        random,
    }
}

#[test]
fn slices_of_proxies_are_those_of_the_learner() {
    const LEARNER: usize = 1;
    let (slices, device) = (Slices::new(6, 3).expect("equal slices"), testing::device().autodiff());
    let labels = [3, 1, 3, 1];
    let points = [0.6_f64, 0.8, -0.8, 0.6, 1.0, 0.0, 0.28, -0.96];
    let embeddings: Tensor<2> = Tensor::from_data(TensorData::new(points.map(|x| x as f32).to_vec(), [4, 2]), &device);
    let rows = Rows::of_tensor(embeddings.clone()).expect("a CPU");
    // All classes are in the denominator, or those of the cluster only.
    let cluster: &[usize] = &[1, 3];
    for (restrict, kept) in [(false, vec![0, 1, 2, 3]), (true, cluster.to_vec())] {
        let config = ProxyNcaConfig {
            restrict,
            ..ProxyNcaConfig::default()
        };
        let loss = testing::initialized(|| config.init(slices, 4, &device));
        let random = &mut Streams::new(0).at("none", 0, 0);
        let part = Part::Slice(LEARNER);
        let view = view(&embeddings, &rows, &labels, part, Some(cluster), random);
        let objective = loss.forward(view).expect("known classes");

        let all = testing::values(loss.proxies.val().inner());
        let of_slice = |class: &usize| all[class * 6..][slices.range(LEARNER)].to_vec();
        let own: Vec<f64> = kept.iter().flat_map(of_slice).collect();
        let places: Vec<usize> = labels
            .iter()
            .map(|label| kept.iter().position(|class| class == label).expect("kept"))
            .collect();
        let own: Tensor<2> = testing::tensor_f64(own, [kept.len(), 2], &testing::device());
        let points: Tensor<2> = testing::tensor_f64(points.to_vec(), [4, 2], &testing::device());
        let expected = value(&proxy_nca_loss(proxy_distances(points, own, &config), &places, &config));
        testing::assert_close(&[value(&objective.value)], &[expected], 1e-5);

        let gradients = objective.value.backward();
        let gradient = testing::values(loss.proxies.grad(&gradients).expect("tracked"));
        for (place, gradient) in gradient.iter().enumerate() {
            let (class, column) = (place / 6, place % 6);
            let learns = slices.range(LEARNER).contains(&column) && kept.contains(&class);
            assert_eq!(*gradient != 0.0, learns, "class {class}, column {column}: {gradient}");
        }
    }
}

#[test]
fn the_mean_of_a_triplet_loss_is_of_all_terms_or_of_those_above_zero() {
    for case in cases("triplet_semihard.json") {
        let labels = wholes(&case["labels"]);
        let embeddings = batch(&case["embeddings"]);
        let rows = Rows::<f32>::of_tensor(embeddings.clone()).expect("a CPU");
        for (nonzero_mean, expected) in [(false, "loss_mean_over_pairs"), (true, "loss_mean_over_nonzero")] {
            let loss = TripletLoss::new(TripletConfig {
                margin: number(&case["margin"]),
                squared: case["squared"].as_bool().expect("a flag"),
                nonzero_mean,
                ..TripletConfig::default()
            });
            let random = &mut Streams::new(0).at("none", 0, 0);
            let view = view(&embeddings, &rows, &labels, Part::Whole, None, random);
            let objective = loss.forward(view).expect("a batch");
            testing::assert_close(&[value(&objective.value)], &[number(&case[expected])], TOLERANCE);
        }
    }
}

/// The first positive and the last negative of every example.
#[derive(Debug)]
struct FirstAndLast;

impl Miner for FirstAndLast {
    fn mine(&self, candidates: Candidates<'_>, _: &mut dyn Rng) -> Vec<Triplet> {
        let triplet = |anchor| {
            let positive = candidates.positives(anchor).next()?;
            Some([anchor, positive, candidates.negatives(anchor).last()?])
        };
        (0..candidates.labels.len()).filter_map(triplet).collect()
    }
}

#[test]
fn losses_take_any_miner() {
    let case = &cases("triplet_semihard.json")[0];
    let labels = wholes(&case["labels"]);
    let embeddings = batch(&case["embeddings"]);
    let rows = Rows::<f32>::of_tensor(embeddings.clone()).expect("a CPU");
    let distances = Distances::of(&rows, false);
    let candidates = Candidates {
        distances: &distances,
        labels: &labels,
        width: rows.width(),
    };
    let triplets = FirstAndLast.mine(candidates, &mut Streams::new(0).at("none", 0, 0));
    let config = TripletConfig::default();
    let margin = MarginConfig::default();
    let beta = testing::tensor_f64(vec![margin.beta], [1], &testing::device().autodiff());
    let expected = [
        config.terms(&embeddings, &triplets).mean(),
        margin_loss(&embeddings, &triplets, beta, None, margin.alpha, margin.nu),
    ];
    let triplet = TripletLoss::new(config).with_miner(FirstAndLast);
    let mut margin = margin
        .init(1, 4, &testing::device().autodiff())
        .with_miner(FirstAndLast);
    margin.beta = margin.beta.map(|beta| beta.cast(embeddings.dtype()));
    for (place, expected) in expected.iter().enumerate() {
        let random = &mut Streams::new(0).at("none", 0, 0);
        let view = view(&embeddings, &rows, &labels, Part::Whole, None, random);
        let found = match place {
            0 => triplet.forward(view),
            _ => margin.forward(view),
        };
        let found = found.expect("a batch");
        assert_eq!(found.terms, triplets.len());
        testing::assert_close(&[value(&found.value)], &[value(expected)], 1e-6);
    }
}
