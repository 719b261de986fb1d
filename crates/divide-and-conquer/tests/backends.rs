//! A few training steps give the same numbers on every backend. Built with `--features all-backends` only; run by
//! `cargo xtask test --backends`.

mod common;

use divide_and_conquer::{
    Rows,
    neighbors::{Excluded, Neighbor, nearest},
    train::MetricLearning,
};
use papers_core::{device, random::Streams, testing};
use rand::RngExt;

/// Backends sum in different orders: in single precision, after a few updates, losses near 1 agree to this.
const TOLERANCE: f64 = 2e-3;

#[test]
fn every_loss_trains_alike() {
    for loss in ["triplet", "margin", "contrastive", "proxy-nca", "n-pair"] {
        // Clusters may differ by a picture near a border; without a division they cannot.
        let config = common::digits(&[
            &format!("loss.kind='{loss}'"),
            "divide.warm_up=3",
            "evaluation.agreement=false",
        ]);
        testing::assert_backends_agree::<MetricLearning>(loss, &config, 0, 0..3, TOLERANCE)
            .expect("a run on each backend");
    }
}

/// Every point around one of a few places, so that neighbors are nearer than coarse products can tell.
fn points(count: usize, width: usize) -> Rows {
    let random = &mut Streams::new(0).at("points", 0, 0);
    let places: Vec<f32> = (0..10 * width).map(|_| random.random_range(-1.0..1.0)).collect();
    let values =
        (0..count * width).map(|at| places[at / width % 10 * width + at % width] + random.random_range(-0.02..0.02));
    Rows::new(values.collect(), width)
        .and_then(|rows| rows.normalized("points"))
        .expect("rows that are not zero")
}

/// Squared distances in double precision, ties by index.
fn brute_force(points: &Rows, query: usize, k: usize) -> Vec<usize> {
    let distance = |index: usize| -> f64 {
        let pairs = points.row(query).iter().zip(points.row(index));
        pairs.map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2)).sum()
    };
    let others = (0..points.len()).filter(|&index| index != query);
    let mut others: Vec<(f64, usize)> = others.map(|index| (distance(index), index)).collect();
    others.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
    others.iter().take(k).map(|&(_, index)| index).collect()
}

/// Graphics cards may multiply in TF32: what is found is that of brute force all the same.
#[test]
fn every_backend_finds_the_neighbors_of_brute_force() {
    const K: usize = 8;
    let points = points(1000, 64);
    let expected: Vec<Vec<usize>> = (0..points.len()).map(|query| brute_force(&points, query, K)).collect();
    for backend in device::compiled() {
        let plain = match device::resolve(backend) {
            Ok(plain) => plain,
            Err(error) => {
                eprintln!("neighbors: skipped: {error}");
                continue;
            }
        };
        let indices = |_, found: &[Neighbor]| found.iter().map(|neighbor| neighbor.index).collect::<Vec<_>>();
        let found = nearest(&points, &points, Excluded::Itself, K, &plain, indices).expect("finite points");
        assert_eq!(found, expected, "{backend}");
    }
}
