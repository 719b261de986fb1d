use papers_core::testing;

use super::{ABOUT, cases};

#[test]
fn every_case_does_its_work_and_has_a_counterpart() {
    testing::assert_benches(cases(), &ABOUT.script);
}
