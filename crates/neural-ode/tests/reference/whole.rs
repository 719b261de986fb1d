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

/// All Rust files of a folder, one after the other.
fn sources(folder: &std::path::Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text += &sources(&path);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text += &std::fs::read_to_string(&path).expect("a source");
        }
    }
    text
}

#[test]
fn every_test_that_the_guide_names_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = sources(&root.join("tests")) + &sources(&root.join("src"));
    let mut named = 0;
    for line in include_str!("../../docs/features.md")
        .lines()
        .filter(|line| line.starts_with("| ✓"))
    {
        let before = named;
        for test in line.split('`').skip(1).step_by(2) {
            let name = test.rsplit([' ', ':']).next().expect("a name");
            let is_test = sources.contains(&format!("#[test]\nfn {name}()"))
                || sources.contains(&format!("#[test]\n    fn {name}()"));
            assert!(is_test, "{test}");
            named += 1;
        }
        assert!(named > before, "no test: {line}");
    }
    assert!(named > 60, "{named}");
}
