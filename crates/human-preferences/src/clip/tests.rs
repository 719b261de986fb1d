use super::*;
use crate::environment::{ObservationSpace, Storage};

fn clip(episode: u64, start: usize, steps: usize) -> Clip {
    let observations = Observations::Floats {
        size: 2,
        values: vec![0.5; 2 * steps],
    };
    let actions = Actions::Discrete {
        actions: 3,
        chosen: vec![1; steps],
    };
    Clip::new(episode, start, observations, actions).expect("a clip")
}

#[test]
fn clips_of_one_episode_overlap_where_they_share_a_step() {
    assert!(clip(0, 0, 5).overlaps(&clip(0, 4, 5)));
    assert!(!clip(0, 0, 5).overlaps(&clip(0, 5, 5)));
    assert!(!clip(0, 0, 5).overlaps(&clip(1, 0, 5)));
}

#[test]
fn clips_of_two_lengths_are_no_pair() {
    let error = clip(0, 0, 5).check_pair(&clip(1, 0, 6));
    assert_eq!(error, Err(ClipError::Unequal { first: 5, second: 6 }));
}

#[test]
fn what_cannot_be_learned_from_is_no_clip() {
    let actions = |steps| Actions::Discrete {
        actions: 2,
        chosen: vec![0; steps],
    };
    let floats = |values: &[f32]| Observations::Floats {
        size: 1,
        values: values.to_vec(),
    };
    assert_eq!(Clip::new(0, 0, floats(&[]), actions(0)), Err(ClipError::Empty));
    let error = Clip::new(0, 0, floats(&[1.0]), actions(2));
    assert_eq!(
        error,
        Err(ClipError::Lengths {
            observations: 1,
            actions: 2
        })
    );
    for bad in [f32::NAN, f32::INFINITY] {
        let error = Clip::new(0, 0, floats(&[0.0, bad]), actions(2));
        assert_eq!(
            error,
            Err(ClipError::NotFinite {
                what: "observation",
                step: 1
            })
        );
    }
}

#[test]
fn a_number_that_is_none_is_found_before_it_is_a_byte() {
    let space = ObservationSpace {
        shape: vec![2],
        storage: Storage::Byte,
    };
    let error = Observations::new(&space, &[0.0, 0.2, f32::NAN, 0.6]);
    assert_eq!(
        error,
        Err(ClipError::NotFinite {
            what: "observation",
            step: 1
        })
    );
}

#[test]
fn stacked_frames_are_kept_once_and_come_back_as_they_were() {
    let space = ObservationSpace {
        shape: vec![2, 1, 1],
        storage: Storage::StackedBytes,
    };
    let values: Vec<f32> = [0.0, 51.0, 51.0, 102.0, 102.0, 255.0]
        .iter()
        .map(|byte| byte / 255.0)
        .collect();
    let observations = Observations::new(&space, &values).expect("a stack");
    let Observations::Stacked { frames, .. } = &observations else {
        panic!("another storage");
    };
    assert_eq!(frames, &[0, 51, 102, 255]);
    let mut back = Vec::new();
    observations.append_features(&mut back);
    assert_eq!(back, values);
    let error = Observations::new(&space, &[0.0, 0.2, 0.4, 0.6]);
    assert_eq!(error, Err(ClipError::NotStacked { step: 1 }));
}
