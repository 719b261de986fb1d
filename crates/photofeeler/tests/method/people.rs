//! `human_votes.json`.

use papers_core::{
    base::metrics::{mean, pearson_correlation},
    random::Streams,
    testing::{assert_close, numbers},
};
use photofeeler::evaluate::HumanCurve;

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
        let means: Vec<f64> = votes.iter().map(|votes| mean(&votes[..count])).collect();
        let found = pearson_correlation(&means, &reference).expect("defined");
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
    assert!((of(1).people - number(&fixture["correlations"]["1"])).abs() < 0.15);
    assert!(
        curve.points.windows(2).all(|pair| pair[0].people < pair[1].people),
        "{curve:?}"
    );
    assert!(curve.points.iter().all(|point| (point.model - 1.0).abs() < 1e-9));
}
