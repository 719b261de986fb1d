//! No part of a reference file is left out unseen: each is tested, or named here as pending.

use serde_json::{Map, Value};

use crate::fixture;

/// Files of which this folder (and `tests/tableaus`) read every part. That they read every field of it is up to the
/// types there, which allow no other.
const WHOLE: [&str; 10] = [
    "adaptive.json",
    "adjoint.json",
    "bad_inputs.json",
    "batched.json",
    "controller.json",
    "events.json",
    "fixed_step.json",
    "odenet.json",
    "single_step.json",
    "tableaus.json",
];

/// Whether a part of another file has its test.
enum Status {
    Tested,
    /// What of the paper it needs, with the numbers that nothing is compared with until then.
    Pending(String),
}

/// Parts are the fields of a file; instead of a field `cases`, the cases. `None` for a part that nobody knows.
fn status(file: &str, part: &str, content: &Value) -> Option<Status> {
    let pending = |what: &str, numbers: Option<&Value>| {
        let numbers = numbers?.as_object()?;
        let names: Vec<&str> = numbers.keys().map(String::as_str).collect();
        Some(Status::Pending(format!("{what}: {}", names.join(", "))))
    };
    match (file, part) {
        ("latent_ode.json", "spiral" | "encoder_no_dt" | "full" | "rnn_baseline" | "poisson") => Some(Status::Tested),
        ("cnf.json", _) => pending("continuous normalizing flows", content.get("expected")),
        _ => None,
    }
}

#[test]
fn every_part_of_every_file_is_tested_or_pending() {
    let mut pending = Vec::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    for entry in std::fs::read_dir(folder).expect("the fixtures") {
        let file = entry.expect("an entry").file_name().into_string().expect("a name");
        if WHOLE.contains(&file.as_str()) {
            continue;
        }
        for (part, content) in parts(&file) {
            match status(&file, &part, &content) {
                Some(Status::Tested) => {}
                Some(Status::Pending(what)) => pending.push(format!("{file} {part}: {what}")),
                None => panic!("nobody reads `{part}` of {file}"),
            }
        }
    }
    eprintln!("{} parts are pending:\n  {}", pending.len(), pending.join("\n  "));
}

/// The parts of a file: every case by its name, and every other field but `defaults`, which all cases read.
fn parts(file: &str) -> Vec<(String, Value)> {
    let content: Map<String, Value> = fixture(file);
    let mut parts = Vec::new();
    for (name, value) in content {
        match value {
            Value::Array(cases) if name == "cases" => {
                let name = |case: &Value| case["name"].as_str().expect("a name").to_owned();
                parts.extend(cases.into_iter().map(|case| (name(&case), case)));
            }
            _ if name == "defaults" => {}
            value => parts.push((name, value)),
        }
    }
    parts
}
