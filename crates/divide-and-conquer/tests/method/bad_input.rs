//! What makes no sense gets an error that says so, and never a number that is none.

use burn::prelude::*;
use divide_and_conquer::{
    BatchShape, Course, DivideConfig, MetricError, OptimizerConfig, Part, Rows, SliceUpdate, Slices, Trainer, Turn,
    check_division,
    clustering::KMeans,
    course::Division,
    loss::{LossConfig, LossKind, MarginConfig, MetricLoss, Objective, View},
    retrieval::{Labeled, Protocol, agreement, clustering_agreement, retrieve},
};
use papers_core::{random::Streams, testing};

use super::common::{INPUTS, Points, embedder};

fn rows(values: &[f32], width: usize) -> Rows {
    Rows::new(values.to_vec(), width).unwrap()
}

#[test]
fn learners_that_do_not_divide_the_embedding() {
    for (dimension, learners) in [(128, 3), (128, 0), (4, 8)] {
        let error = check_division(dimension, learners, 100).unwrap_err();
        assert_eq!(error, MetricError::Slices { dimension, learners });
        let text = error.to_string();
        assert!(
            text.contains(&format!("d = {dimension}")) && text.contains(&format!("K = {learners}")),
            "{text}"
        );
    }
    let error = check_division(8, 8, 5).unwrap_err();
    assert_eq!(error, MetricError::Clusters { points: 5, clusters: 8 });
    assert!(check_division(8, 8, 8).is_ok());
}

#[test]
fn more_clusters_than_points() {
    let points = rows(&[0.0, 1.0, 2.0], 1);
    let error = KMeans::new(4)
        .run(&points, &Streams::new(0), "x", 0, &testing::device())
        .unwrap_err();
    assert_eq!(error, MetricError::Clusters { points: 3, clusters: 4 });
    let error = KMeans::new(0)
        .run(&points, &Streams::new(0), "x", 0, &testing::device())
        .unwrap_err();
    assert_eq!(error, MetricError::Clusters { points: 3, clusters: 0 });
}

#[test]
fn points_in_one_place_are_one_cluster() {
    let points = rows(&[0.5; 20], 2);
    let found = KMeans::new(3)
        .run(&points, &Streams::new(0), "x", 0, &testing::device())
        .unwrap();
    assert_eq!((found.assignment, found.objective), (vec![0; 10], 0.0));
    assert!(found.centroids.values().iter().all(|value| value.is_finite()));
    // All other learners are suspended, and so is the first if it has one class only.
    let config = DivideConfig {
        learners: 3,
        ..DivideConfig::default()
    };
    let labels = vec![0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
    let mut course = Course::new(
        &config,
        1,
        labels,
        BatchShape { classes: 2, images: 2 },
        Streams::new(0),
    )
    .unwrap();
    let record = course.divide(&points, 0, &testing::device()).unwrap();
    assert_eq!(
        (record.suspended.as_slice(), record.sizes.as_slice()),
        (&[1, 2][..], &[10, 0, 0][..])
    );
}

#[test]
fn numbers_that_are_not_finite_are_named_before_anything_is_computed() {
    let device = testing::device();
    let bad = rows(&[1.0, 0.0, 0.0, 1.0, f32::NAN, 0.0], 2);
    let expected = |error: MetricError| assert!(matches!(error, MetricError::NonFinite { row: 2, .. }), "{error}");
    expected(KMeans::new(2).run(&bad, &Streams::new(0), "x", 0, &device).unwrap_err());
    expected(bad.normalized("embeddings").unwrap_err());
    let labels = [0, 0, 1];
    let labeled = Labeled::new(&bad, &labels).unwrap();
    expected(retrieve(labeled, Protocol::OtherQueries, &[1], &device).unwrap_err());
    let config = DivideConfig {
        learners: 2,
        ..DivideConfig::default()
    };
    let mut course = Course::new(
        &config,
        1,
        vec![0, 0, 1, 1],
        BatchShape { classes: 2, images: 2 },
        Streams::new(0),
    )
    .unwrap();
    let four = rows(&[1.0, 0.0, 0.0, 1.0, f32::INFINITY, 0.0, 0.0, 0.0], 2);
    expected(course.divide(&four, 0, &device).unwrap_err());
    assert!(course.division().is_none());
    // Nor does it lose what was found before.
    let good = rows(&[1.0, 0.0, 0.9, 0.1, 0.0, 1.0, 0.1, 0.9], 2);
    course.divide(&good, 0, &device).unwrap();
    let before = course.division().cloned().expect("a division");
    expected(course.divide(&four, 1, &device).unwrap_err());
    assert_eq!(course.division(), Some(&before));
    assert_eq!(before.records.len(), 1);
}

#[test]
fn courses_that_make_no_sense() {
    let shape = BatchShape { classes: 2, images: 2 };
    let config = DivideConfig {
        learners: 2,
        ..DivideConfig::default()
    };
    let course = |config: &DivideConfig, epoch: u64, shape: BatchShape| {
        Course::new(config, epoch, vec![0, 0, 1, 1], shape, Streams::new(0))
    };
    let empty = BatchShape { classes: 0, images: 2 };
    let none = DivideConfig {
        learners: 0,
        ..config.clone()
    };
    let late = DivideConfig {
        warm_up: 190,
        ..config.clone()
    };
    for (error, expected) in [
        (course(&config, 0, shape).unwrap_err(), "an epoch"),
        (course(&config, 1, empty).unwrap_err(), "a batch"),
        (course(&none, 1, shape).unwrap_err(), "`divide.learners`"),
        (course(&late, 1, shape).unwrap_err(), "`divide.warm_up`"),
    ] {
        assert!(matches!(error, MetricError::Setting(_)), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    // Without a division there is nothing to come too late for.
    let plain = DivideConfig { learners: 1, ..late };
    assert!(course(&plain, 1, shape).is_ok());
    let mut course = course(&config, 1, shape).unwrap();
    let division = |assignment: Vec<usize>| Division {
        assignment,
        records: Vec::new(),
    };
    assert_eq!(
        course.adopt(division(vec![0; 3])).unwrap_err(),
        MetricError::Labels { labels: 4, rows: 3 }
    );
    let error = MetricError::UnknownLearner {
        learner: 2,
        learners: 2,
    };
    assert_eq!(course.adopt(division(vec![0, 1, 2, 0])).unwrap_err(), error);
    assert!(course.division().is_none());
}

#[test]
fn classes_and_learners_that_are_not_there() {
    let (plain, points) = (testing::device(), Points::new(4, 3));
    let slices = Slices::new(8, 2).unwrap();
    let per_class = MarginConfig {
        per_class: true,
        ..MarginConfig::default()
    };
    for (kind, part) in [
        (LossKind::Margin, Part::Whole),
        (LossKind::ProxyNca, Part::Whole),
        (LossKind::Triplet, Part::Slice(2)),
    ] {
        let config = LossConfig {
            kind,
            margin: per_class.clone(),
            ..LossConfig::default()
        };
        let loss = testing::initialized(|| config.init(slices, 3, &plain.clone().autodiff()));
        let model = embedder(8, 2);
        let mut trainer = Trainer::new(model, loss, &OptimizerConfig::default(), SliceUpdate::Paper).unwrap();
        let turn = Turn {
            part,
            learner: None,
            indices: Vec::new(),
            classes: None,
        };
        let random = &mut Streams::new(0).at("x", 0, 0);
        let error = trainer
            .step(points.all(&plain), &points.labels, &turn, 1.0, random)
            .unwrap_err();
        let expected = match part {
            Part::Whole => MetricError::UnknownClass { class: 3, classes: 3 },
            Part::Slice(learner) => MetricError::UnknownLearner { learner, learners: 2 },
        };
        assert_eq!(error, expected, "{kind:?}");
    }
}

/// All units of a layer with ReLU may be off: such a picture has no direction, and training goes on.
#[test]
fn points_of_zeros_can_be_divided() {
    let values = [1.0, 0.0, 0.9, 0.1, 0.0, 1.0, 0.0, 0.0];
    let unit = rows(&values, 2).normalized_or_zero("points").unwrap();
    assert_eq!(unit.row(3), [0.0, 0.0]);
    let found = KMeans::new(2)
        .run(&unit, &Streams::new(0), "x", 0, &testing::device())
        .unwrap();
    assert!(found.centroids.values().iter().all(|value| value.is_finite()));
}

#[test]
fn a_batch_that_is_not_finite_changes_no_weight() {
    let (plain, points) = (testing::device(), Points::new(4, 3));
    let model = embedder(8, 2);
    let before = testing::values(model.learners[0].weight.val().inner());
    let loss = LossConfig::default().init(Slices::new(8, 2).unwrap(), 4, &plain.clone().autodiff());
    let mut trainer = Trainer::new(model, loss, &OptimizerConfig::default(), SliceUpdate::Paper).unwrap();
    let mut values = points.values.clone();
    values[7 * INPUTS] = f32::NAN;
    let inputs = Tensor::<2>::from_data(TensorData::new(values, [12, INPUTS]), &plain);
    let turn = Turn {
        part: Part::Whole,
        learner: None,
        indices: Vec::new(),
        classes: None,
    };
    let error = trainer
        .step(inputs, &points.labels, &turn, 1.0, &mut Streams::new(0).at("x", 0, 0))
        .unwrap_err();
    assert!(matches!(error, MetricError::NonFinite { row: 7, .. }), "{error}");
    assert_eq!(
        testing::values(trainer.model().learners[0].weight.val().inner()),
        before
    );
}

#[test]
fn a_batch_of_one_class_is_no_loss_and_says_so() {
    let (plain, points) = (testing::device(), Points::new(4, 3));
    for kind in [
        LossKind::Margin,
        LossKind::Triplet,
        LossKind::Contrastive,
        LossKind::NPair,
    ] {
        let config = LossConfig {
            kind,
            ..LossConfig::default()
        };
        let loss = config.init(Slices::new(8, 2).unwrap(), 4, &plain.clone().autodiff());
        let optimizer = OptimizerConfig {
            weight_decay: 0.0,
            ..OptimizerConfig::default()
        };
        let model = embedder(8, 2);
        let before = testing::values(model.learners[0].weight.val().inner());
        let mut trainer = Trainer::new(model, loss, &optimizer, SliceUpdate::Paper).unwrap();
        let turn = Turn {
            part: Part::Whole,
            learner: None,
            indices: Vec::new(),
            classes: None,
        };
        let report = trainer
            .step(
                points.all(&plain),
                &[1; 12],
                &turn,
                1.0,
                &mut Streams::new(0).at("x", 0, 0),
            )
            .unwrap();
        assert!(report.no_negatives && report.loss == 0.0, "{kind:?}: {report:?}");
        let after = testing::values(trainer.model().learners[0].weight.val().inner());
        assert_eq!(after, before, "{kind:?}: a gradient of zero");
    }
}

#[test]
fn zero_vectors_have_no_direction_in_metrics() {
    let error = rows(&[1.0, 0.0, 0.0, 0.0], 2).normalized("embeddings").unwrap_err();
    assert_eq!(
        error,
        MetricError::ZeroVector {
            what: "embeddings",
            row: 1
        }
    );
}

#[test]
fn labels_that_do_not_fit() {
    let (plain, points) = (testing::device(), rows(&[1.0, 0.0, 0.0, 1.0], 2));
    assert_eq!(
        Labeled::new(&points, &[0]).unwrap_err(),
        MetricError::Labels { labels: 1, rows: 2 }
    );
    let config = DivideConfig {
        learners: 2,
        ..DivideConfig::default()
    };
    let shape = BatchShape { classes: 2, images: 2 };
    let mut course = Course::new(&config, 1, vec![0, 0, 1, 1], shape, Streams::new(0)).unwrap();
    assert_eq!(
        course.divide(&points, 0, &plain).unwrap_err(),
        MetricError::Labels { labels: 4, rows: 2 }
    );
    let error = Course::new(&config, 1, vec![0, 0, 1, 2], shape, Streams::new(0)).unwrap_err();
    assert_eq!(error, MetricError::Classes { found: 1 });
}

#[test]
fn queries_and_gallery_of_other_classes() {
    let plain = testing::device();
    let (queries, gallery) = (rows(&[1.0, 0.0, 0.0, 1.0], 2), rows(&[1.0, 0.0, 0.0, 1.0], 2));
    for (of_queries, of_gallery, class, there) in [([0, 1], [0, 0], 1, "queries"), ([0, 0], [0, 2], 2, "gallery")] {
        let gallery = Labeled::new(&gallery, &of_gallery).unwrap();
        let queries = Labeled::new(&queries, &of_queries).unwrap();
        let error = retrieve(queries, Protocol::Gallery(gallery), &[1], &plain).unwrap_err();
        assert_eq!(error, MetricError::Galleries { class, there });
    }
    let none = Labeled::new(&queries, &[0, 0]).unwrap();
    assert!(retrieve(none, Protocol::OtherQueries, &[], &plain).is_err());
}

/// Classes may have any numbers: nothing is as large as the largest of them.
#[test]
fn huge_numbers_of_classes() {
    let plain = testing::device();
    let points = rows(&[1.0, 0.0, 0.9, 0.1, 0.0, 1.0, 0.1, 0.9], 2);
    let (few, huge) = ([0, 0, 1, 1], [5, 5, usize::MAX, usize::MAX]);
    let [found, expected] = [&huge, &few].map(|labels| {
        let labeled = Labeled::new(&points, labels).unwrap();
        let alone = retrieve(labeled, Protocol::OtherQueries, &[1], &plain).unwrap();
        let gallery = retrieve(labeled, Protocol::Gallery(labeled), &[1], &plain).unwrap();
        let clusters = clustering_agreement(labeled, &Streams::new(0), &plain).unwrap();
        (alone, gallery, clusters, agreement(labels, &[1, 1, 0, 1]))
    });
    assert_eq!(found, expected);
    assert_eq!(found.0.recall, [1.0]);
    let config = DivideConfig {
        learners: 2,
        ..DivideConfig::default()
    };
    let shape = BatchShape { classes: 2, images: 2 };
    let mut course = Course::new(&config, 1, huge.to_vec(), shape, Streams::new(0)).unwrap();
    let record = course.divide(&points, 0, &plain).unwrap();
    assert_eq!(record.class_agreement, 1.0);
    assert_eq!(course.turn(200).indices.len(), 4);
}

/// A loss that has left the finite numbers.
#[derive(Module, Debug)]
struct Broken {
    value: f64,
}

impl MetricLoss for Broken {
    fn forward(&self, view: View<'_>) -> Result<Objective, MetricError> {
        Ok(Objective {
            value: (view.embeddings * self.value).sum(),
            terms: 1,
            no_negatives: false,
        })
    }
}

#[test]
fn a_loss_that_is_not_finite_is_named_and_changes_no_weight() {
    let (plain, points) = (testing::device(), Points::new(4, 3));
    let model = embedder(8, 2);
    let before = testing::values(model.learners[0].weight.val().inner());
    let optimizer = OptimizerConfig::default();
    let mut trainer = Trainer::new(model, Broken { value: f64::NAN }, &optimizer, SliceUpdate::Paper).unwrap();
    let turn = Turn {
        part: Part::Whole,
        learner: None,
        indices: Vec::new(),
        classes: None,
    };
    let random = &mut Streams::new(0).at("x", 0, 0);
    let error = trainer
        .step(points.all(&plain), &points.labels, &turn, 1.0, random)
        .unwrap_err();
    assert!(
        matches!(error, MetricError::NonFiniteLoss { value } if value.is_nan()),
        "{error}"
    );
    let after = testing::values(trainer.model().learners[0].weight.val().inner());
    assert_eq!(after, before);
    // For programs it is a divergence, and no wrong use.
    for error in [
        error,
        MetricError::NonFinite {
            what: "embeddings",
            row: 3,
        },
    ] {
        let error = papers_core::Error::from(error);
        assert!(matches!(error, papers_core::Error::Diverged { .. }), "{error}");
    }
}
