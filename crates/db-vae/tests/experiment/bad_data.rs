//! Pictures, labels and groups that cannot be used, and what is said of them.

use db_vae::{
    config::EvaluationConfig,
    data::{DataSet, Grouped, by_label, from_values},
    evaluate::{Assessed, Scores},
    train::DebiasedDetector,
};
use papers_core::{Context, Experiment as _, base::images::ImageSet, testing};

use crate::common::drawn;

const SHAPE: [usize; 3] = [2, 2, 3];

fn pictures(count: usize) -> ImageSet {
    from_values("mine", &vec![0.5; count * 12], SHAPE).expect("pictures")
}

fn set() -> DataSet {
    DataSet {
        faces: pictures(3),
        face_groups: vec![0; 3],
        face_group_names: vec!["faces".to_owned()],
        non_faces: pictures(2),
        attributes: Vec::new(),
        test_faces: Grouped::of_one(pictures(2), "faces"),
        test_non_faces: Grouped::of_one(pictures(2), "others"),
        comparable: Vec::new(),
        warnings: Vec::new(),
    }
}

#[test]
fn values_that_are_no_brightness_name_picture_and_shape() {
    for bad in [f32::NAN, f32::INFINITY, -0.1, 1.5, 255.0] {
        let mut values = vec![0.5; 24];
        values[17] = bad;
        let error = from_values("mine", &values, SHAPE)
            .expect_err("a bad value")
            .to_string();
        assert!(error.contains("picture 1 of [2, 2, 3]"), "{error}");
    }
    let error = from_values("mine", &[0.5; 25], SHAPE)
        .expect_err("no whole pictures")
        .to_string();
    assert!(error.contains("25 values") && error.contains("[2, 2, 3]"), "{error}");
    assert!(from_values("mine", &[], [0, 2, 3]).is_err());
    assert_eq!(pictures(1).images, [128; 12]);
}

#[test]
fn pictures_of_another_shape_are_refused() {
    let mut other = set();
    other.non_faces = from_values("other", &[0.5; 8], [2, 2, 1]).expect("gray pictures");
    let error = other.checked().expect_err("another shape").to_string();
    assert!(
        error.contains("`other`") && error.contains("[2, 2, 1]") && error.contains("[2, 2, 3]"),
        "{error}"
    );
}

#[test]
fn labels_are_zero_or_one_and_as_many_as_pictures() {
    let error = by_label(&pictures(3), &[1, 0, 2])
        .expect_err("a label of 2")
        .to_string();
    assert!(error.contains("picture 2 is 2"), "{error}");
    let error = by_label(&pictures(3), &[1, 0]).expect_err("two labels").to_string();
    assert!(error.contains("2 labels for 3 pictures"), "{error}");
    let [faces, others] = by_label(&pictures(3), &[1, 0, 1]).expect("labels");
    assert_eq!((faces.len(), others.len()), (2, 1));
    let error = Grouped::new(pictures(3), vec![0], vec!["a".to_owned()])
        .expect_err("one group")
        .to_string();
    assert!(error.contains("1 groups for 3 pictures"), "{error}");
}

#[test]
fn without_faces_or_without_others_nothing_is_learned() {
    let mut none = set();
    none.faces = pictures(0);
    none.face_groups.clear();
    let error = none.checked().expect_err("no faces").to_string();
    assert!(error.contains("no faces to learn from"), "{error}");
    let mut none = set();
    none.non_faces = pictures(0);
    let error = none.checked().expect_err("no others").to_string();
    assert!(error.contains("no pictures without a face"), "{error}");
    let mut fewer = set();
    fewer.face_groups.pop();
    assert!(fewer.checked().is_err());
}

#[test]
fn a_group_without_pictures_is_undefined_with_a_warning() {
    let config = drawn(&[]);
    let run = DebiasedDetector::new(&config, &Context::new(testing::device(), 0)).expect("a detector");
    let mut data = run.data().clone();
    data.test_faces.names.push("nobody".to_owned());
    let data = data.checked().expect("a warning is no error");
    assert!(
        data.warnings.iter().any(|warning| warning.contains("`nobody`")),
        "{:?}",
        data.warnings
    );
    use burn::module::Module as _;
    let network = run.network().clone().valid();
    let assessed = Assessed::of(&network, &data, &EvaluationConfig::default(), 0, run.device()).expect("numbers");
    assert_eq!(assessed.matched.faces.groups[4].recall(), None);
    let scalars = assessed.scalars();
    assert!(!scalars.iter().any(|(name, _)| name == "recall_nobody"), "{scalars:?}");
    let [with, without] = [&data, run.data()].map(|data| {
        let assessed = Assessed::of(&network, data, &EvaluationConfig::default(), 0, run.device()).expect("numbers");
        (
            assessed.matched.faces.mean_recall_percent(),
            assessed.matched.faces.recall_variance(),
        )
    });
    assert_eq!(with, without);
}

#[test]
fn without_pictures_to_measure_with_numbers_are_undefined_and_figures_remain() {
    use burn::module::Module as _;
    let config = drawn(&["data.test_per_group=2"]);
    let mut run = DebiasedDetector::new(&config, &Context::new(testing::device(), 0)).expect("a detector");
    run.step(0).expect("an update");
    let network = run.network().clone().valid();
    let mut data = run.data().clone();
    data.test_non_faces = Grouped::of_one(data.faces.subset("none", &[]), "others");
    data.comparable = Vec::new(); // of kinds of others that are no longer there
    let data = data.checked().expect("a warning is no error");
    assert!(
        data.warnings
            .iter()
            .any(|warning| warning.contains("false positive rate")),
        "{:?}",
        data.warnings
    );
    let assessed = Assessed::of(&network, &data, &EvaluationConfig::default(), 1, run.device()).expect("numbers");
    assert_eq!(assessed.matched.threshold, None);
    assert!(
        assessed
            .scalars()
            .iter()
            .all(|(name, _)| !name.starts_with("matched_") && !name.starts_with("false_positive_rate"))
    );
    assert!(assessed.fixed.faces.mean_recall_percent().is_some());
    // Eight faces to measure with, and then none at all.
    run.figures().expect("figures");
    let config = drawn(&["data.test_per_group=0"]);
    let mut run = DebiasedDetector::new(&config, &Context::new(testing::device(), 0)).expect("a detector");
    assert!(
        run.data()
            .warnings
            .iter()
            .any(|warning| warning.contains("no faces to measure with")),
        "{:?}",
        run.data().warnings
    );
    run.step(0).expect("an update");
    run.figures().expect("figures without a face to measure with");
}

#[test]
fn log_odds_that_are_not_finite_are_no_verdict() {
    for (faces, others, term) in [
        (vec![1.0, f64::NAN], vec![0.0], "log odds of test faces"),
        (vec![1.0], vec![f64::INFINITY], "log odds of other test pictures"),
    ] {
        let error = Scores { faces, others }.checked(7).expect_err("not finite");
        assert!(
            matches!(&error, papers_core::Error::Diverged { term: found, step: 7, seed: None, .. } if found == term),
            "{error}"
        );
    }
}

#[test]
fn an_odd_batch_has_one_face_more_and_few_faces_are_drawn_again() {
    let config = drawn(&["batch=15", "data.faces=3"]);
    let mut run = DebiasedDetector::new(&config, &Context::new(testing::device(), 0)).expect("a detector");
    // Eight of three faces: an epoch has one update.
    assert_eq!(run.updates_per_epoch(), 1);
    for step in 0..3 {
        run.step(step).expect("an update");
    }
    let config = drawn(&["batch=15", "data.faces=80"]);
    let run = DebiasedDetector::new(&config, &Context::new(testing::device(), 0)).expect("a detector");
    assert_eq!(run.updates_per_epoch(), 10, "eight faces an update");
}
