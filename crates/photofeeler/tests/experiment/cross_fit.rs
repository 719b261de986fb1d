//! Phase 2 learns from what networks say of photos that they have not seen.

use papers_core::{Context, Experiment as _, testing};
use photofeeler::{
    data::RatedPhotos,
    model::{BaseOutputs, VoterInput},
    train::Photofeeler,
    votes::BINS,
};

use crate::{common::features, leaks::changed};

/// Raw votes of one weight: no table of voters carries votes from one fold to another.
const SETS: [&str; 5] = [
    "phase_2.cross_fit=3",
    "schedule.steps=32",
    "votes.scale='raw'",
    "votes.weights='none'",
    "phase_1.choose='last'",
];

fn context() -> Context {
    Context::new(testing::device(), 9)
}

fn trained(data: RatedPhotos) -> Photofeeler {
    let mut run = Photofeeler::with_data(&features(&SETS), data, &context()).expect("a run");
    run.train().expect("all phases");
    run
}

#[test]
fn votes_of_a_fold_do_not_reach_its_own_numbers() {
    let data = RatedPhotos::load(&features(&SETS).data, &context()).expect("a set");
    let plain = trained(data.clone());
    let train = plain.prepared().train.clone();
    let first: Vec<usize> = train.iter().copied().filter(|&photo| plain.fold(photo) == 0).collect();
    assert!(first.len() > 10 && first.len() < train.len() - 20, "three folds");
    let other = trained(changed(&data, &first));
    let rows = plain.out_of_fold().chunks(BINS).zip(other.out_of_fold().chunks(BINS));
    assert_eq!(rows.len(), train.len());
    for (&photo, (one, other)) in train.iter().zip(rows) {
        assert_eq!(one == other, plain.fold(photo) == 0, "photo {photo}");
    }
}

#[test]
fn phase_2_sees_numbers_of_networks_that_have_not_seen_the_photo() {
    let run = trained(RatedPhotos::load(&features(&SETS).data, &context()).expect("a set"));
    let train = &run.prepared().train;
    let model = run.model();
    let outputs = model
        .base
        .outputs(&run.data().inputs, train, VoterInput::Temporary, run.device())
        .expect("outputs");
    let rows = run.out_of_fold().chunks(BINS).zip(outputs.temporary.chunks(BINS));
    assert_eq!(rows.len(), train.len());
    assert!(rows.into_iter().all(|(one, other)| one != other));
    // Inputs are standardized by their own means.
    let mean = |values: &[f32], column: usize| {
        let values = values.iter().skip(column).step_by(BINS).copied().map(f64::from);
        values.sum::<f64>() / train.len() as f64
    };
    let found = testing::values(model.voters.expect("voters").mean.value());
    let far = |values: &[f32]| {
        let differences = (0..BINS).map(|column| (mean(values, column) - found[column]).abs());
        differences.fold(0.0, f64::max)
    };
    assert!(far(run.out_of_fold()) < 1e-6);
    assert!(far(&outputs.temporary) > 1e-3);
}

#[test]
fn folds_without_photos_are_refused() {
    // Seven persons cannot fill twenty folds.
    for input in ["temporary", "both"] {
        let input = format!("phase_2.input='{input}'");
        let sets = [
            "phase_2.cross_fit=20",
            "schedule.steps=134",
            "data.generator.train=8",
            &input,
        ];
        let Err(error) = Photofeeler::new(&features(&sets), &context()) else {
            panic!("accepted");
        };
        let error = error.to_string();
        assert!(
            error.contains("phase_2.cross_fit") && error.contains("7 persons"),
            "{error}"
        );
    }
}

#[test]
fn no_photo_is_no_number() {
    for input in [VoterInput::Temporary, VoterInput::Gap, VoterInput::Both] {
        assert_eq!(input.of(&BaseOutputs::default()), (Vec::new(), 0), "{input:?}");
    }
    let mut run = Photofeeler::new(&features(&["phase_2.input='both'"]), &context()).expect("a run");
    run.train().expect("both phases");
    let model = run.model();
    let outputs = model
        .base
        .outputs(&run.data().inputs, &[], model.input, run.device())
        .expect("nothing");
    let panel = model.panel(&outputs, &[0, 1]).expect("read").expect("a voter model");
    assert!(panel.scores.is_empty() && panel.photo_scores().is_empty());
}
