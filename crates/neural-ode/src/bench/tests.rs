use super::check;

#[test]
fn every_case_does_its_work() {
    check().unwrap();
}
