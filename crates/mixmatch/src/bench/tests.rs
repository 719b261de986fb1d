use super::{ABOUT, cases, check};

#[test]
fn every_case_does_its_work() {
    check().unwrap();
}

#[test]
fn every_case_has_a_counterpart() {
    for case in cases() {
        assert!(
            ABOUT.script.text.contains(&format!("\"{}\":", case.name())),
            "{}",
            case.name()
        );
    }
}
