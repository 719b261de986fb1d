use burn::prelude::*;
use divide_and_conquer::{
    Part,
    distance::Distances,
    loss::{
        ContrastiveConfig, ContrastiveForm, ProxyNcaConfig, TripletConfig,
        margin::{MarginConfig, margin_loss},
        proxy_nca::{proxy_distances, proxy_nca_loss},
    },
    miner::{Candidates, DistanceWeighted, Miner as _, MinerKind, SemiHard, Triplet},
};
use papers_core::{random::Streams, testing};
use serde_json::Value;

use super::{TOLERANCE, cases, number, rows, whole, wholes};

/// A batch on a tape, in double precision.
pub(super) fn batch(list: &Value) -> Tensor<2> {
    let device = testing::device().autodiff();
    testing::nested::<2>(list, &device).require_grad()
}

fn assert_gradient_of(name: &str, loss: &Tensor<1>, inputs: &[(&Tensor<2>, &Value)]) {
    let gradients = loss.backward();
    for (input, expected) in inputs {
        let found = input.grad(&gradients).unwrap_or_else(|| panic!("{name}: no gradient"));
        testing::assert_close(&testing::values(found), &testing::numbers(expected), TOLERANCE);
    }
}

pub(super) fn value(loss: &Tensor<1>) -> f64 {
    testing::values(loss.clone())[0]
}

fn triplets(list: &Value) -> Vec<Triplet> {
    let triplet = |item: &Value| [0, 1, 2].map(|place| whole(&item[place]));
    list.as_array().expect("triples").iter().map(triplet).collect()
}

#[test]
fn margin_loss_and_its_gradients() {
    for case in cases("margin_loss.json") {
        let name = case["name"].as_str().expect("a name");
        let embeddings = batch(&case["embeddings"]);
        let device = testing::device().autodiff();
        let beta = testing::nested::<1>(&case["beta"], &device).require_grad();
        let labels = wholes(&case["labels"]);
        let is_shared = case["beta_mode"] == "shared";
        // The place of each label's boundary.
        let places: Vec<usize> = match is_shared {
            true => labels.clone(),
            false => {
                let classes = wholes(&case["beta_classes"]);
                let place = |label: &usize| classes.iter().position(|class| class == label).expect("a boundary");
                labels.iter().map(place).collect()
            }
        };
        let triplets = triplets(&case["triplets"]);
        let rows = rows(&case["embeddings"]);
        let with_epsilon = |one, other| (Distances::of(&rows, true).between(one, other) + 1e-8).sqrt();
        for (place, expected) in [(1, "d_ap"), (2, "d_an")] {
            let found: Vec<f64> = triplets
                .iter()
                .map(|triplet| with_epsilon(triplet[0], triplet[place]))
                .collect();
            testing::assert_close(&found, &testing::numbers(&case[expected]), TOLERANCE);
        }
        let classes = (!is_shared).then_some(places.as_slice());
        let (alpha, nu) = (number(&case["alpha"]), number(&case["nu"]));
        let loss = margin_loss(&embeddings, &triplets, beta.clone(), classes, alpha, nu);
        testing::assert_close(&[value(&loss)], &[number(&case["loss"])], TOLERANCE);
        let gradients = loss.backward();
        for (found, expected) in [
            (embeddings.grad(&gradients).map(testing::values), "grad_embeddings"),
            (beta.grad(&gradients).map(testing::values), "grad_beta"),
        ] {
            let found = found.unwrap_or_else(|| panic!("{name}: no gradient"));
            testing::assert_close(&found, &testing::numbers(&case[expected]), TOLERANCE);
        }
        // Positive and negative terms above zero, counted one by one.
        let active = |triplet: &Triplet| {
            let boundary = testing::numbers(&case["beta"])[if is_shared { 0 } else { places[triplet[0]] }];
            usize::from(with_epsilon(triplet[0], triplet[1]) - boundary + alpha > 0.0)
                + usize::from(boundary - with_epsilon(triplet[0], triplet[2]) + alpha > 0.0)
        };
        assert_eq!(
            triplets.iter().map(active).sum::<usize>(),
            whole(&case["active_terms"]),
            "{name}"
        );
    }
}

#[test]
fn boundaries_belong_to_learners() {
    let config = MarginConfig {
        learn_beta: true,
        ..MarginConfig::default()
    };
    let device = testing::device().autodiff();
    let loss = config.init(4, 10, &device);
    assert_eq!(loss.beta.dims(), [5, 1]);
    let gradient = loss
        .beta
        .grad(&loss.boundaries(Part::Slice(2)).sum().backward())
        .expect("tracked");
    assert_eq!(testing::values(gradient), [0.0, 0.0, 1.0, 0.0, 0.0]);
    assert_eq!(config.init(1, 10, &device).beta.dims(), [1, 1]);
}

#[test]
fn semi_hard_triplets_and_their_loss() {
    for case in cases("triplet_semihard.json") {
        let name = case["name"].as_str().expect("a name");
        let (embeddings, points) = (batch(&case["embeddings"]), rows(&case["embeddings"]));
        let labels = wholes(&case["labels"]);
        let is_squared = case["squared"].as_bool().expect("a flag");
        let distances = Distances::of(&points, is_squared);
        let candidates = Candidates {
            distances: &distances,
            labels: &labels,
            width: points.width(),
        };
        let mined = SemiHard.mine(candidates, &mut Streams::new(0).at("none", 0, 0));
        let expected = triplets(&case["triplets"]);
        assert_eq!(mined, expected, "{name}");
        for (triplet, item) in mined.iter().zip(case["triplets"].as_array().expect("triples")) {
            let [anchor, positive, negative] = *triplet;
            let is_outside = distances.between(anchor, negative) > distances.between(anchor, positive);
            assert_eq!(is_outside, item[3] == "outside", "{name}: {triplet:?}");
        }
        assert_eq!(mined.len(), whole(&case["num_positive_pairs"]), "{name}");
        let config = TripletConfig {
            margin: number(&case["margin"]),
            squared: is_squared,
            nonzero_mean: false,
            miner: MinerKind::SemiHard,
            ..TripletConfig::default()
        };
        let terms = config.terms(&embeddings, &mined);
        let found = testing::values(terms.clone());
        testing::assert_close(&found, &testing::numbers(&case["per_triplet"]), TOLERANCE);
        let positive = found.iter().filter(|&&term| term > 0.0).count();
        assert_eq!(positive, whole(&case["num_nonzero"]), "{name}");
        let of_active = found.iter().sum::<f64>() / positive as f64;
        testing::assert_close(&[of_active], &[number(&case["loss_mean_over_nonzero"])], TOLERANCE);
        let loss = terms.mean();
        testing::assert_close(&[value(&loss)], &[number(&case["loss_mean_over_pairs"])], TOLERANCE);
        let gradient = embeddings.grad(&loss.backward()).expect("tracked");
        let expected = testing::numbers(&case["grad_embeddings_of_mean_over_pairs"]);
        testing::assert_close(&testing::values(gradient), &expected, TOLERANCE);
    }
}

#[test]
fn contrastive_loss_in_both_forms() {
    for case in cases("contrastive.json") {
        let labels = wholes(&case["labels"]);
        let points = rows(&case["embeddings"]);
        let distances = Distances::of(&points, false);
        let candidates = Candidates {
            distances: &distances,
            labels: &labels,
            width: points.width(),
        };
        for (form, loss, gradient) in [
            (ContrastiveForm::Hinge, "loss_hinge_avg_nonzero", "grad_hinge"),
            (
                ContrastiveForm::Hadsell,
                "loss_hadsell_mean_unordered_pairs",
                "grad_hadsell",
            ),
        ] {
            let config = ContrastiveConfig {
                positive_margin: number(&case["pos_margin"]),
                negative_margin: number(&case["neg_margin"]),
                form,
            };
            let embeddings = batch(&case["embeddings"]);
            let [positives, negatives] = config.pairs(candidates);
            let found = config.of_pairs(&embeddings, &positives, &negatives);
            testing::assert_close(&[value(&found)], &[number(&case[loss])], TOLERANCE);
            let gradient_found = embeddings.grad(&found.backward()).expect("tracked");
            testing::assert_close(
                &testing::values(gradient_found),
                &testing::numbers(&case[gradient]),
                TOLERANCE,
            );
        }
    }
}

#[test]
fn proxy_nca_with_and_without_the_positive_in_the_denominator() {
    for case in cases("proxy_nca.json") {
        let name = case["name"].as_str().expect("a name");
        let labels = wholes(&case["labels"]);
        let config = ProxyNcaConfig {
            scale: number(&case["scale_x"]),
            proxy_scale: number(&case["scale_p"]),
            smoothing: number(&case["smoothing"]),
            exclude_positive: false,
            restrict: false,
            ..ProxyNcaConfig::default()
        };
        let (embeddings, proxies) = (batch(&case["embeddings"]), batch(&case["proxies"]));
        let distances = proxy_distances(embeddings.clone(), proxies.clone(), &config);
        testing::assert_close(
            &testing::values(distances.clone()),
            &testing::numbers(&case["sq_distances"]),
            TOLERANCE,
        );
        let loss = proxy_nca_loss(distances, &labels, &config);
        testing::assert_close(&[value(&loss)], &[number(&case["loss_softmax"])], TOLERANCE);
        let expected = [
            (&embeddings, &case["grad_embeddings"]),
            (&proxies, &case["grad_proxies"]),
        ];
        assert_gradient_of(name, &loss, &expected);

        let has_nca = case.get("loss_nca_positive_excluded").is_some();
        assert_eq!(has_nca, config.smoothing == 0.0, "{name}");
        if has_nca {
            let config = ProxyNcaConfig {
                exclude_positive: true,
                ..config
            };
            let (embeddings, proxies) = (batch(&case["embeddings"]), batch(&case["proxies"]));
            let distances = proxy_distances(embeddings.clone(), proxies.clone(), &config);
            let loss = proxy_nca_loss(distances, &labels, &config);
            testing::assert_close(
                &[value(&loss)],
                &[number(&case["loss_nca_positive_excluded"])],
                TOLERANCE,
            );
            let expected = [
                (&embeddings, &case["grad_embeddings_nca"]),
                (&proxies, &case["grad_proxies_nca"]),
            ];
            assert_gradient_of(name, &loss, &expected);
        }
    }
}

#[test]
fn distance_weights_and_probabilities() {
    for case in cases("distance_weighted.json") {
        let name = case["name"].as_str().expect("a name");
        let labels = wholes(&case["labels"]);
        let count = labels.len();
        let distances = Distances::new(testing::numbers(&case["distances"]), count);
        let miner = DistanceWeighted {
            cutoff: number(&case["cutoff"]),
            nonzero_loss_cutoff: number(&case["nonzero_loss_cutoff"]),
        };
        let width = whole(&case["dim"]);
        let candidates = Candidates {
            distances: &distances,
            labels: &labels,
            width,
        };
        let pairs = || (0..count).flat_map(|one| (0..count).map(move |other| (one, other)));
        let weights: Vec<f64> = pairs()
            .map(|(one, other)| miner.log_weight(distances.between(one, other), width))
            .collect();
        testing::assert_close(&weights, &testing::numbers(&case["log_weights"]), TOLERANCE);
        let is_valid = |(one, other): (usize, usize)| {
            f64::from(u8::from(
                labels[one] != labels[other] && miner.is_valid(distances.between(one, other)),
            ))
        };
        let valid: Vec<f64> = pairs().map(is_valid).collect();
        assert_eq!(valid, testing::numbers(&case["valid"]), "{name}");
        let probabilities: Vec<Vec<f64>> = (0..count)
            .map(|anchor| miner.probabilities(candidates, anchor))
            .collect();
        testing::assert_close(
            &probabilities.concat(),
            &testing::numbers(&case["probabilities"]),
            TOLERANCE,
        );
        let mined = miner.mine(candidates, &mut Streams::new(1).at("mine", 0, 0));
        for (row, probabilities) in probabilities.iter().enumerate() {
            let (is_fallback, is_skipped) = (
                wholes(&case["fallback_rows"]).contains(&row),
                wholes(&case["skipped_rows"]).contains(&row),
            );
            let valid = &valid[row * count..(row + 1) * count];
            let sum: f64 = probabilities.iter().sum();
            assert_eq!(is_skipped, sum == 0.0, "{name}: row {row}");
            assert_eq!(
                is_fallback,
                sum > 0.0 && valid.iter().all(|&valid| valid == 0.0),
                "{name}: row {row}"
            );
            let mut negatives = mined
                .iter()
                .filter(|triplet| triplet[0] == row)
                .map(|triplet| triplet[2]);
            assert!(
                negatives.all(|negative| probabilities[negative] > 0.0),
                "{name}: row {row}"
            );
        }
    }
}

#[test]
fn negatives_are_drawn_as_often_as_their_probabilities_say() {
    let case = &cases("distance_weighted.json")[0];
    let labels = wholes(&case["labels"]);
    let distances = Distances::new(testing::numbers(&case["distances"]), labels.len());
    let candidates = Candidates {
        distances: &distances,
        labels: &labels,
        width: whole(&case["dim"]),
    };
    let expected = DistanceWeighted::default().probabilities(candidates, 0);
    let mut counts = vec![0.0; labels.len()];
    const DRAWS: u64 = 20_000;
    let mut random = Streams::new(3).at("draws", 0, 0);
    for _ in 0..DRAWS {
        let triplets = DistanceWeighted::default().mine(candidates, &mut random);
        counts[triplets.iter().find(|triplet| triplet[0] == 0).expect("a triple")[2]] += 1.0;
    }
    for (count, expected) in counts.iter().zip(expected) {
        // Four standard errors of a share.
        let error = 4.0 * (expected * (1.0 - expected) / DRAWS as f64).sqrt();
        assert!(
            (count / DRAWS as f64 - expected).abs() <= error,
            "{count} of {DRAWS}, not {expected}"
        );
    }
}
