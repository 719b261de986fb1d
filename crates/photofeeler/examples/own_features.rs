//! A voter model of ratings of anything: here films, described by six numbers each, rated by 40 people with tastes of their own.
//!
//! ```sh
//! cargo run --release -p photofeeler --example own_features
//! ```

use papers_core::{Context, device};
use photofeeler::{fit::Ratings, votes::Vote};
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};

const FILMS: usize = 600;
const FEATURES: usize = 6;
const PEOPLE: usize = 40;
const RATED_BY: usize = 8;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let context = Context::new(device::resolve(device::default_backend()?)?, 0);
    let mut random = context.streams.at("films", 0, 0);
    let mut normal = || -> f64 { StandardNormal.sample(&mut random) };
    let films: Vec<f64> = (0..FILMS * FEATURES).map(|_| normal()).collect();
    // Half of the people like action, the others drama; some are harsh.
    let taste = |person: usize, film: &[f64]| {
        if person.is_multiple_of(2) {
            film[0] - 0.5 * film[2]
        } else {
            film[1] + 0.3 * film[2]
        }
    };
    let harshness: Vec<f64> = (0..PEOPLE).map(|_| normal()).collect();

    let mut votes = Vec::new();
    let mut choice = context.streams.at("choice", 0, 0);
    for (number, film) in films.chunks(FEATURES).enumerate() {
        let first = choice.random_range(0..PEOPLE);
        for turn in 0..RATED_BY {
            let person = (first + turn * 5) % PEOPLE;
            let liking = 5.5 + 1.8 * taste(person, film) - harshness[person];
            votes.push(Vote {
                photo: number,
                voter: person,
                score: liking.round().clamp(1.0, 10.0),
            });
        }
    }
    let ratings = Ratings {
        features: films.iter().map(|value| *value as f32).collect(),
        width: FEATURES,
        votes,
        voters: PEOPLE,
        range: [1.0, 10.0],
    };
    // People who want the opposite: the distribution alone does not say what kind of film it is.
    let settings = ["phase_1.steps=300", "schedule.steps=800", "phase_2.input='both'"];
    let fitted = ratings.fit(&settings, &context)?;
    let votes = fitted.findings()?.votes;
    let told = |value: Option<f64>| value.map_or_else(|| "undefined".to_owned(), |value| format!("{value:.2}"));
    eprintln!(
        "{} ratings of films that were held out; correlation with what was said:",
        votes.count
    );
    eprintln!("the film's own score     {}", told(votes.base));
    eprintln!("the person's mean        {}", told(votes.voter_mean));
    eprintln!("both                     {}", told(votes.base_by_voter));
    eprintln!("the voter model          {}", told(votes.voter_model));
    let action = [2.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    for (name, person) in [("person 0", Some(0)), ("person 1", Some(1)), ("person 99", Some(99))] {
        let predicted = fitted.predict(&action, person)?;
        let who = if predicted.is_unknown { ", who is unknown" } else { "" };
        eprintln!("a film full of action, by {name}{who}: {:.1}", predicted.scores[0]);
    }
    Ok(())
}
