use mixmatch::interleave::{interleave, offsets, source_index};
use papers_core::testing::values;
use serde::Deserialize;

use super::{DOUBLE, fixture};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "rule")]
    _rule: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    batches: usize,
    batch: usize,
    offsets: Vec<usize>,
    source_index: Vec<Vec<usize>>,
}

#[test]
fn pieces_change_places_as_in_the_reference_and_back() {
    let file: File = fixture("interleave.json");
    assert!(!file.cases.is_empty());
    for case in file.cases {
        assert_eq!(offsets(case.batches, case.batch), case.offsets);
        let expected = case.source_index.concat();
        assert_eq!(source_index(case.batches, case.batch), expected);

        let rows = case.batches * case.batch;
        let numbers: Vec<f64> = (0..rows).map(|row| row as f64).collect();
        let exchanged = interleave(DOUBLE.tensor(numbers.clone(), [rows, 1]), case.batches);
        let expected: Vec<f64> = expected.iter().map(|&row| row as f64).collect();
        assert_eq!(values(exchanged.clone()), expected);
        assert_eq!(values(interleave(exchanged, case.batches)), numbers);
    }
}
