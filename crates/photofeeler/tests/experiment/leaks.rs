//! Votes on photos that are not learned from change nothing of what is learned.

use papers_core::{Context, port, testing};
use photofeeler::{config::PhotofeelerConfig, data::RatedPhotos, train::Photofeeler};

use crate::common::features;

fn context() -> Context {
    Context::new(testing::device(), 5)
}

/// The set with other scores, whoever voted, on some photos.
pub(crate) fn changed(data: &RatedPhotos, photos: &[usize]) -> RatedPhotos {
    let mut data = data.clone();
    for vote in data.votes.iter_mut().filter(|vote| photos.contains(&vote.photo)) {
        vote.score = (vote.score + 1.0 + (vote.voter % 3) as f64) % 4.0;
    }
    data
}

fn made(config: &PhotofeelerConfig) -> Photofeeler {
    let data = RatedPhotos::load(&config.data, &context()).expect("a set");
    Photofeeler::with_data(config, data, &context()).expect("a run")
}

/// Bytes of both networks.
fn weights(run: &Photofeeler) -> [Vec<u8>; 2] {
    let model = run.model();
    [
        port::to_bytes(&model.base).expect("a record"),
        port::to_bytes(&model.voters.expect("voters")).expect("a record"),
    ]
}

#[test]
fn votes_to_measure_with_and_to_choose_by_are_not_learned_from() {
    let config = features(&["phase_1.choose='last'"]);
    let mut plain = made(&config);
    let (train, validation, test) = {
        let split = &plain.data().split;
        (split.train.clone(), split.validation.clone(), split.test.clone())
    };
    let held_out = [validation.as_slice(), &test].concat();
    let other = changed(plain.data(), &held_out);
    assert_ne!(plain.data().votes, other.votes);
    let mut other = Photofeeler::with_data(&config, other, &context()).expect("a run");
    assert_eq!(plain.prepared().tables, other.prepared().tables);
    assert_eq!(plain.prepared().seen, other.prepared().seen);
    for &photo in &train {
        assert_eq!(
            plain.prepared().labels.photos[photo],
            other.prepared().labels.photos[photo]
        );
    }
    assert!(
        validation
            .iter()
            .any(|&photo| plain.prepared().labels.photos[photo] != other.prepared().labels.photos[photo]),
        "they were changed"
    );
    plain.train().expect("both phases");
    other.train().expect("both phases");
    assert_eq!(weights(&plain), weights(&other));
}

#[test]
fn votes_to_measure_with_choose_nothing() {
    let config = features(&[]);
    let mut plain = made(&config);
    let test = plain.data().split.test.clone();
    let other = changed(plain.data(), &test);
    let mut other = Photofeeler::with_data(&config, other, &context()).expect("a run");
    assert_eq!(plain.prepared().labels, other.prepared().labels);
    plain.train().expect("both phases");
    other.train().expect("both phases");
    assert_eq!(weights(&plain), weights(&other));
    let scores = |run: &Photofeeler| run.findings().expect("findings");
    let (plain, other) = (scores(&plain), scores(&other));
    assert_eq!(plain.scores, other.scores);
    assert_eq!(
        plain.rmse_on_line, other.rmse_on_line,
        "the line is of the photos to choose by"
    );
    assert_eq!(
        plain.rmse_of_mean, other.rmse_of_mean,
        "the mean is of the votes to learn from"
    );
    assert_ne!(plain.votes, other.votes);
}

#[test]
fn votes_to_learn_from_change_what_is_learned() {
    // The comparison above can fail.
    let config = features(&["phase_1.choose='last'"]);
    let mut plain = made(&config);
    let train = plain.data().split.train.clone();
    let mut other = Photofeeler::with_data(&config, changed(plain.data(), &train), &context()).expect("a run");
    assert_ne!(plain.prepared().tables, other.prepared().tables);
    plain.train().expect("both phases");
    other.train().expect("both phases");
    let [one, other] = [weights(&plain), weights(&other)];
    assert!(one[0] != other[0] && one[1] != other[1]);
}
