//! No reference file is left out unseen.

/// The files of which this folder (and `tests/tableaus`) read every part. That they read every field of it is up to the types there,
/// which allow no other.
const WHOLE: [&str; 12] = [
    "adaptive.json",
    "adjoint.json",
    "bad_inputs.json",
    "batched.json",
    "cnf.json",
    "controller.json",
    "events.json",
    "fixed_step.json",
    "latent_ode.json",
    "odenet.json",
    "single_step.json",
    "tableaus.json",
];

#[test]
fn every_file_is_tested() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .expect("the fixtures")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("a name"))
        .collect();
    files.sort_unstable();
    assert_eq!(files, WHOLE);
}
