use super::*;

fn truth(counts: &[usize]) -> Vec<Option<usize>> {
    let of_class = |(class, &count): (usize, &usize)| vec![Some(class); count];
    counts.iter().enumerate().flat_map(of_class).collect()
}

fn masking(regime: Regime, hidden: &[usize], fraction: f64) -> Masking<'_> {
    Masking {
        regime,
        hidden,
        fraction,
        rule: LabelRule::PerClassFraction,
        keep_labeled: false,
    }
}

fn draw(counts: &[usize], masking: &Masking<'_>) -> Result<Labels, LabelError> {
    Labels::draw(&truth(counts), counts.len(), masking, &Streams::new(3))
}

#[test]
fn labeled_rows_leave_the_pool_unless_they_are_kept() {
    let mut masking = masking(Regime::SemiUnsupervised, &[0], 0.25);
    let labels = draw(&[8, 8], &masking).unwrap();
    assert_eq!((labels.labeled.len(), labels.unlabeled.len()), (2, 14));
    assert!(labels.labeled.iter().all(|row| !labels.unlabeled.contains(row)));
    masking.keep_labeled = true;
    assert_eq!(draw(&[8, 8], &masking).unwrap().unlabeled, (0..16).collect::<Vec<_>>());
}

#[test]
fn hidden_classes_are_never_labeled() {
    let labels = draw(&[8, 8, 8], &masking(Regime::SemiUnsupervised, &[0, 2], 1.0)).unwrap();
    assert_eq!(labels.labeled, (8..16).collect::<Vec<_>>());
}

#[test]
fn the_seed_says_which_rows_are_labeled() {
    let masking = masking(Regime::SemiSupervised, &[], 0.1);
    let of_seed = |seed| Labels::draw(&truth(&[50, 50]), 2, &masking, &Streams::new(seed)).unwrap();
    assert_eq!(of_seed(1), of_seed(1));
    assert_ne!(of_seed(1), of_seed(2));
}

#[test]
fn more_labels_hold_those_of_fewer() {
    let of_share = |share| {
        draw(&[50, 50], &masking(Regime::SemiSupervised, &[], share))
            .unwrap()
            .labeled
    };
    let (fewer, more) = (of_share(0.1), of_share(0.2));
    assert!(fewer.iter().all(|row| more.contains(row)));
}

#[test]
fn regimes_differ_in_what_they_use() {
    let labels = draw(&[4, 4], &masking(Regime::Supervised, &[], 1.0)).unwrap();
    assert_eq!((labels.labeled.len(), labels.unlabeled.len()), (8, 0));
    // What is hidden and which share has labels does not matter where nothing has.
    let labels = draw(&[4, 4], &masking(Regime::Unsupervised, &[7], 0.0)).unwrap();
    assert_eq!((labels.labeled.len(), labels.unlabeled.len()), (0, 8));
}

#[test]
fn a_row_without_a_class_is_never_labeled() {
    let truth = [None, Some(0), None, Some(1)];
    let labels = Labels::draw(&truth, 2, &masking(Regime::SemiSupervised, &[], 1.0), &Streams::new(0)).unwrap();
    assert_eq!((labels.labeled, labels.unlabeled), (vec![1, 3], vec![0, 2]));
}

#[test]
fn what_cannot_be_labeled_is_refused() {
    let semi = Regime::SemiUnsupervised;
    let equal = |hidden, fraction| Masking {
        rule: LabelRule::EqualCount,
        ..masking(semi, hidden, fraction)
    };
    for (counts, masking, expected) in [
        (&[9, 9][..], masking(semi, &[2], 0.5), "no class 2; classes go from 0"),
        (&[9, 9], masking(semi, &[1, 1], 0.5), "class 1 is named twice"),
        (&[9, 9], masking(semi, &[0, 1], 0.5), "all 2 classes are hidden"),
        (&[9, 9], masking(semi, &[0], 0.0), "above 0 and at most 1, not 0"),
        (&[9, 9], masking(semi, &[0], 1.5), "not 1.5"),
        (&[9, 9], masking(semi, &[0], f64::NAN), "not NaN"),
        (&[90, 9], masking(semi, &[0], 0.1), "class 1 0 labels of its 9"),
        (&[90, 0], masking(semi, &[0], 0.1), "class 1 0 labels of its 0"),
        (
            &[900, 9],
            equal(&[0], 0.1),
            "every class gets 45 labels, and class 1 has only 9",
        ),
        (
            &[9, 0, 0],
            masking(Regime::SemiSupervised, &[], 0.5),
            "classes 1, 2 has a label",
        ),
        (
            &[9, 9],
            masking(Regime::Supervised, &[1], 1.0),
            "data.regime='semi-unsupervised'",
        ),
        (
            &[9, 9],
            masking(Regime::SemiSupervised, &[], 1.0),
            "no row is left without a label",
        ),
        (
            &[],
            masking(Regime::Unsupervised, &[], 1.0),
            "no row is left without a label",
        ),
    ] {
        let error = draw(counts, &masking).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn labels_of_no_class_are_named_with_their_row() {
    let masking = masking(Regime::SemiSupervised, &[], 0.5);
    let error = Labels::draw(&[Some(0), Some(2)], 2, &masking, &Streams::new(0)).unwrap_err();
    let expected = LabelError::NoSuchClass {
        row: 1,
        label: 2,
        classes: 2,
    };
    assert_eq!(error, expected);
}

#[test]
fn labeled_rows_are_checked() {
    let truth = [Some(0), Some(1), None, Some(5)];
    assert_eq!(check_labeled(&[0], &truth, 2, &[1]), Ok(()));
    for (labeled, expected) in [
        (
            &[0, 1][..],
            "row 1 is among the labeled rows, and its class 1 is hidden",
        ),
        (&[2], "row 2 cannot be labeled"),
        (&[0, 0], "row 0 cannot be labeled"),
        (&[9], "row 9 cannot be labeled"),
        (&[3], "row 3 has the label 5"),
    ] {
        let error = check_labeled(labeled, &truth, 2, &[1]).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn strata_are_in_proportion() {
    let truth = truth(&[40, 20, 20]);
    let rows = stratified(&truth, 3, 8, &Streams::new(1), "validation").unwrap();
    let mut counts = [0; 3];
    rows.iter().for_each(|&row| counts[truth[row].unwrap()] += 1);
    assert_eq!(counts, [4, 2, 2]);
    assert_ne!(rows, stratified(&truth, 3, 8, &Streams::new(2), "validation").unwrap());
    assert_eq!(stratified(&truth, 3, 100, &Streams::new(1), "x").unwrap().len(), 80);
}
