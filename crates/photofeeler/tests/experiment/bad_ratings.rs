//! Ratings of one's own that nothing can be learned from.

use papers_core::{Context, testing};
use photofeeler::{fit::Ratings, votes::Vote};

fn ratings() -> Ratings {
    Ratings {
        features: (0..80).map(|number| (number * 37 % 19) as f32 / 9.0 - 1.0).collect(),
        width: 2,
        votes: (0..120)
            .map(|number| Vote {
                photo: number / 3,
                voter: number % 3 + 3 * (number / 60),
                score: 1.0 + (number * 7 % 5) as f64,
            })
            .collect(),
        voters: 6,
        range: [1.0, 5.0],
    }
}

const SETTINGS: [&str; 5] = [
    "phase_1.steps=4",
    "schedule.steps=8",
    "phase_1.batch=8",
    "phase_2.batch=8",
    "phase_2.input='both'",
];

#[test]
fn ratings_that_are_none_are_refused() {
    let context = Context::new(testing::device(), 3);
    let fitted = ratings().fit(&SETTINGS, &context).expect("fitted");
    let none = fitted.predict(&[], Some(0)).expect("nothing to say");
    assert!(none.scores.is_empty());
    assert!(
        fitted
            .predict(&[f32::NAN, 0.0], None)
            .expect_err("no number")
            .to_string()
            .contains("NaN")
    );

    type Change = fn(&mut Ratings);
    let changes: [(&str, Change); 13] = [
        ("rows of 0", |ratings| ratings.width = 0),
        ("rows of 7", |ratings| ratings.width = 7),
        ("number 1 of thing 2 is NaN", |ratings| ratings.features[5] = f32::NAN),
        ("number 0 of thing 3 is inf", |ratings| {
            ratings.features[6] = f32::INFINITY;
        }),
        ("thing 40", |ratings| ratings.votes[4].photo = 40),
        ("thing 18446744073709551615", |ratings| {
            ratings.votes[4].photo = usize::MAX;
        }),
        ("voter 6", |ratings| ratings.votes[4].voter = 6),
        ("voter 18446744073709551615", |ratings| {
            ratings.votes[4].voter = usize::MAX;
        }),
        ("more than once", |ratings| ratings.votes.push(ratings.votes[9])),
        ("`NaN`", |ratings| ratings.votes[4].score = f64::NAN),
        ("`5.5`", |ratings| ratings.votes[4].score = 5.5),
        ("from 5 to 1", |ratings| ratings.range = [5.0, 1.0]),
        ("from NaN to 5", |ratings| ratings.range[0] = f64::NAN),
    ];
    for (named, change) in changes {
        let mut bad = ratings();
        change(&mut bad);
        let error = bad.fit(&SETTINGS, &context).expect_err(named).to_string();
        assert!(error.contains(named), "{named}: {error}");
    }
}
