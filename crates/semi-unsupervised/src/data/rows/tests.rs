use super::*;

fn rows(values: &[f32]) -> Result<Rows, RowsError> {
    Rows::new("toy/train", values.to_vec(), 2, vec![Some(0); values.len() / 2])
}

#[test]
fn values_that_make_no_sense_are_named_with_their_place() {
    for (value, expected) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (f32::NEG_INFINITY, "-inf")] {
        let error = rows(&[0.0, 1.0, 2.0, value]).unwrap_err().to_string();
        assert!(
            error.contains(&format!("toy/train: row 1, column 1 is {expected}")),
            "{error}"
        );
    }
    let error = rows(&[0.0, 1.0, 1.5, 0.0])
        .unwrap()
        .check_for(Likelihood::Bernoulli)
        .unwrap_err()
        .to_string();
    assert!(error.contains("row 1, column 0 is 1.5"), "{error}");
    assert!(rows(&[0.0, 1.0]).unwrap().check_for(Likelihood::Bernoulli).is_ok());
    assert!(rows(&[-1.0, 7.0]).unwrap().check_for(Likelihood::Gaussian).is_ok());
}

#[test]
fn values_must_make_whole_rows() {
    assert!(matches!(rows(&[0.0; 3]), Err(RowsError::Shape { .. })));
    assert!(Rows::new("toy", Vec::new(), 0, vec![None]).is_err());
}

#[test]
fn labels_of_no_class_are_named_with_their_row() {
    let mut rows = rows(&[0.0; 6]).unwrap();
    rows.labels = vec![Some(1), None, Some(3)];
    let error = rows.class_counts(2).unwrap_err().to_string();
    assert!(error.contains("row 2 has the label 3"), "{error}");
    assert_eq!(rows.class_counts(4).unwrap(), [0, 1, 0, 1]);
    assert_eq!(rows.truth(), (vec![0, 2], vec![1, 3]));
}

#[test]
fn drawn_values_have_the_mean_that_is_asked_for() {
    let probabilities = [0.0, 0.25, 0.7, 1.0];
    let draws = 20_000;
    let mut means = [0.0; 4];
    for step in 0..draws {
        let mut values = probabilities;
        binarize(&mut values, &Streams::new(5), "binarize", step);
        for (mean, value) in means.iter_mut().zip(values) {
            assert!(value == 0.0 || value == 1.0);
            *mean += f64::from(value) / draws as f64;
        }
    }
    for (mean, probability) in means.iter().zip(probabilities) {
        let probability = f64::from(probability);
        // Four standard errors.
        let tolerance = 4.0 * (probability * (1.0 - probability) / draws as f64).sqrt() + 1e-9;
        assert!((mean - probability).abs() < tolerance, "{mean} {probability}");
    }
}
