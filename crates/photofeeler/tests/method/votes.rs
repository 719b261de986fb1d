//! `vote_normalisation.json`, `histogram_onehot.json`, and laws of normalization.

use papers_core::testing::{assert_close, numbers};
use photofeeler::votes::{
    BINS, LEAST_WEIGHT, Labels, Scale, Vote, VoteTables, VotesConfig, Weights, bin, center, expected_score, histogram,
    one_hot,
};
use serde_json::Value;

use crate::common::{EXACT, cases, fixture, index, number};

fn votes_of(case: &Value) -> Vec<Vote> {
    let rows = case["votes"].as_array().expect("votes");
    rows.iter()
        .map(|row| Vote {
            photo: index(&row[0]),
            voter: index(&row[1]),
            score: number(&row[2]),
        })
        .collect()
}

#[test]
fn normalized_votes_weights_and_labels_are_those_of_the_fixture() {
    let fixture = fixture("vote_normalisation.json");
    for case in cases(&fixture) {
        let name = case["name"].as_str().expect("a name");
        let votes = votes_of(case);
        let expected = &case["expected"];
        let voters = votes.iter().map(|vote| vote.voter + 1).max().expect("votes");
        let tables = VoteTables::fit(&votes, voters, number(&case["shrink_kappa"]));
        assert_close(
            &[tables.mean, tables.deviation, tables.pooled_agreement],
            &["global_mean", "global_sd", "pooled_agreement"].map(|key| number(&expected[key])),
            EXACT,
        );
        for (voter, of) in expected["voters"].as_object().expect("voters") {
            let table = &tables.voters[voter.parse::<usize>().expect("a number")];
            assert_eq!(
                (table.count, table.overlap),
                (index(&of["n"]), index(&of["overlap"])),
                "{name} {voter}"
            );
            assert_close(
                &[table.mean, table.deviation, table.weight],
                &["mean", "sd", "weight"].map(|key| number(&of[key])),
                EXACT,
            );
            match (table.agreement, of["agreement"].as_f64()) {
                (Some(found), Some(expected)) => assert_close(&[found], &[expected], EXACT),
                (found, expected) => assert_eq!(found, expected, "{name} {voter}"),
            }
        }
        let z: Vec<f64> = votes.iter().map(|vote| tables.standardized(vote)).collect();
        assert_close(&z, &numbers(&expected["z"]), EXACT);
        let y: Vec<f64> = votes.iter().map(|vote| tables.normalized(vote)).collect();
        assert_close(&y, &numbers(&expected["normalised"]), EXACT);
        let bins: Vec<f64> = y.iter().map(|&y| bin(y) as f64).collect();
        assert_eq!(bins, numbers(&expected["bins"]), "{name}");

        let photos = votes.iter().map(|vote| vote.photo + 1).max().expect("votes");
        let labels = |scale, weights| {
            let config = VotesConfig {
                scale,
                weights,
                ..VotesConfig::default()
            };
            Labels::of(&votes, photos, &tables, [0.0, 3.0], &config)
        };
        let weighted = labels(Scale::Normalized, Weights::Agreement);
        let plain = labels(Scale::Normalized, Weights::None);
        let raw = labels(Scale::Raw, Weights::None);
        for (photo, of) in expected["photos"].as_object().expect("photos") {
            let photo: usize = photo.parse().expect("a number");
            let score = |labels: &Labels| labels.photos[photo].as_ref().expect("a label").score;
            for (key, found) in [
                ("score", score(&weighted)),
                ("unweighted", score(&plain)),
                ("raw_mean", score(&raw)),
            ] {
                assert_close(&[found], &[number(&of[key])], EXACT);
            }
            if let Some(count) = of["n"].as_u64() {
                assert_eq!(weighted.photos[photo].as_ref().expect("a label").votes as u64, count);
            }
        }
    }
}

#[test]
fn bins_and_histograms_are_those_of_the_fixture() {
    let fixture = fixture("histogram_onehot.json");
    let centers: Vec<f64> = (0..BINS).map(center).collect();
    assert_close(&centers, &numbers(&fixture["bin_centres"]), EXACT);
    for case in fixture["rounding"].as_array().expect("cases") {
        let value = number(&case["value"]);
        assert_eq!(bin(value), index(&case["bin"]), "{value}");
        assert_close(&one_hot(value), &numbers(&case["onehot"]), 0.0);
        assert_close(&[center(bin(value))], &[number(&case["centre"])], EXACT);
    }
    for case in fixture["raw_vote_div3"].as_array().expect("cases") {
        let value = number(&case["raw"]) / 3.0;
        assert_close(&[value], &[number(&case["value"])], EXACT);
        assert_eq!(bin(value), index(&case["bin"]));
    }
    for case in fixture["histograms"].as_array().expect("cases") {
        let (values, weights) = (numbers(&case["values"]), numbers(&case["weights"]));
        let plain = histogram(&values, None).expect("votes");
        assert_close(&plain.shares, &numbers(&case["histogram"]), EXACT);
        let weighted = histogram(&values, Some(&weights)).expect("votes");
        assert_close(&weighted.shares, &numbers(&case["weighted_histogram"]), EXACT);
        assert_close(
            &[expected_score(&plain.shares)],
            &[number(&case["expected_score"])],
            EXACT,
        );
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert_close(&[mean], &[number(&case["mean_of_values"])], EXACT);
    }
    assert_eq!(numbers(&fixture["empty"]["values"]).len(), 0);
    assert_eq!(
        histogram(&[], None),
        None,
        "a photo without votes has no label, and no score of 0"
    );
}

/// Twelve voters with 30 votes each.
fn many(shift: f64) -> Vec<Vote> {
    (0..360)
        .map(|number| {
            let (photo, voter) = (number % 90, number / 30);
            let score = ((photo * 7 + voter * 5 + number % 3) % 4) as f64;
            Vote {
                photo,
                voter,
                score: score + if voter == 4 { shift } else { 0.0 },
            }
        })
        .collect()
}

#[test]
fn a_shift_of_all_votes_of_a_voter_changes_nothing_without_shrinkage_and_little_with_it() {
    let normalized = |shift: f64, shrinkage: f64| -> Vec<f64> {
        let votes = many(shift);
        let tables = VoteTables::fit(&votes, 12, shrinkage);
        votes
            .iter()
            .filter(|vote| vote.voter == 4)
            .map(|vote| tables.normalized(vote))
            .collect()
    };
    assert_close(&normalized(10.0, 0.0), &normalized(0.0, 0.0), 1e-12);
    // 30 votes against 5 that the common mean counts for.
    for (shifted, plain) in normalized(0.5, 5.0).iter().zip(normalized(0.0, 5.0)) {
        assert!((shifted - plain).abs() < 0.06, "{shifted} {plain}");
    }
    // A raw vote moves by all of the shift.
    let raw = VotesConfig {
        scale: Scale::Raw,
        ..VotesConfig::default()
    };
    let tables = VoteTables::fit(&many(0.5), 12, 5.0);
    let vote = Vote {
        photo: 0,
        voter: 4,
        score: 1.5,
    };
    assert!((raw.value(&tables, [0.0, 3.0], &vote) - 0.5).abs() < 1e-12);
}

#[test]
fn scores_go_to_normalized_votes_and_back() {
    let votes = many(0.0);
    let tables = VoteTables::fit(&votes, 12, 5.0);
    for vote in &votes[..60] {
        assert!((tables.score_of(vote.voter, tables.normalized(vote)) - vote.score).abs() < 1e-6);
    }
}

#[test]
fn voters_with_one_vote_or_the_same_votes_are_harmless() {
    let mut votes = many(0.0);
    votes.extend((0..20).map(|photo| Vote {
        photo,
        voter: 12,
        score: 3.0,
    }));
    votes.push(Vote {
        photo: 0,
        voter: 13,
        score: 0.0,
    });
    let tables = VoteTables::fit(&votes, 15, 5.0);
    let (constant, once, none) = (tables.voters[12], tables.voters[13], tables.voters[14]);
    assert_eq!((constant.agreement, once.agreement, none.count), (None, None, 0));
    for table in [constant, once, none] {
        assert!(table.deviation > 0.0 && table.weight >= LEAST_WEIGHT);
        assert!((table.weight - tables.pooled_agreement.max(LEAST_WEIGHT)).abs() < 1e-12);
    }
    assert!((none.mean - tables.mean).abs() < 1e-12, "nobody knows better");
    assert!(votes.iter().all(|vote| (0.0..=1.0).contains(&tables.normalized(vote))));
}

#[test]
fn votes_that_are_all_the_same_are_a_half() {
    let votes: Vec<Vote> = (0..20)
        .map(|number| Vote {
            photo: number / 2,
            voter: number % 2,
            score: 2.0,
        })
        .collect();
    let tables = VoteTables::fit(&votes, 2, 5.0);
    assert_eq!(tables.deviation, 1.0);
    assert!(votes.iter().all(|vote| tables.normalized(vote) == 0.5));
}

#[test]
fn tables_of_votes_to_learn_from_know_nothing_of_others() {
    let votes = many(0.0);
    let (known, held_out) = votes.split_at(180);
    let tables = VoteTables::fit(known, 12, 5.0);
    // Voters 6 to 11 have only votes that were held out: they are like everybody.
    for vote in held_out {
        let expected = (vote.score - tables.mean) / tables.deviation;
        assert!((tables.standardized(vote) - expected).abs() < 1e-12);
    }
}
