//! The program, as it is called.

use std::{fs, path::Path};

use papers_core::testing::Program;
use randwire::graph::{Graph, format::Format};

use crate::common::TINY;

const PROGRAM: Program = Program(env!("CARGO_BIN_EXE_randwire"));

/// A tiny trained network in the folder `run`.
fn trained(folder: &Path, sets: &[&str]) {
    let mut arguments = vec!["train", "--quiet", "--out", "run", "--seed", "3"];
    for set in TINY.iter().chain(sets) {
        arguments.extend(["--set", *set]);
    }
    PROGRAM.done(folder, &arguments);
}

/// The numbers of `eval --json`.
fn measured(folder: &Path, sets: &[&str]) -> serde_json::Value {
    let sets: Vec<&str> = sets.iter().flat_map(|&set| ["--set", set]).collect();
    evaluated(folder, &sets)
}

fn evaluated(folder: &Path, more: &[&str]) -> serde_json::Value {
    let line = PROGRAM.done(folder, &[&["eval", "--run", "run", "--json"], more].concat());
    serde_json::from_str::<serde_json::Value>(&line).expect("JSON")["scalars"].clone()
}

#[test]
fn a_run_needs_its_files_of_graphs_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let file = folder.join("mine.txt");
    let text = "5\n5\n0 1\n0 2\n1 3\n2 3\n3 4\n";
    fs::write(&file, text).expect("a file");
    trained(folder, &["network.files=['mine.txt']", "network.multiply_adds=20000"]);
    let before = measured(folder, &[]);
    fs::remove_file(&file).expect("the file");
    assert_eq!(measured(folder, &[]), before);
    PROGRAM.done(folder, &["damage", "run", "--pictures", "20", "--parts", "2"]);
    PROGRAM.done(folder, &["features", "run", "--pictures", "3"]);
    PROGRAM.done(folder, &["export", "run"]);
    let exported = fs::read_to_string(folder.join("run/export/stage-1.txt")).expect("a graph");
    assert_eq!(exported, text);
    let resumed = [
        "train",
        "--quiet",
        "--out",
        "run",
        "--resume",
        "--set",
        "schedule.steps=12",
    ];
    PROGRAM.done(folder, &resumed);
    let after = measured(folder, &[]);
    assert_eq!(after["parameters"], before["parameters"]);
    assert_ne!(after, before, "it has learned more");
    // A file that is there says what the configuration means.
    fs::write(&file, "5\n4\n0 1\n1 2\n2 3\n3 4\n").expect("a file");
    for arguments in [&["eval", "--run", "run"] as &[&str], &resumed, &["export", "run"]] {
        let message = PROGRAM.refused(folder, arguments);
        assert!(message.contains("other graphs"), "{message}");
    }
}

#[test]
fn a_run_is_measured_with_pictures_of_another_size() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    trained(folder, &["network.multiply_adds=20000"]);
    let [own, large] = [&[] as &[&str], &["data.side=16"]].map(|sets| measured(folder, sets));
    assert_eq!(own["parameters"], large["parameters"], "the same weights");
    let count = |scalars: &serde_json::Value| scalars["multiply_adds"].as_f64().expect("a number");
    // Four times as many pixels; the classifier has none.
    let ratio = count(&large) / count(&own);
    assert!((3.9..4.0).contains(&ratio), "{ratio}");
    assert_ne!(own["test_error"], large["test_error"]);
    let message = PROGRAM.refused(folder, &["eval", "--run", "run", "--set", "training.batch=8"]);
    assert!(
        message.contains("only data.side, data.files.side, data.files.resize"),
        "{message}"
    );
    let message = PROGRAM.refused(folder, &["eval", "--run", "run", "--set", "data.side=2"]);
    assert!(message.contains("sides of 4 or more"), "{message}");
}

/// Where a run ends does not decide on what is told about it: a sweep gathers all of them.
#[test]
fn a_run_that_stops_early_tells_its_size() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    // What never gets better stops at the second evaluation.
    let sets = [
        "schedule.evaluate_every=2",
        "schedule.early_stop={metric='parameters',goal='minimize',patience=1}",
        "schedule.best={metric='parameters',goal='minimize'}",
    ];
    trained(folder, &sets);
    let text = fs::read_to_string(folder.join("run/results.json")).expect("results");
    let results: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let last = |step: u64| folder.join(format!("run/checkpoints/step-{step:09}")).exists();
    assert!(last(4) && !last(8), "it stopped after 4 of 8 updates");
    let best = evaluated(folder, &["--best"]);
    for name in ["parameters", "multiply_adds", "inputs", "outputs", "depth"] {
        let value = best[name].as_f64().unwrap_or_else(|| panic!("no {name}: {best}"));
        assert_eq!(results[name].as_f64(), Some(value), "{name}: {text}");
    }
}

#[test]
fn a_run_whose_network_was_edited_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    trained(folder, &[]);
    let path = folder.join("run/config.toml");
    let saved = fs::read_to_string(&path).expect("a configuration");
    let edited = saved.replace("head_relu = true", "head_relu = false");
    assert_ne!(edited, saved);
    fs::write(&path, edited).expect("a file");
    for arguments in [
        &["eval", "--run", "run"] as &[&str],
        &["train", "--quiet", "--out", "run", "--resume"],
    ] {
        let message = PROGRAM.refused(folder, arguments);
        assert!(message.contains("another network"), "{message}");
    }
}

#[test]
fn damage_counts_every_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    trained(folder, &[]);
    let printed = PROGRAM.done(folder, &["damage", "run", "--pictures", "30", "--out", "damaged"]);
    assert!(printed.contains("damage_node_drop"), "{printed}");
    PROGRAM.done(folder, &["export", "run", "--without", "1:2"]);
    let read = |name: &str| fs::read_to_string(folder.join(name)).expect(name);
    let graphs = [0, 1].map(|stage| {
        Format::Edges
            .parse(&read(&format!("run/export/stage-{stage}.txt")))
            .expect("a graph")
    });
    let parts: usize = graphs
        .iter()
        .map(|graph: &Graph| graph.nodes() + graph.edge_count())
        .sum();
    assert_eq!(read("damaged/removals.csv").lines().count(), parts + 1);
    assert!(read("damaged/damage.svg").contains("<svg"));
    assert!(read("run/export/stage-1.svg").contains("class=\"gone\""));
    assert!(!read("run/export/stage-0.svg").contains("class=\"gone\""));
    for (part, expected) in [
        ("1:9", "there is no node 9 in a graph of 4 nodes"),
        ("7:0", "there is no wired stage 7"),
        ("0", "STAGE:NODE"),
    ] {
        let message = PROGRAM.refused(folder, &["export", "run", "--without", part]);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn graphs_are_drawn_read_and_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let json = PROGRAM.done(folder, &["graph", "--generator", "ba", "-m", "5", "--format", "json"]);
    let graph = Format::Json.parse(&json).expect("a graph");
    assert_eq!((graph.nodes(), graph.edge_count()), (32, 5 * 27));
    fs::write(folder.join("mine.dot"), "digraph { 1 -> {2 3} -> 4 }").expect("a file");
    let edges = PROGRAM.done(folder, &["graph", "--from", "mine.dot", "--format", "edges"]);
    assert_eq!(edges, "4\n4\n0 1\n0 2\n1 3\n2 3\n");
    assert!(
        PROGRAM
            .done(folder, &["graph", "--from", "mine.dot"])
            .contains("| levels | 3 |")
    );
    PROGRAM.done(
        folder,
        &["graph", "--from", "mine.dot", "--without", "3-1", "--out", "out.svg"],
    );
    assert!(
        fs::read_to_string(folder.join("out.svg"))
            .expect("a picture")
            .contains("wire gone")
    );
    for (arguments, expected) in [
        (&["--generator", "ws", "-k", "3"] as &[&str], "K is 3, N is 32"),
        (&["--generator", "er", "-p", "2"], "between 0 and 1, not 2"),
        (&["--generator", "er", "-p", "0", "--tries", "7"], "no graph of 7"),
        (&["--generator", "tree"], "possible values"),
        (&["--from", "none.dot"], "none.dot: it cannot be read"),
        (&["--from", "mine.dot", "--nodes", "3"], "cannot be used with"),
        (
            &["--from", "mine.dot", "--without", "9", "--format", "svg"],
            "there is no node 9",
        ),
        (
            &["--from", "mine.dot", "--without", "0-3", "--format", "dot"],
            "there is no edge 0 -> 3",
        ),
        (&["--without", "0"], "--without is for pictures"),
        (&["--out", "graph.png"], ".json, .dot"),
    ] {
        let message = PROGRAM.refused(folder, &[&["graph"], arguments].concat());
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

#[test]
fn costs_are_those_of_the_papers_tables() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let printed = PROGRAM.done(folder, &["cost", "--networks", "30"]);
    let millions = |name: &str| -> f64 {
        let row = printed.lines().find(|line| line.starts_with(&format!("| {name} |")));
        let cell = row.and_then(|row| row.split('|').nth(2)).expect("a row");
        cell.trim().parse().expect("a number")
    };
    // Table 2: 5.6 ± 0.1 and 583 ± 6.2.
    assert!((millions("weights") - 5.6).abs() < 0.1, "{printed}");
    assert!((millions("multiply-adds") - 583.0).abs() < 6.2, "{printed}");
    for (arguments, expected) in [
        (&["--channels", "1"] as &[&str], "at least 2"),
        (&["--size", "16"], "sides of 32 or more"),
        (&["--size", "5000"], "--size must be at most 4096"),
        (&["--classes", "1"], "--classes must be at least 2"),
        (&["--classes", "1000001"], "at most 1000000"),
        (&["--fit=-1"], "--fit must be above 0"),
        (&["--operation", "sum"], "separable, dense, max-pool, average-pool"),
        (&["-k", "0"], "K is 0"),
    ] {
        let message = PROGRAM.refused(folder, &[&["cost"], arguments].concat());
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
}

#[test]
fn help_says_what_a_command_does() {
    let folder = tempfile::tempdir().expect("a folder");
    for (verb, expected) in [
        ("graph", "Draw a random graph"),
        ("cost", "Count weights"),
        ("damage", "Remove nodes and edges"),
        ("features", "Write what each stage"),
        ("export", "Write the wires"),
    ] {
        let help = PROGRAM.done(folder.path(), &[verb, "--help"]);
        assert!(help.starts_with(expected), "{verb}: {help}");
    }
}

#[test]
fn what_is_no_run_of_a_wired_network_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for verb in ["damage", "features", "export"] {
        let message = PROGRAM.refused(folder, &[verb, "nowhere"]);
        assert!(message.contains("nowhere"), "{verb}: {message}");
    }
    trained(folder, &["model='resnet'"]);
    for verb in ["damage", "features", "export"] {
        let message = PROGRAM.refused(folder, &[verb, "run"]);
        assert!(
            message.contains("a residual network, which has no wires"),
            "{verb}: {message}"
        );
    }
    let message = PROGRAM.refused(folder, &["features", "run", "--pictures", "0"]);
    assert!(message.contains("at least 1"), "{message}");
}
