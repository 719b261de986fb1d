use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::*;

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = Store::new(folder.path());
    (folder, store)
}

fn save(store: &Store, step: u64) -> PathBuf {
    store
        .save(step, Position::default(), &LoopState::default(), |writer| {
            writer.json("value", &step)
        })
        .expect("an empty disk takes a checkpoint")
}

#[test]
fn the_newest_generation_is_read_back() {
    let (_folder, store) = store();
    save(&store, 10);
    save(&store, 20);
    let (reader, warnings) = store.latest().expect("two generations");
    assert_eq!(reader.step(), 20);
    assert_eq!(reader.json::<u64>("value").expect("the value"), 20);
    assert!(warnings.is_empty());
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_looked_into_is_not_one_without_checkpoints() {
    let (folder, _) = store();
    let file = folder.path().join("file");
    fs::write(&file, "").expect("the folder is writable");
    let error = Store::new(&file).latest().expect_err("a file holds no checkpoints");
    assert!(matches!(error, Error::Base(papers_base::Error::Io { .. })), "{error}");
}

#[test]
fn a_flipped_bit_falls_back_with_one_warning() {
    let (_folder, store) = store();
    save(&store, 10);
    let newest = save(&store, 20);
    fs::write(newest.join("value.json"), b"21").expect("the file is writable");
    let (reader, warnings) = store.latest().expect("the older generation");
    assert_eq!(reader.step(), 10);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].contains("digest"), "{}", warnings[0]);
}

#[test]
fn a_missing_manifest_falls_back() {
    let (_folder, store) = store();
    save(&store, 10);
    let newest = save(&store, 20);
    fs::remove_file(newest.join(MANIFEST)).expect("the file is there");
    assert_eq!(store.latest().expect("the older generation").0.step(), 10);
}

#[test]
fn nothing_intact_is_an_error_that_names_the_run() {
    let (folder, store) = store();
    let error = store.latest().expect_err("no generation");
    assert!(error.to_string().contains(&folder.path().display().to_string()));
}

#[test]
fn pruning_keeps_the_newest_and_the_best() {
    let (_folder, store) = store();
    for step in [10, 20, 30, 40] {
        save(&store, step);
    }
    store.prune(2, Some(10)).expect("pruning");
    assert_eq!(store.steps().expect("the folder"), [10, 30, 40]);
}

#[test]
fn weights_that_are_no_numbers_are_not_saved() {
    let (_folder, store) = store();
    save(&store, 10);
    let device = crate::testing::device();
    let mut layer = crate::testing::initialized(|| burn::nn::LinearConfig::new(2, 2).init(&device));
    layer.weight = layer.weight.map(|weight| weight * f32::NAN);
    let error = store
        .save(20, Position::default(), &LoopState::default(), |writer| {
            writer.module("layer", &layer)
        })
        .expect_err("no number");
    assert!(matches!(error, Error::NonFiniteWeights { .. }), "{error}");
    assert_eq!(store.latest().expect("the one before").0.step(), 10);
}

#[test]
fn generations_after_a_step_can_be_removed() {
    let (_folder, store) = store();
    for step in [10, 20, 30] {
        save(&store, step);
    }
    store.remove_after(10).expect("removable");
    assert_eq!(store.steps().expect("the folder"), [10]);
}

#[test]
fn what_a_killed_writer_left_is_ignored_and_swept() {
    let (folder, store) = store();
    save(&store, 10);
    let leftover = folder.path().join("checkpoints/.staging-abc");
    fs::create_dir(&leftover).expect("a folder");
    assert_eq!(store.steps().expect("the folder"), [10]);
    store.prune(1, None).expect("pruning");
    assert!(!leftover.exists());
}

#[test]
fn a_manifest_cannot_point_outside_its_folder() {
    let (_folder, store) = store();
    let generation = save(&store, 10);
    let path = generation.join(MANIFEST);
    let text = fs::read_to_string(&path).expect("the manifest");
    let text = text.replace("value.json", "../../secret");
    fs::write(&path, &text).expect("the file is writable");
    let digest = blake3::hash(text.as_bytes()).to_hex();
    fs::write(generation.join(MANIFEST_DIGEST), digest.as_bytes()).expect("the file is writable");
    let error = Reader::open(&generation).expect_err("a path that leaves the folder");
    assert!(error.to_string().contains("is not part of this checkpoint"), "{error}");
}

#[test]
fn any_flipped_bit_of_a_manifest_falls_back() {
    let (_folder, store) = store();
    save(&store, 10);
    let path = save(&store, 20).join(MANIFEST);
    let whole = fs::read(&path).expect("the manifest");
    for place in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[place] ^= 1 << bit;
            fs::write(&path, &bytes).expect("the file is writable");
            let (reader, _) = store.latest().expect("the older generation");
            assert_eq!(reader.step(), 10, "bit {bit} of byte {place}");
        }
    }
}
