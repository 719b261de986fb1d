//! The ideas of the paper, each with a test that fails without it.

use burn::prelude::*;
use divide_and_conquer::{
    BatchShape, Course, DivideConfig, EvaluationNorm, Part, Rows,
    clustering::KMeans,
    course::{Clusters, Division, DivisionRecord},
};
use papers_core::{random::Streams, testing};

use super::common::{FEATURES, Points, embedder};

const SHAPE: BatchShape = BatchShape { classes: 2, images: 2 };

/// Three far groups of points, of two classes each; the groups can be turned around.
fn groups(turn: usize) -> (Rows, Vec<usize>) {
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for index in 0..36 {
        let (group, class) = (index % 3, index / 3 % 2);
        let angle = ((group + turn) % 3) as f32 * 2.0 + index as f32 * 1e-3;
        values.extend([angle.cos(), angle.sin()]);
        labels.push(2 * group + class);
    }
    (Rows::new(values, 2).unwrap(), labels)
}

fn config() -> DivideConfig {
    DivideConfig {
        learners: 3,
        warm_up: 0,
        slices_until: 4,
        clusters_until: 6,
        recluster_every: 1,
        ..DivideConfig::default()
    }
}

fn course(config: &DivideConfig, labels: Vec<usize>) -> Course {
    Course::new(config, 10, labels, SHAPE, Streams::new(0)).unwrap()
}

fn divided(config: &DivideConfig, turn: usize) -> (Course, DivisionRecord) {
    let (points, labels) = groups(turn);
    let mut course = course(config, labels);
    let record = course.divide(&points, 0, &testing::device()).unwrap().clone();
    (course, record)
}

#[test]
fn batches_of_a_learner_come_from_its_cluster_and_learners_take_turns() {
    let (course, record) = divided(&config(), 0);
    assert_eq!(
        (record.sizes.as_slice(), record.classes.as_slice()),
        (&[12; 3][..], &[2; 3][..])
    );
    let assignment = &course.division().unwrap().assignment;
    let mut learners = Vec::new();
    for step in 0..12 {
        let turn = course.turn(step);
        let learner = turn.learner.expect("a learner");
        assert!(turn.indices.iter().all(|&index| assignment[index] == learner));
        assert_eq!(turn.part, Part::Slice(learner));
        assert_eq!(turn.indices.len(), SHAPE.size());
        learners.push(learner);
    }
    assert_eq!(learners[..6], [0, 1, 2, 0, 1, 2]);
    // Then the whole embedding from clusters, then from everything.
    let phases = [45, 65].map(|step| course.turn(step));
    assert!(phases[0].part == Part::Whole && phases[0].classes.is_some());
    assert!(phases[1].part == Part::Whole && phases[1].classes.is_none() && phases[1].learner.is_none());
}

/// The numbers of k-means mean nothing: without matching, a learner would get another one's pictures.
#[test]
fn a_new_division_keeps_clusters_with_their_learners() {
    for (matching, keeps) in [(true, true), (false, false)] {
        let config = DivideConfig { matching, ..config() };
        let (points, labels) = groups(0);
        // Some seed numbers the clusters in another order.
        let found = (0..20).any(|seed| {
            let mut course = Course::new(&config, 10, labels.clone(), SHAPE, Streams::new(seed)).unwrap();
            course.divide(&points, 0, &testing::device()).unwrap();
            let kept = course
                .divide(&points, 10, &testing::device())
                .unwrap()
                .kept
                .expect("a division before");
            kept < 1.0
        });
        assert_eq!(found, !keeps, "matching: {matching}");
    }
}

#[test]
fn the_released_programs_inverse_permutation_would_lose_a_cycle() {
    // New clusters 0, 1, 2 hold what learners 1, 2, 0 had.
    let overlap = vec![vec![0, 9, 0], vec![0, 0, 9], vec![9, 0, 0]];
    let learners = divide_and_conquer::matching::learners_of(&overlap);
    let kept = |of: &dyn Fn(usize) -> usize| (0..3).map(|new| overlap[new][of(new)]).sum::<usize>();
    let inverse = |new: usize| learners.iter().position(|&learner| learner == new).unwrap();
    assert_eq!((kept(&|new| learners[new]), kept(&inverse)), (27, 0));
}

#[test]
fn random_clusters_are_equally_large_and_say_nothing_of_the_classes() {
    let config = DivideConfig {
        clusters: Clusters::Random,
        ..config()
    };
    let (course, record) = divided(&config, 0);
    assert_eq!(record.sizes, [12; 3]);
    assert!(record.class_agreement < 0.5 && record.objective.is_none());
    let (_, found) = divided(&self::config(), 0);
    assert!(found.class_agreement > 0.7, "{}", found.class_agreement);
    assert!(course.division().is_some());
}

#[test]
fn ablations_drop_one_half_of_the_idea() {
    let no_slices = divided(
        &DivideConfig {
            slices: false,
            ..config()
        },
        0,
    )
    .0
    .turn(1);
    assert!(no_slices.part == Part::Whole && no_slices.classes.is_some());
    let no_clusters = divided(
        &DivideConfig {
            data: false,
            ..config()
        },
        0,
    )
    .0
    .turn(1);
    assert!(no_clusters.part == Part::Slice(1) && no_clusters.classes.is_none());
    let seen: std::collections::BTreeSet<usize> = {
        let course = divided(
            &DivideConfig {
                data: false,
                ..config()
            },
            0,
        )
        .0;
        (0..30).flat_map(|step| course.turn(step).indices).collect()
    };
    assert_eq!(seen.len(), 36, "all of the data");
}

#[test]
fn a_cluster_without_two_classes_is_suspended() {
    // Group 0 is of one class, and has a lone picture of another.
    let (points, mut labels) = groups(0);
    for (index, label) in labels.iter_mut().enumerate() {
        if index % 3 == 0 {
            *label = if index == 0 { 9 } else { 0 };
        }
    }
    let mut course = course(&config(), labels);
    let record = course.divide(&points, 0, &testing::device()).unwrap().clone();
    let learner = course.division().unwrap().assignment[3];
    assert_eq!(record.suspended, [learner]);
    let turns: Vec<_> = (0..12).map(|step| course.turn(step)).collect();
    assert!(
        turns
            .iter()
            .all(|turn| turn.learner != Some(learner) && turn.indices.len() == SHAPE.size())
    );
}

#[test]
fn with_all_learners_suspended_everything_is_learned_from() {
    let mut labels: Vec<usize> = (0..36).map(|index| index % 3).collect();
    labels[0] = 3;
    labels[3] = 3;
    let (points, _) = groups(0);
    let labels: Vec<usize> = labels
        .iter()
        .enumerate()
        .map(|(index, &label)| if label == 3 { 3 } else { index % 3 })
        .collect();
    let mut course = course(&config(), labels);
    course
        .adopt(Division {
            // Every learner has one class.
            assignment: (0..36)
                .map(|index| {
                    if index == 0 {
                        1
                    } else if index == 3 {
                        2
                    } else {
                        index % 3
                    }
                })
                .collect(),
            records: Vec::new(),
        })
        .expect("as many as examples");
    let turn = course.turn(1);
    assert!(turn.part == Part::Whole && turn.learner.is_none() && turn.classes.is_none());
    let _ = points;
}

#[test]
fn one_learner_never_divides() {
    let (_, labels) = groups(0);
    let course = course(
        &DivideConfig {
            learners: 1,
            ..config()
        },
        labels,
    );
    assert!((0..100).all(|step| !course.divides_at(step) && course.turn(step).part == Part::Whole));
}

#[test]
fn of_several_starts_the_best_is_taken() {
    let (device, streams) = (testing::device(), Streams::new(0));
    // Pairs of points far from each other: a start that has none in a pair never gets one there.
    let values = (0..12).flat_map(|index| [(index / 2 * 10) as f32, (index % 2) as f32]);
    let points = Rows::new(values.collect(), 2).unwrap();
    let means = |restarts| KMeans {
        restarts,
        ..KMeans::new(6)
    };
    let objective = |start: usize| {
        let order = streams.permutation(&format!("x/{start}"), 0, points.len());
        let first = points.select(&order[..6]);
        means(1).from(&points, first, &device).unwrap().objective
    };
    let each: Vec<f64> = (0..20).map(objective).collect();
    let best = each.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(each[0] > best && each[19] > best, "{each:?}");
    let found = means(20).run(&points, &streams, "x", 0, &device).unwrap();
    assert_eq!(found.objective, best);
}

/// Xavier by the whole embedding would make the weights of eight slices smaller.
#[test]
fn the_weights_of_a_slice_are_as_large_as_its_own_width_says() {
    for learners in [1, 2, 8] {
        let model = embedder(512, learners);
        for learner in &model.learners {
            let weights = testing::values(learner.weight.val().inner());
            let deviation = (weights.iter().map(|x| x * x).sum::<f64>() / weights.len() as f64).sqrt();
            let expected = (2.0 / (FEATURES + 512 / learners) as f64).sqrt();
            // Five standard errors.
            let tolerance = 5.0 / (2.0 * weights.len() as f64).sqrt();
            assert!(
                (deviation / expected - 1.0).abs() < tolerance,
                "K = {learners}: {deviation}, not {expected}"
            );
        }
    }
}

#[test]
fn evaluation_compares_the_whole_or_slices_of_length_one() {
    let (model, points) = (embedder(8, 2), Points::new(4, 3));
    let model = model.valid();
    let device = testing::device();
    let raw = Rows::<f64>::of_tensor(model.forward(points.all(&device)).1.cast(burn::tensor::DType::F64)).unwrap();
    for (norm, width) in [(EvaluationNorm::Full, 8), (EvaluationNorm::Slice, 4)] {
        let found = testing::values(model.unit_embeddings(points.all(&device), norm));
        let expected: Vec<f64> = raw
            .values()
            .chunks(width)
            .flat_map(|piece| {
                let length = piece.iter().map(|x| x * x).sum::<f64>().sqrt();
                piece.iter().map(move |x| x / length)
            })
            .collect();
        testing::assert_close(&found, &expected, 1e-5);
        assert_eq!(raw.normalized_by("embeddings", width).unwrap().values(), expected);
    }
}
