use papers_core::testing;

use super::{ABOUT, cases, network::Counted};
use crate::graph::{Generator, Graph};

#[test]
fn every_case_does_its_work_and_has_a_counterpart() {
    testing::assert_benches(cases(), &ABOUT.script);
}

#[test]
fn both_sides_wire_their_networks_alike() {
    let ours = Generator::Ws { k: 4, p: 0.75 }.draw(10, &mut Counted(0)).unwrap();
    // What `watts_strogatz(10, 4, 0.75)` of the script gives.
    let before: [&[usize]; 10] = [
        &[],
        &[0],
        &[],
        &[1, 2],
        &[1, 3],
        &[1, 2],
        &[4, 5],
        &[1, 2, 5],
        &[3, 5, 7],
        &[0, 2, 4, 6, 8],
    ];
    let edges = before.iter().enumerate();
    let edges = edges.flat_map(|(to, before)| before.iter().map(move |&from| [from, to]));
    assert_eq!(ours, Graph::new(10, &edges.collect::<Vec<_>>()).unwrap());
}
