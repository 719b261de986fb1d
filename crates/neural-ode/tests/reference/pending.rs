//! No part of a reference file is left out unseen: each is tested, or named here as pending.

use serde_json::{Map, Value};

use crate::fixture;

/// Files with the parts that the tests of this folder (and `tests/tableaus`) read; `*` stands for the whole file.
const TESTED: [(&str, &[&str]); 10] = [
    ("adaptive.json", &["*"]),
    ("adjoint.json", &["*"]),
    ("batched.json", &["*"]),
    ("controller.json", &["*"]),
    ("fixed_step.json", &["*"]),
    ("latent_ode.json", &["spiral", "encoder_no_dt", "full", "rnn_baseline"]),
    ("odenet.json", &["*"]),
    ("single_step.json", &["*"]),
    ("tableaus.json", &["*"]),
    ("bad_inputs.json", &["defaults"]),
];

/// Parts of the paper that come later, with what they will read.
fn pending() -> Vec<(String, &'static str)> {
    let mut pending = Vec::new();
    let cnf: Map<String, Value> = fixture("cnf.json");
    for case in cnf["cases"].as_array().expect("cases") {
        pending.push((format!("cnf.json {}", case["name"]), "continuous normalizing flows"));
    }
    let events: Map<String, Value> = fixture("events.json");
    pending.extend(events.keys().map(|name| (format!("events.json {name}"), "events")));
    let bad: Map<String, Value> = fixture("bad_inputs.json");
    let cases = bad["cases"].as_array().expect("cases").iter();
    for case in cases.filter(|case| case["call"].get("event").is_some()) {
        pending.push((format!("bad_inputs.json {}", case["name"]), "events"));
    }
    pending.push(("latent_ode.json poisson".to_owned(), "Poisson likelihood"));
    let batched: Map<String, Value> = fixture("batched.json");
    let rows = batched["rows"].as_array().expect("rows").len();
    pending.push((format!("batched.json {rows} rows in one batch"), "per-sample steps"));
    pending
}

#[test]
fn every_part_of_every_file_is_tested_or_named_as_pending() {
    let pending = pending();
    eprintln!("{} cases are pending:", pending.len());
    for (case, part) in &pending {
        eprintln!("  {case}: {part}");
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    for entry in std::fs::read_dir(folder).expect("the fixtures") {
        let file = entry.expect("an entry").file_name().into_string().expect("a name");
        let content: Map<String, Value> = fixture(&file);
        let tested = TESTED
            .iter()
            .find(|(name, _)| *name == file)
            .map_or(&[][..], |(_, parts)| parts);
        if tested.contains(&"*") {
            continue;
        }
        for part in content.keys().filter(|part| !tested.contains(&part.as_str())) {
            let is_pending = |(case, _): &&(String, &str)| {
                case.starts_with(&format!("{file} ")) && (part == "cases" || case.ends_with(part.as_str()))
            };
            assert!(
                pending.iter().find(is_pending).is_some(),
                "nobody reads `{part}` of {file}"
            );
        }
    }
}
