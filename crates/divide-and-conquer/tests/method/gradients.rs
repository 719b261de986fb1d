//! Gradients of every loss against central differences, in double precision.

use burn::prelude::*;
use divide_and_conquer::{
    Rows,
    distance::Distances,
    loss::{
        ContrastiveConfig, ContrastiveForm, NPairConfig, ProxyNcaConfig, TripletConfig,
        margin::margin_loss,
        proxy_nca::{proxy_distances, proxy_nca_loss},
    },
    miner::{Candidates, Miner as _, MinerKind, Triplet},
    slices::{normalize, normalize_slices},
};
use papers_core::{random::Streams, testing};
use rand::RngExt;

const COUNT: usize = 8;
const WIDTH: usize = 4;
const LABELS: [usize; COUNT] = [0, 0, 1, 1, 2, 2, 3, 3];

fn point() -> Vec<f64> {
    let mut random = Streams::new(5).at("point", 0, 0);
    (0..COUNT * WIDTH).map(|_| random.random_range(-1.0..1.0)).collect()
}

fn embeddings(flat: Tensor<1>) -> Tensor<2> {
    normalize(flat.reshape([COUNT, WIDTH]))
}

/// Triples that stay the same while the point moves a little.
fn triplets(kind: MinerKind) -> Vec<Triplet> {
    let rows = Rows::new(point(), WIDTH).unwrap().normalized("points").unwrap();
    let distances = Distances::of(&rows, false);
    let candidates = Candidates {
        distances: &distances,
        labels: &LABELS,
        width: WIDTH,
    };
    let triplets = kind.mine(candidates, &mut Streams::new(6).at("mine", 0, 0));
    assert!(!triplets.is_empty());
    triplets
}

#[test]
fn of_triplet_and_margin_loss_with_every_miner() {
    for miner in [
        MinerKind::SemiHard,
        MinerKind::DistanceWeighted,
        MinerKind::Nearest,
        MinerKind::Random,
    ] {
        let triplets = triplets(miner);
        for squared in [false, true] {
            let config = TripletConfig {
                squared,
                ..TripletConfig::default()
            };
            testing::assert_gradient(&point(), |flat| config.terms(&embeddings(flat), &triplets).mean());
        }
        testing::assert_gradient(&point(), |flat| {
            let beta = Tensor::<1>::ones([1], &flat.device()).cast(flat.dtype()) * 1.2;
            margin_loss(&embeddings(flat), &triplets, beta, None, 0.2, 0.1)
        });
    }
}

#[test]
fn of_contrastive_n_pair_and_proxy_loss() {
    let rows = Rows::new(point(), WIDTH).unwrap();
    let distances = Distances::of(&rows, false);
    let candidates = Candidates {
        distances: &distances,
        labels: &LABELS,
        width: WIDTH,
    };
    for form in [ContrastiveForm::Hinge, ContrastiveForm::Hadsell] {
        let config = ContrastiveConfig {
            form,
            ..ContrastiveConfig::default()
        };
        let [positives, negatives] = config.pairs(candidates);
        testing::assert_gradient(&point(), |flat| {
            config.of_pairs(&embeddings(flat), &positives, &negatives)
        });
    }
    let pairs = NPairConfig::pairs(&LABELS);
    assert_eq!(pairs, [[0, 1], [2, 3], [4, 5], [6, 7]]);
    testing::assert_gradient(&point(), |flat| {
        NPairConfig::default().of_pairs(&embeddings(flat), &pairs)
    });
    for exclude_positive in [false, true] {
        let config = ProxyNcaConfig {
            exclude_positive,
            smoothing: 0.0,
            ..ProxyNcaConfig::default()
        };
        // The first rows are embeddings, the others proxies.
        testing::assert_gradient(&point(), |flat| {
            let all = flat.reshape([COUNT, WIDTH]);
            let (embeddings, proxies) = (all.clone().narrow(0, 0, 5), all.narrow(0, 5, 3));
            proxy_nca_loss(proxy_distances(embeddings, proxies, &config), &[0, 1, 2, 0, 1], &config)
        });
    }
}

#[test]
fn of_both_normalizations() {
    let slices = divide_and_conquer::Slices::new(WIDTH, 2).unwrap();
    let weights: Vec<f64> = point().iter().rev().copied().collect();
    let weighted = |rows: Tensor<2>| {
        let weights = testing::tensor_f64(weights.clone(), [COUNT, WIDTH], &rows.device());
        (rows * weights).sum_dim(1)
    };
    testing::assert_gradient(&point(), |flat| weighted(embeddings(flat)));
    testing::assert_gradient(&point(), |flat| {
        weighted(normalize_slices(flat.reshape([COUNT, WIDTH]), slices))
    });
}

/// Duplicates in a batch are at distance zero.
#[test]
fn at_distance_zero_they_are_finite() {
    let device = testing::device().autodiff();
    let same = Tensor::<2>::ones([4, 3], &device).require_grad();
    let triplets: [Triplet; 2] = [[0, 1, 2], [2, 3, 0]];
    let beta = Tensor::<1>::ones([1], &device);
    let losses = [
        margin_loss(&same, &triplets, beta, None, 0.2, 0.0),
        TripletConfig::default().terms(&same, &triplets).mean(),
        ContrastiveConfig::default().of_pairs(&same, &[[0, 1]], &[[0, 2]]),
    ];
    for loss in losses {
        let gradient = same.grad(&loss.backward()).unwrap();
        assert!(testing::values(gradient).iter().all(|value| value.is_finite()));
    }
}
