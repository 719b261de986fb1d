//! No part of a reference file is left out unseen: each is tested, or named here as pending.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::fixture;

/// Files of which this folder (and `tests/tableaus`) read every part. That they read every field of it is up to the
/// types there, which allow no other.
const WHOLE: [&str; 8] = [
    "adaptive.json",
    "adjoint.json",
    "batched.json",
    "controller.json",
    "fixed_step.json",
    "odenet.json",
    "single_step.json",
    "tableaus.json",
];

/// Whether a part of another file is tested. Parts are its fields; instead of a field `cases`, the names of the cases.
fn is_tested(file: &str, part: &str, content: &Value) -> bool {
    match file {
        "bad_inputs.json" => content["call"].get("event").is_none(),
        "latent_ode.json" => ["spiral", "encoder_no_dt", "full", "rnn_baseline"].contains(&part),
        _ => false,
    }
}

/// File, part, and what of it is not tested yet.
const PENDING: [(&str, &str, &str); 11] = [
    (
        "bad_inputs.json",
        "event_never",
        "the error of an event that does not come before the last time",
    ),
    (
        "bad_inputs.json",
        "event_zero_at_start_then_crosses",
        "the time of an event whose function is zero at the start",
    ),
    (
        "cnf.json",
        "planar_cnf_static",
        "end, log-density and their gradients of a planar flow with constant parameters",
    ),
    (
        "cnf.json",
        "planar_cnf_time_gated",
        "the same with gates that depend on time",
    ),
    (
        "cnf.json",
        "hypernet_cnf",
        "parameters of a planar flow as a network of time, and its end",
    ),
    (
        "cnf.json",
        "ffjord_mlp",
        "exact and estimated traces of a perceptron, and its log-density",
    ),
    (
        "cnf.json",
        "planar_nf_baseline",
        "the baseline of discrete planar layers",
    ),
    ("cnf.json", "target_potentials", "the unnormalized target densities"),
    ("events.json", "free_fall", "time, state and gradients at the ground"),
    (
        "events.json",
        "vdp_first_zero_of_x",
        "time, state and gradients at a zero of a coordinate",
    ),
    (
        "latent_ode.json",
        "poisson",
        "the likelihood of a Poisson process along a latent path",
    ),
];

/// What the files do not name as parts of their own.
const ALSO_PENDING: [&str; 1] = ["batched.json: its rows as one batch in which each row has a step size of its own"];

#[test]
fn every_part_of_every_file_is_tested_or_pending_and_not_both() {
    let mut untested = BTreeSet::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    for entry in std::fs::read_dir(folder).expect("the fixtures") {
        let file = entry.expect("an entry").file_name().into_string().expect("a name");
        if WHOLE.contains(&file.as_str()) {
            continue;
        }
        for (part, content) in parts(&file) {
            if !is_tested(&file, &part, &content) {
                untested.insert((file.clone(), part));
            }
        }
    }
    eprintln!("pending:");
    for (file, part, what) in PENDING {
        eprintln!("  {file} {part}: {what}");
    }
    for what in ALSO_PENDING {
        eprintln!("  {what}");
    }
    let named = PENDING.map(|(file, part, _)| (file.to_owned(), part.to_owned()));
    assert_eq!(
        BTreeSet::from(named),
        untested,
        "left: named as pending, right: not tested"
    );
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
