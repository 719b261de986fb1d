//! `human_votes.json`.

use papers_core::{
    random::Streams,
    testing::{assert_close, numbers},
};
use photofeeler::evaluate::{HumanCurve, people_correlation};

use crate::common::{EXACT, fixture, number};

#[test]
fn means_of_the_first_votes_correlate_as_in_the_fixture() {
    let fixture = fixture("human_votes.json");
    let reference = numbers(&fixture["reference"]);
    let votes: Vec<Vec<f64>> = fixture["votes"]
        .as_array()
        .expect("votes")
        .iter()
        .map(numbers)
        .collect();
    for (count, expected) in fixture["correlations"].as_object().expect("correlations") {
        let count: usize = count.parse().expect("a number");
        let first: Vec<Vec<f64>> = votes.iter().map(|votes| votes[..count].to_vec()).collect();
        let found = people_correlation(&first, &reference).expect("defined");
        assert_close(&[found], &[number(expected)], EXACT);
    }
}

#[test]
fn drawn_votes_are_worth_what_the_fixtures_are() {
    let fixture = fixture("human_votes.json");
    let reference = numbers(&fixture["reference"]);
    let votes: Vec<Vec<f64>> = fixture["votes"]
        .as_array()
        .expect("votes")
        .iter()
        .map(numbers)
        .collect();
    let curve = HumanCurve::of(&votes, Some(&reference), &reference, 40, &Streams::new(2));
    let of = |count: usize| curve.points.iter().find(|point| point.votes == count).expect("a point");
    // All twenty votes of each photo are the same whatever their order.
    let expected = number(&fixture["correlations"]["20"]);
    assert_close(&[of(20).people], &[expected], EXACT);
    // Of fewer votes, other ones are drawn than the first: near the fixture's, and nearer the more there are.
    for (count, tolerance) in [(1, 0.15), (2, 0.2), (3, 0.15), (5, 0.12), (10, 0.06)] {
        let expected = number(&fixture["correlations"][count.to_string()]);
        assert!(
            (of(count).people - expected).abs() < tolerance,
            "{count}: {} {expected}",
            of(count).people
        );
    }
    assert!(
        curve.points.windows(2).all(|pair| pair[0].people < pair[1].people),
        "{curve:?}"
    );
    assert!(curve.points.iter().all(|point| (point.model - 1.0).abs() < 1e-9));
}
