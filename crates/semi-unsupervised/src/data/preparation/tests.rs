use super::*;

fn rows(values: &[f32]) -> Rows {
    Rows::new("toy", values.to_vec(), 3, vec![None; values.len() / 3]).unwrap()
}

#[test]
fn what_varies_little_is_left_out_and_put_back() {
    // Deviations 0, 1 and 0.05.
    let rows = rows(&[0.3, 1.0, 0.1, 0.3, 3.0, 0.2]);
    let preparation = Preparation::of(&rows, 0.1, false).unwrap();
    assert_eq!(preparation.mask.kept, [false, true, false]);
    assert_eq!(preparation.apply(rows.clone()).unwrap().values, [1.0, 3.0]);
    assert_eq!(preparation.undo(&[7.0]), [0.3, 7.0, 0.15]);
    let preparation = Preparation::of(&rows, 0.0, false).unwrap();
    assert_eq!(preparation.mask.kept, [false, true, true]);
}

#[test]
fn a_deviation_that_is_the_limit_is_not_above_it() {
    let rows = rows(&[0.0, 1.0, 0.0, 1.0, 3.0, 0.0]);
    assert_eq!(
        Preparation::of(&rows, 0.5, false).unwrap().mask.kept,
        [false, true, false]
    );
}

#[test]
fn standardized_values_have_mean_zero_and_deviation_one() {
    let train = rows(&[5.0, 1.0, 10.0, 5.0, 3.0, 30.0, 5.0, 5.0, 20.0]);
    let preparation = Preparation::of(&train, 0.0, true).unwrap();
    let prepared = preparation.apply(train.clone()).unwrap();
    assert_eq!(prepared.columns, 2);
    for moments in moments(&prepared) {
        assert!(moments.mean.abs() < 1e-6 && (moments.deviation - 1.0).abs() < 1e-6);
    }
    for row in 0..3 {
        let undone = preparation.undo(prepared.row(row));
        let pairs = undone.iter().zip(train.row(row));
        assert!(
            pairs.clone().all(|(one, other)| (one - other).abs() < 1e-5),
            "{undone:?}"
        );
    }
}

#[test]
fn it_survives_a_file() {
    let preparation = Preparation::of(&rows(&[0.0, 1.0, 0.1, 0.5, 3.0, 0.2]), 0.01, true).unwrap();
    let text = serde_json::to_string(&preparation).unwrap();
    assert_eq!(serde_json::from_str::<Preparation>(&text).unwrap(), preparation);
}

#[test]
fn nothing_to_learn_from_is_an_error() {
    let error = Preparation::of(&rows(&[0.5; 6]), 0.0, false).unwrap_err().to_string();
    assert!(
        error.contains("`data.min_std`") && error.contains("none of the 3"),
        "{error}"
    );
    let error = Preparation::of(&rows(&[0.0, 0.2, 0.1, 0.0, 0.0, 0.0]), 0.5, false).unwrap_err();
    assert!(error.to_string().contains("the largest is 0.1"), "{error}");
    assert!(matches!(
        Preparation::of(&rows(&[]), 0.0, false),
        Err(RowsError::Empty { .. })
    ));
}

#[test]
fn rows_of_another_length_are_named_with_both_shapes() {
    let preparation = Preparation::of(&rows(&[0.0, 0.2, 0.1, 0.0, 0.0, 0.0]), 0.0, false).unwrap();
    let other = Rows::new("toy/test", vec![0.0; 8], 4, vec![None; 2]).unwrap();
    let error = preparation.apply(other).unwrap_err().to_string();
    assert!(
        error.contains("toy/test is [2, 4]") && error.contains("[_, 3]"),
        "{error}"
    );
}
