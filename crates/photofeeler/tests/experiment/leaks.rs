//! Votes on photos that are not learned from change nothing of what is learned.

use papers_core::{Context, Experiment as _, port, testing};
use photofeeler::{config::PhotofeelerConfig, data::RatedPhotos, evaluate::Line, train::Photofeeler, votes::Vote};

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

#[test]
fn voters_of_whom_nothing_was_learned_choose_nothing() {
    let config = features(&["phase_1.choose='last'", "phase_2.validate_every=2"]);
    let plain = made(&config);
    let mut data = plain.data().clone();
    data.voters.push("late".to_owned());
    let late = data.voters.len() - 1;
    let with = |score: f64| {
        let mut data = data.clone();
        for &photo in &data.split.validation {
            data.votes.push(Vote {
                photo,
                voter: late,
                score,
            });
        }
        Photofeeler::with_data(&config, data, &context()).expect("a run")
    };
    let losses = |mut run: Photofeeler| -> Vec<f64> {
        let steps = config.schedule.steps;
        let measured = (0..steps).flat_map(|step| run.step(step).expect("an update"));
        measured
            .filter(|(name, _)| name == "voter_validation_loss")
            .map(|(_, loss)| loss)
            .collect()
    };
    let (low, high) = (losses(with(0.0)), losses(with(3.0)));
    assert!(low.len() >= 4, "{low:?}");
    assert_eq!(low, high);
}

#[test]
fn errors_are_told_beside_that_of_the_mean_of_votes_to_learn_from() {
    let mut run = made(&features(&[]));
    run.train().expect("both phases");
    let findings = run.findings().expect("findings");
    let root = |error: &dyn Fn(usize) -> f64| {
        let squares: f64 = (0..findings.photos.len()).map(|place| error(place).powi(2)).sum();
        (squares / findings.photos.len() as f64).sqrt()
    };
    let near = |one: f64, other: f64| assert!((one - other).abs() < 1e-12, "{one} {other}");
    near(
        findings.rmse,
        root(&|place| findings.scores[place] - findings.reference[place]),
    );
    // Three votes of each photo: the mean of all is that of the photos' means.
    let train = run.data().votes_on(&run.data().split.train);
    let mean = train.iter().map(|vote| vote.score / 3.0).sum::<f64>() / train.len() as f64;
    near(findings.rmse_of_mean, root(&|place| mean - findings.reference[place]));
    // The best line would be that of what is measured with: another one cannot be nearer.
    let best = Line::fit(&findings.scores, &findings.reference).expect("photos");
    let best = best.apply(&findings.scores);
    let on_line = findings.rmse_on_line.expect("photos to choose by");
    assert!(on_line > root(&|place| best[place] - findings.reference[place]));
}
